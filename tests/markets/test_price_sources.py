"""Every kind of price source gives the same returns, and every kind of bad input an error or a counted row."""

import sqlite3
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from markets.price_bars import BarPrices
from markets.price_sources import open_prices
from markets.prices import MARKET, ParquetPrices
from markets.sessions import sessions
from records.errors import RhymeError, SourceUnreachable, SourceUnreadable, UsageError

CALENDAR = sessions()
WEEK = CALENDAR.between(date(2024, 3, 4), date(2024, 3, 15))  # summer time begins on Sunday 10 March
CLOSES = [10.0, 11.0, 12.0, 12.5, 12.0, 13.0, 13.5, 13.0, 12.8, 12.9]
EXPECTED = [np.nan, *np.diff(np.log(CLOSES))]
LONG = "date,ticker,adjusted_close\n" + "".join(
    f"{day},{ticker},{close * scale}\n"
    for ticker, scale in (("XYZ", 1), ("BRK-B", 20))
    for day, close in zip(WEEK, CLOSES, strict=True)
)


def wide_csv(folder: Path) -> str:
    rows = [f"{day},{close},{close * 20}" for day, close in zip(WEEK, CLOSES, strict=True)]
    (folder / "wide.csv").write_text("date,XYZ,BRK-B\n" + "\n".join(rows) + "\n")
    return str(folder)


def long_csv(folder: Path) -> str:
    (folder / "long.csv").write_text(LONG)
    return str(folder / "long.csv")


def wide_parquet(folder: Path) -> str:
    stamps = pa.array([datetime(day.year, day.month, day.day) for day in WEEK], pa.timestamp("us"))
    closes = np.array(CLOSES)
    pq.write_table(pa.table({"date": stamps, "XYZ": closes, "BRK-B": closes * 20}), folder / "wide.parquet")
    return str(folder)


def long_parquet(folder: Path) -> str:
    table = {"date": list(WEEK) * 2, "ticker": ["XYZ"] * 10 + ["BRK.B"] * 10, "adjusted_close": CLOSES * 2}
    pq.write_table(pa.table(table), folder / "long.parquet")
    return str(folder / "long.parquet")


def sql_table(folder: Path) -> str:
    with sqlite3.connect(folder / "prices.db") as database:
        database.execute("CREATE TABLE bars (date TEXT, ticker TEXT, adjusted_close REAL)")
        rows = [line.split(",") for line in LONG.splitlines()[1:]]
        database.executemany("INSERT INTO bars VALUES (?, ?, ?)", rows)
    database.close()
    return f"sqlite:///{folder / 'prices.db'}?table=bars"


@pytest.mark.parametrize("make", [wide_csv, long_csv, wide_parquet, long_parquet, sql_table])
def test_every_kind_of_source_gives_the_same_returns(make: object, tmp_path: Path) -> None:
    prices = open_prices(make(tmp_path))  # type: ignore[operator]
    assert prices.tickers == {"XYZ", "BRK.B"}
    for ticker in prices.tickers:
        np.testing.assert_allclose(prices.returns(ticker, WEEK), EXPECTED, rtol=1e-12)
    np.testing.assert_allclose(prices.returns("XYZ", list(reversed(WEEK))), EXPECTED[::-1], rtol=1e-12)
    assert np.isnan(prices.returns("NONE", WEEK)).all()
    assert prices.returns("XYZ", []).shape == (0,)


def test_a_folder_of_compact_returns_is_read_as_parquet_prices_read_it(tmp_path: Path) -> None:
    stamps = pa.array([datetime(day.year, day.month, day.day) for day in WEEK], pa.timestamp("us"))
    values = np.arange(10, dtype=np.int16) * 100
    values[3] = -32768
    pq.write_table(pa.table({"date": stamps, "XYZ": values}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"date": stamps, "XYZ": np.array(CLOSES)}), tmp_path / "b.parquet")
    pq.write_table(pa.table({"date": stamps, "logret": np.linspace(0, 0.01, 10)}), tmp_path / "index.parquet")
    prices, plain = open_prices(str(tmp_path)), ParquetPrices(tmp_path)
    for ticker in ("XYZ", MARKET):
        np.testing.assert_allclose(prices.returns(ticker, WEEK), plain.returns(ticker, WEEK))
    assert prices.tickers == plain.tickers


