"""The shipped instrument table is complete enough, consistent in itself and quick to load."""

import csv
import gzip
import time
from datetime import UTC, date, datetime
from importlib import resources

import pytest

from markets.instruments import InstrumentTable, market_day
from records.errors import NotFound

DATA = resources.files("markets") / "data"
TODAY = date(2026, 11, 2)


@pytest.fixture(scope="module")
def table() -> InstrumentTable:
    return InstrumentTable.load()


def rows(name: str) -> list[dict[str, str]]:
    data = (DATA / name).read_bytes()
    text = (gzip.decompress(data) if name.endswith(".gz") else data).decode("utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_the_table_loads_quickly() -> None:
    started = time.process_time()
    InstrumentTable.load()
    assert time.process_time() - started < 1.0, "0.15 s of CPU on an idle core; the rest is for a busy machine"


def test_the_table_holds_the_listed_companies(table: InstrumentTable) -> None:
    assert len(table) > 7_000
    for ticker, name in {
        "MSFT": "Microsoft",
        "GOOGL": "Alphabet",
        "BRK.B": "Berkshire Hathaway",
        "JPM": "JPMorgan Chase",
        "XOM": "ExxonMobil",
        "TSM": "TSMC",
        "MCD": "McDonald's",
        "AVB": "AvalonBay Communities",
    }.items():
        listing = table.listing(ticker, TODAY)
        assert listing is not None, ticker
        assert listing.name == name


def test_members_of_the_index_have_sector_and_industry(table: InstrumentTable) -> None:
    instrument = table.instrument("NVDA", datetime(2025, 1, 6, tzinfo=UTC))
    assert (instrument.sector, instrument.industry) == ("Information Technology", "Semiconductors")
    assert instrument.exchange == "NASDAQ"


@pytest.mark.parametrize("ticker", ["AACIW", "AACIU", "JPM^K", "QQQ", "PDI", "MHD", "CIMN", "GOOGM"])
def test_warrants_units_preferreds_notes_and_funds_are_left_out(table: InstrumentTable, ticker: str) -> None:
    assert table.listing(ticker, TODAY) is None


@pytest.mark.parametrize(
    ("other", "primary"),
    [("GOOG", "GOOGL"), ("BRK.A", "BRK.B"), ("FOX", "FOXA"), ("NWS", "NWSA"), ("UA", "UAA"), ("BF.A", "BF.B")],
)
def test_share_classes_are_one_issuer_with_one_primary(table: InstrumentTable, other: str, primary: str) -> None:
    second, first = table.listing(other, TODAY), table.listing(primary, TODAY)
    assert first is not None
    assert second is not None
    assert first.issuer == second.issuer
    assert (first.primary, second.primary) == (True, False)
    assert table.cited(other, TODAY) == first


def test_namesakes_are_not_share_classes(table: InstrumentTable) -> None:
    toro, namesake = table.listing("TTC", TODAY), table.listing("TORO", TODAY)
    assert toro is not None
    assert namesake is not None
    assert toro.issuer != namesake.issuer


@pytest.mark.parametrize("mark", ["BRK.B", "BRK/B", "BRK-B", "brk.b"])
def test_share_class_marks_are_read_in_every_spelling(table: InstrumentTable, mark: str) -> None:
    assert table.instrument(mark, datetime(2025, 1, 6, tzinfo=UTC)).ticker == "BRK.B"


@pytest.mark.parametrize(
    ("ticker", "day", "name"),
    [
        ("FB", date(2020, 1, 2), "Facebook"),
        ("FB", date(2023, 1, 3), None),
        ("META", date(2020, 1, 2), None),
        ("META", date(2023, 1, 3), "Meta Platforms"),
        ("YHOO", date(2015, 1, 2), "Yahoo"),
        ("TWX", date(2019, 1, 2), None),
        ("SPCX", date(2025, 1, 2), None),
        ("DD", date(2015, 1, 2), "DuPont"),
        ("DD", date(2024, 1, 2), "DuPont"),
        ("DD", date(2018, 1, 2), None),
    ],
)
def test_a_ticker_is_valid_in_its_time_only(table: InstrumentTable, ticker: str, day: date, name: str | None) -> None:
    listing = table.listing(ticker, day)
    assert (listing.name if listing else None) == name


def test_a_changed_ticker_leads_to_the_one_of_the_time_and_to_todays(table: InstrumentTable) -> None:
    before = table.cited("META", date(2019, 6, 3))
    assert before is not None
    assert before.ticker == "FB"
    assert table.successor("FB") == "META"
    assert table.successor("SYMC") == "GEN"
    assert table.successor("MSFT") is None


def test_an_unknown_ticker_says_what_to_check(table: InstrumentTable) -> None:
    with pytest.raises(NotFound, match="ZZZZZ"):
        table.instrument("ZZZZZ", datetime(2025, 1, 6, tzinfo=UTC))


def test_a_market_day_is_new_yorks() -> None:
    assert market_day(datetime(2025, 1, 7, 3, tzinfo=UTC)) == date(2025, 1, 6)
    with pytest.raises(ValueError, match="naive"):
        market_day(datetime(2025, 1, 7, 3))


def test_every_name_belongs_to_an_issuer_of_the_table() -> None:
    issuers = {row["issuer"] for row in rows("instruments.csv.gz")}
    assert {row["issuer"] for row in rows("names.csv.gz")} <= issuers


def test_every_alias_leads_to_an_instrument_while_it_is_valid(table: InstrumentTable) -> None:
    first_listed, last_listed = date(2011, 7, 5), date(2026, 8, 1)
    for row in rows("aliases.csv"):
        start = date.fromisoformat(row["valid_from"]) if row["valid_from"] else first_listed
        end = date.fromisoformat(row["valid_until"]) if row["valid_until"] else last_listed
        assert any(table.cited(row["ticker"], day) for day in (start, end)), row
        assert row["source"], row
        date.fromisoformat(row["checked_on"])


def test_everyday_words_are_not_trusted_as_names() -> None:
    senses = {(row["form"], row["issuer"]): row["sense"] for row in rows("names.csv.gz")}
    for form, issuer in (
        ("Target", "TGT"),
        ("Apple", "AAPL"),
        ("Ford", "F"),
        ("Visa", "V"),
        ("Square", "SQ"),
        ("Snap", "SNAP"),
    ):
        assert senses[form, issuer] in {"mostly_name", "word", "legal"}, form
    for form, issuer in (
        ("Microsoft", "MSFT"),
        ("Pfizer", "PFE"),
        ("Netflix", "NFLX"),
        ("Equinix", "EQIX"),
    ):
        assert senses[form, issuer] == "name", form


def test_no_shipped_name_is_a_single_capital_abbreviation_of_three_letters_without_doubt() -> None:
    by_hand = {
        "UPS",
        "IBM",
        "AMD",
        "AIG",
        "SAP",
        "BHP",
        "GSK",
        "UBS",
        "BP",
        "HP",
        "ING",
        "SLB",
        "XPO",
        "RTX",
        "PDD",
        "KLA",
        "TPG",
    }
    loose = [
        row["form"]
        for row in rows("names.csv.gz")
        if row["sense"] in {"name", "short"}
        and row["form"].isalpha()
        and row["form"].isupper()
        and len(row["form"]) <= 3
    ]
    assert set(loose) <= by_hand
