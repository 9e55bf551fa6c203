"""B-cubed of pairs, pair AUC, and their intervals: whole companies are drawn, because their news is alike."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.impact.bootstrap import Interval, interval

DRAWS = 1_000
SEED = 0


@dataclass(frozen=True)
class Graded:
    """Pairs with what was found of them."""

    same: NDArray[np.bool_]
    """(n,) whether each pair tells one story."""
    probability: NDArray[np.float64]
    """(n,) P(same story); for a clustering 1 where the two are in one story, else 0."""
    joined: NDArray[np.bool_]
    """(n,) whether the two were put into one story."""
    groups: tuple[Hashable, ...]
    """(n,) what is drawn whole in the bootstrap."""


def bcubed(
    same: NDArray[np.bool_], joined: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[float, float, float]:
    """F1, precision and recall of B-cubed (Bagga and Baldwin 1998) over the two items of each pair: an item's precision is the
    share of its cluster that belongs with it, its recall the share of its story that is in its cluster. Two strangers joined have
    precision 1/2, two of one story apart recall 1/2. `weights`: how often each pair counts."""
    total = float(weights.sum())
    precision = 1 - float(weights[joined & ~same].sum()) / 2 / total
    recall = 1 - float(weights[~joined & same].sum()) / 2 / total
    return 2 * precision * recall / (precision + recall), precision, recall


def auc(same: NDArray[np.bool_], probability: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Chance that a pair of one story has the higher probability than a pair of two; ties count half. NaN with one kind only."""
    order = np.argsort(probability, kind="stable")
    values, positive, negative = probability[order], weights[order] * same[order], weights[order] * ~same[order]
    _, starts = np.unique(values, return_index=True)
    p, n = np.add.reduceat(positive, starts), np.add.reduceat(negative, starts)
    below = np.concatenate([[0.0], np.cumsum(n)[:-1]])
    both = p.sum() * n.sum()
    return float((p * (below + n / 2)).sum() / both) if both > 0 else float("nan")


def grade(graded: Graded) -> dict[str, Interval | None]:
    """bcubed_f1, bcubed_precision, bcubed_recall, pair_f1, accuracy and pair_auc with 95 % intervals."""
    return _intervals(lambda weights: _at(graded, weights), graded.groups)


def differences(one: Graded, other: Graded) -> dict[str, Interval | None]:
    """The figures of `grade`, one − other, of the same pairs on the same draws."""

    def at(weights: NDArray[np.float64]) -> dict[str, float]:
        first, second = _at(one, weights), _at(other, weights)
        return {name: value - second[name] for name, value in first.items()}

    return _intervals(at, one.groups)


def _at(graded: Graded, weights: NDArray[np.float64]) -> dict[str, float]:
    same, joined = graded.same, graded.joined
    f1, precision, recall = bcubed(same, joined, weights)
    right, wrong = float(weights[same & joined].sum()), float(weights[same != joined].sum())
    return {
        "bcubed_f1": f1,
        "bcubed_precision": precision,
        "bcubed_recall": recall,
        "pair_f1": 2 * right / max(1e-9, 2 * right + wrong),
        "accuracy": 1 - wrong / float(weights.sum()),
        "pair_auc": auc(same, graded.probability, weights),
    }


def share(hits: Sequence[bool], groups: Sequence[Hashable]) -> Interval | None:
    """The share of hits with its interval; one that all draws agree on (0 or 1) is bounded by the rule of three."""
    if not hits:
        return None
    found = _intervals(
        lambda weights: {"share": float(weights @ np.array(hits, dtype=np.float64) / weights.sum())}, groups
    )
    one, spare = found["share"], 3 / len(set(groups))
    if one is None or one.low < one.high:
        return one
    return Interval(one.value, max(0.0, one.value - spare), min(1.0, one.value + spare))


def _intervals(
    at: Callable[[NDArray[np.float64]], dict[str, float]], groups: Sequence[Hashable]
) -> dict[str, Interval | None]:
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    of = np.array([places[group] for group in groups])
    generator = np.random.default_rng(SEED)
    drawn = [
        at(np.bincount(generator.integers(len(places), size=len(places)), minlength=len(places))[of].astype(np.float64))
        for _ in range(DRAWS)
    ]
    observed = at(np.ones(len(groups)))
    return {name: interval(value, np.array([one[name] for one in drawn])) for name, value in observed.items()}
