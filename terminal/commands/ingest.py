"""`rhyme ingest`: sources in, articles kept and placed in their stories."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from records.errors import SourceError
from records.times import utc_now
from terminal.assembly import Assembly
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings

if TYPE_CHECKING:
    from agent.ingest import Ingest, SourceReport
    from feeds import Reader

SHOWN_FAILURES = 10  # of one source; a file with a systematic fault has one in every row
SAID_EVERY = 500
"""Articles between two lines of progress."""
COUNTS = ("articles", "new", "known", "stories", "new_stories", "duplicates")


def run(options: argparse.Namespace) -> int:
    """Takes every source in; 4 when one could not be had."""
    reports = []
    with ProgressView.open(quiet=options.quiet) as view:
        settings = load_settings({"home": options.home}).settings
        with Assembly(settings, say=view.say) as parts:
            ingest = open_ingest(parts, sys.stdin.buffer if "-" in options.sources else None)
            for name in options.sources:
                view.say(f"Reading {plain(name)} …")
                reports.append(_take(ingest, name, options, view))
    print(as_json(summary(reports)) if options.json else "\n".join(line for one in reports for line in page(one)))
    return SourceError.exit_code if any(report.error for report in reports) else 0


def open_reader(parts: Assembly, stdin: BinaryIO | None = None) -> "Reader":
    """A reader of sources under the settings."""
    from feeds import Fetcher, Reader

    return Reader(Fetcher(allow_private_addresses=parts.settings.allow_private_addresses), utc_now, stdin=stdin)


def open_ingest(parts: Assembly, stdin: BinaryIO | None = None) -> "Ingest":
    """What takes sources in. Raises StoreError."""
    from agent.ingest import Ingest
    from vectorstore.threads import StoryThreads

    return Ingest(open_reader(parts, stdin), parts.database, StoryThreads(parts.database), utc_now)


def absolute(address: str) -> str:
    """A path as it is from everywhere, so that what was taken in is known again; addresses and "-" as they are."""
    return str(Path(address).absolute()) if address and Path(address).exists() else address


def _take(ingest: "Ingest", name: str, options: argparse.Namespace, view: ProgressView) -> "SourceReport":
    from feeds import Source

    said = 0

    def tell(articles: int) -> None:
        nonlocal said
        if articles - said >= SAID_EVERY:
            said = articles
            view.say(f"{plain(name)}: {articles:,} articles")

    source = Source(absolute(name), full_text=options.full_text)
    return ingest.take(source, name=name, on_progress=tell).report


def summary(reports: Sequence["SourceReport"]) -> dict[str, Any]:
    """The object of `--json`: sums over the sources, then each."""
    failures: Counter[str] = Counter()
    for report in reports:
        failures.update(report.failures)
        if report.error is not None:
            failures[report.error.kind] += 1
    sums = {name: sum(getattr(report, name) for report in reports) for name in COUNTS}
    return {**sums, "failures": dict(failures), "sources": [report.model_dump(mode="json") for report in reports]}


def page(report: "SourceReport") -> list[str]:
    """A source's lines for a person."""
    lines = [line(report)]
    lines += [f"  note: {plain(warning)}" for warning in report.warnings]
    lines += [f"  {plain(one.name)}: {one.kind}: {plain(one.message)}" for one in report.failed[:SHOWN_FAILURES]]
    hidden = sum(report.failures.values()) - min(len(report.failed), SHOWN_FAILURES)
    return [*lines, f"  and {hidden:,} more"] if hidden else lines


def line(report: "SourceReport") -> str:
    """A source in one line: what came of it, or why nothing did."""
    parts = []
    if report.error is not None:
        parts.append(f"failed ({report.error.kind}): {plain(report.error.message)}")
    if report.unchanged:
        parts.append("nothing new since the last reading")
    if report.articles or not parts:
        parts.append(
            f"{report.articles:,} articles, {report.new:,} new, {report.known:,} known already, {report.stories:,} stories, "
            f"{report.duplicates:,} duplicates"
        )
    if report.failures:
        parts.append(", ".join(f"{count:,} {kind}" for kind, count in report.failures.items()))
    return f"{plain(report.source)}: {'; '.join(parts)}"
