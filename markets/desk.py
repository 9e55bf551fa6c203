"""What an analysis asks of the markets: candidates, a given ticker, and a stand-in for news without a company."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from markets.instruments import InstrumentTable, market_day
from markets.names import find_candidates, given_candidate, macro_candidate
from markets.sectors import sector_candidate
from records.market import Candidate
from records.taxonomy import EventType, Tag


@cache
def _shipped_table() -> InstrumentTable:
    """One for the whole process: it is never changed."""
    return InstrumentTable.load()


class MarketDesk:
    """The shipped instrument table with its look-ups."""

    def __init__(self, table: InstrumentTable | None = None) -> None:
        self._table = table or _shipped_table()

    def candidates(self, title: str, text: str, as_of: datetime) -> tuple[Candidate, ...]:
        """Instruments the article may be about, most prominent first; spans index `Article.body`."""
        return find_candidates(title, text, self._table, as_of)

    def given(self, ticker: str, as_of: datetime) -> Candidate:
        """The instrument a person named. Raises UsageError for a ticker that is not listed at `as_of`."""
        return given_candidate(ticker, self._table, as_of)

    def cited(self, ticker: str, as_of: datetime) -> str:
        """The ticker under which news of its company is kept: of its primary class. Raises NotFound for one that is not listed."""
        listing = self._table.listing(self.given(ticker, as_of).instrument.ticker, market_day(as_of))
        primary = None if listing is None else self._table.primary(listing.issuer, market_day(as_of))
        return ticker if primary is None else primary.ticker

    def nearest(self, words: str, as_of: datetime) -> list[str]:
        """Tickers that someone may have meant: of the companies of that name, else those spelled most like it; at most three."""
        named = [one.instrument.ticker for one in self.candidates(words.title(), "", as_of)]
        known = self._table.tickers(market_day(as_of))
        like = process.extract(words.upper(), known, scorer=JaroWinkler.similarity, score_cutoff=0.8, limit=3)
        return named[:3] or [ticker for ticker, _, _ in like]

    def stand_in(self, event_type: EventType, tags: Sequence[Tag], as_of: datetime) -> Candidate | None:
        """For news without a company: the index of a macro event, else the sector fund of its tags, else None."""
        return macro_candidate(event_type) or sector_candidate(tags, as_of)

    def sector_of(self, ticker: str) -> str | None:
        """The sector of the company that has, or last had, the ticker; None if it is not known, or an index."""
        listings = sorted(
            self._table.listings(ticker), key=lambda one: (one.valid_until is None, one.valid_until or date.min)
        )
        return next((one.sector for one in reversed(listings) if one.sector is not None), None)
