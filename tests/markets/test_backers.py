"""Private companies lead to their listed backers, for as long as the relation was public, with the source beside it."""

from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from markets.backers import find_backed, load_backings
from markets.instruments import InstrumentTable
from markets.names import find_candidates
from markets.tokens import tokenize
from records.market import Candidate


@pytest.fixture(scope="module")
def table() -> InstrumentTable:
    return InstrumentTable.load()


def on(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(hour=21, tzinfo=UTC)


def backers(candidates: tuple[Candidate, ...]) -> list[str]:
    return [candidate.instrument.ticker for candidate in candidates if candidate.match == "backer"]


@pytest.mark.parametrize(
    ("title", "day", "expected"),
    [
        ("OpenAI releases a model", "2018-05-02", []),
        ("OpenAI releases a model", "2020-05-04", ["MSFT"]),
        ("OpenAI releases a model", "2026-03-02", ["MSFT"]),
        ("Anthropic raises money", "2022-05-02", []),
        ("Anthropic raises money", "2023-05-02", ["GOOGL"]),
        ("Anthropic raises money", "2025-05-02", ["AMZN", "GOOGL"]),
        ("Mistral AI raises money", "2025-06-02", []),
        ("Mistral AI raises money", "2025-10-01", ["ASML"]),
        ("Scale AI loses customers", "2025-07-01", ["META"]),
        ("Ant Group plans a listing", "2020-10-26", ["BABA"]),
        ("Flipkart holds its yearly sale", "2021-10-04", ["WMT"]),
        ("Juul stops selling mint pods", "2019-11-07", ["MO"]),
        ("Juul settles with states", "2024-11-07", []),
        ("Zoox starts robotaxi rides", "2025-09-10", ["AMZN"]),
    ],
)
def test_a_relation_is_known_from_its_first_public_day_to_its_last(
    table: InstrumentTable, title: str, day: str, expected: list[str]
) -> None:
    assert sorted(backers(find_candidates(title, "", table, on(day)))) == expected


def test_the_note_names_relation_share_and_document(table: InstrumentTable) -> None:
    (before,) = find_candidates("OpenAI opens an office", "", table, on("2025-10-27"))
    (after,) = find_candidates("OpenAI opens an office", "", table, on("2025-10-28"))
    assert before.note is not None
    assert after.note is not None
    assert "%" not in before.note
    assert "27 %" in after.note
    assert "10-Q" in after.note


def test_a_backer_that_the_article_names_itself_is_one_candidate(table: InstrumentTable) -> None:
    found = find_candidates("OpenAI leans on Microsoft", "OpenAI said so.", table, on("2025-07-22"))
    assert [(candidate.instrument.ticker, candidate.match) for candidate in found] == [("MSFT", "name")]
    assert found[0].note is not None
    assert "OpenAI" in found[0].note


def test_a_company_that_lists_itself_stops_leading_to_its_backers(table: InstrumentTable) -> None:
    before = find_candidates("Rivian shows a truck", "", table, on("2020-06-01"))
    after = find_candidates("Rivian shows a truck", "", table, on("2023-06-01"))
    assert [candidate.instrument.ticker for candidate in before] == ["AMZN"]
    assert [(candidate.instrument.ticker, candidate.match) for candidate in after] == [("RIVN", "name")]


@pytest.mark.parametrize(
    "text", ["A mistral blew over the cruise ship.", "The openair concert grabbed a wiz.", "scale ai"]
)
def test_words_that_only_resemble_a_private_company_are_passed_over(table: InstrumentTable, text: str) -> None:
    assert find_candidates("A day at sea", text, table, on("2025-11-03")) == ()


def test_mentions_carry_their_places() -> None:
    body = "Talks with Ant Financial and with Alipay"
    mentions = find_backed(body, tokenize(body), load_backings(), date(2021, 1, 4))
    assert [body[mention.start : mention.end] for mention in mentions] == ["Ant Financial", "Alipay"]


def test_every_row_is_dated_sourced_and_in_order() -> None:
    for backing in load_backings():
        assert backing.source, backing.name
        assert backing.until is None or backing.since < backing.until, backing.name
        assert backing.stake_percent is None or 0 < backing.stake_percent <= 100, backing.name
        assert backing.checked_on >= backing.since, backing.name


def test_rows_of_one_relation_do_not_overlap() -> None:
    rows = sorted(load_backings(), key=lambda backing: (backing.name, backing.ticker, backing.since))
    for earlier, later in pairwise(rows):
        if (earlier.name, earlier.ticker) == (later.name, later.ticker):
            assert earlier.until is not None
            assert earlier.until < later.since


def test_every_backer_is_listed_while_it_backs(table: InstrumentTable) -> None:
    for backing in load_backings():
        assert table.cited(backing.ticker, backing.since) is not None, backing


def test_a_table_of_ones_own_is_read_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "backers.csv").write_text(
        "name,also,ticker,relation,since,until,stake_percent,source,checked_on\n"
        "Acme Rockets,Acme,BA,shareholder,2020-01-02,,12.5,Boeing 10-K FY2020,2021-01-04\n",
        encoding="utf-8",
    )
    (backing,) = load_backings(tmp_path)
    assert backing.stake_percent == 12.5
    assert backing.spellings == (("acme", "rockets"), ("acme",))
    assert not backing.valid_on(date(2020, 1, 1))
