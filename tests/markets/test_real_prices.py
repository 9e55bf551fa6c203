"""On real prices, where they lie beside the project: look-ups equal slow ones, readers agree, few real moves are refused."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from evals.starter.split_checks import false_alarms
from markets.price_sources import open_prices
from markets.prices import MARKET, ParquetPrices
from markets.sessions import sessions

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "prices"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no price folder beside the project (shared/data/prices)")

COMPACT = "us_returns_2010_201707.parquet"


def test_a_look_up_equals_its_slow_definition() -> None:
    table = pq.read_table(FOLDER / COMPACT, columns=["date", "AAPL", "MSFT", "AAAP"])
    days = [stamp.date() for stamp in table["date"].to_pylist()]
    prices, asked = ParquetPrices(FOLDER), sessions().before(date(2017, 7, 3), 500)
    for name in ("AAPL", "MSFT", "AAAP"):
        slow = {day: raw * 1e-4 for day, raw in zip(days, table[name].to_pylist(), strict=True) if raw != -32768}
        expected = np.array([slow.get(day, np.nan) for day in asked])
        np.testing.assert_allclose(prices.returns(name, asked), expected, rtol=1e-12)


def test_both_readers_agree() -> None:
    plain, checked = ParquetPrices(FOLDER), open_prices(str(FOLDER))
    assert plain.tickers == checked.tickers
    days = sessions().between(date(2010, 6, 1), date(2025, 12, 31))
    for ticker in (MARKET, "AAPL", "BRK.B", "MSFT", "GE", "NVDA"):
        np.testing.assert_allclose(checked.returns(ticker, days), plain.returns(ticker, days), rtol=1e-9, atol=1e-12)


def test_few_real_moves_are_taken_for_splits() -> None:
    count = false_alarms(open_prices(str(FOLDER)))
    assert count.large > 1_000
    assert count.refused / count.large < 0.10
