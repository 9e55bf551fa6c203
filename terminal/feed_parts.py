"""Feeds as the commands and the pages add, try and tell of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from records.errors import UsageError
from records.feed import Feed
from records.times import utc_now
from terminal.assembly import Assembly

if TYPE_CHECKING:
    from feeds import Faulty, Reader, Source
    from records.article import Article

TRIED = 1_000
"""Entries of a table or a folder that is tried out: enough to judge by."""
_LONGEST_NAME = 64


@dataclass(frozen=True)
class Tried:
    """What reading a source gave; nothing of it was kept."""

    articles: "Sequence[Article]"
    faults: "Sequence[Faulty]"
    warnings: Sequence[str]
    more: bool
    """Whether there may be more than was read."""


def open_reader(parts: Assembly, stdin: BinaryIO | None = None) -> "Reader":
    """A reader of sources under the settings."""
    from feeds import Fetcher, Reader

    return Reader(Fetcher(allow_private_addresses=parts.settings.allow_private_addresses), utc_now, stdin=stdin)


def absolute(address: str) -> str:
    """A path as it is from everywhere, so that what was taken in is known again; addresses and "-" as they are."""
    return str(Path(address).absolute()) if address and Path(address).exists() else address


def feed_of(address: str, *, name: str | None, every_seconds: int, kind: str | None) -> Feed:
    """A feed as it is added. Raises UsageError for what cannot be watched or called so."""
    from feeds import kind_of

    address = absolute(address)
    fetched = re.match(r"https?://", address, re.IGNORECASE) is not None
    found = (kind or "feed") if fetched else kind_of(address)
    if found is None or (kind and not fetched):
        raise UsageError(
            f"{address!r} is neither an address (https://…) nor a folder nor a .jsonl, .csv or .parquet file, so it cannot be "
            "watched. `rhyme ingest` reads a single file once."
        )
    chosen = name or name_of(address)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", chosen):
        raise UsageError(
            f"{chosen!r} cannot be a feed's name: use small letters, digits, dots and hyphens, at most 64."
        )
    now = utc_now()
    return Feed.model_validate(
        {
            "name": chosen,
            "kind": found,
            "address": address,
            "every_seconds": every_seconds,
            "added_at": now,
            "due_at": now,
        }
    )


def name_of(address: str) -> str:
    """A short name: host and path of an address, the last part of a path."""
    parts = urlsplit(address)
    words = (
        f"{parts.hostname or ''}{parts.path}".removeprefix("www.")
        if parts.scheme.startswith("http")
        else Path(address).name
    )
    name = re.sub(r"[^a-z0-9._-]+", "-", words.lower()).strip("-._")
    return name[:_LONGEST_NAME].rstrip("-._") or "feed"


def prove(reader: "Reader", feed: Feed) -> None:
    """Reads its first entry. Raises SourceError."""
    from feeds import Source

    delivery = reader.read(Source(feed.address, feed.kind))
    next(delivery.items, None)  # a page and a table are read only when their items are


def try_out(reader: "Reader", source: "Source") -> Tried:
    """Raises SourceError."""
    from feeds import Faulty

    delivery = reader.read(source)
    items = list(islice(delivery.items, TRIED))
    faults = [item for item in items if isinstance(item, Faulty)]
    articles = [item.article for item in items if not isinstance(item, Faulty)]
    return Tried(articles, faults, delivery.warnings, len(items) == TRIED)


def state_words(feed: Feed) -> str:
    """How its last reading ended."""
    if feed.error is not None:
        return f"failed {feed.failures} times: {feed.error}"
    return "not read yet" if feed.checked_at is None else f"read {feed.checked_at:%Y-%m-%d %H:%M} UTC"


def spoken(seconds: int) -> str:
    """0:15:00"""
    return str(timedelta(seconds=seconds))
