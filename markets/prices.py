"""Daily returns by ticker: what an event study needs of a price source, and one that reads a folder of Parquet files."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from markets.price_series import DailySeries
from records.errors import SourceUnreachable, SourceUnreadable

EPOCH = date(1970, 1, 1).toordinal()

MARKET = "^GSPC"
"""The market of the market model: the S&P 500."""

MISSING_RETURN = -32_768
"""How the compact return files write "no price"."""
RETURN_UNIT = 1e-4
"""One step of the compact return files, as a log return."""


class PriceSource(Protocol):
    """Anything that knows daily returns."""

    def returns(self, ticker: str, sessions: Sequence[date]) -> NDArray[np.float64]:
        """(len(sessions),) close-to-close log returns, adjusted for splits and dividends, in the order given.

        NaN where it has none: a session it does not cover, an unknown ticker, a gap, a price that is zero or below. A
        return over a gap is not made up from the prices on its two sides.
        """
        ...


@runtime_checkable
class JumpEvidence(Protocol):
    """A price source that knows more about a day than its return."""

    def evidence(self, ticker: str, session: date) -> Literal["real", "false"] | None:
        """What traded prices and volumes say of a large return: a real move, a false one, or nothing either way (None)."""
        ...


class ParquetPrices:
    """A folder of Parquet files, each with a `date` column and one of three shapes.

    - 16-bit integer columns named by ticker: log returns in units of 1e-4, −32768 where missing;
    - floating-point columns named by ticker: adjusted closes;
    - a column `logret`: log returns of the S&P 500, found as `^GSPC`.

    Where two files know a session of a ticker, the file first by name wins.
    """

    def __init__(self, folder: Path) -> None:
        """Lists the files and their columns; prices are read when asked for. Raises SourceUnreachable without files."""
        paths = sorted(folder.glob("*.parquet"))
        if not paths:
            raise SourceUnreachable(
                f"There are no Parquet price files in {folder}. Point to the folder that holds them."
            )
        self._files = [_PriceFile(path) for path in paths]
        self._series = lru_cache(maxsize=512)(self._read_series)

    @property
    def tickers(self) -> frozenset[str]:
        """Every ticker some file has a column for, `^GSPC` included."""
        return frozenset(ticker for file in self._files for ticker in file.columns)

    def returns(self, ticker: str, sessions: Sequence[date]) -> NDArray[np.float64]:
        """See PriceSource."""
        return self._series(ticker).at(sessions)

    def _read_series(self, ticker: str) -> DailySeries:
        return DailySeries.merged(file.returns(ticker) for file in self._files if ticker in file.columns)


def log_returns(closes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) log returns of n closes in session order; NaN for the first, and wherever either price is missing or ≤ 0."""
    usable = np.where(closes > 0, closes, np.nan)
    result = np.full(len(closes), np.nan)
    result[1:] = np.log(usable[1:] / usable[:-1])
    return result


class _PriceFile:
    """One file, read whole at its first use and kept: a file of 4,500 columns spends most of its time on its header."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.columns = _columns(path)

    def returns(self, ticker: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Ordinals of the sessions (n,) and returns (n,), NaN where missing, of a ticker in `columns`."""
        name = self.columns[ticker]
        column = self._table[name]
        values: NDArray[np.float64]
        if pa.types.is_int16(column.type):
            raw = column.to_numpy()
            values = np.where(raw == MISSING_RETURN, np.nan, raw * RETURN_UNIT)
        else:
            numbers = column.to_numpy().astype(np.float64)
            values = numbers if name == "logret" else log_returns(numbers)
        return self._days, values

    @cached_property
    def _table(self) -> pa.Table:
        return pq.read_table(self._path)

    @cached_property
    def _days(self) -> NDArray[np.int64]:
        since_1970 = pc.cast(pc.cast(self._table["date"], pa.date32()), pa.int32()).to_numpy()
        days: NDArray[np.int64] = since_1970.astype(np.int64) + EPOCH
        return days


def _columns(path: Path) -> dict[str, str]:
    """Ticker → column name. The files write share classes with '-', Rhyme with '.'."""
    try:
        names = pq.read_schema(path).names
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceUnreadable(f"The price file {path} cannot be read as Parquet: {error}. Fetch it again.") from error
    if "date" not in names:
        raise SourceUnreadable(
            f"The price file {path} has no column 'date'; it has {names[:5]}. Name its day column 'date'."
        )
    if "logret" in names:
        return {MARKET: "logret"}
    return {name.replace("-", "."): name for name in names if name != "date"}
