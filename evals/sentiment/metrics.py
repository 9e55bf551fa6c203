"""Accuracy, F1 by class and macro-F1, with intervals from draws of whole texts: entities of one headline move together."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evals.impact.bootstrap import Interval
from evals.sentiment.sets import LABELS, Label

DRAWS = 1_000
CHUNK = 50
"""Draws at once: 50 × 10,000 texts × 9 counts are small."""

Floats = NDArray[np.float64]


def confusion(wanted: Sequence[Label], answered: Sequence[Label]) -> Floats:
    """(3, 3) counts: row the label, column the answer, in the order of LABELS."""
    counts = np.zeros((len(LABELS), len(LABELS)))
    for one, other in zip(wanted, answered, strict=True):
        counts[LABELS.index(one), LABELS.index(other)] += 1
    return counts


def scores(counts: Floats) -> dict[str, Floats]:
    """Metric → value for each of (..., 3, 3) counts. The macro-F1 is the mean over classes that stand in labels or answers."""
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    wanted, answered = counts.sum(-1), counts.sum(-2)
    precision = right / np.maximum(answered, 1e-12)
    recall = right / np.maximum(wanted, 1e-12)
    f1 = 2 * right / np.maximum(wanted + answered, 1e-12)
    found: dict[str, Floats] = {
        "accuracy": right.sum(-1) / np.maximum(counts.sum((-2, -1)), 1e-12),
        "macro_f1": f1.sum(-1) / np.maximum((wanted + answered > 0).sum(-1), 1),
    }
    for at, label in enumerate(LABELS):
        found |= {
            f"precision_{label}": precision[..., at],
            f"recall_{label}": recall[..., at],
            f"f1_{label}": f1[..., at],
        }
    return found


def grade(
    wanted: Sequence[Label],
    answered: Sequence[Label],
    clusters: Sequence[Hashable],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Mapping[str, Interval]:
    """Every metric of n ≥ 1 answers with its 95 % interval: percentiles of `draws` draws of whole clusters.

    Raises ValueError for lengths that differ or for no answers.
    """
    if not (len(wanted) == len(answered) == len(clusters)) or not wanted:
        raise ValueError(
            f"{len(wanted)} labels, {len(answered)} answers, {len(clusters)} clusters: one each, at least one"
        )
    places = {cluster: at for at, cluster in enumerate(dict.fromkeys(clusters))}
    by_cluster = np.zeros((len(places), len(LABELS) ** 2))
    for one, other, cluster in zip(wanted, answered, clusters, strict=True):
        by_cluster[places[cluster], LABELS.index(one) * len(LABELS) + LABELS.index(other)] += 1
    random = np.random.default_rng(seed)
    drawn = []
    for start in range(0, draws, CHUNK):
        counts = random.multinomial(
            len(places), np.full(len(places), 1 / len(places)), size=min(CHUNK, draws - start)
        ).astype(np.float64)
        drawn.append(counts @ by_cluster)
    shape = (-1, len(LABELS), len(LABELS))
    values, spread = scores(by_cluster.sum(0).reshape(shape)), scores(np.concatenate(drawn).reshape(shape))
    return {
        name: Interval(float(value[0]), *map(float, np.quantile(spread[name], (0.025, 0.975))))
        for name, value in values.items()
    }