def opened(folder: Path, text: str) -> BarPrices:
    (folder / "prices.csv").write_text(text)
    return open_prices(str(folder / "prices.csv"))


def returns(folder: Path, text: str, ticker: str = "XYZ") -> list[float]:
    return list(np.round(opened(folder, text).returns(ticker, WEEK[:4]), 6))


HEAD = "date,ticker,adjusted_close\n"


def nan_equal(got: list[float], expected: list[float]) -> bool:
    return np.allclose(got, expected, equal_nan=True, atol=1e-6)


def test_no_return_is_made_up_over_a_session_without_a_row(tmp_path: Path) -> None:
    text = HEAD + "2024-03-04,XYZ,10\n2024-03-06,XYZ,20\n2024-03-07,XYZ,22\n"
    assert nan_equal(returns(tmp_path, text), [np.nan, np.nan, np.nan, np.log(1.1)])


def test_rows_in_any_order_and_repeated_rows_are_one_series(tmp_path: Path) -> None:
    text = HEAD + "2024-03-06,XYZ,12\n2024-03-04,XYZ,10\n2024-03-05,XYZ,11\n2024-03-05,XYZ,11\n"
    prices = opened(tmp_path, text)
    assert nan_equal(list(prices.returns("XYZ", WEEK[:3])), [np.nan, np.log(1.1), np.log(12 / 11)])
    assert len(prices.laid("XYZ")[0].duplicates) == 1


def test_two_prices_on_one_day_are_an_error_of_that_ticker_alone(tmp_path: Path) -> None:
    text = HEAD + "2024-03-04,XYZ,10\n2024-03-05,XYZ,11\n2024-03-05,XYZ,12\n2024-03-04,ABC,5\n2024-03-05,ABC,6\n"
    prices = opened(tmp_path, text)
    with pytest.raises(SourceUnreadable, match=r"two different rows of XYZ on 2024-03-05"):
        prices.returns("XYZ", WEEK)
    assert np.isfinite(prices.returns("ABC", WEEK[1:2])).all()


@pytest.mark.parametrize("price", ["0", "-3", "", "NaN", "inf"])
def test_a_price_that_is_none_gives_no_return_on_either_side(price: str, tmp_path: Path) -> None:
    text = HEAD + f"2024-03-04,XYZ,10\n2024-03-05,XYZ,{price}\n2024-03-06,XYZ,12\n2024-03-07,XYZ,12\n"
    prices = opened(tmp_path, text)
    assert nan_equal(list(prices.returns("XYZ", WEEK[:4])), [np.nan, np.nan, np.nan, 0.0])
    assert len(prices.laid("XYZ")[0].bad_prices) == (0 if price in {"", "NaN"} else 1)


def test_a_day_that_is_no_session_is_left_out_and_counted(tmp_path: Path) -> None:
    text = HEAD + "2024-03-08,XYZ,10\n2024-03-09,XYZ,99\n2024-03-11,XYZ,11\n"
    prices = opened(tmp_path, text)
    assert nan_equal(list(prices.returns("XYZ", [date(2024, 3, 9), date(2024, 3, 11)])), [np.nan, np.log(1.1)])
    assert len(prices.laid("XYZ")[0].off_session) == 1


