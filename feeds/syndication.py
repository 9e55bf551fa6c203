"""RSS, Atom or RDF → drafts of its entries. What is broken is read as far as it can be, and said.

feedparser finds entries and fields. It must not clean their HTML: its cleaning drops the styles by which hidden text is
known, and that text would then be read. Hidden parts are removed by `page.visible_text`, as everywhere.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import feedparser  # type: ignore[import-untyped]
from lxml import etree  # type: ignore[import-untyped]
from lxml import html as lxml_html

from feeds.document import MARKUP
from feeds.draft import Draft
from feeds.load import is_page
from feeds.page import visible_text
from feeds.received import Faulty, digest, faulty
from feeds.response import FEED_TYPES, Page
from records.errors import SourceUnreadable

_ABOUT_HEADERS = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
"""What feedparser calls broken although nothing was lost: the server's label differs from the document's own."""
_REFERENCE = re.compile(r"&(?:#\d+|#x[0-9a-f]+|[a-z]+\d*);", re.IGNORECASE)
_ENTITIES = re.compile(rb"<!DOCTYPE[^>\[]*\[[^\]]*<!ENTITY", re.IGNORECASE)
_LONGEST_NAME = 80
_FEEDS_NAMED = 3


@dataclass(frozen=True)
class Entry:
    """One entry, in the feed's own words."""

    key: str
    """Digest of its id; of its link or title if it has none."""
    version: str
    """Digest of what it says."""
    name: str
    draft: Draft


@dataclass(frozen=True)
class Syndicated:
    """A feed as far as it could be read."""

    title: str | None
    entries: tuple[Entry | Faulty, ...]
    """In the feed's order; usually newest first."""
    warnings: tuple[str, ...]


def read_syndication(page: Page) -> Syndicated:
    """The feed in a fetched document.

    Raises SourceUnreadable for what is no feed (a web page is told as one, with the feeds it names) and for one so broken
    that no entry of it can be read.
    """
    if not page.content.strip():
        raise SourceUnreadable(
            f"{page.url} is empty. A feed without news would still be RSS or Atom: check the address."
        )
    if is_page(page):
        raise _a_web_page(page)
    if _ENTITIES.search(page.content.replace(b"\x00", b"")):
        raise SourceUnreadable(
            f"{page.url} declares entities of its own, by which a small feed can unfold without end."
        )
    charset = f"; charset={page.charset}" if page.charset else ""
    headers = {"content-type": f"{page.media_type or 'application/xml'}{charset}"}
    try:
        parsed = feedparser.parse(
            BytesIO(page.content), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:
        raise SourceUnreadable(f"{page.url} cannot be read as a feed: {type(error).__name__}: {error}.") from error
    broken = _broken(parsed)
    if not parsed.get("version"):
        hint = f" ({broken})" if broken else ""
        raise SourceUnreadable(f"{page.url} is neither RSS nor Atom{hint}. Give the address of a feed.")
    if broken and not parsed.entries:
        raise SourceUnreadable(f"{page.url} is a feed of which nothing can be read: it is {broken}. Try again later.")
    title = _plain(parsed.feed, "title", page.url) or None
    entries = tuple(_entry(raw, place, title, page.url) for place, raw in enumerate(parsed.entries, start=1))
    warnings = (f"the feed is {broken}: {len(entries)} entries could be read",) if broken else ()
    return Syndicated(title, entries, warnings)


def _broken(parsed: Any) -> str | None:
    error = parsed.get("bozo_exception")
    if not parsed.get("bozo") or isinstance(error, _ABOUT_HEADERS):
        return None
    return f"not well-formed ({' '.join(str(error).split())[:200]})"


def _a_web_page(page: Page) -> SourceUnreadable:
    try:
        links = list(lxml_html.fromstring(page.content).iter("link"))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        links = []
    named = [
        urljoin(page.url, link.get("href")) for link in links if link.get("type") in FEED_TYPES and link.get("href")
    ]
    hint = f" It names as its feed: {', '.join(named[:_FEEDS_NAMED])}." if named else ""
    return SourceUnreadable(
        f"{page.url} is a web page (HTML), not a feed.{hint} Give the feed's address, or add it as a page (--kind page)."
    )


def _entry(raw: Any, place: int, feed_title: str | None, url: str) -> Entry | Faulty:
    name = " ".join(str(raw.get("title") or raw.get("id") or raw.get("link") or f"entry {place}").split())[
        :_LONGEST_NAME
    ]
    try:
        title, text, notes = _plain(raw, "title", name), *_text(raw, name)
        if not title and not text:
            return Faulty(
                name, SourceUnreadable("").kind, f"The entry {name!r} of {url} has neither a title nor a text."
            )
        link = raw.get("link")
        origin = raw.get("source")
        source = origin.get("title") if isinstance(origin, Mapping) else None
        published = _published(raw)
        draft = Draft(
            text=text,
            title=title or None,
            url=urljoin(url, link) if link else None,
            source=source or feed_title,
            published=published,
            notes=notes,
        )
    except SourceUnreadable as error:
        return faulty(name, error)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:  # whatever a hostile entry may hold
        return Faulty(name, SourceUnreadable("").kind, f"The entry {name!r} of {url} cannot be read: {error}.")
    key = digest(str(raw.get("id") or link or title))
    return Entry(key, digest(title, text, str(link), *map(str, published)), name, draft)


def _published(raw: Any) -> tuple[str, ...]:
    """Its own statement; the time of its last change only where it makes none."""
    for field in ("published", "updated", "created"):
        value = dict.get(raw, field)  # not raw[…], which answers one field with another
        if isinstance(value, str) and value.strip():
            return (value.strip(),)
    return ()


def _text(raw: Any, name: str) -> tuple[str, tuple[str, ...]]:
    """The longest of what it gives as its content, else its summary."""
    contents = [part for part in raw.get("content") or () if part.get("value")]
    best = max(contents, key=lambda part: len(part["value"]), default=None)
    if best is not None:
        return _visible(best["value"], best.get("type"), name)
    return _visible(raw.get("summary") or "", (raw.get("summary_detail") or {}).get("type"), name)


def _plain(holder: Any, field: str, name: str) -> str:
    value = holder.get(field) or ""
    return " ".join(_visible(value, (holder.get(f"{field}_detail") or {}).get("type"), name)[0].split())


def _visible(value: str, media_type: str | None, name: str) -> tuple[str, tuple[str, ...]]:
    if MARKUP.search(value) or media_type == "application/xhtml+xml":
        return visible_text(value, name)
    return (html.unescape(value) if _REFERENCE.search(value) else value), ()
