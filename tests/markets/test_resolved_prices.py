"""A share is one series through its changes of symbol, whatever its source files it under, and never another company's."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from markets.instruments import InstrumentTable
from markets.prices import MARKET, JumpEvidence
from markets.reaction import UnknownReaction, measure
from markets.resolved_prices import ResolvedPrices
from markets.sessions import sessions
from records.market import Reaction

CALENDAR = sessions()


@pytest.fixture(scope="module")
def table() -> InstrumentTable:
    return InstrumentTable.load()


class Constant:
    """One return a ticker, on every session of a span."""

    def __init__(self, known: Mapping[str, tuple[float, str, str]]) -> None:
        self._known = known

    def returns(self, ticker: str, sessions: Sequence[date]) -> NDArray[np.float64]:
        value, first, last = self._known.get(ticker, (np.nan, "1990-01-01", "2100-01-01"))
        span = date.fromisoformat(first), date.fromisoformat(last)
        return np.array([value if span[0] <= session <= span[1] else np.nan for session in sessions])


@pytest.mark.parametrize(
    ("ticker", "day", "symbol"),
    [
        ("META", date(2015, 1, 5), "FB"),
        ("FB", date(2023, 1, 5), "META"),
        ("FB", date(2015, 1, 5), "FB"),
        ("META", date(2012, 1, 5), None),  # before it was listed
        ("ELV", date(2014, 1, 6), "WLP"),  # through two changes
        ("WLP", date(2023, 1, 5), "ELV"),
        ("ELV", date(2016, 1, 5), "ANTM"),
        ("XYZ", date(2016, 1, 5), "SQ"),
        ("WELL", date(2016, 1, 5), "HCN"),
        ("UTX", date(2021, 1, 5), "RTX"),
        ("RTX", date(2015, 1, 5), None),  # two companies were joined into it
        ("DD", date(2015, 1, 5), "DD"),
        ("DD", date(2018, 1, 5), "DWDP"),  # the DuPont of today was DowDuPont then
        ("B", date(2015, 1, 5), "B"),  # Barnes, not Barrick
        ("TWTR", date(2024, 1, 5), None),
        ("brk-b", date(2015, 1, 5), "BRK.B"),
        ("^GSPC", date(2015, 1, 5), "^GSPC"),
        ("NOPE", date(2015, 1, 5), None),
    ],
)
def test_the_symbol_of_a_day(table: InstrumentTable, ticker: str, day: date, symbol: str | None) -> None:
    assert table.symbol_at(ticker, day) == symbol


def test_a_lineage_is_in_order_and_barrick_is_not_barnes(table: InstrumentTable) -> None:
    assert [one.ticker for one in table.lineage("B", date(2026, 1, 5))] == ["ABX", "GOLD", "B"]
    assert [one.name for one in table.lineage("B", date(2015, 1, 5))] == ["Barnes Group"]
    assert table.lineage("NOPE", date(2015, 1, 5)) == ()


def test_every_lineage_of_the_table_ends_and_does_not_overlap_in_exact_dates(table: InstrumentTable) -> None:
    for ticker in ("FB", "SYMC", "PSKY", "CBS", "AVGO", "BRCM", "KHC", "SPGI", "STLA", "BKR", "ABX", "GOLD", "MUFG"):
        for year in range(2011, 2027):
            lineage = table.lineage(ticker, date(year, 3, 3))
            ends = [one.valid_until for one in lineage[:-1]]
            starts = [one.valid_from for one in lineage[1:]]
            pairs = zip(ends, starts, strict=True)
            assert all(end is not None and (start is None or end < start) for end, start in pairs), (ticker, year)


BEFORE = CALENDAR.between(date(2022, 6, 6), date(2022, 6, 8))
AFTER = CALENDAR.between(date(2022, 6, 9), date(2022, 6, 13))


@pytest.mark.parametrize("asked", ["FB", "META"])
@pytest.mark.parametrize(
    "known",
    [
        {"FB": (0.01, "2012-05-18", "2022-06-08"), "META": (0.01, "2022-06-09", "2100-01-01")},  # symbols of the time
        {"META": (0.01, "2012-05-18", "2100-01-01")},  # today's
        {"FB": (0.01, "2012-05-18", "2100-01-01")},  # yesterday's
    ],
)
def test_a_share_is_found_under_any_of_its_symbols(
    table: InstrumentTable, asked: str, known: Mapping[str, tuple[float, str, str]]
) -> None:
    prices = ResolvedPrices(Constant(known), table)
    for days in (BEFORE, AFTER, (*BEFORE, *AFTER), CALENDAR.between(date(2015, 1, 2), date(2015, 1, 9))):
        np.testing.assert_array_equal(prices.returns(asked, days), [0.01] * len(days))


def test_the_symbol_of_the_time_goes_before_another_owners_prices(table: InstrumentTable) -> None:
    # a fund had the symbol META until January 2022, a share that the table does not know
    known = {"FB": (0.01, "2012-05-18", "2022-06-08"), "META": (0.09, "2021-06-30", "2022-01-28")}
    days = CALENDAR.between(date(2022, 1, 3), date(2022, 1, 7))
    np.testing.assert_array_equal(ResolvedPrices(Constant(known), table).returns("META", days), [0.01] * 5)


def test_another_companys_days_under_the_symbol_are_not_used(table: InstrumentTable) -> None:
    known = {"B": (0.01, "2010-01-01", "2100-01-01")}
    days = CALENDAR.between(date(2025, 1, 22), date(2025, 5, 14))
    got = dict(zip(days, ResolvedPrices(Constant(known), table).returns("B", days), strict=True))
    assert np.isnan(got[date(2025, 1, 27)])  # Barnes Group's last day
    assert got[date(2025, 5, 9)] == 0.01  # Barrick's first
    assert (ResolvedPrices(Constant(known), table).returns("B", days[:3]) == 0.01).all()  # asked in Barnes' time


def test_a_reused_symbol_is_measured_over_its_own_history_only(table: InstrumentTable) -> None:
    class Random(Constant):
        def returns(self, ticker: str, sessions: Sequence[date]) -> NDArray[np.float64]:
            seeds = [session.toordinal() * 7 + len(ticker) for session in sessions]
            return np.array([np.random.default_rng(seed).normal(0, 0.01) for seed in seeds])

    noon = datetime(2025, 5, 20, 16, tzinfo=UTC)
    prices = ResolvedPrices(Random({}), table)
    assert isinstance(measure("B", noon, prices, CALENDAR), Reaction)  # with Barrick's days as GOLD
    without_gold = ResolvedPrices(Random({}), InstrumentTable(table.listings("B"), []))
    unknown = measure("B", noon, without_gold, CALENDAR)
    assert isinstance(unknown, UnknownReaction)
    assert unknown.reason in {"short_history", "symbol_reused"}


def test_an_unknown_ticker_and_an_index_go_through_unchanged() -> None:
    prices = ResolvedPrices(
        Constant({"ZZTOP": (0.02, "1990-01-01", "2100-01-01"), MARKET: (0.03, "1990-01-01", "2100-01-01")})
    )
    assert (prices.returns("ZZTOP", BEFORE) == 0.02).all()
    assert (prices.returns(MARKET, BEFORE) == 0.03).all()
    assert prices.returns("META", ()).shape == (0,)


def test_evidence_is_asked_for_under_the_symbol_that_has_the_price(table: InstrumentTable) -> None:
    class Witness(Constant):
        def evidence(self, ticker: str, session: date) -> Literal["real", "false"] | None:
            assert session == BEFORE[0]
            return "real" if ticker == "FB" else None

    known = {"FB": (0.01, "2012-05-18", "2022-06-08")}
    assert ResolvedPrices(Witness(known), table).evidence("META", BEFORE[0]) == "real"
    assert ResolvedPrices(Constant(known), table).evidence("META", BEFORE[0]) is None
    assert isinstance(ResolvedPrices(Constant(known), table), JumpEvidence)
