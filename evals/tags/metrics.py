"""Precision, recall and F1 over tags, micro, macro and by tag, with intervals from draws of whole articles."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evals.impact.bootstrap import Interval
from records.taxonomy import Tag

DRAWS = 1_000
CHUNK = 50
"""Draws at once."""

Floats = NDArray[np.float64]
Tags = frozenset[Tag]


def grade(
    wanted: Sequence[Tags], answered: Sequence[Tags], tags: Sequence[Tag], *, draws: int = DRAWS, seed: int = 0
) -> Mapping[str, Interval]:
    """precision, recall and f1 with `micro_`, `macro_` and, for F1, `f1 <tag>`; only `tags` count.

    Raises ValueError for lengths that differ, or for no articles or tags.
    """
    if len(wanted) != len(answered) or not wanted or not tags:
        raise ValueError(
            f"{len(wanted)} articles, {len(answered)} answers, {len(tags)} tags: one answer each, at least one of all"
        )
    cells = np.array(
        [
            [(tag in gold and tag in given, tag in given, tag in gold) for tag in tags]
            for gold, given in zip(wanted, answered, strict=True)
        ],
        dtype=np.float64,
    )  # (articles, tags, right | given | wanted)
    flat = cells.reshape(len(cells), -1)
    random = np.random.default_rng(seed)
    even = np.full(len(cells), 1 / len(cells))
    drawn = [
        random.multinomial(len(cells), even, size=min(CHUNK, draws - start)).astype(np.float64) @ flat
        for start in range(0, draws, CHUNK)
    ]
    shape = (-1, len(tags), 3)
    values = scores(flat.sum(0).reshape(shape), tags)
    spread = scores(np.concatenate(drawn).reshape(shape), tags)
    return {
        name: Interval(float(value[0]), *map(float, np.quantile(spread[name], (0.025, 0.975))))
        for name, value in values.items()
    }


def scores(counts: Floats, tags: Sequence[Tag]) -> dict[str, Floats]:
    """Metric → value of each of (n, tags, 3) counts. A tag never given has precision 0; macro: over tags wanted or given."""
    right, given, wanted = counts[..., 0], counts[..., 1], counts[..., 2]
    f1 = _share(2 * right, given + wanted)
    standing = np.maximum((given + wanted > 0).sum(-1), 1)
    found = {
        "micro_precision": _share(right.sum(-1), given.sum(-1)),
        "micro_recall": _share(right.sum(-1), wanted.sum(-1)),
        "micro_f1": _share(2 * right.sum(-1), given.sum(-1) + wanted.sum(-1)),
        "macro_precision": _share(right, given).sum(-1) / standing,
        "macro_recall": _share(right, wanted).sum(-1) / standing,
        "macro_f1": f1.sum(-1) / standing,
    }
    return found | {f"f1 {tag.value}": f1[..., at] for at, tag in enumerate(tags)}


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
