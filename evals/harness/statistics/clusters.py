"""What moves together is drawn together: bootstrap draws of whole stories, whole days, or both at once.

Where each story has one day, days are the coarser clusters and are drawn alone; where each day has one story, stories are. Where
they cross, both are drawn independently and an item's weight is the product of the two counts (Owen 2007, the pigeonhole bootstrap,
https://doi.org/10.1214/07-AOAS122): never too narrow for a mean, at most somewhat too wide. An item without a story or a day is a
cluster of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from evals.impact.bootstrap import day_counts

Array = NDArray[np.float64]
Kind = Literal["cases", "stories", "days", "stories and days"]

DAY_SEED = 1_000_003
"""Added to the seed for the days of a two-way draw, so that they are not the stories' draws over again."""


@dataclass(frozen=True)
class Clusters:
    """n items in clusters of one or two kinds."""

    kind: Kind
    first: NDArray[np.int64]
    """(n,) number of each item's cluster, from 0."""
    second: NDArray[np.int64] | None = None
    """(n,) of the other kind, where the two cross."""

    @property
    def count(self) -> int:
        """Clusters there are; of two kinds, the smaller number."""
        return min(_count(each) for each in (self.first, self.second) if each is not None)

    def sums(self, values: Array, *, draws: int, seed: int) -> Array:
        """(draws, k): the sums of each column of `values` (n, k) over what was drawn, the columns on the same draws."""
        if self.second is None:
            table = _by_cluster(values, self.first)
            return np.concatenate([counts @ table for counts in day_counts(len(table), draws, seed)])
        shape = (_count(self.first), _count(self.second))
        crossed = [sparse.csr_matrix((column, (self.first, self.second)), shape=shape) for column in values.T]
        stories = np.concatenate(list(day_counts(shape[0], draws, seed)))
        days = np.concatenate(list(day_counts(shape[1], draws, seed + DAY_SEED)))
        return np.stack([((each.T @ stories.T).T * days).sum(axis=1) for each in crossed], axis=1)

    def means(self, values: Array, *, draws: int, seed: int) -> Array:
        """(draws,) means of `values` (n,); NaN where nothing was drawn."""
        drawn = self.sums(np.column_stack([values, np.ones(len(values))]), draws=draws, seed=seed)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(drawn[:, 1] > 0, drawn[:, 0] / drawn[:, 1], np.nan))


def clusters_of(stories: Sequence[str | None], days: Sequence[str | None]) -> Clusters:
    """The clusters of n items from what is known of each. Raises ValueError for unequal lengths or no items."""
    if len(stories) != len(days) or not stories:
        raise ValueError(f"{len(stories)} stories and {len(days)} days: one of each per item, at least one item")
    story, day = _numbered(stories), _numbered(days)
    pairs = len(np.unique(np.column_stack([story, day]), axis=0))
    if _count(day) == len(days) and _count(story) == len(stories):
        return Clusters("cases", story)
    if pairs == _count(story):  # every story has one day
        return Clusters("days", day)
    if pairs == _count(day):
        return Clusters("stories", story)
    return Clusters("stories and days", story, day)


def _numbered(names: Sequence[str | None]) -> NDArray[np.int64]:
    own = [("own", str(place)) if name is None else ("shared", name) for place, name in enumerate(names)]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(own))}
    return np.array([numbers[name] for name in own], dtype=np.int64)


def _count(numbers: NDArray[np.int64]) -> int:
    return int(numbers.max()) + 1


def _by_cluster(values: Array, numbers: NDArray[np.int64]) -> Array:
    """(n, k) → (clusters, k) sums."""
    return np.stack([np.bincount(numbers, weights=column) for column in values.T], axis=1)
