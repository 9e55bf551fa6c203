"""Price files as a source of bars: Parquet or CSV, a column a ticker or a row a ticker and day."""

from collections.abc import Sequence
from datetime import tzinfo
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.csv as pa_csv  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from markets.price_bars import Bars, Floats
from markets.price_days import day_ordinals
from markets.prices import MARKET, MISSING_RETURN, RETURN_UNIT
from records.errors import SourceUnreachable, SourceUnreadable

SUFFIXES = (".parquet", ".csv")
PRICE_COLUMNS = ("adjusted_close", "close")
NULL_WORDS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "-"]
"""What a CSV may write for no price."""

_MARKS = str.maketrans({"-": ".", "/": "."})


def ticker_of(text: str) -> str:
    """A ticker as Rhyme writes it: capitals, '.' before a share class."""
    return text.strip().upper().translate(_MARKS)


class PriceFiles:
    """The bars of one file, or of every .parquet and .csv file of a folder; the file first by name is the most trusted."""

    def __init__(self, path: Path, zone: tzinfo) -> None:
        """Lists the files and their columns. Raises SourceUnreachable without files, SourceUnreadable for one that is none."""
        if not path.exists():
            raise SourceUnreachable(
                f"There are no prices at {path}. Point to a Parquet or CSV file, or a folder of them."
            )
        files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        if not files:
            raise SourceUnreachable(
                f"There are no .parquet or .csv files in {path}. Point to the folder that holds them."
            )
        self.files = [open_file(file, zone) for file in files]

    @cached_property
    def tickers(self) -> frozenset[str]:
        """Every ticker some file knows."""
        return frozenset().union(*(file.tickers for file in self.files))

    def bars(self, ticker: str) -> tuple[Bars, ...]:
        """See BarSource."""
        return tuple(bars for file in self.files for bars in file.bars(ticker))


class WideFile:
    """A column a ticker: 16-bit integers are returns in units of 1e-4 (−32768: missing), other numbers adjusted closes; or
    a column `logret`: log returns of the S&P 500."""

    def __init__(self, path: Path, names: Sequence[str], zone: tzinfo) -> None:
        self._path, self._zone = path, zone
        tickers = (
            {MARKET: "logret"} if "logret" in names else {ticker_of(name): name for name in names if name != "date"}
        )
        if "logret" not in names and len(tickers) < len(names) - 1:
            raise SourceUnreadable(f"{path} has two columns of one ticker. Keep one of them.")
        self._columns = tickers

    @property
    def tickers(self) -> frozenset[str]:
        """Those with a column."""
        return frozenset(self._columns)

    def bars(self, ticker: str) -> tuple[Bars, ...]:
        """See BarSource."""
        if ticker not in self._columns:
            return ()
        name = self._columns[ticker]
        column = self._table[name]
        place = f"{self._path}, column {name}"
        if pa.types.is_int16(column.type):
            raw = column.fill_null(MISSING_RETURN).to_numpy()
            return (Bars(place, self._days, returns=np.where(raw == MISSING_RETURN, np.nan, raw * RETURN_UNIT)),)
        numbers = as_floats(column, place)
        return (Bars(place, self._days, **{"returns" if name == "logret" else "adjusted": numbers}),)

    @cached_property
    def _table(self) -> pa.Table:
        return read_table(self._path)

    @cached_property
    def _days(self) -> NDArray[np.int64]:
        return day_ordinals(self._table["date"], self._zone, str(self._path))


