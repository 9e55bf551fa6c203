"""The instrument table: listings with their validity, and the names, aliases and indices that lead to them."""

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal, NamedTuple, cast
from zoneinfo import ZoneInfo

from markets.backers import Backing, load_backings
from markets.tokens import fold, split_words
from records.errors import NotFound
from records.market import Instrument

Sense = Literal["name", "short", "mostly_name", "word", "legal"]
"""How far a name alone is trusted. `name`: always the company. `short`: its distinctive first word, unless another name runs on
from it. `mostly_name`: an everyday word, place or person too, chiefly the company in the news. `word`: needs its context. `legal`:
only with Inc, Corp or a ticker beside it."""

NameKind = Literal["name", "alias", "index", "macro", "not_company"]

_NEW_YORK = ZoneInfo("America/New_York")
_CHANGE = timedelta(days=7)
_CLASS_MARKS = str.maketrans({"/": ".", "-": ".", " ": "."})


class Listing(NamedTuple):
    """One share class or index under one ticker, for as long as it was known by it."""

    issuer: str
    """Id shared by all share classes and former tickers of one company."""
    ticker: str
    name: str
    kind: Literal["share", "index"]
    exchange: str | None
    sector: str | None
    industry: str | None
    primary: bool
    """The class to cite."""
    valid_from: date | None
    """First day the listing is known to be possible; None: before the lists begin (2011)."""
    valid_until: date | None
    """Last such day; None: still listed."""
    successor: str | None
    """The ticker that carries the company on; None if it ended or did not change."""

    @property
    def instrument(self) -> Instrument:
        """The record that leaves the room."""
        return Instrument(
            ticker=self.ticker,
            name=self.name,
            kind=self.kind,
            exchange=self.exchange,
            sector=self.sector,
            industry=self.industry,
        )

    def valid_on(self, day: date) -> bool:
        """Whether the listing may exist on `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


class NameEntry(NamedTuple):
    """One way of writing something."""

    words: tuple[str, ...]
    """As the table spells it: capitals count."""
    kind: NameKind
    sense: Sense
    issuer: str | None
    """Issuer of a `name`; None for the others."""
    ticker: str | None
    """Ticker of an alias, index or macro term; None for the others."""
    valid_from: date | None = None
    valid_until: date | None = None
    note: str | None = None

    def valid_on(self, day: date) -> bool:
        """Whether the name pointed to its company on `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


def market_day(as_of: datetime) -> date:
    """New York's date at `as_of`. Raises ValueError for a naive datetime."""
    if as_of.tzinfo is None:
        raise ValueError(f"naive datetime {as_of!r}: give it a time zone")
    return as_of.astimezone(_NEW_YORK).date()


class InstrumentTable:
    """Everything that names are matched against. Immutable after loading; safe to share between threads."""

    def __init__(
        self, listings: Sequence[Listing], names: Sequence[NameEntry], backings: Sequence[Backing] = ()
    ) -> None:
        self.backings = tuple(backings)
        """Private companies with a listed backer."""
        self._by_ticker: dict[str, list[Listing]] = {}
        self._by_issuer: dict[str, list[Listing]] = {}
        self._former: dict[str, list[Listing]] = {}
        for listing in listings:
            self._by_ticker.setdefault(listing.ticker, []).append(listing)
            self._by_issuer.setdefault(listing.issuer, []).append(listing)
            if listing.successor:
                self._former.setdefault(listing.successor, []).append(listing)
        self._names: dict[tuple[str, ...], list[NameEntry]] = {}
        self.longest: dict[str, int] = {}
        """Words of the longest name beginning with a (folded) word."""
        for name in names:
            key = tuple([fold(word) for word in name.words])
            self._names.setdefault(key, []).append(name)
            if self.longest.get(key[0], 0) < len(key):
                self.longest[key[0]] = len(key)

    def __len__(self) -> int:
        return sum(len(listings) for listings in self._by_ticker.values())

    @classmethod
    def load(cls, folder: Traversable | None = None) -> "InstrumentTable":
        """The shipped table, or the one in `folder` (same six files). About 0.15 s of CPU; keep the result."""
        source = folder or resources.files("markets") / "data"
        listings = [*_read_listings(source), *_read_indices(source)]
        names = [*_read_names(source), *_read_aliases(source), *_blockers(source)]
        return cls(listings, names, load_backings(source))

    def named(self, key: tuple[str, ...]) -> Sequence[NameEntry]:
        """Entries written by exactly these folded words; empty if there are none."""
        return self._names.get(key, ())

    def listing(self, ticker: str, day: date) -> Listing | None:
        """The listing under `ticker` on `day`, of whatever class; the latest if the bounds allow two. None if there was none."""
        symbol = ticker if ticker.startswith("^") else ticker.upper().translate(_CLASS_MARKS)
        return _latest(self._by_ticker.get(symbol, ()), day)

    def tickers(self, day: date) -> list[str]:
        """Every ticker in use on `day`, in no order."""
        return [ticker for ticker, held in self._by_ticker.items() if any(listing.valid_on(day) for listing in held)]

    def listings(self, ticker: str) -> Sequence[Listing]:
        """Every listing that had `ticker` at some time, in no order; empty if none is known."""
        return self._by_ticker.get(ticker, ())

    def primary(self, issuer: str, day: date) -> Listing | None:
        """The class to cite for `issuer` on `day`; None if none of its shares was listed then."""
        listed = [listing for listing in self._by_issuer.get(issuer, ()) if listing.valid_on(day)]
        return _latest([listing for listing in listed if listing.primary], day) or _latest(listed, day)

    def resolve(self, entry: NameEntry, day: date) -> Listing | None:
        """The listing an entry leads to on `day`: an alias of a company that had another ticker then leads to that one."""
        if not entry.valid_on(day):
            return None
        if entry.issuer is not None:
            return self.primary(entry.issuer, day)
        return self.cited(entry.ticker, day) if entry.ticker else None

    def cited(self, ticker: str, day: date) -> Listing | None:
        """What to cite on `day` for a company known by `ticker` then or later: its primary class. None if it was not listed."""
        found = self.listing(ticker, day)
        if found is not None:
            return found if found.primary else self.primary(found.issuer, day) or found
        of_the_time = (self.primary(listing.issuer, day) for listing in self._by_ticker.get(ticker, ()))
        earlier = [listing for listing in self._former.get(ticker, ()) if listing.valid_on(day)]
        return next(filter(None, of_the_time), None) or _latest([one for one in earlier if one.primary] or earlier, day)

    def instrument(self, ticker: str, as_of: datetime) -> Instrument:
        """The instrument a person asked for by `ticker`, of just that class. Raises NotFound if it was not listed at `as_of`."""
        day = market_day(as_of)
        found = self.listing(ticker, day)
        if found is None:
            raise NotFound(
                f"No US-listed share or index with the ticker {ticker!r} is known on {day}; "
                "check the spelling (BRK.B, ^GSPC), or the date given with --as-of."
            )
        return found.instrument

    def successor(self, ticker: str) -> str | None:
        """Today's ticker of a company once listed under `ticker`, for price sources that know only today's; None if unchanged."""
        current = ticker
        seen = {ticker}
        while True:
            following = next(
                (listing.successor for listing in self._by_ticker.get(current, ()) if listing.successor), None
            )
            if following is None or following in seen:
                return None if current == ticker else current
            seen.add(following)
            current = following

    def lineage(self, ticker: str, day: date) -> tuple[Listing, ...]:
        """The listings that carry one share's prices, oldest first: that of `ticker` on `day`, those before and after it.

        A ticker that nobody had on `day` is the company later or formerly known by it: META in 2015 is FB, and FB in 2023 META.
        Where several companies were joined into one (UTX and RTN into RTX) its past is nobody's and is left out. Empty for an
        unknown ticker.
        """
        start = self.listing(ticker, day) or self._nearest(ticker, day)
        if start is None:
            return ()
        chain = [start]
        while (earlier := self._before(chain[0])) is not None and earlier not in chain:
            chain.insert(0, earlier)
        while (later := self._after(chain[-1])) is not None and later not in chain:
            chain.append(later)
        return tuple(chain)

    def symbol_at(self, ticker: str, day: date) -> str | None:
        """What the share known by `ticker` then, before or after was called on `day`; None if it was not listed then."""
        return next((listing.ticker for listing in self.lineage(ticker, day) if listing.valid_on(day)), None)

    def _nearest(self, ticker: str, day: date) -> Listing | None:
        """Of the listings that had the ticker at other times, the next one to have it, else the last one that did."""
        symbol = ticker.upper().translate(_CLASS_MARKS)
        held = sorted(self._by_ticker.get(symbol, ()), key=lambda listing: listing.valid_from or date.min)
        later = [listing for listing in held if listing.valid_from is not None and listing.valid_from > day]
        if later and any(one.valid_on(day) for one in self._pasts(later[0])):
            return later[0]
        ended = [listing for listing in held if listing.valid_until is not None and listing.valid_until < day]
        return ended[-1] if ended else later[0] if later else None

    def _pasts(self, listing: Listing) -> Iterator[Listing]:
        seen = {listing}
        while (earlier := self._before(listing)) is not None and earlier not in seen:
            yield earlier
            seen.add(earlier)
            listing = earlier

    def _before(self, listing: Listing) -> Listing | None:
        """What the share was called just before; None at its beginning, or when several were joined."""
        former = self._former.get(listing.successor or listing.ticker, ())  # the table names the last successor alone
        if listing.valid_from is None:
            known = former if listing.successor is None else ()
            found = [one for one in known if one.issuer == listing.issuer and one.ticker != listing.ticker]
        else:
            held = [one for one in former if _ends_within(one, listing.valid_from)]
            found = [one for one in held if one.ticker == listing.ticker] or held
        return found[0] if len(found) == 1 and found[0].valid_until is not None else None

    def _after(self, listing: Listing) -> Listing | None:
        """What the share is called next; None if it ended or goes on."""
        if listing.successor is None or listing.valid_until is None:
            return None
        last = self._by_ticker.get(listing.successor, ())
        following = (*self._former.get(listing.successor, ()), *last)
        same = (
            one for one in last if one.valid_from is None and one.issuer == listing.issuer and one.successor is None
        )
        return next((one for one in following if _ends_within(listing, one.valid_from)), next(same, None))


def _ends_within(listing: Listing, start: date | None) -> bool:
    """Whether it ended in the week before `start`: a change of symbol leaves a weekend between at most."""
    return (
        start is not None and listing.valid_until is not None and timedelta(0) < start - listing.valid_until <= _CHANGE
    )


def _latest(listings: Sequence[Listing], day: date) -> Listing | None:
    valid = [listing for listing in listings if listing.valid_on(day)]
    return max(valid, key=lambda listing: listing.valid_from or date.min, default=None)


def _rows(source: Traversable, name: str) -> Iterator[list[str]]:
    data = (source / name).read_bytes()
    text = (gzip.decompress(data) if name.endswith(".gz") else data).decode("utf-8")
    rows = csv.reader(io.StringIO(text))
    next(rows)
    yield from rows


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _read_listings(source: Traversable) -> Iterator[Listing]:
    columns = _rows(source, "instruments.csv.gz")
    for issuer, ticker, name, exchange, sector, industry, primary, start, end, successor in columns:
        yield Listing(
            issuer,
            ticker,
            name,
            "share",
            exchange or None,
            sector or None,
            industry or None,
            primary == "1",
            _day(start),
            _day(end),
            successor or None,
        )


def _read_indices(source: Traversable) -> Iterator[Listing]:
    for ticker, name in _rows(source, "indices.csv"):
        yield Listing(ticker, ticker, name, "index", None, None, None, True, None, None, None)


def _read_names(source: Traversable) -> Iterator[NameEntry]:
    for form, issuer, sense in _rows(source, "names.csv.gz"):
        yield NameEntry(split_words(form), "name", cast(Sense, sense), issuer, None)


def _read_aliases(source: Traversable) -> Iterator[NameEntry]:
    for alias, ticker, kind, sense, start, end, *_ in _rows(source, "aliases.csv"):
        what: NameKind = cast(NameKind, kind) if kind in {"index", "macro"} else "alias"
        yield NameEntry(split_words(alias), what, cast(Sense, sense), None, ticker, _day(start), _day(end), kind)


def _blockers(source: Traversable) -> Iterator[NameEntry]:
    for phrase, _ in _rows(source, "not_companies.csv"):
        yield NameEntry(split_words(phrase), "not_company", "name", None, None)
