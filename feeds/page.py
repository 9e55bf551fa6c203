"""HTML → `Draft`: claims read, hidden parts removed, then the main text found."""

import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree, html  # type: ignore[import-untyped]

from feeds.css import StyleSheet, StylesTooHeavy
from feeds.draft import Draft
from feeds.hidden import hidden_note, remove_hidden
from feeds.metadata import page_claims
from records.defences import Defence, holds
from records.errors import SourceUnreadable

_MOST_ELEMENTS = 40_000  # in one page: finding its main text then takes up to 10 s. News pages have some thousands
_LEAST_OVERLAP = 0.5  # of the words of the shorter one, for a heading and a page title to name the same story
_SITE_NAME = re.compile(r"\s+(?:\||[-–—»·])\s+[^|–—»·]{1,60}$")
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
    "html", "legend", "li", "main", "menu", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "td",
    "th", "title", "tr", "ul",
})  # fmt: skip


def read_page(markup: str, url: str | None, name: str) -> Draft:
    """The article in a page. `url` is where it was fetched; `name` is for messages. Raises SourceUnreadable."""
    root = _tree(markup, name)
    claims = page_claims(root, url)
    note = _remove_hidden(root, name)
    headings = [" ".join(heading.text_content().split()) for heading in root.iter("h1")]
    text, notes = _main_text(root, url)
    title = choose_title(headings, claims.titles)
    if not text and title is None:
        hint = f" ({note})" if note else ""
        raise SourceUnreadable(
            f"{name} has no text that can be seen{hint}. It may be built by scripts or stand behind a consent page: "
            "open it in a browser and save the article's text."
        )
    if not text:
        notes = ("the page shows no text besides its title",)
    return Draft(
        text=text,
        title=title,
        url=claims.url,
        source=claims.source,
        published=claims.published,
        notes=(*((note,) if note else ()), *notes),
    )


def visible_text(markup: str, name: str) -> tuple[str, tuple[str, ...]]:
    """All visible text of a piece of HTML, a paragraph for each block, and notes. For pieces that are an article's body."""
    root = _tree(f"<div>{markup}</div>", name)
    note = _remove_hidden(root, name)
    return "\n\n".join(_blocks(root)), ((note,) if note else ())


def choose_title(headings: Sequence[str], claimed: Sequence[str]) -> str | None:
    """The title a reader sees: a main heading that a page title confirms, else the page title without the site's name.

    `claimed` begins with what the browser shows in its tab; share titles and JSON-LD, which nobody sees, only help to
    choose.
    """
    headings = [heading for heading in headings if heading]
    if not claimed:
        return headings[0] if headings else None
    shown = claimed[0]
    shorter = next((title for title in claimed[1:] if title in shown), None)
    page_title = shorter or _SITE_NAME.sub("", shown) or shown
    best = max(headings, key=lambda heading: _overlap(heading, page_title), default="")
    return best if _overlap(best, page_title) >= _LEAST_OVERLAP else page_title


def _overlap(one: str, other: str) -> float:
    """Shared words, as a share of the words of the shorter text."""
    words, others = (set(re.findall(r"\w+", text.lower())) for text in (one, other))
    return len(words & others) / min(len(words), len(others)) if words and others else 0.0


def _tree(markup: str, name: str) -> Any:
    parser = html.HTMLParser(encoding="utf-8", remove_pis=True)
    try:
        root = html.document_fromstring(
            _XML_DECLARATION.sub("", markup).replace("\x00", "").encode("utf-8", "replace"), parser=parser
        )
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise SourceUnreadable(
            f"{name} looks like HTML but has no content: {error}. Give the article's page or text."
        ) from error
    count = sum(1 for _ in root.iter())
    if count > _MOST_ELEMENTS:
        raise SourceUnreadable(
            f"{name} has {count} elements, and at most {_MOST_ELEMENTS} are read. Save the article's text alone."
        )
    return root


def _remove_hidden(root: Any, name: str) -> str | None:
    if not holds(Defence.HIDDEN_HTML):
        return None
    styles = (
        element.text or "" for element in root.iter("style") if (element.get("media") or "all").lower() != "print"
    )
    try:
        return hidden_note(remove_hidden(root, StyleSheet(styles)))
    except StylesTooHeavy as error:
        raise SourceUnreadable(
            f"{name} has styles too large to judge what it shows: {error}. Save the article's text alone."
        ) from error


def _main_text(root: Any, url: str | None) -> tuple[str, tuple[str, ...]]:
    """Paragraphs of the main text; the whole visible page, with a note, where no main text is found."""
    import trafilatura  # here, since tables and feeds of rows have no pages and it is slow to load

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it reports pages without main text as errors
    found = trafilatura.extract(root, url=url, include_comments=False, include_tables=True, with_metadata=False)
    if found and found.strip():
        return "\n\n".join(line.strip() for line in found.splitlines() if line.strip()), ()
    body = root.find("body")
    text = "\n\n".join(_blocks(root if body is None else body))
    return text, (("no main text was told apart: the whole visible page was taken",) if text else ())


def _blocks(root: Any) -> Iterator[str]:
    """The text of each block under `root`, in order, on one line."""
    current: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        boundary = element.tag in _BLOCKS or element.tag == "br"
        if boundary and (text := " ".join("".join(current).split())):
            yield text
        if boundary:
            current = []
        if event == "start":
            current.append(element.text or "")
        elif element is not root:
            current.append(element.tail or "")
    if text := " ".join("".join(current).split()):
        yield text
