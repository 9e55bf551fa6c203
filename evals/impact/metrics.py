"""What the impact score is graded by: rank, distribution, probability and interval measures, each a plain function of arrays.

An input with NaN or infinity raises ValueError: a forecaster that does not answer is left out by the caller, and counted. A
metric that the data do not define (the rank correlation of a constant, the AUC of one class) is NaN, never 0.
"""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from markets.reference import Reference

METRICS = (
    "spearman",
    "spearman_hard",
    "crps",
    "crps_hard",
    "auc_2sigma",
    "auc_2sigma_hard",
    "brier_skill",
    "ece",
    "coverage_80",
    "coverage_tercile_min",
)
"""Names in every evaluation and report. `brier_skill`, `ece` and, where it is given, `auc_2sigma` grade `p_material`."""

LOWER_IS_BETTER = frozenset({"crps", "crps_hard", "ece"})
MATERIAL = 2.0
"""A move is material beyond this |z|."""
LEVELS: NDArray[np.float64] = (np.arange(99) + 1) / 100
GRID_STEP = 0.005
"""Of log s, in `crps`: the interpolation is then exact to 1e-5 (held by a test)."""


@dataclass(frozen=True)
class Forecasts:
    """One forecaster's answers for n events. Raises ValueError for NaN, unequal lengths or impossible values."""

    score: NDArray[np.float64]
    """(n,) E[y]; any real number for a baseline that only ranks."""
    scale: NDArray[np.float64] | None = None
    """(n,) s > 0 of |z| ~ s·|ε_ref|; None: no distribution, so no CRPS."""
    p_material: NDArray[np.float64] | None = None
    """(n,) P(|z| > 2)."""
    low: NDArray[np.float64] | None = None
    """(n,) lower edge of the 80 % interval, in units of y."""
    high: NDArray[np.float64] | None = None
    """(n,) upper edge."""

    def __post_init__(self) -> None:
        for field in fields(self):
            values = getattr(self, field.name)
            if values is not None:
                _finite(field.name, values, len(self.score))
        if self.scale is not None and (self.scale <= 0).any():
            raise ValueError(f"a scale is positive; the smallest is {self.scale.min()}")
        if self.p_material is not None:
            _within_unit("p_material", self.p_material)
        if (self.low is None) != (self.high is None):
            raise ValueError("an interval has both edges or none: give low and high")
        if self.low is not None and self.high is not None and (self.low > self.high).any():
            raise ValueError(f"low is above high in {int((self.low > self.high).sum())} intervals")

    def __len__(self) -> int:
        return len(self.score)

    def subset(self, mask: NDArray[np.bool_]) -> Self:
        """The answers for the events where `mask` (n,) is true."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: values[mask] for name, values in given.items() if values is not None})


@dataclass(frozen=True)
class Outcomes:
    """What happened, for n events. Raises ValueError for NaN, unequal lengths or impossible values."""

    y: NDArray[np.float64]
    """(n,) realised impact F_ref(|z|), in [0, 1]."""
    abs_z: NDArray[np.float64]
    """(n,) |z| ≥ 0."""
    hard: NDArray[np.bool_]
    """(n,) the event is neither earnings nor tells the price."""
    day: NDArray[np.int64]
    """(n,) id of the session-day: the cluster of the bootstrap (stories nest in days)."""
    tercile: NDArray[np.int64]
    """(n,) 0, 1, 2: the tercile of volatility before the event."""

    def __post_init__(self) -> None:
        for field in fields(self):
            _finite(field.name, getattr(self, field.name), len(self.y))
        _within_unit("y", self.y)
        if (self.abs_z < 0).any():
            raise ValueError(f"abs_z is never negative; the smallest is {self.abs_z.min()}")
        if self.hard.dtype != np.bool_:
            raise ValueError(f"hard is a mask of booleans, not of {self.hard.dtype}")
        if not np.isin(self.tercile, (0, 1, 2)).all():
            raise ValueError(f"a tercile is 0, 1 or 2; seen are {np.unique(self.tercile).tolist()}")

    def __len__(self) -> int:
        return len(self.y)

    @property
    def material(self) -> NDArray[np.bool_]:
        """(n,) |z| > 2."""
        return np.asarray(self.abs_z > MATERIAL)

    def subset(self, mask: NDArray[np.bool_]) -> Self:
        """The events where `mask` (n,) is true."""
        return replace(self, **{field.name: getattr(self, field.name)[mask] for field in fields(self)})


def spearman(a: ArrayLike, b: ArrayLike) -> float:
    """Rank correlation of two (n,) arrays, ties at their mean rank, in [−1, 1]; NaN if one is constant."""
    left, right = _pair("a", a, "b", b)
    x, y = midranks(left) - (len(left) + 1) / 2, midranks(right) - (len(right) + 1) / 2
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm > 0 else float("nan")


def auc(label: ArrayLike, score: ArrayLike) -> float:
    """P(a true case scores above a false one), ties half, in [0, 1]; NaN if `label` (n,) has one class only."""
    labels, scores = _pair("label", label, "score", score)
    true = labels > 0
    positives, negatives = int(true.sum()), int((~true).sum())
    if not positives or not negatives:
        return float("nan")
    return float((midranks(scores)[true].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def ece(p: ArrayLike, outcome: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error: the mean of |mean forecast − mean outcome| over `bins` bins of equal count, weighted by count.

    `p` and `outcome` are (n,) in [0, 1]; the outcome may be a share as well as 0 or 1. Equal forecasts share a bin.
    """
    forecast, seen = _probabilities(p, outcome)
    gaps = np.bincount(equal_count_bins(forecast, bins), weights=seen - forecast)
    return float(np.abs(gaps).sum() / len(forecast))


