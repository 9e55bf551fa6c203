"""The instrument tables are built from reference lists by rules that can be read off small examples."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evals.instruments.build import write_table
from evals.instruments.grade import Story, Tally, company, grade, read_recent, read_tagging
from evals.instruments.lexicon import TaggedStory, read_lexicon
from evals.instruments.listings import read_2018, read_2026, tidy
from evals.instruments.naming import display_name, name_forms, name_similar, without_legal_form
from evals.instruments.senses import sense
from markets.instruments import InstrumentTable, market_day
from markets.tokens import name_key


@pytest.mark.parametrize(
    ("listed", "registered"),
    [
        ("Acme Widgets Inc. Class A Common Stock", "Acme Widgets Inc."),
        ("Acme Widgets plc American Depositary Shares (each representing two Ordinary Shares)", "Acme Widgets plc"),
        ("Acme Partners L.P. Common Units representing Limited Partner Interests", "Acme Partners L.P."),
        ("Acme Corporation (The) Common Stock", "Acme Corporation"),
        ("Acme Holding N.V. New York Registry Shares", "Acme Holding N.V."),
    ],
)
def test_the_description_of_the_security_is_cut_from_the_name(listed: str, registered: str) -> None:
    assert tidy(listed) == registered


@pytest.mark.parametrize(
    ("registered", "short"),
    [
        ("Microsoft Corporation", "Microsoft"),
        ("Deere & Company", "Deere"),
        ("Eli Lilly and Company", "Eli Lilly"),
        ("Smith (AO) Corporation", "AO Smith"),
        ("Banco Ejemplo S.A.", "Banco Ejemplo"),
        ("Telefon Exempel AB", "Telefon Exempel"),
        ("Company Limited", "Company"),
    ],
)
def test_legal_forms_are_dropped_but_never_the_whole_name(registered: str, short: str) -> None:
    assert without_legal_form(registered) == short


def test_names_in_capitals_are_written_as_a_newspaper_would() -> None:
    assert display_name("JACK OF THE BARN INC.", None) == "Jack of the Barn"
    assert display_name("NVIDIA Corporation", "Nvidia") == "Nvidia"


def test_forms_go_from_the_whole_name_to_its_first_word() -> None:
    forms = dict(name_forms("Madrigal Pharmaceuticals Inc."))
    assert forms == {"Madrigal Pharmaceuticals": "core", "Madrigal": "short"}
    assert "AO Smith" in dict(name_forms("A.O. Smith Corporation"))
    assert dict(name_forms("Example.com Inc."))["Example"] == "short"


def test_a_reused_ticker_is_told_from_a_renamed_company() -> None:
    assert name_similar("JB Hunt Transport Services Inc", "J.B. Hunt Transport Services Inc.")
    assert name_similar("BHP Billiton Limited", "BHP Group Limited")
    assert not name_similar("Anadarko Petroleum Corporation", "ARKO Petroleum Corp.")
    assert not name_similar("First Solar Inc", "First Citizens Inc")


def write_lists(folder: Path) -> None:
    (folder / "us_tickers.csv").write_text(
        "ticker,name,exchange,sector,industry,country,marketcap\n"
        "ACME,Acme Widgets Inc. Common Stock,NYSE,Technology,Semiconductors,United States,5000000000\n"
        "ACMEW,Acme Widgets Inc. Warrant,NYSE,Technology,Semiconductors,United States,0\n"
        "ACM^A,Acme Widgets Inc. 5% Series A Preferred Stock,NYSE,,,United States,\n"
        "SHEL1,Hollow Acquisition Corp. II Class A Ordinary Shares,NASDAQ,Finance,Blank Checks,United States,0\n"
        "FUND,Plain Municipal Income Fund Common Stock,NYSE,Finance,Investment Managers,United States,100\n"
        "NOTE,Acme Widgets Inc. 6.25% Senior Notes due 2031,NYSE,,,United States,1\n"
        "AD.RS,Beispiel AG American Depositary Shares (each representing one-half of a Preferred Share),NYSE,,,Germany,9\n"
        "BIG/B,Bigger Inc.,NYSE,,,United States,7\n",
        encoding="utf-8",
    )
    (folder / "sp500_constituents.csv").write_text(
        "Symbol,Security,GICS Sector,GICS Sub-Industry,Headquarters Location,Date added,CIK,Founded\n"
        "ACME,Acme,Information Technology,Semiconductors,Here,2001-01-01,1,1999\n",
        encoding="utf-8",
    )
    (folder / "tickers_2018_waynedw.csv").write_text(
        "ACME,Acme Widgets Inc,NYSE,4000000000\nOLD ,Old Firm&#39;s Inc,NYSE,12\n"
        "ZERO,Old Firm&#39;s Inc,NYSE,0\nOLD^A,Old Firm Inc,NYSE,5\n",
        encoding="utf-8",
    )


def test_only_common_shares_are_read(tmp_path: Path) -> None:
    write_lists(tmp_path)
    assert [raw.ticker for raw in read_2026(tmp_path)] == ["ACME", "AD.RS", "BIG.B"]
    old = read_2018(tmp_path)
    assert [(raw.ticker, raw.full_name) for raw in old] == [("ACME", "Acme Widgets Inc"), ("OLD", "Old Firm's Inc")]


def test_an_index_member_takes_name_and_class_from_the_constituents(tmp_path: Path) -> None:
    write_lists(tmp_path)
    acme = read_2026(tmp_path)[0]
    assert (acme.common_name, acme.sector, acme.industry) == ("Acme", "Information Technology", "Semiconductors")


def test_a_word_is_everyday_when_stories_write_it_small() -> None:
    stories = [TaggedStory("Target gains", "The target and the target moved.", frozenset({"TGT"}))] * 10
    keys = {name_key("Target"): frozenset({"TGT"}), name_key("Equinix"): frozenset({"EQIX"})}
    lexicon = read_lexicon(stories, keys)
    assert lexicon.common("target")
    assert not lexicon.common("equinix")
    assert lexicon.names[("target",)].precision == 1
    assert sense(("target",), "core", True, 1e9, lexicon) == "mostly_name"
    assert sense(("equinix",), "core", True, 1e9, lexicon) == "name"


def test_a_name_that_seldom_means_its_company_needs_context() -> None:
    stories = [
        TaggedStory("Range widens", "The range is wide.", frozenset({"RRC"} if n < 3 else {"XYZ"})) for n in range(10)
    ]
    lexicon = read_lexicon(stories, {("range",): frozenset({"RRC"})})
    assert lexicon.names[("range",)].precision == pytest.approx(0.3)
    assert sense(("range",), "core", True, 1e9, lexicon) == "word"
    assert sense(("monday",), "short", False, 1e9, lexicon) is None


def test_the_same_lines_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.csv.gz", "two.csv.gz"):
        write_table(tmp_path / name, ("a", "b"), [("1", "2,3")])
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "one.csv.gz").read_bytes()) == b'a,b\n1,"2,3"\n'


def test_grading_counts_companies_not_share_classes(tmp_path: Path) -> None:
    table = InstrumentTable.load()
    (tmp_path / "tagging").mkdir()
    rows = [
        {"date": "2017-03-01", "headline": "Alphabet beats estimates", "body": "Pfizer did not.", "tickers": ["GOOG"]},
        {"date": "2017-03-01", "headline": "A quiet day", "body": "", "tickers": ["MSFT"]},
    ]
    (tmp_path / "tagging" / "reuters_ticker_tags.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    errors: list[str] = []
    sure, _ = grade(read_tagging(tmp_path), table, errors)
    assert (sure.stories, sure.right, sure.wrong, sure.missed) == (2, 1, 1, 1)
    assert len(errors) == 2
    assert "precision 0.500" in sure.line("test")
    assert read_recent(tmp_path) == []


def test_a_ticker_of_then_and_now_is_one_company() -> None:
    table = InstrumentTable.load()
    at = datetime(2016, 1, 4, tzinfo=UTC)
    assert company("FB", table, market_day(at)) == company("META", table, market_day(at)) == "META"
    tally = Tally()
    tally.add([("META", "Facebook")], frozenset({"META"}))
    assert (tally.exact, tally.first_right) == (1, 1)
    assert Story("t", "", at, frozenset({"FB"})).tickers == {"FB"}
