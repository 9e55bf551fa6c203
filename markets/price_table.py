"""A SQL table as a source of bars: one row a ticker and day, read a ticker at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from sqlalchemy import MetaData, Table, create_engine, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError

from markets.price_bars import Bars, Floats
from markets.price_days import day_ordinals
from markets.price_files import PRICE_COLUMNS, ticker_of
from records.errors import SettingsError, SourceUnreachable, SourceUnreadable, UsageError

EXAMPLE = "sqlite:///prices.db?table=prices or postgresql://user@host/name?table=prices"
CONNECT_SECONDS = 10


class PriceTable:
    """The bars of a table with the columns date, ticker, adjusted_close or close or both, and volume if there is one."""

    def __init__(self, address: str, zone: tzinfo) -> None:
        """Connects and looks at the columns; `address` is a SQLAlchemy URL with `?table=`, and `schema.table` is understood.

        Raises UsageError for an address without a table, SettingsError without the driver, SourceUnreachable for a database
        that cannot be opened, SourceUnreadable for a table that lacks columns.
        """
        url, name = _parts(address)
        self.place = f"table {name} of {url.render_as_string(hide_password=True)}"
        self._zone = zone
        self._engine = _engine(url)
        schema, _, bare = name.rpartition(".")
        with self._explained():
            self._table = Table(bare, MetaData(), schema=schema or None, autoload_with=self._engine)
        names = set(self._table.columns.keys())
        if not {"date", "ticker"} <= names or not set(PRICE_COLUMNS) & names:
            raise SourceUnreadable(
                f"The {self.place} needs the columns date, ticker and adjusted_close (or close); it has {sorted(names)}. "
                "Rename them or make a view that does."
            )

    @property
    def tickers(self) -> frozenset[str]:
        """Those with a row."""
        return frozenset(self._spellings)

    def bars(self, ticker: str) -> tuple[Bars, ...]:
        """See BarSource."""
        spellings = self._spellings.get(ticker)
        if spellings is None:
            return ()
        columns = self._table.columns
        names = [name for name in (*PRICE_COLUMNS, "volume") if name in columns]
        query = select(columns["date"], *(columns[name] for name in names)).where(columns["ticker"].in_(spellings))
        with self._explained(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        values = {name: self._numbers(name, [row[index + 1] for row in rows]) for index, name in enumerate(names)}
        days = self._days([row[0] for row in rows], ticker)
        return (Bars(self.place, days, values.get("adjusted_close"), values.get("close"), values.get("volume")),)

    @cached_property
    def _spellings(self) -> dict[str, list[str]]:
        """How the table writes a ticker, by how Rhyme does."""
        with self._explained(), self._engine.connect() as connection:
            written = connection.execute(select(self._table.columns["ticker"]).distinct()).scalars().all()
        spellings: dict[str, list[str]] = {}
        for text in written:
            if text is None:
                raise SourceUnreadable(f"The {self.place} has rows without a ticker. Give each row its ticker.")
            spellings.setdefault(ticker_of(str(text)), []).append(str(text))
        return spellings

    def _days(self, values: Sequence[Any], ticker: str) -> Any:
        place = f"{self.place}, ticker {ticker}"
        try:
            column = pa.chunked_array([pa.array(values)])
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise SourceUnreadable(
                f"The days of {place} are of mixed kinds: {error}. Write them all as dates."
            ) from error
        return day_ordinals(column, self._zone, place)

    def _numbers(self, name: str, values: Sequence[Any]) -> Floats:
        try:
            return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise SourceUnreadable(
                f"The column {name} of {self.place} holds no number: {error}. Correct that row."
            ) from error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except NoSuchTableError as error:
            raise SourceUnreadable(f"There is no {self.place}. Name one that exists with ?table=.") from error
        except ModuleNotFoundError as error:
            raise _driver_missing(error) from error
        except SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())
            raise SourceUnreachable(
                f"The {self.place} cannot be read: {reason}. Check the address and try again."
            ) from error


def _parts(address: str) -> tuple[URL, str]:
    try:
        url = make_url(address.replace("postgres://", "postgresql://", 1))
    except ArgumentError as error:
        raise UsageError(f"The price address is no database URL. Write it like {EXAMPLE}.") from error
    name = url.query.get("table")
    if not isinstance(name, str) or not name:
        raise UsageError(f"The price address {url.render_as_string()} names no table. Write it like {EXAMPLE}.")
    return url.difference_update_query(["table"]), name


def _engine(url: URL) -> Any:
    if url.get_backend_name() == "sqlite":
        if not url.database or not Path(url.database).is_file():  # SQLite would make an empty one
            raise SourceUnreachable(f"There is no SQLite file {url.database!r}. Check the address of the prices.")
        return create_engine(url)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    options = {"connect_timeout": CONNECT_SECONDS} if url.get_backend_name() == "postgresql" else {}
    try:
        return create_engine(url, pool_pre_ping=True, connect_args=options)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise _driver_missing(error) from error


def _driver_missing(error: Exception) -> SettingsError:
    return SettingsError(
        f"The prices lie in a database whose driver is not installed ({error}). For PostgreSQL install rhyme with its "
        "'postgres' extra."
    )
