"""A JSON object → `Draft`.

Fields read, the first name present of each line; all others are ignored:

- title: `title`, `headline`
- text: `text`, `body`, `content`, `article`; a string (HTML is reduced to its visible text) or a list of paragraphs
- without a text: `summary`, `description`, `lede`
- address: `url`, `link`
- publisher: `source`, `publisher`; a string or an object with `name`
- time: `published_at`, `publishedAt`, `published`, `datePublished`, `date`, `datetime`, `timestamp`; text, or seconds
  or milliseconds since 1970

A list of one such object is read as that object.
"""

import json
import re
from typing import Any

from feeds.draft import Draft
from feeds.page import visible_text
from records.errors import SourceUnreadable

_TITLES = ("title", "headline")
_TEXTS = ("text", "body", "content", "article")
_SUMMARIES = ("summary", "description", "lede")
_URLS = ("url", "link")
_SOURCES = ("source", "publisher")
_TIMES = ("published_at", "publishedAt", "published", "datePublished", "date", "datetime", "timestamp")
MARKUP = re.compile(
    r"</?(?:p|div|br|span|b|i|em|strong|a|ul|ol|li|h[1-6]|table|article|section|blockquote|figure|script|style)\b[^<]*>|<!--",
    re.IGNORECASE,
)


def parse_json(raw: str, name: str) -> Any:
    """The JSON value. Raises SourceUnreadable with the place of the mistake."""
    try:
        return json.loads(raw)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and len(raw.splitlines()) > 1:
            raise _several(name, "more than one JSON value") from error
        raise SourceUnreadable(
            f"{name} is no valid JSON: {error}. Correct it there, or give the article as text."
        ) from error
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits, nesting without end
        raise SourceUnreadable(f"{name} is JSON that cannot be an article: {error}. Use one plain object.") from error


def read_json(value: Any, name: str) -> Draft:
    """The article in a JSON value. Raises SourceUnreadable for anything but one object with a title or a text."""
    if isinstance(value, list):
        if len(value) != 1:
            raise _several(name, f"a list of {len(value)}")
        value = value[0]
    if not isinstance(value, dict):
        raise SourceUnreadable(
            f'{name} is JSON but no object: {_shown(value)}. Use one object such as {{"title": "…", "text": "…"}}.'
        )
    title = _string(value, _TITLES, name)
    text, notes = _text(value, name)
    if not (title or text):
        raise SourceUnreadable(
            f"{name} is a JSON object without a title or a text; its fields are {_shown(sorted(value))}. Name them "
            f"{_TITLES[0]!r} and {_TEXTS[0]!r}."
        )
    if title and MARKUP.search(title):
        title, more = visible_text(title, name)
        notes += more
    published = _present(value, _TIMES)
    return Draft(
        text=text,
        title=title,
        url=_string(value, _URLS, name),
        source=_publisher(value, name),
        published=(published,) if isinstance(published, str | int | float) and not isinstance(published, bool) else (),
        notes=notes,
    )


def _text(value: dict[str, Any], name: str) -> tuple[str, tuple[str, ...]]:
    found = _present(value, _TEXTS)
    if isinstance(found, list) and all(isinstance(item, str) for item in found):
        found = "\n\n".join(found)
    if found is None:
        found = _present(value, _SUMMARIES)
    if found is None:
        return "", ()
    if not isinstance(found, str):
        raise SourceUnreadable(
            f"{name} has a text that is no string but {_shown(found)}. Use a string or a list of strings."
        )
    return visible_text(found, name) if MARKUP.search(found) else (found, ())


def _publisher(value: dict[str, Any], name: str) -> str | None:
    found = _present(value, _SOURCES)
    if isinstance(found, dict):
        return _string(found, ("name",), name)
    return _string(value, _SOURCES, name)


def _present(value: dict[str, Any], names: tuple[str, ...]) -> Any:
    """The first field that is there and not empty."""
    return next((value[name] for name in names if value.get(name) not in (None, "", [])), None)


def _string(value: dict[str, Any], names: tuple[str, ...], name: str) -> str | None:
    found = _present(value, names)
    if found is not None and not isinstance(found, str):
        raise SourceUnreadable(f"{name} has a field {names[0]!r} that is no string but {_shown(found)}. Use a string.")
    return found


def _several(name: str, what: str) -> SourceUnreadable:
    return SourceUnreadable(
        f'{name} holds {what}, and one article is read at a time. Use one object: {{"title": …, "text": …}}.'
    )


def _shown(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 120 else f"{shown[:119]}…"
