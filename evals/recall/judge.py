"""Two judgements of precedents: on topic, by labels of rules and lists; and by outcome, what their |z| says about the query's."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from evals.impact.bootstrap import Interval, interval, resample, value
from evals.impact.day_sums import Days, Statistic, days_of, mean, rank_correlation
from evals.recall.arms import NOBODY, Chosen
from evals.recall.pool import Pool
from records.taxonomy import EventType

SHOWN = 5
DEPTHS = (5, 20, 50, 200)
LARGEST_ABS_Z = 10.0
"""One rumour that moved a share by thirty sigmas shall not speak for its neighbours."""
DRAWS, BOOTSTRAP_SEED = 1000, 0
UNTYPED = EventType.NOT_MARKET_RELEVANT
"""What the rules say when no rule matches: no type to agree on."""


class Judge:
    """Judges arms that answer the same queries."""

    def __init__(self, pool: Pool, queries: NDArray[np.int64]) -> None:
        self._pool = pool
        self._queries = queries
        self._days = days_of(pool.days(queries))
        self._types = np.array([event.event_type.value for event in pool.events])
        names = sorted({sector for sector in pool.sectors if sector})
        codes = {name: code for code, name in enumerate(names)}
        self._sectors = np.array([codes[sector] if sector else NOBODY for sector in pool.sectors])
        self._abs_z = np.minimum(pool.abs_z, LARGEST_ABS_Z)
        self.judged = (self._types[queries] != UNTYPED.value) & (self._sectors[queries] != NOBODY)
        """(n,) queries with a type and a sector: the only ones that can be on topic."""

    @property
    def days(self) -> Days:
        """Clusters of the queries."""
        return self._days

    def statistics(self, chosen: Chosen) -> Mapping[str, Statistic]:
        """Every number of one arm, ready for shared bootstrap draws."""
        found: dict[str, Statistic] = {}
        judged = self._days.subset(self.judged)
        for name, hits in self.topical(chosen).items():
            found[name] = mean(hits, judged)
        own = self._abs_z[self._queries]
        for k in DEPTHS:
            found[f"outcome_spearman_k{k}"] = rank_correlation(self.expected(chosen, k), own, self._days)
        return found

    def topical(self, chosen: Chosen) -> Mapping[str, NDArray[np.float64]]:
        """Of each judged query the share of the five shown that have its event type and its company's sector; and beside it
        whether one of them has, and each label alone. A place that stays empty is no hit."""
        places, queries = chosen.places[self.judged][:, :SHOWN], self._queries[self.judged]
        there = places != NOBODY
        same_type = there & (self._types[places] == self._types[queries][:, None])
        same_sector = there & (self._sectors[places] == self._sectors[queries][:, None])
        both = same_type & same_sector
        return {
            "topical_top5": both.mean(axis=1),
            "topical_any_of_5": both.any(axis=1).astype(np.float64),
            "type_top5": same_type.mean(axis=1),
            "sector_top5": same_sector.mean(axis=1),
        }

    def expected(self, chosen: Chosen, k: int) -> NDArray[np.float64]:
        """(n,) weighted mean |z| of the first k; of all events, where there are none."""
        weights, places = chosen.weights[:, :k], chosen.places[:, :k]
        total = weights.sum(axis=1)
        with np.errstate(invalid="ignore"):
            means = (weights * self._abs_z[places]).sum(axis=1) / total
        return np.asarray(np.where(total > 0, means, self._abs_z.mean()))

    def explained(self, chosen: Chosen, k: int) -> float:
        """R²: squared correlation of the logarithms of expected and own |z|."""
        theirs = np.log(0.1 + self.expected(chosen, k))
        own = np.log(0.1 + self._abs_z[self._queries])
        return float(np.corrcoef(theirs, own)[0, 1] ** 2) if theirs.std() > 0 else 0.0


def graded(
    statistics: Mapping[str, Mapping[str, Statistic]], pairs: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, dict[str, Interval | None]], dict[str, dict[str, Interval | None]]]:
    """Arm → number → value, and comparison → number → first − second, on shared draws of whole session-days."""
    flat = {(arm, name): found for arm, theirs in statistics.items() for name, found in theirs.items()}
    values = {key: value(found) for key, found in flat.items()}
    drawn = resample(flat, draws=DRAWS, seed=BOOTSTRAP_SEED)
    arms = {
        arm: {name: interval(values[arm, name], drawn[arm, name]) for name in theirs}
        for arm, theirs in statistics.items()
    }
    differences = {
        title: {
            name: interval(
                values[one, name] - values[other, name],
                drawn[one, name] - drawn[other, name],
            )
            for name in statistics[one]
        }
        for title, (one, other) in pairs.items()
    }
    return arms, differences
