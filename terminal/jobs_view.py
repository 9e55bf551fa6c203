"""Jobs as text, as JSON, and as a bar that moves while a worker works."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from records.job import Job, JobCounts, Pause
from terminal.plain import plain

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_SECONDS = 5.0
"""Into a log goes at most one line in this time."""
TITLE = 60


def counts_json(counts: JobCounts, pause: Pause | None) -> dict[str, Any]:
    """All counts under names that never change."""
    counted = counts.model_dump(exclude={"failed"})
    paused = None if pause is None else pause.model_dump(mode="json")
    return {"done": counts.done, **counted, "failed": dict(counts.failed), "pause": paused}


def counts_text(counts: JobCounts) -> str:
    """One line; what is nought is left out, except for what waits."""
    parts = [f"{counts.done:,} done"]
    parts += [
        f"{number:,} {name}" for name, number in (("joined", counts.joined), ("updated", counts.updated)) if number
    ]
    parts += [f"{number:,} failed ({kind})" for kind, number in counts.failed.items()]
    parts += [f"{counts.waiting:,} waiting"]
    others = (
        ("running", counts.running),
        ("in batches", counts.batched),
        ("paused", counts.paused),
        ("cancelled", counts.cancelled),
    )
    parts += [f"{number:,} {name}" for name, number in others if number]
    cost = f"{counts.cost_usd:.4f} USD" + (f" and {counts.unpriced:,} without a price" if counts.unpriced else "")
    return " · ".join([*parts, cost])


def pause_text(pause: Pause) -> str:
    """What a person does about it."""
    return f"Everything is paused since {pause.at:%Y-%m-%d %H:%M} UTC: {pause.reason} Go on with `rhyme jobs resume`."


def job_line(job: Job) -> str:
    """id, state, title; of a failure its reason."""
    state = job.outcome.failure or job.outcome.result or job.status
    line = f"{job.article_id}  {state:<18}  {plain(job.title)[:TITLE]}"
    return f"{line}\n    {plain(job.outcome.reason)}" if job.outcome.failure and job.outcome.reason else line


def job_text(job: Job) -> str:
    """Everything that is known of one job."""
    outcome = job.outcome
    lines = [
        plain(job.title),
        f"article   {job.article_id}",
        f"status    {job.status}, round {job.round}, begun {job.starts}×",
    ]
    told = (
        ("result", outcome.result),
        ("failure", outcome.failure),
        ("reason", outcome.reason),
        ("analysis", outcome.analysis_id),
        ("before it", outcome.former_analysis_id),
        ("story", outcome.story_id),
    )
    lines += [f"{name:<9} {plain(value)}" for name, value in told if value]
    return "\n".join(lines)


class JobsView:
    """Shows counts as they change. `open` gives the kind that fits; used as a context manager."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._begun = clock()
        self._first: int | None = None

    @staticmethod
    def open(*, quiet: bool, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> "JobsView":
        """Nothing when quiet, a bar on a terminal, plain lines into a file or pipe."""
        stream = stream or sys.stderr
        if quiet:
            return JobsView(stream, clock)
        return BarView(stream, clock) if stream.isatty() else LinesView(stream, clock)

    def articles_per_minute(self, counts: JobCounts) -> float:
        """Of all workers, since this view was opened."""
        ended = counts.done + sum(counts.failed.values())
        if self._first is None:
            self._first = ended
        minutes = (self._clock() - self._begun) / 60
        return round((ended - self._first) / minutes, 1) if minutes > 0 else 0.0

    def show(self, counts: JobCounts, pause: Pause | None) -> None:
        """The counts as they are now."""

    def __enter__(self) -> "JobsView":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the display."""


class LinesView(JobsView):
    """A line when something changed, seldom enough for a log."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        super().__init__(stream, clock)
        self._last = ""
        self._last_at: float | None = None

    def show(self, counts: JobCounts, pause: Pause | None) -> None:
        line = pause_text(pause) if pause else counts_text(counts)
        rate = self.articles_per_minute(counts)
        now = self._clock()
        if line != self._last and (self._last_at is None or now - self._last_at >= LINE_SECONDS or not counts.open):
            self._last, self._last_at = line, now
            tail = "" if pause else f" · {rate:.0f} a minute"
            print(plain(line) + tail, file=self._stream, flush=True)


class BarView(JobsView):
    """A bar of what is finished, with the counts beside it."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        super().__init__(stream, clock)
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def show(self, counts: JobCounts, pause: Pause | None) -> None:
        progress = self._progress or self._start()
        assert self._task is not None
        ended = counts.total - counts.open - counts.batched
        told = (
            pause_text(pause) if pause else f"{counts_text(counts)} · {self.articles_per_minute(counts):.0f} a minute"
        )
        progress.update(self._task, total=counts.total, completed=ended, told=plain(told))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def _start(self) -> "Progress":
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}", markup=False))
        self._progress = Progress(*columns, console=Console(file=self._stream), refresh_per_second=4)
        self._task = self._progress.add_task("articles", total=None, told="")
        self._progress.start()
        return self._progress