def brier(p: ArrayLike, outcome: ArrayLike) -> float:
    """Mean squared error of probabilities (n,), in [0, 1]; lower is better."""
    forecast, seen = _probabilities(p, outcome)
    return float(np.mean((forecast - seen) ** 2))


def brier_skill(p: ArrayLike, outcome: ArrayLike) -> float:
    """1 − Brier / Brier of the base rate of the same outcomes: 0 is the base rate, 1 perfect; NaN if the outcomes are all equal."""
    forecast, seen = _probabilities(p, outcome)
    worst = float(np.mean((seen - seen.mean()) ** 2))
    return 1 - brier(forecast, seen) / worst if worst > 0 else float("nan")


def crps(scale: ArrayLike, y: ArrayLike, ref: Reference) -> NDArray[np.float64]:
    """(n,) CRPS of y = F_ref(|z|) under |z| ~ s·|ε_ref|: twice the mean pinball loss over 99 levels.

    In units of y, 0 at best; 100/99 of the integral form, as nothing is lost at the levels 0 and 1. Raises ValueError for a scale
    that is not positive.

    With F_l = cdf(s·q_l) the loss is Σ_{F_l ≤ y} l·(y − F_l) + Σ_{F_l > y} (1 − l)·(F_l − y). The levels below y are counted
    exactly; the sums of F_l are read from a grid of log s, linearly between its nodes.
    """
    s, seen = _pair("scale", scale, "y", y)
    _within_unit("y", seen)
    if (s <= 0).any():
        raise ValueError(f"a scale is positive; the smallest is {s.min()}")
    log_s = np.log(s)
    nodes = log_s.min() + GRID_STEP * np.arange(int((log_s.max() - log_s.min()) / GRID_STEP) + 2)
    answers = ref.cdf(np.exp(nodes)[:, None] * ref.quantile(LEVELS))  # (nodes, 99)
    table = _suffix(answers * (1 - LEVELS)) - _prefix(answers * LEVELS)  # (nodes, 100), by levels below y
    slope = _prefix(LEVELS[None, :])[0] - _suffix(1 - LEVELS[None, :])[0]
    abs_z = ref.quantile(np.minimum(seen, 1 - 1e-12))  # quantile(1) is infinite
    below = np.searchsorted(LEVELS, ref.cdf(abs_z / s), side="right")
    at = (log_s - nodes[0]) / GRID_STEP
    node = np.minimum(at.astype(np.int64), len(nodes) - 2)
    share = at - node
    sums = (1 - share) * table[node, below] + share * table[node + 1, below]
    return np.asarray(2 * (seen * slope[below] + sums) / len(LEVELS))


def midranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) ranks from 1 to n; ties share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])


def equal_count_bins(values: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """(n,) bin of each value, 0 to bins − 1, by its rank; equal values share a bin, so a bin may be empty."""
    if bins < 1:
        raise ValueError(f"at least one bin is needed, not {bins}")
    share = (midranks(values) - 0.5) / len(values)
    return np.asarray((share * bins).astype(np.int64))


def _prefix(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, k) → (m, k + 1): the sum of the first 0, 1, … k columns."""
    return np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows, axis=1)], axis=1)


def _suffix(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, k) → (m, k + 1): the sum of all but the first 0, 1, … k columns."""
    return np.asarray(rows.sum(axis=1, keepdims=True) - _prefix(rows))


def _pair(
    name: str, values: ArrayLike, other: str, others: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    left, right = np.asarray(values, dtype=np.float64), np.asarray(others, dtype=np.float64)
    _finite(name, left, left.size)
    _finite(other, right, left.size)
    if not left.size:
        raise ValueError(f"{name} is empty: there is nothing to grade")
    return left, right


def _probabilities(p: ArrayLike, outcome: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    forecast, seen = _pair("p", p, "outcome", outcome)
    _within_unit("p", forecast)
    _within_unit("outcome", seen)
    return forecast, seen


def _finite(name: str, values: NDArray[np.generic], n: int) -> None:
    if values.shape != (n,):
        raise ValueError(f"{name} has shape {values.shape} where ({n},) is needed")
    missing = int((~np.isfinite(values)).sum())
    if missing:
        raise ValueError(
            f"{name} has {missing} values that are not finite of {n}: leave those events out and count them"
        )


def _within_unit(name: str, values: NDArray[np.float64]) -> None:
    if len(values) and (values.min() < 0 or values.max() > 1):
        raise ValueError(f"{name} lies in [0, 1]; seen is {values.min()} to {values.max()}")
