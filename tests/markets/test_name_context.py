"""What stands beside an everyday word says whether it is the company: verbs, roles, lists, trades; people, places, funds."""

from datetime import UTC, datetime

import pytest

from markets.instruments import InstrumentTable
from markets.names import find_candidates

SPRING_2023 = datetime(2023, 5, 3, 17, tzinfo=UTC)


@pytest.fixture(scope="module")
def table() -> InstrumentTable:
    return InstrumentTable.load()


def sure(sentence: str, table: InstrumentTable, at: datetime = SPRING_2023) -> list[str]:
    found = find_candidates(sentence, "", table, at)
    return [one.instrument.ticker for one in found if not one.ambiguous and one.instrument.kind == "share"]


@pytest.mark.parametrize(
    ("sentence", "ticker"),
    [
        ("Zebra raised its forecast on demand for scanners.", "ZBRA"),
        ("Coach sales rose in China, its owner said.", "TPR"),
        ("Marriott hears more complaints about fees.", "MAR"),
        ("Lucid cut its output target as parts ran short.", "LCID"),
        ("Ally will cut overdraft fees.", "ALLY"),
        ("Delta pilots picket at airports.", "DAL"),
    ],
)
def test_what_it_does_or_has_shows_the_company(table: InstrumentTable, sentence: str, ticker: str) -> None:
    assert sure(sentence, table) == [ticker]


@pytest.mark.parametrize(
    ("sentence", "ticker"),
    [
        ("The airline United ordered more jets.", "UAL"),
        ("Shares of Delta fell.", "DAL"),
        ("A stake in Target was built by an activist.", "TGT"),
        ("Investors sold Block after a short seller's report.", "SQ"),
        ("Insurers such as Progressive raise premiums.", "PGR"),
    ],
)
def test_what_stands_before_it_shows_the_company(table: InstrumentTable, sentence: str, ticker: str) -> None:
    assert sure(sentence, table) == [ticker]


def test_a_list_with_a_surer_name_or_of_one_trade_shows_all_its_members(table: InstrumentTable) -> None:
    assert sorted(sure("Pinterest and Snap fell after hours.", table)) == ["PINS", "SNAP"]
    assert sorted(sure("Delta, United and Southwest raised bag fees.", table)) == ["DAL", "LUV", "UAL"]
    assert sorted(sure("Lenders Ally and Discover see more late payments.", table)) == ["ALLY", "DFS"]


def test_a_word_of_the_trade_tells_two_companies_of_one_name_apart(table: InstrumentTable) -> None:
    assert sure("Constellation restarts a reactor for a data centre, the utility said.", table) == ["CEG"]
    assert sure("Constellation sells more beer, the brewer said.", table) == ["STZ"]


@pytest.mark.parametrize(
    "sentence",
    [
        "The Target of the raid was a warehouse outside the port.",
        "The Gap in the fence let them in.",
        "A Crane fell on a house.",
        "Guests of the hall wore Target-shaped badges.",
        "Workday lunches got dearer.",
        "Visa fees double for students.",
        "Apple growers expect a poor harvest.",
    ],
)
def test_common_nouns_are_no_companies(table: InstrumentTable, sentence: str) -> None:
    assert sure(sentence, table) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Paris Hilton opens a beach club.",
        "Ford told reporters he would not resign.",
        "Neiman Marcus cut staff.",
        "Gov. Kim Reynolds signed the law.",
        "United lost the final to their oldest rivals.",
    ],
)
def test_people_and_teams_are_no_companies(table: InstrumentTable, sentence: str) -> None:
    assert sure(sentence, table) == []


def test_a_surname_is_a_person_in_the_whole_article(table: InstrumentTable) -> None:
    text = "Doug Ford spoke first. Ford was applauded by the hall."
    assert [one for one in find_candidates("A speech", text, table, SPRING_2023) if not one.ambiguous] == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Corning, New York, was flooded.",
        "The town of Hershey, Pennsylvania, expects visitors.",
        "Suppliers in Taiwan add shifts.",
    ],
)
def test_places_are_no_companies(table: InstrumentTable, sentence: str) -> None:
    assert sure(sentence, table) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "The BlackRock World Mining Trust raised its payout.",
        "The Invesco Solar ETF fell.",
        "The Goldman Sachs Commodity Index rose.",
        "The MSCI World slipped.",
    ],
)
def test_funds_and_indices_are_not_their_managers(table: InstrumentTable, sentence: str) -> None:
    assert sure(sentence, table) == []


def test_a_managers_own_news_is_the_managers(table: InstrumentTable) -> None:
    assert sure("BlackRock closed a fund.", table) == ["BLK"]
    assert sure("Goldman Sachs Leads Nasdaq Index Higher", table) == ["GS"]
    assert sure("MSCI beat estimates as clients bought data.", table) == ["MSCI"]


@pytest.mark.parametrize(
    ("line", "tickers"),
    [
        ("VISA PROFIT RISES AS CARD SPENDING GROWS", ["V"]),
        ("STUDENTS PROTEST VISA BAN IN CAPITAL", []),
        ("COURT EXTENDS VISA OF FARM WORKERS", []),
        ("DELTA FORECASTS RECORD SUMMER REVENUE, SHARES RISE", ["DAL"]),
        ("MISSISSIPPI DELTA FLOODS FORCE THOUSANDS TO FLEE", []),
    ],
)
def test_a_line_of_capitals_needs_more(table: InstrumentTable, line: str, tickers: list[str]) -> None:
    assert sure(line, table) == tickers


@pytest.mark.parametrize(
    ("sentence", "day", "tickers"),
    [
        ("Yahoo mail gets a new look.", "2015-05-04", ["YHOO"]),
        ("Yahoo mail gets a new look.", "2019-05-03", ["VZ"]),
        ("Yahoo mail gets a new look.", "2024-05-03", []),
        ("Slack went down for hours.", "2021-01-04", ["WORK"]),
        ("Zendesk cuts staff.", "2021-05-03", ["ZEN"]),
        ("Zendesk cuts staff.", "2024-05-03", []),
        ("BlackBerry explores a sale.", "2013-09-03", ["BBRY"]),
        ("Weight Watchers fell.", "2015-05-04", ["WTW"]),
        ("Willis Towers Watson fell.", "2023-05-03", ["WTW"]),
    ],
)
def test_a_name_has_the_ticker_of_its_day(table: InstrumentTable, sentence: str, day: str, tickers: list[str]) -> None:
    assert sure(sentence, table, datetime.fromisoformat(day).replace(hour=17, tzinfo=UTC)) == tickers
