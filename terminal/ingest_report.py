"""What an ingest came to, as text and under names that never change."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from records.job import JobCounts, JobOutcome, Pause
from records.story import TakenIn
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


@dataclass(frozen=True)
class InAll:
    """All that the archive has at the end, what earlier runs took in and did included."""

    taken_in: TakenIn
    jobs: JobCounts
    cost: "Sum"


@dataclass
class IngestReport:
    """All of one `rhyme ingest`."""

    run_id: str
    sources: list["Ingested"] = field(default_factory=list)
    work: Work | None = None
    """None: nothing was asked to be analysed."""
    cost: "Sum | None" = None
    """Of the calls of this run by the cost ledger; None likewise."""
    in_all: InAll | None = None
    """None where there was nothing before: then this run is all."""
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
        "call_failures": dict(sorted(cost.failures.items())) if cost else {},
        "waiting": report.waiting,
        "in_all": None if report.in_all is None else _in_all_object(report.in_all),
        "pause": pause,
        "stopped": report.stopped,
        "seconds": round(report.seconds, 3),
        "sources": [one.model_dump(mode="json") for one in report.reports],
    }


def _in_all_object(whole: InAll) -> dict[str, Any]:
    jobs, cost = whole.jobs, whole.cost
    return {
        **whole.taken_in.model_dump(),
        **{name: getattr(jobs, name) for name in RESULTS},
        "job_failures": dict(jobs.failed),
        "calls": cost.calls,
        "cache_hits": cost.cache_hits,
        "input_tokens": cost.input_tokens,
        "output_tokens": cost.output_tokens,
        "cost_usd": cost_usd(cost),
        "call_failures": dict(sorted(cost.failures.items())),
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
    if report.in_all is not None:
        lines += _in_all_lines(report.in_all)
    return [*lines, *_next(report, jobs=jobs)]


def _work_lines(work: Work, cost: "Sum | None") -> list[str]:
    lines = [_results({name: work.count(name) for name in RESULTS}), *_set_aside(work.failures)]
    return lines if cost is None else [*lines, _cost_line(cost)]


def _in_all_lines(whole: InAll) -> list[str]:
    kept = whole.taken_in
    counted = (
        _count(kept.articles, "article"),
        _count(kept.stories, "story", "stories"),
        _count(kept.duplicates, "duplicate"),
    )
    lines = [f"In all, with what was there before: {', '.join(counted)}."]
    if whole.jobs.total:
        results = _results({name: getattr(whole.jobs, name) for name in RESULTS})
        lines += [f"  {one}" for one in (results, *_set_aside(whole.jobs.failed))]
    return [*lines, f"  {_cost_line(whole.cost)}"] if whole.cost.calls or whole.cost.cache_hits else lines


def _results(numbers: Mapping[str, int]) -> str:
    return f"{', '.join(f'{name} {number:,}' for name, number in numbers.items())}.".capitalize()


def _set_aside(failures: Mapping[str, int]) -> list[str]:
    if not failures:
        return []
    return [f"Set aside {sum(failures.values()):,}: {_kinds(failures)}. `rhyme jobs list --failed` shows them."]


def _cost_line(cost: "Sum") -> str:
    price = f"{cost.cost_usd:,.4f} USD"
    if cost_usd(cost) is None:
        price += f" and {cost.unpriced_calls:,} calls of unknown price"
    uncertain = (
        f"; {cost.uncertain_calls:,} calls broke off and may have been billed too" if cost.uncertain_calls else ""
    )
    failed = f"; failed tries: {_kinds(cost.failures)}" if cost.failures else ""
    return (
        f"Calls {cost.calls:,}, from the cache {cost.cache_hits:,}; tokens {cost.input_tokens:,} in, {cost.output_tokens:,} "
        f"out; {price}{uncertain}{failed}."
    )


def _kinds(failures: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {number:,}" for kind, number in sorted(failures.items()))


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
