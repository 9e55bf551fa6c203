"""What a suite hands to the engine: samples, how one is answered, how an answer is graded, and what all of them add up to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from evals.harness.run import Ablation, Case, Interval, Published
from records.analysis import ModelCall

SHOWN_CHARACTERS = 2_000
"""Of a prompt or an answer that a report shows."""
WITHHELD = "(a public set's text: not kept in a run)"


@dataclass(frozen=True)
class Sample:
    """One case before it is answered."""

    id: str
    prompt: str
    """What is read or asked, as a report shows it."""
    expected: Any
    """The label, in words of JSON."""
    given: Any = field(default=None, repr=False)
    """What the suite itself works with; never kept."""
    cluster: str | None = None
    day: str | None = None


@dataclass(frozen=True)
class Reply:
    """What came back."""

    answer: str
    """As a report shows it."""
    value: Any = None
    """What is graded."""
    calls: tuple[ModelCall, ...] | None = None
    """The model calls behind it; None: those that were made meanwhile."""


@dataclass(frozen=True)
class Mark:
    """What grading found."""

    scores: Mapping[str, float | None]
    checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figures:
    """What the cases add up to. A value None could not be told."""

    metrics: Mapping[str, float | None]
    intervals: Mapping[str, Interval | None] = field(default_factory=dict)
    baselines: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    published: tuple[Published, ...] = ()
    ablations: tuple[Ablation, ...] = ()


@dataclass(frozen=True)
class Task:
    """One suite, ready to run."""

    suite: str
    kind: Literal["code", "model"]
    """Whether a model has a part in the answers."""
    split: str
    data_digest: str
    """SHA-256 of all that is graded, 16 hex digits."""
    samples: tuple[Sample, ...]
    scored: tuple[str, ...]
    """Names of the scores that `mark` gives."""
    solve: Callable[[Sample], Reply]
    """Raises RhymeError where there is no answer: the case is then counted as failed, not left out."""
    mark: Callable[[Sample, Reply], Mark]
    figures: Callable[[Sequence[Case]], Figures]
    data_digests: Mapping[str, str] = field(default_factory=dict)
    data_sources: Mapping[str, str] = field(default_factory=dict)
    prompt_digests: Mapping[str, str] = field(default_factory=dict)
    embedder: str | None = None
    score_version: str | None = None
    store_snapshot: str | None = None
    notes: tuple[str, ...] = ()
    close: Callable[[], None] = lambda: None


def shortened(text: str) -> str:
    """At most SHOWN_CHARACTERS of it."""
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
