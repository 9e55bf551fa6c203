"""How much each precedent says about the size of a move: similarity × event type × recency × likeness of the share.

One ticker holds at most a third of the weight. The same functions serve one forecast and the fitting on a hundred thousand.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.score_artifact import Blending
from records.defences import Defence, holds

TICKER_SHARE = 1 / 3
SOURCE_LIMIT = 0.12
"""What one imported source may add to log s or take from it: at most .05 of the score (a test holds it there)."""


def weigh(
    blending: Blending,
    *,
    words: NDArray[np.float64],
    dense: NDArray[np.float64] | None,
    same_type: NDArray[np.bool_],
    years: NDArray[np.float64],
    log_size: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Weights ≥ 0 of the same shape as the arguments.

    `words`: cosine of the TF-IDF vectors, [0, 1]; `dense`: cosine of the embeddings, [0, 1], None if there are none; `years`: age;
    `log_size`: log of the precedent's σ over this share's, NaN or None where one is unknown (no preference then).
    """
    weights: NDArray[np.float64] = np.maximum(words, 0.0) ** blending.similarity_power
    if dense is not None:
        weights = weights + blending.dense_weight * np.maximum(dense, 0.0) ** 4
    weights = weights * np.where(same_type, 1.0, blending.other_type)
    weights = weights * 0.5 ** (np.maximum(years, 0.0) / blending.half_life_years)
    if log_size is not None:
        weights = weights * np.where(np.isnan(log_size), 1.0, np.exp(-0.5 * (log_size / blending.size_width) ** 2))
    return weights


def capped(weights: NDArray[np.float64], tickers: NDArray[np.int_]) -> NDArray[np.float64]:
    """(k,) weights with no ticker above a third of the sum (of three tickers or more); `tickers`: (k,) codes from 0."""
    sums = np.bincount(tickers, weights=weights).astype(np.float64)
    if np.count_nonzero(sums) < 1 / TICKER_SHARE or sums.max() <= TICKER_SHARE * sums.sum() * (1 + 1e-9):
        return weights
    factors = _factors(sums)
    return np.asarray(weights * factors[tickers], dtype=np.float64)


def _factors(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """What to multiply each ticker's weights by; repeated because each cut lowers the sum."""
    held = sums.copy()
    for _ in range(200):  # each round shrinks the excess geometrically
        over = held > TICKER_SHARE * held.sum() * (1 + 1e-9)
        if not over.any():
            break
        held[over] = TICKER_SHARE * held.sum()
    return np.divide(held, sums, out=np.zeros_like(sums), where=sums > 0)


def effective(weights: NDArray[np.float64]) -> float:
    """n_eff = (Σw)² / Σw², 0 without weight."""
    squares = float((weights**2).sum())
    return float(weights.sum() ** 2 / squares) if squares > 0 else 0.0


def limited_shift(
    blending: Blending,
    weights: NDArray[np.float64],
    abs_z: NDArray[np.float64],
    expected_scale: NDArray[np.float64],
    mean_abs_z: float,
    sources: Sequence[str | None],
) -> float:
    """`shift`, no farther than SOURCE_LIMIT from what it would be without any one capped source. `sources`: k names; None: no cap.

    Where sources contradict each other so far that no value is near enough to all, those without a cap alone decide.
    """

    def without(keep: NDArray[np.bool_]) -> float:
        return shift(blending, np.where(keep, weights, 0.0), abs_z, expected_scale, mean_abs_z)

    whole = shift(blending, weights, abs_z, expected_scale, mean_abs_z)
    named = sorted({name for name in sources if name is not None})
    if not named or not holds(Defence.SOURCE_CAP):
        return whole
    rests = [without(np.array([one != name for one in sources])) for name in named]
    low, high = max(rests) - SOURCE_LIMIT, min(rests) + SOURCE_LIMIT
    if low > high:
        return without(np.array([one is None for one in sources]))
    return float(np.clip(whole, low, high))


def shift(
    blending: Blending,
    weights: NDArray[np.float64],
    abs_z: NDArray[np.float64],
    expected_scale: NDArray[np.float64],
    mean_abs_z: float,
) -> float:
    """What the precedents add to log s0: n_eff/(n_eff + k0)·log(m / m0). All (k,).

    m is the weighted mean of |z|/E|ε|, m0 the weighted mean of the scales that were expected of those events before: precedents
    that moved just as much as such events are expected to move leave the forecast where its own prior put it.
    """
    n_eff = effective(weights)
    if n_eff == 0:
        return 0.0
    moved = float(weights @ np.minimum(abs_z, blending.largest_abs_z)) / mean_abs_z
    expected = float(weights @ expected_scale)
    return n_eff / (n_eff + blending.k0) * float(np.log(max(moved, 1e-3 * expected) / expected))
