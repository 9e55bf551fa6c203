"""`rhyme ingest`: sources in, articles kept, placed in their stories and put in line; with `--analyze` analysed too."""

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING, BinaryIO

from records.errors import SourceError, UsageError
from records.times import utc_now
from terminal.assembly import Assembly, articles_at_once
from terminal.feed_parts import absolute, open_reader
from terminal.garbage import seldom_collected
from terminal.ingest_report import InAll, IngestReport, as_lines, as_object
from terminal.line import LateLine
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings

if TYPE_CHECKING:
    from agent.ingest import Ingest, Ingested

SAID_EVERY = 500
"""Articles between two lines of progress."""
PAUSED = 1
"""Exit code when everything is paused, so that not all was analysed."""
STOPPED = 130
"""128 + SIGINT, what shells report for Ctrl-C."""


def run(options: argparse.Namespace) -> int:
    """Takes every source in and, if asked, works until nothing is left. 4 when a source could not be had, 1 when everything is
    paused, 130 after Ctrl-C."""
    _refuse(options)
    begun = time.monotonic()
    unfinished = 0
    with ProgressView.open(quiet=options.quiet) as view:
        settings = load_settings({"home": options.home, "model": options.model}).settings
        each = articles_at_once(settings, options.concurrency) if options.analyze else 1
        with Assembly(settings, say=view.say, at_once=each) as parts:
            if options.analyze:
                _ = parts.model  # refused before the sources are read; one on this machine loads meanwhile
            report = IngestReport(parts.run_id)
            _take_all(parts, options, view, report)
            if options.analyze and not report.stopped:
                from terminal.ingest_work import work

                unfinished = work(parts, options, view, report)
            report.waiting = parts.database.jobs.counts().open
            if report.total("known"):
                report.in_all = _in_all(parts, report.total("new"))
            report.seconds = time.monotonic() - begun
    text = as_json(as_object(report)) if options.json else "\n".join(as_lines(report, jobs=not options.no_jobs))
    print(text, flush=True)
    code = _exit_code(report)
    if unfinished:  # their threads would keep the process; what they still do is kept once or not at all
        os._exit(code)
    return code


def _in_all(parts: Assembly, new: int) -> InAll | None:
    """None if this run took in all there is: then it knew some because its sources have them twice."""
    from terminal.commands.cost import Sum

    taken_in = parts.database.intake.taken_in()
    if taken_in.articles <= new:
        return None
    whole = Sum()
    for line in parts.database.model_calls.costs("model"):
        whole.add(line)
    return InAll(taken_in, parts.database.jobs.counts(), whole)


def open_ingest(parts: Assembly, stdin: BinaryIO | None = None, *, line: LateLine | None = None) -> "Ingest":
    """What takes sources in; `line`: and puts in line what is to be analysed. Raises StoreError."""
    from agent.ingest import Ingest
    from vectorstore.threads import StoryThreads

    return Ingest(open_reader(parts, stdin), parts.database, StoryThreads(parts.database), utc_now, line=line)


def _refuse(options: argparse.Namespace) -> None:
    if options.analyze and options.no_jobs:
        raise UsageError("--analyze works the jobs that --no-jobs would not make: give one of the two.")
    if not options.analyze and (options.model or options.concurrency is not None):
        raise UsageError("--model and --concurrency are about the analysis: give --analyze too.")
    if options.concurrency is not None and options.concurrency < 1:
        raise UsageError(f"--concurrency {options.concurrency} is below 1.")


def _take_all(parts: Assembly, options: argparse.Namespace, view: ProgressView, report: IngestReport) -> None:
    """Each source in turn, until one is broken off."""
    with LateLine(parts.database.place, "backfill") as line, seldom_collected():
        stdin = sys.stdin.buffer if "-" in options.sources else None
        ingest = open_ingest(parts, stdin, line=None if options.no_jobs else line)
        for name in options.sources:
            view.say(f"Reading {plain(name)} …")
            report.sources.append(_take(ingest, name, options, view))
            if report.stopped:
                return


def _take(ingest: "Ingest", name: str, options: argparse.Namespace, view: ProgressView) -> "Ingested":
    from feeds import Source

    said = 0

    def tell(articles: int) -> None:
        nonlocal said
        if articles - said >= SAID_EVERY:
            said = articles
            view.say(f"{plain(name)}: {articles:,} articles")

    source = Source(absolute(name), full_text=options.full_text)
    return ingest.take(source, name=name, on_progress=tell)


def _exit_code(report: IngestReport) -> int:
    if report.stopped:
        return STOPPED
    if any(one.error for one in report.reports):
        return SourceError.exit_code
    return PAUSED if report.work is not None and report.work.pause is not None else 0