@pytest.mark.parametrize(
    "stamps",
    [
        ["2024-03-08T00:00:00Z", "2024-03-11T00:00:00Z"],  # dates that someone gave a zone
        ["2024-03-08T05:00:00Z", "2024-03-11T04:00:00Z"],  # midnight in New York on both sides of the clock change
        ["2024-03-08T21:00:00Z", "2024-03-11T20:00:00Z"],  # the close
        ["2024-03-08T00:00:00-05:00", "2024-03-11T00:00:00-04:00"],
        ["2024-03-08 00:00:00", "2024-03-11 00:00:00"],
    ],
)
@pytest.mark.parametrize("kind", ["csv", "sql"])
def test_moments_count_for_their_date_at_the_venue(stamps: list[str], kind: str, tmp_path: Path) -> None:
    rows = [(stamps[0], "XYZ", 10.0), (stamps[1], "XYZ", 11.0)]
    if kind == "csv":
        prices = opened(tmp_path, HEAD + "".join(f"{day},{ticker},{price}\n" for day, ticker, price in rows))
    else:
        with sqlite3.connect(tmp_path / "p.db") as database:
            database.execute("CREATE TABLE p (date TEXT, ticker TEXT, close REAL)")
            database.executemany("INSERT INTO p VALUES (?, ?, ?)", rows)
        database.close()
        prices = open_prices(f"sqlite:///{tmp_path / 'p.db'}?table=p")
    got = prices.returns("XYZ", [date(2024, 3, 8), date(2024, 3, 11)])
    np.testing.assert_allclose(got, [np.nan, np.log(1.1)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("day,ticker,close\n2024-03-04,XYZ,10\n", "no column 'date'"),
        ("date,ticker,price\n2024-03-04,XYZ,10\n", "neither 'adjusted_close' nor 'close'"),
        (HEAD + "2024-03-04 15:30:00,XYZ,10\n", "times of day without a time zone"),
        (HEAD + "4 March,XYZ,10\n", "no dates, such as '4 March'"),
        (HEAD + "20240304,XYZ,10\n", "2024-03-28"),
        (HEAD + "2024-03-04,XYZ,ten\n", "instead of numbers"),
        (HEAD + ",XYZ,10\n2024-03-05,XYZ,10\n", "no dates|without a date"),
        (HEAD + "2024-03-04,XYZ\n", "cannot be read"),
        ("date,BRK-B,BRK.B\n2024-03-04,1,2\n", "two columns of one ticker"),
        ("", "no column 'date'"),
    ],
)
def test_a_file_that_is_no_price_file_says_what_is_wrong(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=message):
        opened(tmp_path, text).returns("XYZ", WEEK)


def test_a_ticker_that_reads_like_a_word_of_nothing_is_a_ticker(tmp_path: Path) -> None:
    text = HEAD + "".join(
        f"{day},{ticker},{10 + n}\n" for ticker in ("NA", "TRUE", "NAN") for n, day in enumerate(WEEK)
    )
    assert opened(tmp_path, text).tickers == {"NA", "TRUE", "NAN"}


def test_two_spellings_of_a_share_class_are_one_ticker(tmp_path: Path) -> None:
    text = HEAD + "2024-03-04,BRK-B,10\n2024-03-05,BRK.B,11\n2024-03-05,brk/b,11\n"
    assert nan_equal(returns(tmp_path, text, "BRK.B")[:2], [np.nan, np.log(1.1)])


def test_closes_alone_serve_and_adjusted_ones_go_before(tmp_path: Path) -> None:
    rows = "2024-03-04,XYZ,{}\n2024-03-05,XYZ,{}\n"
    closes = "date,ticker,close\n" + rows.format("10", "11")
    both = "date,ticker,close,adjusted_close\n" + rows.format("10,5", "11,6")
    assert nan_equal(returns(tmp_path, closes)[:2], [np.nan, np.log(1.1)])
    assert nan_equal(returns(tmp_path, both)[:2], [np.nan, np.log(1.2)])


MONTH = CALENDAR.between(date(2024, 1, 2), date(2024, 2, 6))


