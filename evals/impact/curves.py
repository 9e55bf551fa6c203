"""What the plots show: points with intervals, computed from graded forecasts and drawn by `plots.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evals.impact.bootstrap import Interval, evaluate, interval, resample, value
from evals.impact.day_sums import calibration_error, days_of, inside_interval, mean
from evals.impact.metrics import Forecasts, Outcomes, equal_count_bins
from markets.reference import Reference

MIN_EVENTS = 100
"""A group smaller than this gets no point: its interval would cover the plot."""


@dataclass(frozen=True)
class Point:
    """One value with its 95 % interval."""

    x: float | str
    """Where: a number, or the name of a group."""
    y: float
    low: float | None
    """None: no interval is known."""
    high: float | None
    n: int | None = None
    """Events behind the value."""


@dataclass(frozen=True)
class Curve:
    """Lines over one axis, each of points in order of x."""

    x_label: str
    y_label: str
    lines: Mapping[str, Sequence[Point]]
    log_x: bool = False


@dataclass(frozen=True)
class Reliability:
    """Forecast against what happened, in bins of equal count."""

    bins: Sequence[Point]
    """x: mean forecast; y: mean outcome; n: events."""
    ece: Interval
    """Mean |y − x| over the bins, by count."""


@dataclass(frozen=True)
class Curves:
    """Everything that a report can draw; None or empty is left out."""

    score: Reliability | None = None
    """E[y] against y."""
    p_material: Reliability | None = None
    """P(|z| > 2) against whether it was."""
    coverage: Sequence[Point] = field(default=())
    """Share of outcomes in the 80 % interval, by volatility tercile and over all."""
    months: Curve | None = None
    """Rank correlation over time."""
    neighbours: Curve | None = None
    """Rank correlation by k, the precedents recalled."""
    store: Curve | None = None
    """Rank correlation by the number of events in the store."""


def point(x: float | str, found: Interval | None, n: int | None = None) -> Point | None:
    """A graded metric as a point; None where there is none."""
    return None if found is None else Point(x, found.value, found.low, found.high, n)


def reliability(
    p: ArrayLike, outcome: ArrayLike, day: NDArray[np.int64], *, bins: int = 10, draws: int = 2000, seed: int = 0
) -> Reliability:
    """Bins of forecasts `p` (n,) against outcomes (n,) in [0, 1], intervals by session-day (n,). Raises ValueError if empty."""
    forecast, seen = np.asarray(p, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    if not len(forecast) or not len(forecast) == len(seen) == len(day):
        raise ValueError(f"{len(forecast)} forecasts, {len(seen)} outcomes and {len(day)} days: one of each per event")
    if not (np.isfinite(forecast).all() and np.isfinite(seen).all()):
        raise ValueError("a forecast or an outcome is not finite: leave those events out and count them")
    days = days_of(day)
    members = equal_count_bins(forecast, bins)
    used = np.unique(members).tolist()
    statistics = {number: mean(seen[members == number], days.subset(members == number)) for number in used}
    statistics[-1] = calibration_error(forecast, seen, days, bins)
    drawn = resample(statistics, draws=draws, seed=seed)
    points = []
    for number in used:
        inside = members == number
        found = interval(value(statistics[number]), drawn[number])
        low, high = (None, None) if found is None else (found.low, found.high)
        points.append(Point(float(forecast[inside].mean()), float(seen[inside].mean()), low, high, int(inside.sum())))
    error = interval(value(statistics[-1]), drawn[-1])
    assert error is not None  # the error is defined for every draw of at least one event
    return Reliability(points, error)


def coverage_by_tercile(
    forecasts: Forecasts, outcomes: Outcomes, *, draws: int = 2000, seed: int = 0
) -> tuple[Point, ...]:
    """Share of outcomes inside the 80 % interval for calm, middle and wild instruments and for all; empty without intervals."""
    inside = inside_interval(forecasts, outcomes)
    if inside is None:
        return ()
    days = days_of(outcomes.day)
    groups = {name: outcomes.tercile == number for number, name in enumerate(("calm", "middle", "wild"))}
    groups["all"] = np.ones(len(outcomes), dtype=bool)
    statistics = {name: mean(inside[mask], days.subset(mask)) for name, mask in groups.items() if mask.any()}
    drawn = resample(statistics, draws=draws, seed=seed)
    found = (
        point(name, interval(value(one), drawn[name]), int(groups[name].sum())) for name, one in statistics.items()
    )
    return tuple(one for one in found if one is not None)


def by_group(
    forecasts: Forecasts,
    outcomes: Outcomes,
    ref: Reference,
    groups: NDArray[np.str_],
    *,
    metric: str = "spearman",
    min_events: int = MIN_EVENTS,
    draws: int = 1000,
    seed: int = 0,
) -> tuple[Point, ...]:
    """The metric within each group, in order of the groups' names (n,), such as months "2015-03"; small groups are left out."""
    points = []
    for name in np.unique(groups).tolist():
        mask = groups == name
        if int(mask.sum()) < min_events:
            continue
        graded = evaluate(
            {"all": forecasts.subset(mask)},
            outcomes.subset(mask),
            ref,
            main="all",
            draws=draws,
            seed=seed,
            metrics=(metric,),
        )
        found = point(str(name), graded.metrics["all"][metric], int(mask.sum()))
        if found is not None:
            points.append(found)
    return tuple(points)
