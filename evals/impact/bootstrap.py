"""Every metric of every forecaster with a 95 % interval, and its paired difference from the main one.

The bootstrap draws whole session-days with replacement: news of one day moves together. All forecasters share the same draws, so a
difference is paired. Intervals are percentiles of the draws. Of the ECE, which cannot fall below 0, the draws lie above the value:
its interval is honest as a bound from above, and the value may lie below it. How a draw becomes cheap: `day_sums.py`.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evals.impact.day_sums import Statistic, days_of, statistic
from evals.impact.metrics import METRICS, Forecasts, Outcomes
from markets.reference import Reference

Key = TypeVar("Key", bound=Hashable)

CHUNK_CELLS = 8_000_000
"""Draws × days held at once: 64 MB."""


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Evaluation:
    """The graded ladder."""

    main: str
    """Name of the forecaster that the others are compared with."""
    metrics: Mapping[str, Mapping[str, Interval | None]]
    """Forecaster → metric → value; None where the forecaster lacks what it needs or the data do not define it."""
    differences: Mapping[str, Mapping[str, Interval | None]]
    """Other forecaster → metric → main − other, paired. For CRPS and ECE a negative difference is the main one's advantage."""
    n_events: int
    n_hard: int
    n_days: int
    draws: int
    seed: int


def evaluate(
    forecasts: Mapping[str, Forecasts],
    outcomes: Outcomes,
    ref: Reference,
    *,
    main: str,
    draws: int = 2000,
    seed: int = 0,
    metrics: Sequence[str] = METRICS,
) -> Evaluation:
    """Grades forecasters of the same n events.

    Raises ValueError if `main` is not among them, if their lengths differ from the outcomes', or if there are no events.
    """
    if main not in forecasts:
        raise ValueError(f"the main forecaster {main!r} is not among {', '.join(forecasts)}")
    for name, answers in forecasts.items():
        if len(answers) != len(outcomes) or not len(outcomes):
            raise ValueError(
                f"{name} answers {len(answers)} events of {len(outcomes)}: all answer the same, at least one"
            )
    days = days_of(outcomes.day)
    statistics: dict[tuple[str, str], Statistic] = {}
    for name, answers in forecasts.items():
        for metric in metrics:
            found = statistic(metric, answers, outcomes, days, ref)
            if found is not None:
                statistics[name, metric] = found
    values = {key: value(found) for key, found in statistics.items()}
    drawn = resample(statistics, draws=draws, seed=seed)

    def graded(name: str, metric: str) -> Interval | None:
        key = (name, metric)
        return interval(values[key], drawn[key]) if key in values else None

    def difference(name: str, metric: str) -> Interval | None:
        ours, theirs = (main, metric), (name, metric)
        if ours not in values or theirs not in values:
            return None
        return interval(values[ours] - values[theirs], drawn[ours] - drawn[theirs])

    return Evaluation(
        main,
        {name: {metric: graded(name, metric) for metric in metrics} for name in forecasts},
        {name: {metric: difference(name, metric) for metric in metrics} for name in forecasts if name != main},
        len(outcomes),
        int(outcomes.hard.sum()),
        days.count,
        draws,
        seed,
    )


def value(found: Statistic) -> float:
    """The statistic of the full sample."""
    return float(found.of(found.sums.sum(axis=0)))


def resample(statistics: Mapping[Key, Statistic], *, draws: int, seed: int) -> dict[Key, NDArray[np.float64]]:
    """(draws,) values of each statistic, all on the same draws of days. Raises ValueError for fewer than two draws."""
    if draws < 2:
        raise ValueError(f"a bootstrap needs at least two draws, not {draws}")
    if not statistics:
        return {}
    sums = np.concatenate([found.sums for found in statistics.values()], axis=1)  # (days, k of all)
    ends = np.cumsum([found.sums.shape[1] for found in statistics.values()])
    pieces: dict[Key, list[NDArray[np.float64]]] = {key: [] for key in statistics}
    for counts in day_counts(len(sums), draws, seed):
        blocks = np.split(counts @ sums, ends[:-1], axis=1)
        for (key, found), block in zip(statistics.items(), blocks, strict=True):
            pieces[key].append(found.of(block))
    return {key: np.concatenate(parts) for key, parts in pieces.items()}


def interval(observed: float, drawn: NDArray[np.float64], level: float = 0.95) -> Interval | None:
    """Percentiles of the draws (draws,) that define the number; None if the sample or half of the draws do not."""
    defined = drawn[np.isfinite(drawn)]
    if not np.isfinite(observed) or len(defined) < len(drawn) / 2:
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(observed, float(low), float(high))


def day_counts(days: int, draws: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """(some draws, days) at a time: how often each day is drawn; every row sums to `days`."""
    generator = np.random.default_rng(seed)
    rows = max(1, CHUNK_CELLS // days)
    for start in range(0, draws, rows):
        count = min(rows, draws - start)
        cells = generator.integers(days, size=(count, days)) + days * np.arange(count)[:, None]
        yield np.bincount(cells.ravel(), minlength=count * days).reshape(count, days).astype(np.float64)
