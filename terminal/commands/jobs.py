"""`rhyme jobs add|list|show|batches|pause|resume|cancel|retry`: what is to be analysed in bulk, and what became of it."""

import argparse
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from records.errors import NotFound, SourceError, UsageError
from records.times import utc_now
from terminal import jobs_view
from terminal.assembly import Assembly
from terminal.commands.ingest import open_ingest
from terminal.feed_parts import absolute
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings

if TYPE_CHECKING:
    from agent.jobs import JobDesk

_ID = re.compile(r"[0-9a-f]{16}")


def run(options: argparse.Namespace) -> int:
    """Dispatches. Raises UsageError, SettingsError, StoreError."""
    actions: dict[str, Callable[[Assembly, argparse.Namespace, ProgressView], int]] = {
        "add": _add,
        "list": _list,
        "show": _show,
        "batches": _batches,
        "pause": _change,
        "resume": _change,
        "cancel": _change,
        "retry": _change,
    }
    settings = load_settings({"home": options.home}).settings
    with ProgressView.open(quiet=options.quiet) as view, Assembly(settings, say=view.say) as parts:
        return actions[options.action](parts, options, view)


def _add(parts: Assembly, options: argparse.Namespace, view: ProgressView) -> int:
    from agent.jobs import JobDesk, JobQueue

    if options.new == bool(options.source):
        raise UsageError("Name sources, or give --new for all articles that are kept and not analysed: one of the two.")
    ids, refused = (parts.database.jobs.without_job(), []) if options.new else _taken_in(parts, options.source, view)
    with JobQueue.open(parts.database.place) as queue:
        desk = JobDesk(parts.database, queue, utc_now)
        added = desk.add(
            ids,
            "live" if options.live else "backfill",
            lambda done, total: view.say(f"Put in line: {done:,} of {total:,}"),
        )
    for reason in refused:
        print(plain(f"Left out: {reason}"), file=sys.stderr)
    if options.json:
        print(as_json({"added": list(added.new), "known": list(added.known), "refused": refused}))
    else:
        known = f", {len(added.known):,} had a job before" if added.known else ""
        print(f"Put in line: {len(added.new):,}{known}. `rhyme worker` does the work.")
    return SourceError.exit_code if refused else 0


def _taken_in(parts: Assembly, sources: list[str], view: ProgressView) -> tuple[list[str], list[str]]:
    """Ids of the articles at these sources, now kept, and what could not be read, in sentences."""
    from feeds import Source

    ids: list[str] = []
    refused: list[str] = []
    ingest = open_ingest(parts, sys.stdin.buffer if "-" in sources else None)
    for source in sources:
        if _ID.fullmatch(source):
            ids.append(parts.database.jobs.article(source).id)
            continue
        view.say(f"Reading {plain(source)} …")
        report = ingest.take(Source(absolute(source)), name=source, remember=False, on_kept=ids.extend).report
        if report.stopped:
            raise KeyboardInterrupt
        refused += [f"{one.name}: {one.message}" for one in report.failed]
        hidden = sum(report.failures.values()) - len(report.failed)
        refused += [f"{source}: {hidden:,} more entries"] if hidden else []
        refused += [report.error.message] if report.error is not None else []
    return ids, refused


def _list(parts: Assembly, options: argparse.Namespace, _: ProgressView) -> int:
    from agent.jobs.pausing import Pausing

    if options.limit < 0:
        raise UsageError(f"--limit {options.limit} is below 0.")
    counts, pause = parts.database.jobs.counts(), Pausing(parts.database, utc_now).now()
    jobs = parts.database.jobs.listed("failed" if options.failed else None, options.limit)
    if options.json:
        listed = [job.model_dump(mode="json") for job in jobs]
        print(as_json({"counts": jobs_view.counts_json(counts, pause), "jobs": listed}))
        return 0
    print(jobs_view.counts_text(counts))
    if pause is not None:
        print(plain(jobs_view.pause_text(pause)))
    for job in jobs:
        print(jobs_view.job_line(job))
    return 0


def _show(parts: Assembly, options: argparse.Namespace, _: ProgressView) -> int:
    job = parts.database.jobs.get(options.id)
    print(as_json(job.model_dump(mode="json")) if options.json else jobs_view.job_text(job))
    return 0


def _batches(parts: Assembly, options: argparse.Namespace, _: ProgressView) -> int:
    from terminal.batch_view import batch_json, batches_text

    if options.limit < 1:
        raise UsageError(f"--limit {options.limit} is below 1.")
    batches = parts.database.batches.listed(options.limit)
    if options.json:
        print(as_json({"batches": [batch_json(one) for one in batches]}))
    else:
        print("\n".join(plain(line) for line in batches_text(batches)))
    return 0


def _change(parts: Assembly, options: argparse.Namespace, _: ProgressView) -> int:
    from agent.jobs import JobDesk, JobQueue

    with JobQueue.open(parts.database.place) as queue:
        changed, told = _changed(JobDesk(parts.database, queue, utc_now), options)
    if options.json:
        print(as_json({"changed": changed}))
    else:
        print(told)
    return 0


def _changed(desk: "JobDesk", options: argparse.Namespace) -> tuple[list[str], str]:
    """The ids that were changed, and the sentence about it."""
    ids, action = options.id, options.action
    if action == "pause":
        changed = desk.pause(ids)
        return changed, f"Paused: {len(changed):,}." if ids else "Everything is paused; what is in hand is finished."
    if action == "resume":
        changed = desk.resume(ids)
        return changed, f"In line again: {len(changed):,}." if ids else "Workers go on within seconds."
    whole = options.all if action == "cancel" else options.failed
    if whole == bool(ids):
        raise UsageError(f"Name jobs, or give --{'all' if action == 'cancel' else 'failed'}: one of the two.")
    changed = desk.cancel(ids) if action == "cancel" else desk.retry(ids, failed=options.failed)
    if not changed and ids:
        raise NotFound("Those jobs are in that state no longer, so nothing was changed. `rhyme jobs list` shows them.")
    return changed, f"{'Cancelled' if action == 'cancel' else 'In line again'}: {len(changed):,}."
