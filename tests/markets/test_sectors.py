"""Sector news maps to the fund of its sector, macro news to the index, other news to nothing."""

from datetime import UTC, datetime

import pytest

from markets.desk import MarketDesk
from markets.sectors import sector_candidate, sector_funds
from records.errors import UsageError
from records.taxonomy import EventType, Tag

NOW = datetime(2024, 6, 3, tzinfo=UTC)


def test_the_first_tag_with_a_fund_decides() -> None:
    found = sector_candidate((Tag.SUPPLY_CHAIN, Tag.OIL_GAS, Tag.BANKING), NOW)
    assert found is not None
    assert (found.instrument.ticker, found.note) == ("XLE", "stands for Oil & Gas")


def test_a_fund_is_not_used_before_it_traded() -> None:
    assert sector_candidate((Tag.TELECOM_MEDIA,), datetime(2018, 6, 1, tzinfo=UTC)) is None
    assert sector_candidate((Tag.TELECOM_MEDIA,), NOW) is not None


def test_tags_that_name_no_sector_have_no_fund() -> None:
    assert sector_candidate((Tag.LITIGATION, Tag.GOVERNANCE), NOW) is None
    assert Tag.MONETARY_POLICY not in sector_funds()


@pytest.fixture(scope="module")
def desk() -> MarketDesk:
    return MarketDesk()


def test_macro_news_goes_to_the_index_before_any_sector(desk: MarketDesk) -> None:
    found = desk.stand_in(EventType.MONETARY_POLICY, (Tag.BANKING,), NOW)
    assert found is not None
    assert found.instrument.ticker == "^GSPC"


def test_a_supply_cut_goes_to_its_sector(desk: MarketDesk) -> None:
    found = desk.stand_in(EventType.SUPPLY_PRODUCTION, (Tag.OIL_GAS,), NOW)
    assert found is not None
    assert found.instrument.ticker == "XLE"


def test_a_ticker_that_is_not_listed_is_refused_with_a_reason(desk: MarketDesk) -> None:
    with pytest.raises(UsageError, match="QQQQQQ"):
        desk.given("QQQQQQ", NOW)


def test_the_sector_of_a_ticker_is_its_latest_companys_and_unknown_for_an_index() -> None:
    desk = MarketDesk()
    assert desk.sector_of("MSFT") == desk.sector_of("ORCL")
    assert desk.sector_of("XOM") not in (None, desk.sector_of("MSFT"))
    assert desk.sector_of("^GSPC") is None
    assert desk.sector_of("NOSUCH") is None
