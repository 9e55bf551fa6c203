"""`rhyme worker`: analyses what is in line, until it is stopped or nothing is left."""

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from records.errors import StoreLocked, StoreUnreachable, UsageError
from terminal.garbage import undisturbed
from terminal.progress import ProgressView

if TYPE_CHECKING:
    from records.job import JobCounts, Pause
    from terminal.assembly import Assembly
    from terminal.jobs_view import JobsView
    from terminal.leaving import Leaving

LOOK_SECONDS = 1.0
GARBAGE = (50_000, 20, 50)
"""Objects made between two searches for garbage, and searches of one generation for one of the next: with Python's own figures
(700, 10, 10) they took a fortieth of the processor time, with a fifth of these a sixtieth: analyses leave few circles behind."""
AWAY = (StoreUnreachable, StoreLocked)
AWAY_SECONDS = 600.0
"""How long a worker waits for a database server that does not answer, before it leaves with the error."""
PAUSED = 1
"""Exit code of `--until-empty` that found everything paused."""


def run(options: argparse.Namespace) -> int:
    """Works. Raises SettingsError, ModelError, StoreError, UsageError."""
    if options.batch:
        from terminal.batch_worker import run as run_batches

        return run_batches(options)
    for name in ("concurrency", "together"):
        number = getattr(options, name)
        if number is not None and number < 1:
            raise UsageError(f"--{name} {number} is below 1.")
    with ProgressView.open(quiet=options.quiet) as view:
        view.say("Starting …")  # before the imports, which take a second
        with undisturbed():
            from terminal.allocator import limit_arenas
            from terminal.assembly import Assembly, articles_at_once
            from terminal.settings import load_settings

        limit_arenas()
        settings = load_settings({"home": options.home}).settings
        each = articles_at_once(settings, options.concurrency)
        if options.together is not None:
            each = min(each, options.together)
        with Assembly(settings, say=view.say, at_once=each) as parts:
            code, unfinished = _work(parts, options, view, each)
    if unfinished:  # their threads would keep the process; what they still do is kept once or not at all
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _work(parts: "Assembly", options: argparse.Namespace, view: ProgressView, each: int) -> tuple[int, int]:
    """The exit code, and how many steps still run. `each`: articles at once."""
    with undisturbed():
        from agent.jobs import JobQueue, Worker
        from records.times import utc_now
        from terminal.alert_parts import alerts_as_raised
        from terminal.jobs_parts import course_of
        from terminal.jobs_view import JobsView
        from terminal.leaving import leave, signals

        course = course_of(parts)
    gc.freeze()  # modules and tables stay until the end: a full search for garbage would go through all of them every time
    gc.set_threshold(*GARBAGE)
    with (
        JobQueue.open(parts.database.place) as queue,
        signals() as leaving,
        Worker(parts.database, queue, course, clock=utc_now, concurrency=each, together=options.together) as worker,
        JobsView.open(quiet=options.quiet or options.json) as shown,
    ):
        alerts = alerts_as_raised(parts, shown=not (options.quiet or options.json))
        paused = _watch(parts, options, shown, leaving, view.say, alerts)
        view.say("Finishing what is in hand …" if worker.in_hand else "Leaving …")
        unfinished = leave(worker, leaving)
        with suppress(*AWAY):  # what is done is done, also when it cannot be counted now
            _tell(parts, options, shown)
            alerts()
    return (PAUSED if paused else 0), unfinished


def _watch(
    parts: "Assembly",
    options: argparse.Namespace,
    shown: "JobsView",
    leaving: "Leaving",
    say: Callable[[str], None],
    alerts: Callable[[], None],
) -> bool:
    """Shows the counts, and alerts as they are raised, until it is time to leave; True when that is because of a pause. A database
    that is away is waited for. Raises StoreError when it stays away."""
    away_since: float | None = None
    while True:
        try:
            counts, pause = _tell(parts, options, shown)
            alerts()
            away_since = None
            if options.until_empty and (pause is not None or not counts.open):
                return pause is not None
        except AWAY as error:
            if away_since is None:
                away_since = time.monotonic()
                say(f"Waiting for the database: {error}")
            if time.monotonic() - away_since > AWAY_SECONDS:
                raise
        if leaving.asked.wait(LOOK_SECONDS):
            return False


def _tell(parts: "Assembly", options: argparse.Namespace, shown: "JobsView") -> "tuple[JobCounts, Pause | None]":
    from agent.jobs.pausing import Pausing
    from records.times import utc_now
    from terminal.jobs_view import counts_json

    counts, pause = parts.database.jobs.counts(), Pausing(parts.database, utc_now).now()
    shown.show(counts, pause)
    if options.json:
        line = counts_json(counts, pause) | {"articles_per_minute": shown.articles_per_minute(counts)}
        print(json.dumps(line), flush=True)
    return counts, pause
