"""The counts of the jobs as a bar and as rows: what each kind of failure is, and what a person does about it."""

from dataclasses import dataclass

from records.job import JobCounts

FOR_PERSON_ADVICE = "Everything else would meet the same: mend the cause, then resume and retry."
ADVICE = {
    "code_error": "A fault of Rhyme: report it with the reason below.",
    "model_answer_invalid": "The model's answer broke its form, also after a repair: retry, or choose another model.",
    "model_refused": "The provider refused this article; a retry asks again.",
    "not_kept": "The job was taken away while it was worked on: retry it if it is still wanted.",
    "worker_lost": "The workers that took it were lost: look at their logs before a retry.",
}
PASSING_ADVICE = "What was away may be back: retry."
OTHER_ADVICE = "Read the reason below; retry when it is mended."


@dataclass(frozen=True)
class Bar:
    """A stretch of the progress bar, in the 1,000 units of its viewBox."""

    name: str
    count: int
    x: float
    width: float


@dataclass(frozen=True)
class FailureRow:
    """A kind of failure."""

    kind: str
    count: int
    advice: str


def bars(counts: JobCounts) -> tuple[Bar, ...]:
    """Done, failed, running, waiting, at rest: one after the other over the whole width; empty when there are no jobs."""
    parts = (
        ("done", counts.done),
        ("failed", sum(counts.failed.values())),
        ("running", counts.running + counts.batched),
        ("waiting", counts.waiting),
        ("rest", counts.paused + counts.cancelled),
    )
    made, x = [], 0.0
    for name, count in parts:
        if count:
            width = 1000 * count / counts.total
            made.append(Bar(name, count, round(x, 2), round(width, 2)))
            x += width
    return tuple(made)


def failure_rows(counts: JobCounts) -> tuple[FailureRow, ...]:
    """The most frequent first."""
    ordered = sorted(counts.failed.items(), key=lambda item: (-item[1], item[0]))
    return tuple(FailureRow(kind, count, _advice(kind)) for kind, count in ordered)


def _advice(kind: str) -> str:
    from agent.jobs.failures import FOR_A_PERSON, PASSING  # here: the queue's engine takes a second to load

    if kind in FOR_A_PERSON:
        return FOR_PERSON_ADVICE
    return ADVICE.get(kind) or (PASSING_ADVICE if kind in PASSING else OTHER_ADVICE)
