"""Plain text and Markdown → `Draft`.

A text may begin with a few headers, one a line, between `---` lines or bare: `Title:` (or `Headline:`), `Date:` (or
`Published:`), `Source:` (or `Publisher:`), `URL:` (or `Link:`). Bare headers count only with these names, so a story
may begin with "Apple: what now?"; between `---` lines, other names are skipped. Then comes the title: the first line,
when it is short and not the beginning of a paragraph.
"""

import re

from markdown_it import MarkdownIt

from feeds.dates import parse_published
from feeds.draft import Draft
from feeds.page import visible_text

_HEADER = re.compile(r"(?P<name>[A-Za-z][A-Za-z _-]{1,30}):\s*(?P<value>.*)")
_FIELDS = {
    **dict.fromkeys(("title", "headline"), "title"),
    **dict.fromkeys(("date", "published", "published at", "publication date"), "date"),
    **dict.fromkeys(("source", "publisher"), "source"),
    **dict.fromkeys(("url", "link"), "url"),
}
_LONGEST_TITLE = 200  # characters; the longest wire headlines have about 160
_LONGEST_MARKDOWN = 500_000  # characters: rendering takes up to 10 s for them, and longer ones are read as plain text
_FENCE = "---"
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
_UNDERLINE = re.compile(r"={3,}$|-{3,}$")
_BULLET = re.compile(r"(?:[-*•–]|\d{1,2}[.)])\s")
_SENTENCE_END = re.compile(r"[.!?…:;][\"'”’)\]]*$")


def read_text(raw: str) -> Draft:
    """The article in a plain text. Never fails: any text is at least its own first sentence."""
    headers, rest = _headers(raw)
    title = headers.get("title")
    if title is None:
        title, rest = _first_line(rest)
    return _draft(headers, title, _paragraphs(rest), ())


def read_markdown(raw: str, name: str) -> Draft:
    """The article in a Markdown file: rendered, hidden parts removed, text taken. Raises SourceUnreadable."""
    if len(raw) > _LONGEST_MARKDOWN:
        return read_text(raw)
    headers, rest = _headers(raw)
    text, notes = visible_text(MarkdownIt("commonmark").render(rest), name)
    title = headers.get("title")
    if title is None:
        title, text = _first_line(text)
    return _draft(headers, title, text, notes)


def _draft(headers: dict[str, str], title: str | None, text: str, notes: tuple[str, ...]) -> Draft:
    published = (headers["date"],) if "date" in headers else ()
    return Draft(text, title, headers.get("url"), headers.get("source"), published, notes)


def _headers(raw: str) -> tuple[dict[str, str], str]:
    """Fields by name, and what follows them."""
    lines = raw.lstrip("\ufeff").strip().splitlines()
    fenced = bool(lines) and lines[0].strip() == _FENCE and _FENCE in (line.strip() for line in lines[1:])
    found: dict[str, str] = {}
    at = 1 if fenced else 0
    while at < len(lines):
        line = lines[at].strip()
        if fenced and line == _FENCE:
            at += 1
            break
        match = _HEADER.match(line)
        field = _FIELDS.get(re.sub(r"[ _-]+", " ", match["name"]).lower()) if match else None
        value = match["value"].strip().strip("\"'") if match else ""
        if field is not None and value and field not in found and _plausible(field, value):
            found[field] = value
        elif not fenced:
            break
        at += 1
    return found, "\n".join(lines[at:])


def _plausible(field: str, value: str) -> bool:
    """Whether a header's value can be one: "Date: the app that changed dating" is a headline."""
    if field == "date":
        return parse_published(value) is not None
    return field != "url" or value.startswith(("http://", "https://"))


def _first_line(text: str) -> tuple[str | None, str]:
    """The title and the rest; None when the text begins with a paragraph."""
    lines = text.strip().splitlines()
    if not lines:
        return None, ""
    first = lines[0].strip()
    if len(first) > _LONGEST_TITLE:
        return None, text
    heading = _HEADING.match(first)
    if heading:
        return heading[1] or None, "\n".join(lines[1:])
    following = lines[1].strip() if len(lines) > 1 else ""
    if _UNDERLINE.match(following):
        return first, "\n".join(lines[2:])
    wrapped = following[:1].islower() and not _SENTENCE_END.search(first)
    return (None, text) if wrapped else (first, "\n".join(lines[1:]))


def _paragraphs(text: str) -> str:
    """Paragraphs parted by blank lines; lines that only wrap are joined."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join("\n\n".join(_unwrapped(block)) for block in blocks if block.strip())


def _unwrapped(block: str) -> list[str]:
    """A line goes on with the next one unless it ends a sentence or the next one is a bullet."""
    joined: list[list[str]] = []
    for line in (line.strip() for line in block.splitlines()):
        if joined and not _SENTENCE_END.search(joined[-1][-1]) and not _BULLET.match(line):
            joined[-1].append(line)
        else:
            joined.append([line])
    return [" ".join(lines) for lines in joined]
