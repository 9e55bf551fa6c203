"""Daily bars as a source wrote them, laid on the venue's sessions: the one way from files, tables and vendors to returns.

A row that cannot be a session's price is left out and counted: a day without a session, a price of zero or below, a repeated
row. Two different prices of one ticker and day are an error, for nobody can say which is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from markets.price_jumps import SMALLEST_JUMP
from markets.price_series import DailySeries, ordinals
from markets.prices import log_returns
from markets.sessions import Sessions
from markets.sessions import sessions as venue_sessions
from records.errors import SourceUnreadable

Floats = NDArray[np.float64]

VOLUME_SESSIONS = 20
REAL_TURNOVER = 5.0
"""A day's turnover in money over the median of the twenty before it: news brings five times as much, a split does not."""
STILL = 0.1
"""Under this log change a traded price did not jump."""


@dataclass(frozen=True)
class Bars:
    """The rows of one ticker in one file or table, in any order; all arrays are (n,), NaN where a value is missing."""

    place: str
    """Where they stand, for messages."""
    days: NDArray[np.int64]
    """Ordinals of the dates at the venue."""
    adjusted: Floats | None = None
    """Closes adjusted for splits and dividends."""
    close: Floats | None = None
    """Closes as traded."""
    volume: Floats | None = None
    """Shares traded."""
    returns: Floats | None = None
    """Log returns, by sources that hold no prices."""

    @property
    def prices(self) -> Floats | None:
        """What returns are computed from: the adjusted closes, else the closes."""
        return self.adjusted if self.adjusted is not None else self.close

    def take(self, rows: NDArray[np.intp]) -> "Bars":
        """Some rows, in that order."""
        columns = {name: getattr(self, name) for name in ("adjusted", "close", "volume", "returns")}
        kept = {name: None if column is None else column[rows] for name, column in columns.items()}
        return Bars(self.place, self.days[rows], **kept)


class BarSource(Protocol):
    """Where bars come from."""

    @property
    def tickers(self) -> frozenset[str]:
        """Every ticker it has rows of, '.' before a share class."""
        ...

    def bars(self, ticker: str) -> Sequence[Bars]:
        """One Bars a file or table that knows the ticker, the most trusted first; empty for an unknown one.

        Raises SourceError when they cannot be read.
        """
        ...


@dataclass(frozen=True)
class LaidBars:
    """One ticker of one file on the venue's sessions, with what was left out."""

    bars: Bars
    """Clean rows by ascending session, one a session."""
    returns: Floats
    """(n,) log returns to each of those sessions; NaN where the session before has no price."""
    duplicates: NDArray[np.int64]
    """Ordinals of repeated rows with the same values."""
    conflicts: NDArray[np.int64]
    """Ordinals of days with rows that differ; all of them are left out."""
    off_session: NDArray[np.int64]
    """Ordinals of days that are no session."""
    bad_prices: NDArray[np.int64]
    """Ordinals of sessions with a price of zero or below, or one that is infinite."""


def lay(bars: Bars, sessions: Sessions) -> LaidBars:
    """Sorts, drops and counts."""
    calendar = ordinals(sessions.all)
    order = np.argsort(bars.days, kind="stable")
    bars = bars.take(order)
    repeated = np.concatenate([[False], bars.days[1:] == bars.days[:-1]]) if len(bars.days) else np.empty(0, bool)
    conflicts = _conflicting(bars, repeated)
    slot = np.minimum(np.searchsorted(calendar, bars.days), len(calendar) - 1)
    in_session = calendar[slot] == bars.days
    values = bars.prices if bars.prices is not None else bars.returns
    assert values is not None, bars.place
    bad = np.isinf(values) if bars.prices is None else ~np.isnan(values) & ~((values > 0) & np.isfinite(values))
    kept = in_session & ~repeated & ~np.isin(bars.days, conflicts)
    rows = np.flatnonzero(kept & ~bad & np.isfinite(values))
    clean = bars.take(rows)
    return LaidBars(
        clean,
        _returns(clean, slot[rows]),
        bars.days[repeated & ~np.isin(bars.days, conflicts)],
        conflicts,
        np.unique(bars.days[~in_session & np.isfinite(values)]),
        bars.days[kept & bad],
    )


