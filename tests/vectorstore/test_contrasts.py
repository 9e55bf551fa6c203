"""What sets a precedent apart: only what the records or the texts show."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from records.event import Event
from records.taxonomy import EventType
from vectorstore.contrasts import Contrast
from vectorstore.ranking import Ask

MakeEvent = Callable[..., Event]
START = datetime(2020, 1, 1, tzinfo=UTC)
SECTORS: Mapping[str, str] = {"XOM": "Energy", "CVX": "Energy", "AAPL": "Information Technology"}


@pytest.fixture
def ask() -> Ask:
    return Ask(
        text="Apple guides to record sales",
        as_of=START + timedelta(days=30),
        published_at=START + timedelta(days=30),
        event_type=EventType.GUIDANCE,
        tickers=frozenset({"AAPL"}),
        exclude_story=None,
        exclude_ids=frozenset(),
        min_similarity=0.0,
        sector="Information Technology",
        sector_of=SECTORS.get,
    )


def test_another_sector_is_named_with_both_sides(make_event: MakeEvent, ask: Ask) -> None:
    event = make_event("1", "Exxon guides to record output", instrument="XOM")
    assert Contrast(ask, {}).differs(event) == "different sector (energy, here information technology)"


def test_without_sectors_only_the_other_company_is_named(make_event: MakeEvent, ask: Ask) -> None:
    event = make_event("1", "Exxon guides to record output", instrument="XOM")
    assert Contrast(replace(ask, sector_of=None), {}).differs(event) == "another company (XOM)"
    unknown = make_event("2", "A firm nobody lists guides to record output", instrument="ZZZZ")
    assert Contrast(ask, {}).differs(unknown) == "another company (ZZZZ)"


def test_the_event_type_is_compared_and_an_unknown_one_is_no_difference(make_event: MakeEvent, ask: Ask) -> None:
    event = make_event("1", "Apple sued over patents", instrument="AAPL", event_type=EventType.LITIGATION)
    assert Contrast(ask, {}).differs(event) == "different event type (litigation, here company guidance)"
    assert "event type" not in Contrast(replace(ask, event_type=None), {}).differs(event)


def test_a_market_and_a_company_are_told_apart_both_ways(make_event: MakeEvent, ask: Ask) -> None:
    market = make_event("1", "The Fed guides markets", instrument="^GSPC")
    assert Contrast(ask, {}).differs(market) == "about a whole market, here one company"
    company = make_event("2", "Exxon guides", instrument="XOM")
    assert (
        Contrast(replace(ask, tickers=frozenset({"^GSPC"})), {}).differs(company)
        == "about one company, here a whole market"
    )


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        ("FDA approves the drug", "FDA rejects a drug", "that one rejects, here approves"),
        ("Apple denies the talks", "Apple confirmed talks", "that one confirmed, here denies"),
        ("Apple cuts its outlook", "Apple raises its outlook", "that one raises, here cuts"),
    ],
)
def test_an_opposite_course_is_quoted_from_both(
    make_event: MakeEvent, ask: Ask, here: str, there: str, said: str
) -> None:
    event = make_event("1", there, instrument="AAPL")
    assert Contrast(replace(ask, text=here), {}).differs(event) == f"the opposite course ({said})"


def test_a_text_with_both_courses_proves_neither(make_event: MakeEvent, ask: Ask) -> None:
    event = make_event("1", "Apple raises one outlook and cuts another", instrument="AAPL")
    assert "course" not in Contrast(replace(ask, text="Apple cuts its outlook"), {}).differs(event)


def test_sums_are_compared_in_one_currency_and_only_when_far_apart(make_event: MakeEvent, ask: Ask) -> None:
    asked = replace(ask, text="Apple buys a maker of chips for $3.2 billion")
    smaller = make_event("1", "Apple bought a maker of chips for $516 mln", instrument="AAPL")
    assert Contrast(asked, {}).differs(smaller) == "smaller sum ($516 mln, here $3.2 billion)"
    larger = make_event("2", "Apple bought a maker of chips for US$40 bln", instrument="AAPL")
    assert Contrast(asked, {}).differs(larger) == "larger sum (US$40 bln, here $3.2 billion)"
    alike = make_event("3", "Apple bought a maker of chips for $2.5 billion", instrument="AAPL")
    euros = make_event("4", "Apple bought a maker of chips for €516 mln", instrument="AAPL")
    assert "sum" not in Contrast(asked, {}).differs(alike) + Contrast(asked, {}).differs(euros)


@pytest.mark.parametrize("text", ["Apple paid C$9.5 billion for it", "Apple earns $9.50 a share", "Apple paid $1,500"])
def test_another_dollar_and_figures_per_share_are_not_compared(make_event: MakeEvent, ask: Ask, text: str) -> None:
    event = make_event("1", text, instrument="AAPL")
    asked = replace(ask, text="Apple buys a maker of chips for $1.2 million, earns $0.10 a share")
    assert "sum" not in Contrast(asked, {}).differs(event)


def test_what_no_rule_could_type_is_no_other_type(make_event: MakeEvent, ask: Ask) -> None:
    event = make_event("1", "Apple walks", instrument="AAPL", event_type=EventType.NOT_MARKET_RELEVANT)
    assert "type" not in Contrast(ask, {}).differs(event)
    typed = make_event("2", "Apple guides", instrument="AAPL")
    assert "type" not in Contrast(replace(ask, event_type=EventType.NOT_MARKET_RELEVANT), {}).differs(typed)


def test_names_are_not_missed_in_another_companys_event(make_event: MakeEvent, ask: Ask) -> None:
    asked = replace(ask, text="Apple buys Dialog for modems")
    weights = {"apple": 5.0, "dialog": 7.0, "modems": 6.0}
    other = make_event("1", "Exxon guides", instrument="XOM")
    assert Contrast(asked, weights).differs(other).endswith("; no mention of modems")
    own = make_event("2", "Apple guides", instrument="AAPL")
    assert Contrast(asked, weights).differs(own) == "no mention of dialog, modems"


def test_an_old_event_says_its_age_beside_other_differences(make_event: MakeEvent, ask: Ask) -> None:
    old = make_event("1", "Exxon guides", instrument="XOM", day=-8 * 365.25 + 30)
    assert Contrast(ask, {}).differs(old) == "different sector (energy, here information technology); 8 years older"


@pytest.mark.parametrize(("day", "said"), [(29, "1 day older"), (10, "20 days older"), (-335, "12 months older")])
def test_where_nothing_else_differs_the_time_does(make_event: MakeEvent, ask: Ask, day: float, said: str) -> None:
    event = make_event("1", "Apple guides", instrument="AAPL", day=day)
    assert Contrast(ask, {}).differs(event) == said


def test_rare_words_of_the_article_that_the_event_lacks_are_named_in_the_articles_order(
    make_event: MakeEvent, ask: Ask
) -> None:
    event = make_event("1", "Apple guides to lower sales", instrument="AAPL")
    asked = replace(ask, text="Apple guides tariffs on iphones bite sales")
    weights = {"apple": 5.0, "bite": 2.5, "iphones": 6.0, "sales": 1.0, "tariffs": 4.0}
    assert Contrast(asked, weights).differs(event) == "no mention of tariffs, iphones"


def test_common_words_of_the_article_are_not_missed(make_event: MakeEvent, ask: Ask) -> None:
    event = make_event("1", "Apple guides", instrument="AAPL")
    weights = {"apple": 5.0, "sales": 1.0}
    assert Contrast(replace(ask, text="Apple guides sales"), weights).differs(event) == "30 days older"


def test_at_most_three_differences_are_named(make_event: MakeEvent, ask: Ask) -> None:
    event = make_event("1", "Exxon cuts", instrument="XOM", day=-4000, event_type=EventType.LITIGATION)
    text = Contrast(replace(ask, text="Apple raises"), {"apple": 9.0}).differs(event)
    assert text.count(";") == 2
    assert text.startswith("the opposite course")
