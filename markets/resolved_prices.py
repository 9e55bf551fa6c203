"""Prices of a share through its changes of symbol: META in 2015 is found under FB, and never under another company's ticker.

A source may file prices under the symbol of the time or under today's; both are tried, session by session. A symbol that
another company had at some time counts only for the sessions on which it was this share's.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from markets.instruments import InstrumentTable, Listing
from markets.prices import JumpEvidence, PriceSource


class ResolvedPrices:
    """A PriceSource over another one, asked by any symbol that the share had or has."""

    def __init__(self, prices: PriceSource, table: InstrumentTable | None = None) -> None:
        """`table`: whose history of symbols; default the shipped one."""
        self._prices = prices
        self._table = table or InstrumentTable.load()
        self._lineage = lru_cache(maxsize=16_384)(self._table.lineage)

    def returns(self, ticker: str, sessions: Sequence[date]) -> NDArray[np.float64]:
        """See PriceSource. `ticker` means the share that had it on the last of `sessions`, or the one known by it before or after.

        On the first session under a new symbol there is no return where the source files prices by the symbol of the time.
        """
        lineage = self._lineage(ticker, max(sessions)) if sessions else ()
        if not lineage:
            return self._prices.returns(ticker, sessions)
        if len(lineage) == 1 and len(self._table.listings(lineage[0].ticker)) == 1:
            return self._prices.returns(lineage[0].ticker, sessions)
        found = np.full(len(sessions), np.nan)
        for symbol, usable in self._places(lineage, sessions):
            wanted = usable & np.isnan(found)
            if wanted.any():
                found[wanted] = self._prices.returns(symbol, sessions)[wanted]
        return found

    def evidence(self, ticker: str, session: date) -> Literal["real", "false"] | None:
        """See JumpEvidence."""
        if not isinstance(self._prices, JumpEvidence):
            return None
        lineage = self._lineage(ticker, session)
        for symbol, usable in self._places(lineage, (session,)) if lineage else [(ticker, np.ones(1, bool))]:
            if usable[0] and np.isfinite(self._prices.returns(symbol, (session,))).all():
                return self._prices.evidence(symbol, session)
        return None

    def _places(
        self, lineage: tuple[Listing, ...], sessions: Sequence[date]
    ) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Symbols to ask, with the (n,) sessions each may answer for: the symbol of the time first, then today's and older ones."""
        for listing in lineage:
            yield listing.ticker, np.array([listing.valid_on(session) for session in sessions])
        for symbol in dict.fromkeys(listing.ticker for listing in reversed(lineage)):
            shared = any(listing not in lineage for listing in self._table.listings(symbol))
            # days on which the table knows no owner are trusted only where nobody else ever had the symbol
            known = lineage if shared else (None, *lineage)
            yield symbol, np.array([self._table.listing(symbol, session) in known for session in sessions])
