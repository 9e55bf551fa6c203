"""`rhyme feeds add|list|test|remove`: the feeds that `rhyme watch` reads."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.errors import NotFound, SourceError
from records.feed import Feed
from terminal.assembly import Assembly
from terminal.feed_parts import absolute, feed_of, open_reader, prove, spoken, state_words, try_out
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings

if TYPE_CHECKING:
    from feeds import Source

SHOWN = 10  # entries of a feed that is tried out


def run(options: argparse.Namespace) -> int:
    """Dispatches to add, list, test or remove."""
    with ProgressView.open(quiet=options.quiet) as view:
        settings = load_settings({"home": options.home}).settings
        with Assembly(settings, say=view.say) as parts:
            return _ACTIONS[options.action](parts, options)


def _add(parts: Assembly, options: argparse.Namespace) -> int:
    feed = feed_of(options.address, name=options.name, every_seconds=options.every, kind=options.kind)
    feed = feed.model_copy(update={"full_text": options.full_text})
    if not options.unchecked:
        prove(open_reader(parts), feed)
    parts.database.intake.add_feed(feed)
    print(
        as_json(_shown(feed))
        if options.json
        else f"Added {feed.name}: {feed.kind}, every {spoken(feed.every_seconds)}."
    )
    return 0


def _list(parts: Assembly, options: argparse.Namespace) -> int:
    feeds = parts.database.intake.feeds()
    if options.json:
        print(as_json([_shown(feed) for feed in feeds]))
        return 0
    for feed in feeds:
        extra = ", full text" if feed.full_text else ""
        print(plain(f"{feed.name}: {feed.kind}, every {spoken(feed.every_seconds)}{extra}; {feed.address}"))
        print("  " + plain(f"{state_words(feed)}; next {feed.due_at:%Y-%m-%d %H:%M} UTC"))
    if not feeds:
        print("There are no feeds yet. Add one with `rhyme feeds add ADDRESS`.")
    return 0


def _test(parts: Assembly, options: argparse.Namespace) -> int:
    tried = try_out(open_reader(parts), _source(parts, options.address))
    articles, faults = tried.articles, tried.faults
    if options.json:
        shown = [one.model_dump(mode="json", exclude={"text"}) for one in articles]
        failed = [{"name": one.name, "kind": one.kind, "message": one.message} for one in faults]
        print(as_json({"articles": shown, "failed": failed, "warnings": tried.warnings}))
        return SourceError.exit_code if faults and not articles else 0
    more = " or more" if tried.more else ""
    print(f"{len(articles):,}{more} articles, {len(faults):,} entries that are none. Nothing was kept.")
    for warning in tried.warnings:
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


_ACTIONS = {"add": _add, "list": _list, "test": _test, "remove": _remove}
