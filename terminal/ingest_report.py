"""What an ingest came to, as text and under names that never change."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from records.job import JobOutcome, Pause
from terminal.jobs_view import pause_text
from terminal.plain import plain

if TYPE_CHECKING:
    from agent.ingest import Ingested, SourceReport
    from terminal.commands.cost import Sum

SHOWN_FAILURES = 10  # of one source; a file with a systematic fault has one in every row
COUNTS = ("articles", "new", "known", "new_stories", "duplicates", "jobs")
RESULTS = ("analysed", "updated", "joined")


@dataclass
class Work:
    """What became of the jobs that this command worked on."""

    outcomes: dict[str, JobOutcome] = field(default_factory=dict)
    """By article: a step that ran twice has one outcome."""
    waiting: int = 0
    """Jobs still open at the end, of whoever."""
    pause: Pause | None = None
    stopped: bool = False

    def count(self, result: str) -> int:
        """Of a result."""
        return sum(one.result == result for one in self.outcomes.values())

    @property
    def failures(self) -> dict[str, int]:
        """Jobs set aside, by kind."""
        kinds = Counter(one.failure for one in self.outcomes.values() if one.failure is not None)
        return dict(sorted(kinds.items()))


@dataclass
class IngestReport:
    """All of one `rhyme ingest`."""

    run_id: str
    sources: list["Ingested"] = field(default_factory=list)
    work: Work | None = None
    """None: nothing was asked to be analysed."""
    cost: "Sum | None" = None
    """Of the calls of this run by the cost ledger; None likewise."""
    waiting: int = 0
    """Jobs open at the end."""
    seconds: float = 0.0

    @property
    def reports(self) -> list["SourceReport"]:
        """Of each source."""
        return [one.report for one in self.sources]

    @property
    def stopped(self) -> bool:
        """Broken off by Ctrl-C, while it took in or worked."""
        return any(one.stopped for one in self.reports) or (self.work is not None and self.work.stopped)

    @property
    def stories(self) -> int:
        """Different stories that articles placed now belong to."""
        return len(frozenset[str]().union(*(one.story_ids for one in self.sources)))

    def total(self, name: str) -> int:
        """Sum of a count over the sources."""
        return sum(getattr(report, name) for report in self.reports)


def as_object(report: IngestReport) -> dict[str, Any]:
    """The object of `--json`: sums over the sources, the work, then each source."""
    failures: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    for one in report.reports:
        failures.update(one.failures)
        notes.update(one.notes)
        if one.error is not None:
            failures[one.error.kind] += 1
    work, cost = report.work or Work(), report.cost
    pause = None if work.pause is None else work.pause.model_dump(mode="json")
    return {
        "run_id": report.run_id,
        **{name: report.total(name) for name in COUNTS},
        "stories": report.stories,
        **{name: work.count(name) for name in RESULTS},
        "calls": cost.calls if cost else 0,
        "cache_hits": cost.cache_hits if cost else 0,
        "input_tokens": cost.input_tokens if cost else 0,
        "output_tokens": cost.output_tokens if cost else 0,
        "cost_usd": cost_usd(cost),
        "unpriced_calls": cost.unpriced_calls if cost else 0,
        "uncertain_calls": cost.uncertain_calls if cost else 0,
        "failures": dict(failures),
        "notes": dict(notes),
        "job_failures": work.failures,
        "waiting": report.waiting,
        "pause": pause,
        "stopped": report.stopped,
        "seconds": round(report.seconds, 3),
        "sources": [one.model_dump(mode="json") for one in report.reports],
    }


def cost_usd(cost: "Sum | None") -> float | None:
    """US dollars; None when the price of a call is not known."""
    if cost is None:
        return 0.0
    return None if cost.unpriced_calls else cost.cost_usd


def as_lines(report: IngestReport, *, jobs: bool) -> list[str]:
    """For a person: each source, then all together and what to do next. `jobs`: whether anything was to be put in line."""
    lines = [line for one in report.reports for line in page(one)]
    counted = [
        _count(report.total("articles"), "article"),
        f"{report.total('new'):,} new",
        _count(report.stories, "story", "stories"),
        _count(report.total("duplicates"), "duplicate"),
    ]
    if jobs:
        counted.append(f"{report.total('jobs'):,} put in line")
    lines.append(f"Together: {', '.join(counted)}, in {report.seconds:,.0f} s.")
    if report.work is not None:
        lines += _work_lines(report.work, report.cost)
    return [*lines, *_next(report, jobs=jobs)]


def _work_lines(work: Work, cost: "Sum | None") -> list[str]:
    failed = sum(work.failures.values())
    lines = [
        f"Analysed {work.count('analysed'):,}, updated {work.count('updated'):,}, joined {work.count('joined'):,}."
    ]
    if failed:
        kinds = ", ".join(f"{kind} {number:,}" for kind, number in work.failures.items())
        lines.append(f"Set aside {failed:,}: {kinds}. `rhyme jobs list --failed` shows them.")
    if cost is not None:
        usd = cost_usd(cost)
        price = (
            f"{cost.cost_usd:,.4f} USD"
            if usd is not None
            else f"{cost.cost_usd:,.4f} USD and {cost.unpriced_calls:,} calls of unknown price"
        )
        uncertain = (
            f"; {cost.uncertain_calls:,} calls broke off and may have been billed too" if cost.uncertain_calls else ""
        )
        lines.append(
            f"Calls {cost.calls:,}, from the cache {cost.cache_hits:,}; tokens {cost.input_tokens:,} in, {cost.output_tokens:,} "
            f"out; {price}{uncertain}."
        )
    return lines


def _next(report: IngestReport, *, jobs: bool) -> list[str]:
    if report.stopped:
        return ["Stopped. The same command goes on where it was."]
    if report.work is not None and report.work.pause is not None:
        return [plain(pause_text(report.work.pause)), "Then the same command, or `rhyme worker`, goes on where it was."]
    if not report.waiting:
        return []
    if report.work is None and jobs:
        return [f"In line: {report.waiting:,}. `rhyme worker --until-empty` analyses them."]
    return [f"In line: {report.waiting:,}."]


def page(report: "SourceReport") -> list[str]:
    """A source's lines for a person."""
    lines = [line(report)]
    lines += [f"  note: {plain(warning)}" for warning in report.warnings]
    lines += [f"  {plain(one.name)}: {one.kind}: {plain(one.message)}" for one in report.failed[:SHOWN_FAILURES]]
    hidden = sum(report.failures.values()) - min(len(report.failed), SHOWN_FAILURES)
    lines += [f"  and {hidden:,} more"] if hidden else []
    lines += [f"  noted of {_count(number, 'article')}: {plain(kind)}" for kind, number in report.notes.items()]
    return lines + [f"    {plain(one.name)}: {plain(one.note)}" for one in report.noted]


def line(report: "SourceReport") -> str:
    """A source in one line: what came of it, or why nothing did."""
    parts = []
    if report.error is not None:
        parts.append(f"failed ({report.error.kind}): {plain(report.error.message)}")
    if report.unchanged:
        parts.append("nothing new since the last reading")
    if report.articles or not parts:
        in_line = f", {report.jobs:,} put in line" if report.jobs else ""
        parts.append(
            f"{report.articles:,} articles, {report.new:,} new, {report.known:,} known already, {report.stories:,} stories, "
            f"{report.duplicates:,} duplicates{in_line}"
        )
    if report.failures:
        parts.append(", ".join(f"{count:,} {kind}" for kind, count in report.failures.items()))
    if report.stopped:
        parts.append("stopped")
    return f"{plain(report.source)}: {'; '.join(parts)}"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
