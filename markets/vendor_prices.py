"""A vendor's API as a source of bars: one function to write, kept answers in a folder, its failures in Rhyme's words.

docs/prices.md has an example. The folder holds one Parquet file a ticker in the shape that `open_prices` reads, so that what was
fetched once serves without the vendor. A vendor's adjusted closes change with every later split and dividend: a ticker is
always fetched whole, never extended at its end.
"""

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date
from pathlib import Path
from typing import NamedTuple, NoReturn, Protocol
from urllib.parse import quote, unquote

import httpx
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from markets.price_bars import Bars
from markets.price_files import LongFile, column_names
from records.errors import SourceError, SourceRefused, SourceUnreachable, SourceUnreadable

_SCHEMA = pa.schema(
    [
        ("date", pa.date32()),
        ("ticker", pa.string()),
        ("adjusted_close", pa.float64()),
        ("close", pa.float64()),
        ("volume", pa.float64()),
    ]
)


class Bar(NamedTuple):
    """One session of one share."""

    day: date
    """The session's date at the venue."""
    adjusted_close: float
    """Adjusted for splits and dividends."""
    close: float | None = None
    """As traded; with it and the volume, a crash is told from a split."""
    volume: float | None = None
    """Shares traded."""


class Vendor(Protocol):
    """What an adapter implements."""

    name: str
    """For messages."""

    def fetch_bars(self, ticker: str, first: date, last: date) -> Sequence[Bar]:
        """The bars of `ticker` ('.' before a share class, '^GSPC' the S&P 500) on the sessions from `first` to `last`.

        Empty when the vendor does not know the ticker. Any exception may leave it: those of httpx become SourceUnreachable
        (time-out, no connection, 429, 5xx) or SourceRefused (other 4xx), OSError SourceUnreachable, and a fault in reading the
        answer (KeyError, ValueError, TypeError) SourceUnreadable.
        """
        ...


class VendorPrices:
    """A BarSource over a vendor: fetches a ticker at its first use and keeps it."""

    def __init__(self, vendor: Vendor, folder: Path, first: date, last: date) -> None:
        """`folder` is made when needed; `first` and `last` are the span that every ticker is fetched for."""
        self._vendor, self._folder = vendor, folder
        self._first, self._last = first, last

    @property
    def tickers(self) -> frozenset[str]:
        """Those that are kept: a vendor's full list is not asked for."""
        return frozenset(unquote(path.stem) for path in self._folder.glob("*.parquet"))

    def bars(self, ticker: str) -> tuple[Bars, ...]:
        """See BarSource. Raises SourceError when the vendor fails; a failure is never kept."""
        if not self._is_kept(ticker):
            self.fetch([ticker])
        return LongFile(self._path(ticker), UTC).bars(ticker)

    def fetch(self, tickers: Iterable[str]) -> None:
        """Fetches tickers again, kept or not: after a split, or to bring them up to `last`."""
        for ticker in tickers:
            self._keep(ticker, self._ask(ticker))

    def _ask(self, ticker: str) -> list[Bar]:
        try:
            bars = [Bar(*bar) for bar in self._vendor.fetch_bars(ticker, self._first, self._last)]
            _table(ticker, bars)
        except SourceError:
            raise
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self._explain(ticker, error)
        except (KeyError, ValueError, TypeError, IndexError, pa.ArrowException) as error:
            what = f"{type(error).__name__}: {error}"
            raise SourceUnreadable(
                f"The answer of {self._vendor.name} for {ticker} is not what its adapter expects ({what}). Compare the vendor's "
                "documentation with the adapter."
            ) from error
        return bars

    def _explain(self, ticker: str, error: Exception) -> NoReturn:
        """Never shows an address: a vendor's key may stand in it."""
        who = f"{self._vendor.name} for {ticker}"
        if isinstance(error, httpx.HTTPStatusError):
            status = error.response.status_code
            if 400 <= status < 500 and status not in {408, 425, 429}:
                raise SourceRefused(
                    f"{who} refused with status {status}. Check the key and what it may ask for."
                ) from error
            raise SourceUnreachable(f"{who} answered with status {status}. Try again later.") from error
        raise SourceUnreachable(f"{who} cannot be reached ({type(error).__name__}). Try again later.") from error

    def _path(self, ticker: str) -> Path:
        return self._folder / f"{quote(ticker, safe='')}.parquet"

    def _is_kept(self, ticker: str) -> bool:
        """Whether the folder has the ticker for at least the wanted span."""
        path = self._path(ticker)
        if not path.is_file():
            return False
        column_names(path)  # raises for a file that is broken
        span = (pq.read_schema(path).metadata or {}).get(b"span")
        if span is None:
            return False
        first, last = (date.fromisoformat(text) for text in json.loads(span))
        return bool(first <= self._first and self._last <= last)

    def _keep(self, ticker: str, bars: Sequence[Bar]) -> None:
        """Whole or not at all: another process may read the folder."""
        span = json.dumps([self._first.isoformat(), self._last.isoformat()])
        table = _table(ticker, bars).replace_schema_metadata({"span": span})
        path = self._path(ticker)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, partial)
            partial.replace(path)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise SourceUnreachable(
                f"The price folder {self._folder} cannot be written: {error}. Make room or pick another."
            ) from error


def _table(ticker: str, bars: Sequence[Bar]) -> pa.Table:
    columns = [
        [bar.day for bar in bars],
        [ticker] * len(bars),
        [bar.adjusted_close for bar in bars],
        [bar.close for bar in bars],
        [bar.volume for bar in bars],
    ]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA
    )
