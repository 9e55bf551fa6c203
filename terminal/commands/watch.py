"""`rhyme watch`: the feeds on their schedules, a line for each reading, until stopped."""

import argparse
import json
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from records.errors import SourceError, UsageError
from records.times import utc_now
from terminal.assembly import Assembly
from terminal.commands.ingest import open_ingest
from terminal.ingest_report import line
from terminal.line import LateLine
from terminal.progress import ProgressView
from terminal.settings import load_settings

if TYPE_CHECKING:
    from agent.watch import Turn


def run(options: argparse.Namespace) -> int:
    """Reads feeds until told to stop; 0 then."""
    from agent.watch import Watch

    failed = 0
    with ProgressView.open(quiet=options.quiet) as view, _stopping() as stop:
        settings = load_settings({"home": options.home}).settings
        with Assembly(settings, say=view.say) as parts, LateLine(parts.database.place, "live") as queue:
            feeds = parts.database.intake.feeds()
            if not feeds:
                raise UsageError("There is no feed to watch. Add one with `rhyme feeds add ADDRESS`.")
            ingest = open_ingest(parts, line=None if options.no_jobs else queue)
            watch = Watch(ingest, parts.database, utc_now, random.random)
            view.say(f"Watching {len(feeds):,} feeds; Ctrl-C ends it …")
            for turn in watch.once(stop.wait) if options.once else watch.run(stop.wait):
                failed += turn.report.error is not None
                print(_told(turn, as_object=options.json), flush=True)
    return SourceError.exit_code if options.once and failed else 0


def _told(turn: "Turn", *, as_object: bool) -> str:
    at, due = turn.feed.checked_at or utc_now(), turn.feed.due_at
    if as_object:
        return json.dumps({"at": at.isoformat(), "due_at": due.isoformat(), **turn.report.model_dump(mode="json")})
    return f"{at:%Y-%m-%d %H:%M:%S} {line(turn.report)}; next {due:%H:%M:%S} UTC"


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Set by Ctrl-C and SIGTERM, so that batches under way are kept in order; a second Ctrl-C does not wait for them."""
    stop = threading.Event()

    def told(number: int, _: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    former = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
