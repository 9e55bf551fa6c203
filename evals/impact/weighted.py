"""Rank measures of a weighted sample and of all its bootstrap draws at once: exact for every draw.

Weights W are (…, n): the sample's own (n,), or one row a draw, where an event drawn twice has twice its weight.
"""

import numpy as np
from numpy.typing import NDArray

from evals.impact.bootstrap import day_counts

Array = NDArray[np.float64]


def drawn_weights(weights: Array, days: NDArray[np.int64], *, draws: int, seed: int) -> Array:
    """(draws, n): the weights (n,) under draws of whole days with replacement. `days`: (n,) ids of any kind."""
    unique, index = np.unique(days, return_inverse=True)
    counts = np.concatenate(list(day_counts(len(unique), draws, seed)))
    return np.asarray(counts[:, index] * weights)


def ranks(x: Array, weights: Array) -> Array:
    """(…, n) share of the weight below each x (n,), ties half."""
    levels, place = np.unique(x, return_inverse=True)
    mass = weights @ (place[:, None] == np.arange(len(levels))).astype(np.float64)
    below = np.cumsum(mass, axis=-1) - mass / 2
    return np.asarray(below[..., place] / mass.sum(axis=-1, keepdims=True))


def mean(x: Array, weights: Array) -> Array:
    """(…) weighted mean of x, (n,) or (…, n)."""
    return np.asarray((x * weights).sum(axis=-1) / weights.sum(axis=-1))


def spearman(x: Array, y: Array, weights: Array) -> Array:
    """(…) weighted rank correlation of x and y, (n,) each; NaN where one of them is constant."""
    left, right = ranks(x, weights), ranks(y, weights)
    left, right = left - mean(left, weights)[..., None], right - mean(right, weights)[..., None]
    variance = mean(left * left, weights) * mean(right * right, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(mean(left * right, weights) / np.sqrt(variance))


def auc(label: NDArray[np.bool_], x: Array, weights: Array) -> Array:
    """(…) weighted P(a true case lies above a false one), ties half; NaN without cases of both classes."""
    true, false = weights * label, weights * ~label
    levels, place = np.unique(x, return_inverse=True)
    mass = false @ (place[:, None] == np.arange(len(levels))).astype(np.float64)
    below = (np.cumsum(mass, axis=-1) - mass / 2)[..., place]
    both = true.sum(axis=-1) * false.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(both > 0, (true * below).sum(axis=-1) / both, np.nan))
