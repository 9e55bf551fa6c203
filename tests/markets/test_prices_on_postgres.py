"""The SQL price source over a PostgreSQL server: schema, DATE, TIMESTAMPTZ and NUMERIC columns."""

from datetime import date

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from markets.price_sources import open_prices
from records.errors import SourceUnreadable

DAYS = [date(2024, 3, 8), date(2024, 3, 11), date(2024, 3, 12)]


def test_a_table_of_postgres_is_read_like_any_other(postgres_url: str) -> None:
    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://", 1))
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
    mark = "&" if "?" in postgres_url else "?"
    for name in ("days", "moments"):
        prices = open_prices(f"{postgres_url}{mark}table=market.{name}")
        np.testing.assert_allclose(prices.returns("BRK.B", DAYS), [np.nan, np.log(1.1), np.log(12 / 11)])
        assert prices.tickers == {"BRK.B"}
    with pytest.raises(SourceUnreadable, match="There is no table none"):
        open_prices(f"{postgres_url}{mark}table=none")