class LongFile:
    """A row a ticker and day: date, ticker, adjusted_close or close or both, and volume if there is one."""

    def __init__(self, path: Path, zone: tzinfo) -> None:
        self._path, self._zone = path, zone

    @property
    def tickers(self) -> frozenset[str]:
        """Those with a row. Reads the file."""
        return frozenset(self._rows)

    def bars(self, ticker: str) -> tuple[Bars, ...]:
        """See BarSource."""
        rows = self._rows.get(ticker)
        return () if rows is None else (self._whole.take(rows),)

    @cached_property
    def _table(self) -> pa.Table:
        return read_table(self._path)

    @cached_property
    def _whole(self) -> Bars:
        days = day_ordinals(self._table["date"], self._zone, str(self._path))
        present = [name for name in (*PRICE_COLUMNS, "volume") if name in self._table.column_names]
        columns = {name: as_floats(self._table[name], f"{self._path}, column {name}") for name in present}
        return Bars(str(self._path), days, columns.get("adjusted_close"), columns.get("close"), columns.get("volume"))

    @cached_property
    def _rows(self) -> dict[str, NDArray[np.intp]]:
        """Row numbers by ticker."""
        column = self._table["ticker"]
        if column.null_count or not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            raise SourceUnreadable(f"{self._path} has rows whose 'ticker' is no text. Give each row its ticker.")
        encoded = pc.dictionary_encode(column).combine_chunks()
        codes = encoded.indices.to_numpy() if isinstance(encoded, pa.DictionaryArray) else np.empty(0, np.int32)
        names = [ticker_of(name) for name in encoded.dictionary.to_pylist()] if len(codes) else []
        order = np.argsort(codes, kind="stable")
        parts = np.split(order, np.searchsorted(codes[order], np.arange(1, len(names)))) if names else []
        rows: dict[str, NDArray[np.intp]] = {}
        for name, part in zip(names, parts, strict=True):  # 'BRK-B' and 'BRK.B' are one
            rows[name] = np.concatenate([rows[name], part]) if name in rows else part
        return rows


def open_file(path: Path, zone: tzinfo) -> WideFile | LongFile:
    """The file by its columns. Raises SourceUnreadable without a column 'date' or without prices."""
    names = column_names(path)
    if "date" not in names:
        raise SourceUnreadable(
            f"The price file {path} has no column 'date'; it has {names[:5]}. Name its day column 'date'."
        )
    if "ticker" not in names:
        return WideFile(path, names, zone)
    if not set(PRICE_COLUMNS) & set(names):
        raise SourceUnreadable(
            f"The price file {path} has neither 'adjusted_close' nor 'close'; it has {names[:6]}. Name its price column so."
        )
    return LongFile(path, zone)


def column_names(path: Path) -> list[str]:
    """In file order. Raises SourceUnreadable for a file that is neither Parquet nor CSV, SourceUnreachable for one that is gone."""
    try:
        if path.suffix.lower() == ".parquet":
            return list(pq.read_schema(path).names)
        with path.open(encoding="utf-8-sig") as lines:
            header = lines.readline()
    except FileNotFoundError as error:
        raise SourceUnreachable(f"The price file {path} is gone. Fetch it again.") from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The price file {path} cannot be read: {error}. Fetch it again.") from error
    return [name.strip().strip('"') for name in header.rstrip("\r\n").split(",")]


def read_table(path: Path) -> pa.Table:
    """The whole file. Raises SourceUnreadable."""
    try:
        if path.suffix.lower() == ".parquet":
            return pq.read_table(path)
        options = pa_csv.ConvertOptions(
            null_values=NULL_WORDS, strings_can_be_null=False, column_types={"ticker": pa.string()}
        )
        table = pa_csv.read_csv(path, convert_options=options)
        return table.rename_columns([name.strip() for name in table.column_names])
    except (pa.ArrowException, OSError) as error:
        raise SourceUnreadable(f"The price file {path} cannot be read: {error}. Fetch it again.") from error


def as_floats(column: pa.ChunkedArray, place: str) -> Floats:
    """(n,) numbers, NaN for null. Raises SourceUnreadable for a column that is none."""
    kind = column.type
    if not (
        pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)
    ):
        raise SourceUnreadable(f"{place}, holds {kind} instead of numbers, such as {column[0]}. Correct that column.")
    values: Floats = pc.cast(column, pa.float64()).fill_null(np.nan).to_numpy().astype(np.float64)
    return values
