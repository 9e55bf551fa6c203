"""What a page says about itself: title, publisher, address and publication time.

Read from the whole page, scripts included, since that is where JSON-LD stands. These are claims: short strings that
become fields of an `Article` after cleaning, never part of its text.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_LONGEST = 500  # characters of one claim; a longer title is no title
_LONGEST_JSON = 500_000  # characters of one JSON-LD block
_ARTICLE_TYPE = re.compile(r"Article$|^BlogPosting$|^Report$|^LiveBlogPosting$|^PressRelease$")

_PUBLISHED_FIRST = ("article:published_time", "og:article:published_time", "og:published_time", "article.published")
_PUBLISHED_LATER = (
    "datepublished", "date", "pubdate", "publishdate", "publish-date", "publication_date", "parsely-pub-date",
    "sailthru.date", "dc.date", "dc.date.issued", "dcterms.date", "dcterms.created", "dcterms.issued",
    "article_date_original", "timestamp",
)  # fmt: skip
_PATH_DATE = re.compile(r"/(20\d{2})[/-](0[1-9]|1[0-2])[/-](0[1-9]|[12]\d|3[01])(?:[/-]|$)")


@dataclass(frozen=True)
class PageClaims:
    """A page's statements about itself; None or empty where it makes none."""

    titles: tuple[str, ...]
    """From <title>, og:title, twitter:title and JSON-LD, in this order, without repetition."""
    source: str | None
    url: str | None
    published: tuple[str, ...]
    """Statements of the publication time, the most explicit first."""


def page_claims(root: Any, url: str | None) -> PageClaims:
    """The claims of the lxml HTML tree `root`. `url` is where it was fetched, if it was: a date in its path counts last."""
    metas = _metas(root)
    nodes = tuple(_article_nodes(root))
    titles = [
        root.findtext(".//title"),
        metas.get("og:title"),
        metas.get("twitter:title"),
        *_strings(nodes, "headline"),
    ]
    publishers = (name for node in nodes for name in _names(node.get("publisher")))
    canonical = next(
        (link.get("href") for link in root.iter("link") if (link.get("rel") or "").lower() == "canonical"), None
    )
    address = _short(canonical) or _short(metas.get("og:url"))
    return PageClaims(
        titles=tuple(dict.fromkeys(title for raw in titles if (title := _short(raw)))),
        source=_short(metas.get("og:site_name")) or next(publishers, None),
        url=address,
        published=tuple(dict.fromkeys(_published(root, metas, nodes, url or address))),
    )


def _published(root: Any, metas: dict[str, str], nodes: tuple[dict[str, Any], ...], url: str | None) -> Iterator[str]:
    marked = [
        element.get("content") or element.get("datetime") or element.text
        for element in root.iter("meta", "time", "span", "div", "p")
        if "datepublished" in (element.get("itemprop") or "").lower().split()
    ]
    times = [
        element.get("datetime") for element in root.xpath("//article//time[@datetime] | //time[@pubdate][@datetime]")
    ]
    candidates = (
        *(metas.get(name) for name in _PUBLISHED_FIRST),
        *_strings(nodes, "datePublished"),
        *marked,
        *(metas.get(name) for name in _PUBLISHED_LATER),
        *times[:1],  # the byline; later ones belong to other stories
    )
    yield from (short for candidate in candidates if (short := _short(candidate)))
    match = _PATH_DATE.search(url or "")
    if match is not None:
        yield "-".join(match.groups())


def _metas(root: Any) -> dict[str, str]:
    """Meta name, property or itemprop in lower case → its first non-empty content."""
    found: dict[str, str] = {}
    for meta in root.iter("meta"):
        content = meta.get("content")
        for attribute in ("property", "name", "itemprop"):
            key = (meta.get(attribute) or "").strip().lower()
            if key and content and content.strip():
                found.setdefault(key, content)
    return found


def _article_nodes(root: Any) -> Iterator[dict[str, Any]]:
    """The JSON-LD objects that describe an article."""
    for script in root.iter("script"):
        if (script.get("type") or "").strip().lower() != "application/ld+json" or not script.text:
            continue
        try:
            data = json.loads(script.text[:_LONGEST_JSON], strict=False)
        except (ValueError, RecursionError):
            continue  # a broken block is no claim; browsers and search engines skip it too
        for node in _flattened(data):
            types = node.get("@type")
            if any(
                isinstance(name, str) and _ARTICLE_TYPE.search(name)
                for name in (types if isinstance(types, list) else [types])
            ):
                yield node


def _flattened(data: Any) -> Iterator[dict[str, Any]]:
    """Objects at the top, in a top list, in "@graph" and in "mainEntity"."""
    for item in data if isinstance(data, list) else [data]:
        if isinstance(item, dict):
            yield item
            for key in ("@graph", "mainEntity"):
                inner = item.get(key)
                yield from (node for node in (inner if isinstance(inner, list) else [inner]) if isinstance(node, dict))


def _strings(nodes: Iterable[dict[str, Any]], key: str) -> list[str]:
    return [value for node in nodes if isinstance(value := node.get(key), str)]


def _names(publisher: Any) -> Iterator[str]:
    for item in publisher if isinstance(publisher, list) else [publisher]:
        name = item.get("name") if isinstance(item, dict) else item
        if isinstance(name, str) and (short := _short(name)):
            yield short


def _short(value: str | None) -> str | None:
    """The claim on one line; None when it is empty or too long to be one."""
    text = " ".join((value or "").split())
    return text if 0 < len(text) <= _LONGEST else None