def witnessed(folder: Path, *, close: float, adjusted: float, volume: float) -> object:
    lines = ["date,ticker,close,adjusted_close,volume"]
    lines += [f"{day},XYZ,{100 + n % 2},{100 + n % 2},1000" for n, day in enumerate(MONTH[:-1])]
    lines.append(f"{MONTH[-1]},XYZ,{close},{adjusted},{volume}")
    return opened(folder, "\n".join(lines) + "\n").evidence("XYZ", MONTH[-1])


def test_the_traded_price_and_the_turnover_tell_a_real_move_from_a_false_one(tmp_path: Path) -> None:
    assert witnessed(tmp_path, close=50, adjusted=50, volume=2_000) is None  # a split trades on as before
    assert witnessed(tmp_path, close=50, adjusted=50, volume=20_000) == "real"
    assert witnessed(tmp_path, close=100, adjusted=50, volume=20_000) == "false"
    assert opened(tmp_path, HEAD + "2024-03-04,XYZ,10\n").evidence("XYZ", WEEK[0]) is None


def test_addresses_that_lead_nowhere(tmp_path: Path) -> None:
    cases: list[tuple[str, type[RhymeError], str]] = [
        ("", UsageError, "No price address"),
        (str(tmp_path / "nowhere"), SourceUnreachable, "no prices at"),
        (str(tmp_path), SourceUnreachable, r"no \.parquet or \.csv"),
        (f"sqlite:///{tmp_path / 'none.db'}?table=p", SourceUnreachable, "no SQLite file"),
        (f"sqlite:///{tmp_path / 'none.db'}", UsageError, "names no table"),
        ("postgresql://user:secret@127.0.0.1:1/prices?table=p", SourceUnreachable, "cannot be read"),
        ("postgresql://user:secret@127.0.0.1:1/prices", UsageError, "names no table"),
        ("://x", UsageError, "no database URL"),
    ]
    for address, kind, message in cases:
        with pytest.raises(kind, match=message) as caught:
            open_prices(address)
        assert "secret" not in str(caught.value)
    assert not (tmp_path / "none.db").exists()


def test_a_table_without_the_columns_or_without_rows_says_so(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "p.db") as database:
        database.execute("CREATE TABLE p (date TEXT, ticker TEXT, price REAL)")
        database.execute("CREATE TABLE q (date TEXT, ticker TEXT, close TEXT)")
        database.execute("INSERT INTO q VALUES ('2024-03-04', 'XYZ', 'ten')")
    database.close()
    with pytest.raises(SourceUnreadable, match="needs the columns"):
        open_prices(f"sqlite:///{tmp_path / 'p.db'}?table=p")
    with pytest.raises(SourceUnreadable, match="There is no table r"):
        open_prices(f"sqlite:///{tmp_path / 'p.db'}?table=r")
    with pytest.raises(SourceUnreadable, match="holds no number"):
        open_prices(f"sqlite:///{tmp_path / 'p.db'}?table=q").returns("XYZ", WEEK)
    (tmp_path / "text.db").write_text("no database")
    with pytest.raises(SourceUnreachable, match="cannot be read"):
        open_prices(f"sqlite:///{tmp_path / 'text.db'}?table=p")


def test_a_file_that_vanished_or_is_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR0")
    with pytest.raises(SourceUnreadable, match=r"a\.parquet"):
        open_prices(str(tmp_path))
    long_csv(tmp_path)
    prices = open_prices(str(tmp_path / "long.csv"))
    (tmp_path / "long.csv").unlink()
    with pytest.raises(SourceUnreadable, match=r"long\.csv"):
        prices.returns("XYZ", WEEK)


def test_the_day_after_the_last_row_has_no_return(tmp_path: Path) -> None:
    wide_csv(tmp_path)
    later = WEEK[-1] + timedelta(days=3)
    assert np.isnan(open_prices(str(tmp_path)).returns("XYZ", [later])).all()
