"""From a raw forecast to one that means what it says: monotone maps fitted on forecasts of the development years.

Each is a few numbers in the score's artifact: an isotonic curve for the score, a logistic line for P(|z| > 2) (Platt 1999), and the
10 % and 90 % points of |z|/s for the interval (split conformal), by how volatile the share is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

EPSILON = 1e-6


@dataclass(frozen=True)
class Curve:
    """A monotone piecewise-linear map; outside its points it goes on with slope 1, so that no two inputs tie."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]

    def __call__(self, values: ArrayLike) -> NDArray[np.float64]:
        """The map, elementwise."""
        given = np.asarray(values, dtype=np.float64)
        inside = np.interp(given, self.x, self.y)
        beyond = np.minimum(given - self.x[0], 0.0) + np.maximum(given - self.x[-1], 0.0)
        return np.asarray(inside + beyond, dtype=np.float64)


@dataclass(frozen=True)
class Platt:
    """p → logistic(slope·logit(p) + offset)."""

    slope: float
    offset: float

    def __call__(self, p: ArrayLike) -> NDArray[np.float64]:
        """The map, elementwise, in (0, 1)."""
        given = np.clip(np.asarray(p, dtype=np.float64), EPSILON, 1 - EPSILON)
        line = self.slope * np.log(given / (1 - given)) + self.offset
        return np.asarray(1 / (1 + np.exp(-line)), dtype=np.float64)


@dataclass(frozen=True)
class Band:
    """Conformal ends of |z|/s for a share of known volatility (by thirds of σ) and for one whose σ is not known."""

    sigma_edges: tuple[float, float]
    """σ between the thirds, fraction a day."""
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    unknown: tuple[float, float]

    def ends(self, sigma: float | None) -> tuple[float, float]:
        """(low, high) of |z|/s."""
        if sigma is None:
            return self.unknown
        third = int(np.searchsorted(self.sigma_edges, sigma))
        return self.low[third], self.high[third]


def isotonic(raw: NDArray[np.float64], outcome: NDArray[np.float64], bins: int) -> Curve:
    """The curve through the means of `bins` equally filled bins, neighbours pooled until both rise. (n,) each."""
    order = np.argsort(raw, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    pooled: list[tuple[float, float, int]] = []
    for part in parts:
        pooled.append((float(raw[part].mean()), float(outcome[part].mean()), len(part)))
        while len(pooled) > 1 and _tied_or_falling(*pooled[-2:]):
            pooled[-2:] = [_pool(pooled[-2:])]
    x, y, _ = zip(*pooled, strict=True)
    return Curve(np.array(x), np.array(y))


def _tied_or_falling(before: tuple[float, float, int], after: tuple[float, float, int]) -> bool:
    """Bins of one raw value are one point: their chance order must not choose its outcome."""
    return before[1] >= after[1] or math.isclose(before[0], after[0], rel_tol=1e-9)


def _pool(pair: Sequence[tuple[float, float, int]]) -> tuple[float, float, int]:
    (x1, y1, n1), (x2, y2, n2) = pair
    total = n1 + n2
    return (x1 * n1 + x2 * n2) / total, (y1 * n1 + y2 * n2) / total, total


def platt(p: NDArray[np.float64], happened: NDArray[np.bool_]) -> Platt:
    """The logistic line of greatest likelihood, by Newton's method. (n,) each."""
    given = np.clip(p, EPSILON, 1 - EPSILON)
    design = np.column_stack([np.log(given / (1 - given)), np.ones(len(given))])
    line = np.array([1.0, 0.0])
    for _ in range(50):  # converges in under ten; 50 bounds it
        fitted = 1 / (1 + np.exp(-design @ line))
        step = np.linalg.solve(
            (design * (fitted * (1 - fitted))[:, None]).T @ design + 1e-9 * np.eye(2), design.T @ (happened - fitted)
        )
        line += step
        if np.abs(step).max() < 1e-10:
            break
    return Platt(float(line[0]), float(line[1]))


def band(ratio: NDArray[np.float64], sigma: NDArray[np.float64], widening: float) -> Band:
    """From |z|/s and σ of past forecasts, (n,) each; `widening`: factor on both ends where σ is not known."""
    edges = np.quantile(sigma, [1 / 3, 2 / 3])
    third = np.searchsorted(edges, sigma)
    ends = [np.quantile(ratio[third == each], [0.1, 0.9]) for each in range(3)]
    low, high = np.quantile(ratio, [0.1, 0.9])
    return Band(
        sigma_edges=(float(edges[0]), float(edges[1])),
        low=(float(ends[0][0]), float(ends[1][0]), float(ends[2][0])),
        high=(float(ends[0][1]), float(ends[1][1]), float(ends[2][1])),
        unknown=(float(low) / widening, float(high) * widening),
    )
