"""A series of one ticker laid out by calendar day, so that asking for many sessions is one array look-up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def ordinals(days: Sequence[date]) -> NDArray[np.int64]:
    """(n,) proleptic ordinals of n dates. Read-only: the same sessions are asked for of many tickers, so tuples are kept."""
    return _of_tuple(days) if isinstance(days, tuple) else _counted(days)


def _counted(days: Sequence[date]) -> NDArray[np.int64]:
    counted = np.fromiter(map(date.toordinal, days), dtype=np.int64, count=len(days))
    counted.setflags(write=False)
    return counted


_of_tuple = lru_cache(maxsize=1024)(_counted)


@dataclass(frozen=True)
class DailySeries:
    """Values by calendar day, NaN where there is none."""

    first: int
    """Ordinal of the day of the first value; one day before it stands a NaN."""
    values: NDArray[np.float64]
    """(n + 2,) values of n consecutive calendar days between two NaN, which answer for every day outside."""

    @classmethod
    def merged(cls, parts: Iterable[tuple[NDArray[np.int64], NDArray[np.float64]]]) -> "DailySeries":
        """Of (ordinals, values) pairs, NaN ignored; where two know a day, the earlier pair wins, and in a pair the later row."""
        known = [(days[present], values[present]) for days, values in parts if (present := np.isfinite(values)).any()]
        if not known:
            return cls(0, np.full(2, np.nan))
        first = min(int(days.min()) for days, _ in known)
        last = max(int(days.max()) for days, _ in known)
        laid = np.full(last - first + 3, np.nan)
        for days, values in reversed(known):
            laid[days - first + 1] = values
        return cls(first, laid)

    def at(self, days: Sequence[date]) -> NDArray[np.float64]:
        """(len(days),) values in the order given."""
        if not days:
            return np.empty(0)
        return self.values.take(ordinals(days) - (self.first - 1), mode="clip")
