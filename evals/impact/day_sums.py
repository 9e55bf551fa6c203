"""The metrics as functions of sums over session-days, so that a bootstrap draw costs one row of a matrix product.

Means, Brier skill, coverage and ECE (with the bins of the full sample) are exactly functions of such sums. Rank correlation and AUC
are not: a resample has ranks of its own. They are expanded to first order around the full sample (the Hájek projection; for the AUC
DeLong's placements, https://doi.org/10.2307/2531595): exact for the full sample itself, with an error of order 1/days for a
resample. Ranks held simply fixed would leave out the sampling error of the ranks themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.impact.metrics import Forecasts, Outcomes, crps, equal_count_bins, midranks
from markets.reference import Reference

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Statistic:
    """One number of a sample of days."""

    sums: Array
    """(days, k): what each day adds."""
    of: Callable[[Array], Array]
    """(…, k) sums over the drawn days → (…) values; NaN where the draw does not define it."""


@dataclass(frozen=True)
class Days:
    """Which day each of n events belongs to."""

    index: NDArray[np.int64]
    """(n,) 0 to count − 1."""
    count: int

    def add(self, *terms: Array) -> Array:
        """k arrays of (n,) → (days, k)."""
        return np.stack([np.bincount(self.index, weights=term, minlength=self.count) for term in terms], axis=1)

    def subset(self, mask: NDArray[np.bool_]) -> "Days":
        """The same days, of the events where `mask` (n,) is true."""
        return Days(self.index[mask], self.count)


def days_of(ids: NDArray[np.int64]) -> Days:
    """Days numbered in ascending order of their ids (n,)."""
    unique, index = np.unique(ids, return_inverse=True)
    return Days(index.astype(np.int64), len(unique))


def statistic(name: str, forecasts: Forecasts, outcomes: Outcomes, days: Days, ref: Reference) -> Statistic | None:
    """The metric `name` of METRICS; None where the forecaster lacks what it needs. Raises KeyError for another name."""
    if name.endswith("_hard"):
        hard = outcomes.hard
        if not hard.any():
            return None
        name, days = name.removesuffix("_hard"), days.subset(hard)
        forecasts, outcomes = forecasts.subset(hard), outcomes.subset(hard)
    return _BUILDERS[name](forecasts, outcomes, days, ref)


def _spearman(forecasts: Forecasts, outcomes: Outcomes, days: Days, _ref: Reference) -> Statistic:
    return rank_correlation(forecasts.score, outcomes.y, days)


def rank_correlation(left: Array, right: Array, days: Days) -> Statistic:
    """Spearman to first order. With weights u (sum 1) and a_i = Σ_j u_j·1(x_j < x_i) (ties half), it is a ratio of
    C(x, y) = Σ u·a·b − ¼ and the like; C is of third order in u, so C(u) ≈ Σ u·D − 2·mean(a·b) − ¼ with D its gradient.
    """
    a, b = (midranks(left) - 0.5) / len(left), (midranks(right) - 0.5) / len(right)
    gradients = (
        a * b + _mean_above(left, b) + _mean_above(right, a),
        a * a + 2 * _mean_above(left, a),
        b * b + 2 * _mean_above(right, b),
    )
    offsets = np.array([2 * np.mean(a * b), 2 * np.mean(a * a), 2 * np.mean(b * b)]) + 0.25

    def of(sums: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            both, first, second = np.moveaxis(sums[..., 1:] / sums[..., :1] - offsets, -1, 0)
            variance = np.where((first > _TINY) & (second > _TINY), first * second, np.nan)
            return np.asarray(both / np.sqrt(variance))

    return Statistic(days.add(np.ones(len(a)), *gradients), of)


_TINY = 1e-12
"""A variance of ranks (they lie in 0 to 1) below this is the rounding of a constant."""


def _mean_above(x: Array, weight: Array) -> Array:
    """(n,) Σ of the weights whose x lies above (ties half) / n."""
    _, inverse = np.unique(x, return_inverse=True)
    level = np.bincount(inverse, weights=weight)
    above = level.sum() - np.cumsum(level)
    return np.asarray((above + level / 2)[inverse] / len(x))


def _auc(forecasts: Forecasts, outcomes: Outcomes, days: Days, _ref: Reference) -> Statistic | None:
    true = outcomes.material
    positives, negatives = int(true.sum()), int((~true).sum())
    if not positives or not negatives:
        return None
    score = forecasts.score if forecasts.p_material is None else forecasts.p_material
    overall, own = midranks(score), np.empty(len(score))
    own[true], own[~true] = midranks(score[true]), midranks(score[~true])
    others = np.where(true, negatives, positives)
    below = (overall - own) / others  # share of the other class below
    wins = np.where(true, below, 1 - below)
    value = float(wins[true].mean())

    def of(sums: Array) -> Array:
        return _ratio(sums[..., 0], sums[..., 1]) + _ratio(sums[..., 2], sums[..., 3]) - value

    terms = [np.where(own_class, values, 0.0) for own_class in (true, ~true) for values in (wins, np.ones(len(wins)))]
    return Statistic(days.add(*terms), of)


def _crps(forecasts: Forecasts, outcomes: Outcomes, days: Days, ref: Reference) -> Statistic | None:
    if forecasts.scale is None:
        return None
    return mean(crps(forecasts.scale, outcomes.y, ref), days)


def _brier_skill(forecasts: Forecasts, outcomes: Outcomes, days: Days, _ref: Reference) -> Statistic | None:
    if forecasts.p_material is None:
        return None
    seen = outcomes.material.astype(np.float64)

    def of(sums: Array) -> Array:
        error, positives, n = np.moveaxis(sums, -1, 0)
        rate = _ratio(positives, n)
        return 1 - _ratio(error, n * rate * (1 - rate))

    return Statistic(days.add((forecasts.p_material - seen) ** 2, seen, np.ones(len(seen))), of)


def _ece(forecasts: Forecasts, outcomes: Outcomes, days: Days, _ref: Reference) -> Statistic | None:
    if forecasts.p_material is None:
        return None
    return calibration_error(forecasts.p_material, outcomes.material.astype(np.float64), days)


def calibration_error(p: Array, outcome: Array, days: Days, bins: int = 10) -> Statistic:
    """ECE with the bins of the full sample."""
    members = equal_count_bins(p, bins)
    gaps = [(outcome - p) * (members == number) for number in range(bins)]

    def of(sums: Array) -> Array:
        return _ratio(np.abs(sums[..., 1:]).sum(axis=-1), sums[..., 0])

    return Statistic(days.add(np.ones(len(p)), *gaps), of)


def _coverage(forecasts: Forecasts, outcomes: Outcomes, days: Days, _ref: Reference) -> Statistic | None:
    inside = inside_interval(forecasts, outcomes)
    return None if inside is None else mean(inside, days)


def _coverage_tercile_min(forecasts: Forecasts, outcomes: Outcomes, days: Days, _ref: Reference) -> Statistic | None:
    inside = inside_interval(forecasts, outcomes)
    if inside is None:
        return None
    members = [1.0 * (outcomes.tercile == number) for number in np.unique(outcomes.tercile)]

    def of(sums: Array) -> Array:
        hits, counts = np.split(sums, 2, axis=-1)
        return np.asarray(np.fmin.reduce(_ratio(hits, counts), axis=-1))

    return Statistic(days.add(*(inside * member for member in members), *members), of)


def inside_interval(forecasts: Forecasts, outcomes: Outcomes) -> Array | None:
    """(n,) 1 where y lies in the closed 80 % interval, else 0; None without intervals."""
    if forecasts.low is None or forecasts.high is None:
        return None
    return np.asarray((forecasts.low <= outcomes.y) & (outcomes.y <= forecasts.high), dtype=np.float64)


def mean(values: Array, days: Days) -> Statistic:
    """The mean of (n,) values."""

    def of(sums: Array) -> Array:
        return _ratio(sums[..., 0], sums[..., 1])

    return Statistic(days.add(values, np.ones(len(values))), of)


def _ratio(top: Array, bottom: Array) -> Array:
    """Elementwise; NaN where the denominator is not positive."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(bottom > 0, top / bottom, np.nan))


_BUILDERS: dict[str, Callable[[Forecasts, Outcomes, Days, Reference], Statistic | None]] = {
    "spearman": _spearman,
    "crps": _crps,
    "auc_2sigma": _auc,
    "brier_skill": _brier_skill,
    "ece": _ece,
    "coverage_80": _coverage,
    "coverage_tercile_min": _coverage_tercile_min,
}
