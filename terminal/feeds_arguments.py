"""The arguments of `rhyme feeds …`, `rhyme ingest` and `rhyme watch`. Standard library only, like all that is read before a
command is known."""

import argparse
import re

from terminal.command_tree import Tree

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def add_feeds(tree: Tree) -> None:
    """Adds the three commands."""
    _add_group(tree)
    _add_ingest(tree)
    _add_watch(tree)


def _add_group(tree: Tree) -> None:
    feeds = tree.group("feeds", "keep a list of feeds, folders and pages to watch", "rhyme feeds list")
    add = feeds.command(
        "add",
        "feeds",
        "add a feed, a folder or a page to those that are watched",
        "rhyme feeds add https://example.com/news/rss --every 10m",
        "It is read once, to see that it can be; nothing of it is kept yet. docs/feeds.md says what each kind gives.",
    )
    add.set_defaults(action="add")
    add.add_argument(
        "address", metavar="ADDRESS", help="an address of RSS or Atom, a folder, or a .jsonl, .csv or .parquet file"
    )
    add.add_argument("--name", metavar="NAME", help="what to call it; default: made from the address")
    add.add_argument(
        "--every",
        metavar="TIME",
        type=parse_interval,
        default=900,
        help="how often it is read, such as 90s, 15m, 2h or 1d",
    )
    add.add_argument(
        "--kind",
        metavar="KIND",
        type=_kind,
        help="feed or page, for an address; default: a feed, and a web page is refused",
    )
    add.add_argument(
        "--full-text", action="store_true", help="fetch the page of each new entry, for feeds that give only summaries"
    )
    add.add_argument(
        "--unchecked", action="store_true", help="add it without reading it, also when it cannot be had now"
    )
    listing = feeds.command(
        "list", "feeds", "show the feeds, when each is read next and how it did", "rhyme feeds list --json"
    )
    listing.set_defaults(action="list")
    test = feeds.command(
        "test",
        "feeds",
        "read a feed now, show what it gives and keep nothing",
        "rhyme feeds test https://example.com/news/rss",
        "Leaves with 4 when it cannot be had.",
    )
    test.set_defaults(action="test")
    test.add_argument("address", metavar="NAME", help="the name of a feed, or the address of one that was not added")
    remove = feeds.command(
        "remove", "feeds", "watch a feed no longer; its articles stay", "rhyme feeds remove example.com"
    )
    remove.set_defaults(action="remove")
    remove.add_argument("name", metavar="NAME", help="its name in `rhyme feeds list`")
    for parser in (add, listing, test, remove):
        parser.add_argument("--json", action="store_true", help="print a JSON object on stdout")


def _add_ingest(tree: Tree) -> None:
    ingest = tree.command(
        "ingest",
        "ingest",
        "read sources once, keep their articles, place each in its story and put what is new in line",
        "rhyme ingest news.jsonl inbox/ https://example.com/rss",
        "`rhyme worker` analyses what is in line; with --analyze this command does. Stopped at any point, or run twice, it does "
        "nothing twice. Leaves with 4 when a source could not be had (the others are taken in all the same), with 1 when the "
        "analysis is paused, with 130 after Ctrl-C; the report comes in any case.",
    )
    ingest.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="+",
        help="a .jsonl, .csv or .parquet file (also .gz), a folder, an article's file or address, a feed's address, or - for "
        "standard input",
    )
    ingest.add_argument("--full-text", action="store_true", help="of feeds: fetch the page of each new entry")
    ingest.add_argument("--no-jobs", action="store_true", help="put nothing in line; `rhyme jobs add --new` can later")
    ingest.add_argument(
        "--analyze", action="store_true", help="then analyse what is in line, in this process, until nothing is left"
    )
    ingest.add_argument("--model", metavar="NAME", help="with --analyze: in place of the setting")
    ingest.add_argument(
        "--concurrency",
        metavar="N",
        type=int,
        help="with --analyze: articles at once; default 1 for a model on this machine, else 4",
    )
    ingest.add_argument("--json", action="store_true", help="print a JSON object on stdout")


def _add_watch(tree: Tree) -> None:
    watch = tree.command(
        "watch",
        "watch",
        "read the feeds on their schedules until stopped",
        "rhyme watch --json",
        "Prints a line for each reading. What is new goes in line before every backfill; `rhyme worker` beside it analyses it. "
        "Ctrl-C or SIGTERM ends it within seconds; what a feed has not given yet is asked for at the next start.",
    )
    watch.add_argument(
        "--once", action="store_true", help="read the feeds that are due, then leave; 4 if one of them failed"
    )
    watch.add_argument("--no-jobs", action="store_true", help="put nothing in line")
    watch.add_argument("--json", action="store_true", help="print a JSON object a line")


def parse_interval(text: str) -> int:
    """Seconds from "90s", "15m", "2h" or "1d". Raises argparse.ArgumentTypeError."""
    match = re.fullmatch(r"\s*(\d{1,6})\s*([smhd])\s*", text.lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write it like 90s, 15m, 2h or 1d")
    seconds = int(match[1]) * _UNITS[match[2]]
    if not 60 <= seconds <= 7 * 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 60s and 7d")
    return seconds


def _kind(text: str) -> str:
    if text not in ("feed", "page"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither feed nor page")
    return text
