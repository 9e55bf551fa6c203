"""A worker inside `rhyme ingest --analyze`: what is in line is analysed in this process until nothing is left."""

import argparse
from typing import TYPE_CHECKING

from records.job import JobOutcome
from records.times import utc_now
from terminal.assembly import Assembly, articles_at_once
from terminal.commands.cost import Sum
from terminal.commands.worker import LOOK_SECONDS
from terminal.ingest_report import IngestReport, Work
from terminal.jobs_view import JobsView
from terminal.leaving import Leaving, leave, signals
from terminal.progress import ProgressView

if TYPE_CHECKING:
    from agent.jobs import Course


def work(parts: Assembly, options: argparse.Namespace, view: ProgressView, report: IngestReport) -> int:
    """Works and tells the report what became of it. Returns the steps that still run, after a second Ctrl-C. Raises ModelError,
    StoreError, SettingsError."""
    done = report.work = Work()
    unfinished = 0
    try:
        if parts.database.jobs.counts().open:
            unfinished = _work(parts, options, view, done)
    except KeyboardInterrupt:  # while the worker was being put together
        done.stopped = True
    finally:
        report.cost = cost_of(parts)
    return unfinished


def cost_of(parts: Assembly) -> Sum:
    """The calls of this run, as `rhyme cost` sums them."""
    total = Sum()
    for line in parts.database.model_calls.costs("run"):
        if line.group == parts.run_id:
            total.add(line)
    return total


def _work(parts: Assembly, options: argparse.Namespace, view: ProgressView, done: Work) -> int:
    view.say("Opening the event memory …")
    from agent.jobs import JobQueue, Worker
    from terminal.allocator import limit_arenas
    from terminal.jobs_parts import course_of

    limit_arenas()

    def note(article_id: str, outcome: JobOutcome) -> None:
        done.outcomes[article_id] = outcome

    course: Course = course_of(parts, on_outcome=note)
    each = articles_at_once(parts.settings, options.concurrency)
    with (
        JobQueue.open(parts.database.place) as queue,
        signals() as leaving,
        Worker(parts.database, queue, course, clock=utc_now, concurrency=each) as worker,
        JobsView.open(quiet=options.quiet) as shown,
    ):
        _until_empty(parts, shown, leaving, done)
        if worker.in_hand:
            view.say("Finishing what is in hand …")
        return leave(worker, leaving)


def _until_empty(parts: Assembly, shown: JobsView, leaving: Leaving, done: Work) -> None:
    """Until nothing is left, everything is paused, or a person wants to leave."""
    from agent.jobs.pausing import Pausing

    pausing = Pausing(parts.database, utc_now)
    while True:
        counts = parts.database.jobs.counts()
        done.pause = pausing.now() if counts.open else None
        shown.show(counts, done.pause)
        if done.pause is not None or not counts.open:
            return
        if leaving.asked.wait(LOOK_SECONDS):
            done.stopped = True
            return
