"""`rhyme feeds add|list|test|remove`: the feeds that `rhyme watch` reads."""

import argparse
import re
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from records.errors import NotFound, SourceError, UsageError
from records.feed import Feed
from records.times import utc_now
from terminal.assembly import Assembly
from terminal.commands.ingest import absolute, open_reader
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings

if TYPE_CHECKING:
    from feeds import Source

SHOWN = 10  # entries of a feed that is tried out
TRIED = 1_000  # of a table or a folder that is tried out: enough to judge by
_LONGEST_NAME = 64


def run(options: argparse.Namespace) -> int:
    """Dispatches to add, list, test or remove."""
    with ProgressView.open(quiet=options.quiet) as view:
        settings = load_settings({"home": options.home}).settings
        with Assembly(settings, say=view.say) as parts:
            return _ACTIONS[options.action](parts, options)


def _add(parts: Assembly, options: argparse.Namespace) -> int:
    from feeds import Source

    feed = feed_of(options.address, name=options.name, every_seconds=options.every, kind=options.kind)
    feed = feed.model_copy(update={"full_text": options.full_text})
    if not options.unchecked:
        delivery = open_reader(parts).read(Source(feed.address, feed.kind))
        next(delivery.items, None)  # a page and a table are read only when their items are
    parts.database.intake.add_feed(feed)
    print(
        as_json(_shown(feed))
        if options.json
        else f"Added {feed.name}: {feed.kind}, every {_spoken(feed.every_seconds)}."
    )
    return 0


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


def _list(parts: Assembly, options: argparse.Namespace) -> int:
    feeds = parts.database.intake.feeds()
    if options.json:
        print(as_json([_shown(feed) for feed in feeds]))
        return 0
    for feed in feeds:
        state = "not read yet"
        if feed.error is not None:
            state = f"failed {feed.failures} times: {feed.error}"
        elif feed.checked_at is not None:
            state = f"read {feed.checked_at:%Y-%m-%d %H:%M} UTC"
        extra = ", full text" if feed.full_text else ""
        print(plain(f"{feed.name}: {feed.kind}, every {_spoken(feed.every_seconds)}{extra}; {feed.address}"))
        print("  " + plain(f"{state}; next {feed.due_at:%Y-%m-%d %H:%M} UTC"))
    if not feeds:
        print("There are no feeds yet. Add one with `rhyme feeds add ADDRESS`.")
    return 0


def _test(parts: Assembly, options: argparse.Namespace) -> int:
    from feeds import Faulty

    delivery = open_reader(parts).read(_source(parts, options.address))
    items = list(islice(delivery.items, TRIED))
    faults = [item for item in items if isinstance(item, Faulty)]
    articles = [item.article for item in items if not isinstance(item, Faulty)]
    if options.json:
        shown = [one.model_dump(mode="json", exclude={"text"}) for one in articles]
        failed = [{"name": one.name, "kind": one.kind, "message": one.message} for one in faults]
        print(as_json({"articles": shown, "failed": failed, "warnings": delivery.warnings}))
        return SourceError.exit_code if faults and not articles else 0
    more = " or more" if len(items) == TRIED else ""
    print(f"{len(articles):,}{more} articles, {len(faults):,} entries that are none. Nothing was kept.")
    for warning in delivery.warnings:
        print(f"  note: {plain(warning)}")
    for one in articles[-SHOWN:]:
        when = f"{one.published_at:%Y-%m-%d %H:%M}" if one.published_at else "undated         "
        print(f"  {when}  {plain(one.title)}" + (f" ({len(one.text):,} characters)" if one.text else ""))
    for fault in faults[:SHOWN]:
        print(f"  left out, {plain(fault.name)}: {plain(fault.message)}")
    return SourceError.exit_code if faults and not articles else 0


def _source(parts: Assembly, name: str) -> "Source":
    from feeds import Source, kind_of

    try:
        feed = parts.database.intake.feed(name)
    except NotFound:
        if not (re.match(r"https?://", name, re.IGNORECASE) or kind_of(name) or Path(name).exists()):
            raise
        return Source(absolute(name), "feed" if "://" in name else None)
    return Source(feed.address, feed.kind, feed.full_text)


def _remove(parts: Assembly, options: argparse.Namespace) -> int:
    feed = parts.database.intake.remove_feed(options.name)
    print(as_json(_shown(feed)) if options.json else f"Removed {feed.name}; its articles stay.")
    return 0


def _shown(feed: Feed) -> dict[str, Any]:
    return feed.model_dump(mode="json")


def _spoken(seconds: int) -> str:
    return str(timedelta(seconds=seconds))


_ACTIONS = {"add": _add, "list": _list, "test": _test, "remove": _remove}
