"""One source → one `Article`: bytes are taken in, decoded, read by their kind, cleaned and dated."""

import re
from datetime import datetime
from typing import BinaryIO

from feeds.document import parse_json, read_json
from feeds.draft import Draft
from feeds.encoding import decode
from feeds.fetch import Fetcher
from feeds.finish import finish
from feeds.intake import Intake, read_file, read_stdin
from feeds.limits import Limits
from feeds.page import read_page
from feeds.plain import read_markdown, read_text
from feeds.response import FEED_TYPES, Page
from records.article import Article
from records.errors import SourceRefused, SourceUnreadable, UsageError
from records.times import Clock

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")
_JSON = re.compile(r"\{\s*[\"}]|\[\s*[{\"]")  # "[Updated] …", "[[note]]" and "{…" of prose are text
# What may stand before the first tag; possessive, since comments can be parted in many ways otherwise.
_PROLOGUE = r"\s*(?:<\?xml[^>]*>\s*)*+(?:<!--(?:(?!-->).)*+-->\s*)*+"
_HTML = re.compile(
    _PROLOGUE + r"<(?:!doctype\s+html|html|head|body|meta|title|article|main|section|div|p|h1)\b",
    re.IGNORECASE | re.DOTALL,
)
_FEED = re.compile(_PROLOGUE + r"<(?:rss|feed|rdf:rdf|urlset|sitemapindex)\b", re.IGNORECASE | re.DOTALL)
_MARKDOWN_SUFFIXES = (".md", ".markdown")
_PRESCAN = 4096  # bytes: comments and style sheets can stand before the first tag


def load_article(
    source: str, *, stdin: BinaryIO | None, fetcher: Fetcher, clock: Clock, limits: Limits | None = None
) -> Article:
    """The article at `source`: a path, an http(s) address, or "-" for standard input.

    Text, Markdown, HTML and JSON are told apart by content first; see `plain`, `page` and `document` for what each may
    hold. What had to be changed or assumed stands in `Article.notes`. A publication time without a zone or a time of
    day is kept as a date.

    Raises SourceUnreadable (missing, empty, binary, too large, wrong encoding, not one article), SourceRefused
    (address not allowed, 4xx), SourceUnreachable (network, 5xx) or UsageError (empty source, "-" without standard
    input).
    """
    limits = limits or Limits()
    return article_in(_take_in(source, stdin, fetcher, limits), clock(), limits)


def article_in(intake: Intake, now: datetime, limits: Limits) -> Article:
    """The one article that these bytes are. Raises SourceUnreadable."""
    draft, notes = draft_in(intake)
    return finish(draft, now, limits, name=intake.name, fetched=intake.url, notes=notes)


def draft_in(intake: Intake) -> tuple[Draft, tuple[str, ...]]:
    """The draft that these bytes are, and notes on how they were decoded. Raises SourceUnreadable."""
    text, notes = decode(intake)
    return _read(text, intake), notes


def intake_of(page: Page) -> Intake:
    """A fetched document as an intake."""
    return Intake(page.content, page.url, page.url, page.media_type, page.charset)


def is_feed(page: Page) -> bool:
    """Whether a fetched document is declared as a feed or begins as RSS, Atom or RDF do."""
    return page.media_type in FEED_TYPES or _FEED.match(_beginning(page)) is not None


def is_page(page: Page) -> bool:
    """Whether a fetched document begins as HTML does."""
    return _HTML.match(_beginning(page)) is not None


def _beginning(page: Page) -> str:
    return page.content[:_PRESCAN].replace(b"\x00", b"").decode("latin-1").lstrip("\u00ef\u00bb\u00bf\u00ff\u00fe")


def _take_in(source: str, stdin: BinaryIO | None, fetcher: Fetcher, limits: Limits) -> Intake:
    if not source.strip():
        raise UsageError("The source is empty. Give a file, an address (https://…), or '-' for standard input.")
    if source == "-":
        return read_stdin(stdin, limits)
    scheme = _SCHEME.match(source)
    if scheme is None:
        return read_file(source, limits)
    if scheme["scheme"].lower() not in ("http", "https"):
        raise SourceRefused(
            f"{source} has the scheme {scheme['scheme']!r}; only http and https are fetched. For a file, give its path."
        )
    return intake_of(fetcher.fetch(source, limits))


def _read(text: str, intake: Intake) -> Draft:
    """The draft, by the kind of content; extension and media type decide only where the content does not."""
    name, media_type = intake.name, intake.media_type or ""
    stripped = text.lstrip("\ufeff \t\r\n")
    if intake.suffix in (".json", ".jsonl") or media_type.endswith("json") or _JSON.match(stripped):
        return read_json(parse_json(stripped, name), name)
    if _FEED.match(text):
        raise SourceUnreadable(
            f"{name} is a feed or a site map, and one article is wanted here: give one of it (docs/feeds.md: a whole feed)."
        )
    if _HTML.match(text) or "html" in media_type or intake.suffix in (".html", ".htm", ".xhtml"):
        return read_page(text, intake.url, name)
    if intake.suffix in _MARKDOWN_SUFFIXES or media_type == "text/markdown":
        return read_markdown(text, name)
    return read_text(text)