def _conflicting(bars: Bars, repeated: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Days whose repeated rows differ from the row before in a price or a return; a volume may have been revised."""
    differ = np.zeros(len(repeated), bool)
    for column in (bars.adjusted, bars.close, bars.returns):
        if column is not None and len(column) > 1:
            same = (column[1:] == column[:-1]) | (np.isnan(column[1:]) & np.isnan(column[:-1]))
            differ[1:] |= ~same
    return np.unique(bars.days[repeated & differ])


def _returns(bars: Bars, slots: NDArray[np.intp]) -> Floats:
    if bars.returns is not None:
        return bars.returns
    prices = bars.prices
    assert prices is not None, bars.place
    result = log_returns(prices)
    if len(result):
        result[1:][np.diff(slots) != 1] = np.nan
    return result


class BarPrices:
    """Returns out of bars: a PriceSource that also knows what traded prices and volumes say of a jump."""

    def __init__(self, source: BarSource, sessions: Sessions | None = None) -> None:
        """`sessions`: the venue's, default New York's."""
        self.source = source
        self.sessions = sessions or venue_sessions()
        self._laid = lru_cache(maxsize=512)(self._lay_all)
        self._series = lru_cache(maxsize=512)(self._read_series)

    @property
    def tickers(self) -> frozenset[str]:
        """Every ticker the source has rows of."""
        return self.source.tickers

    def returns(self, ticker: str, sessions: Sequence[date]) -> Floats:
        """See PriceSource. Raises SourceUnreadable where the ticker has two different prices on one day."""
        return self._series(ticker).at(sessions)

    def laid(self, ticker: str) -> tuple[LaidBars, ...]:
        """The ticker's clean bars, one a file that knows it."""
        return self._laid(ticker)

    def evidence(self, ticker: str, session: date) -> Literal["real", "false"] | None:
        """See JumpEvidence: `false` when the adjusted close jumps and the traded one does not, `real` when the turnover does."""
        day = session.toordinal()
        for laid in self.laid(ticker):
            row = int(np.searchsorted(laid.bars.days, day))
            if row < len(laid.bars.days) and laid.bars.days[row] == day and np.isfinite(laid.returns[row]):
                return jump_evidence(laid, row)
        return None

    def _lay_all(self, ticker: str) -> tuple[LaidBars, ...]:
        return tuple(lay(bars, self.sessions) for bars in self.source.bars(ticker))

    def _read_series(self, ticker: str) -> DailySeries:
        laid = self.laid(ticker)
        for one in laid:
            if len(one.conflicts):
                day = date.fromordinal(int(one.conflicts[0]))
                raise SourceUnreadable(
                    f"{one.bars.place} has two different rows of {ticker} on {day} ({len(one.conflicts):,} such days). Remove the "
                    "wrong ones, then `rhyme prices check` shows whether any are left."
                )
        return DailySeries.merged((one.bars.days, one.returns) for one in laid)


def jump_evidence(laid: LaidBars, row: int) -> Literal["real", "false"] | None:
    """What the traded close and the volume of one row say of its return; None without them or when they say nothing."""
    bars = laid.bars
    if row == 0 or bars.close is None or bars.returns is not None:
        return None
    traded = float(log_returns(bars.close[row - 1 : row + 1])[1])
    if bars.adjusted is not None and abs(laid.returns[row]) > SMALLEST_JUMP and abs(traded) < STILL:
        return "false"
    if bars.volume is None:
        return None
    turnover = bars.close * bars.volume
    usual = turnover[max(0, row - VOLUME_SESSIONS) : row]
    usual = usual[np.isfinite(usual) & (usual > 0)]
    if len(usual) < VOLUME_SESSIONS // 2 or not np.isfinite(turnover[row]):
        return None
    return "real" if turnover[row] >= REAL_TURNOVER * float(np.median(usual)) else None
