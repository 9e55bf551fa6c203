"""From descriptions to the shipped file: what is refused, what is left out, and what the shipped file holds."""

import json
import math
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from evals.starter.assemble import (
    LONGEST,
    OUTCOME_WORDS,
    SHORTEST,
    assemble,
    events_of,
    faults_of,
    main,
    shared_run,
    table_of,
)
from evals.starter.datasheet import render
from evals.starter.prior import SCHEDULED, fit_prior
from markets.sessions import sessions
from records.event import Event
from records.taxonomy import EventType

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "vectorstore" / "data" / "starter_events.parquet"
PRIOR = ROOT / "agent" / "data" / "prior_v1.json"

SUMMARY = "Engine maker Acme agreed to equip the fleet of an airline called Birch over a decade."
HEADLINE = "Acme wins ten-year deal to supply Birch with jet engines, worth 33 809 units"
REACTION = {
    "ticker": "ACM", "window": "one_session", "session_on": "2013-06-19", "intraday": True, "date_only": False,
    "abnormal_return": 0.03, "beta": 1.2, "sigma": 0.01, "z": 3.0, "known_at": "2013-06-19T20:00:00Z",
}  # fmt: skip


def folder(tmp_path: Path, *descriptions: dict[str, Any], count: int = 1) -> Path:
    ids = [f"S{number}" for number in range(count)]
    work = [{"id": name, "headline": HEADLINE, "body": ""} for name in ids]
    outcome = {
        "tickers": ["ACM"],
        "published_at": "2013-06-19T16:00:00Z",
        "date_only": False,
        "source": "starter",
        "part": "newswire",
    }
    reactions = [{"id": name, **outcome, "reaction": REACTION} for name in ids]
    for name, rows in (("work_1", work), ("reactions", reactions), ("descriptions_1", list(descriptions))):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "selection.json").write_text(
        '{"seed": 1, "passed_over": {"newswire: ticker is full": 2}}', encoding="utf-8"
    )
    return tmp_path


def described(name: str = "S0", **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "summary": SUMMARY,
        "event_type": "contract_partnership",
        "tags": ["Industrials & Manufacturing"],
        **changes,
    }


def test_a_good_description_becomes_an_event(tmp_path: Path) -> None:
    made = assemble(folder(tmp_path, described()))
    assert made.offenders == ()
    (event,) = made.events
    assert (event.summary, event.tickers, event.source) == (SUMMARY, ("ACM",), "starter")
    assert event.reaction is not None
    assert event.reaction.z == 3.0


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"summary": "Acme won a deal."}, "characters"),
        ({"summary": SUMMARY * 4}, "characters"),
        (
            {"summary": "On Monday, ACME wins ten-year deal to supply Birch with jet engines for its planes."},
            "shares 8 words",
        ),
        (
            {"summary": "Acme agreed to equip Birch, an airline, for ten years and its shares rose sharply."},
            "price move",
        ),
        ({"event_type": "big_news"}, "not an event"),
        ({"tags": ["Engines"]}, "not an event"),
        ({"id": "S9"}, "unknown id"),
    ],
)
def test_a_faulty_description_is_listed_with_its_fault(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    made = assemble(folder(tmp_path, described(**change)))
    assert made.events == ()
    assert any(fault in text for offender in made.offenders for text in offender.faults)


def test_an_event_without_description_or_with_two_is_listed(tmp_path: Path) -> None:
    made = assemble(folder(tmp_path, described(), described(), count=2))
    assert {(offender.id, offender.faults) for offender in made.offenders} == {
        ("S1", ("no description",)),
        ("S0", ("described twice",)),
    }


def test_a_skipped_story_and_one_without_news_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = (described(), {"id": "S1", "skip": "about a fruit"}, described("S2", event_type="market_commentary"))
    made = assemble(folder(tmp_path, *rows, count=3))
    assert [event.id for event in made.events] == ["S0"]
    assert made.skipped == {"no usable event in the text": 1, "described as commentary or not market relevant": 1}


def test_nothing_is_written_while_a_description_is_faulty(tmp_path: Path) -> None:
    work = folder(tmp_path, described(summary="Too short."))
    out, sheet = tmp_path / "events.parquet", tmp_path / "sheet.md"
    arguments = ["--work", str(work), "--out", str(out), "--sheet", str(sheet)]
    assert main(arguments) == 1
    assert not out.exists()
    assert json.loads((work / "offenders.jsonl").read_text(encoding="utf-8"))["id"] == "S0"
    folder(tmp_path, described())
    assert main(arguments) == 0
    assert events_of(pq.read_table(out))[0].summary == SUMMARY
    assert "| newswire: ticker is full | 2 |" in sheet.read_text(encoding="utf-8")


def test_a_shared_run_is_found_through_case_punctuation_and_thousands_separators() -> None:
    assert (
        shared_run("birch with jet engines worth 33,809 units", "Birch, with JET engines: worth 33 809 units") is None
    )  # seven words
    assert (
        shared_run(
            "x birch with jet engines worth 33,809 units now", "Birch, with JET engines: worth 33 809 units, now!"
        )
        is not None
    )
    assert faults_of(SUMMARY, HEADLINE) == []


@pytest.mark.parametrize(
    "text", ["Shares fell", "the stock price then jumped", "investors cheered", "a sell-off", "S&P 500 closed higher"]
)
def test_outcome_words_are_seen(text: str) -> None:
    assert OUTCOME_WORDS.search(text)


@pytest.mark.parametrize(
    "text",
    ["$12 a share", "bought back shares", "first stock offering", "told investors about rising demand", "sales fell"],
)
def test_plain_facts_about_shares_are_no_outcome(text: str) -> None:
    assert not OUTCOME_WORDS.search(text)


def test_the_table_gives_back_the_events_it_was_made_of(tmp_path: Path) -> None:
    events = assemble(folder(tmp_path, described())).events
    pending = events[0].model_copy(update={"id": "S1", "reaction": None, "tags": (), "story_id": "T"})
    assert events_of(table_of((*events, pending), {})) == (*events, pending)


@pytest.fixture(scope="module")
def shipped() -> tuple[Event, ...]:
    return events_of(pq.read_table(SHIPPED))


def test_at_least_five_hundred_events_ship_and_each_is_whole(shipped: tuple[Event, ...]) -> None:
    assert len(shipped) >= 500
    assert len({event.id for event in shipped}) == len(shipped) == len({event.summary for event in shipped})
    for event in shipped:
        assert SHORTEST <= len(event.summary) <= LONGEST
        assert not OUTCOME_WORDS.search(event.summary)
        assert len(event.tickers) == 1


def test_every_shipped_reaction_is_consistent_with_its_window(shipped: tuple[Event, ...]) -> None:
    for event in shipped:
        reaction = event.reaction
        assert reaction is not None
        window = sessions().window(event.published_at, date_only=event.date_only)
        assert (reaction.session_on, reaction.known_at, reaction.intraday) == (
            window.session_on,
            window.known_at,
            window.intraday,
        )
        assert reaction.window == window.kind
        assert reaction.z == pytest.approx(reaction.abnormal_return / reaction.sigma / math.sqrt(len(window.sessions)))
        assert event.tickers == (reaction.ticker,)
        assert (reaction.beta is None) == reaction.ticker.startswith("^")


def test_the_shipped_base_rate_is_that_of_news_and_not_of_famous_crashes(shipped: tuple[Event, ...]) -> None:
    sizes = [abs(event.reaction.z) for event in shipped if event.reaction is not None]
    assert 0.06 < sum(size > 2 for size in sizes) / len(sizes) < 0.20


def test_the_shipped_newswire_moves_as_often_as_all_newswire_events_do(shipped: tuple[Event, ...]) -> None:
    # the drawing sees no outcome, so its base rate is the population's, give or take sampling and the type shares
    types = json.loads(PRIOR.read_text(encoding="utf-8"))["event_types"].values()
    everywhere = sum(row["n"] * row["share_beyond_2"] for row in types) / sum(row["n"] for row in types)
    dated = [
        event.reaction
        for event in shipped
        if event.reaction is not None and event.published_at.year < 2016 and event.date_only
    ]
    assert sum(abs(reaction.z) > 2 for reaction in dated) / len(dated) == pytest.approx(everywhere, abs=0.06)


def test_no_type_ticker_or_neighbouring_day_dominates_the_shipped_events(shipped: tuple[Event, ...]) -> None:
    assert max(Counter(event.event_type for event in shipped).values()) < 0.15 * len(shipped)
    assert len({event.event_type for event in shipped}) >= 20
    last: dict[str, Event] = {}
    for event in shipped:
        if event.tickers[0] in last and not event.tickers[0].startswith("^"):
            assert event.published_at - last[event.tickers[0]].published_at > timedelta(days=3)
        last[event.tickers[0]] = event


def test_the_datasheet_is_the_one_of_the_shipped_file(shipped: tuple[Event, ...]) -> None:
    notes = json.loads(pq.read_schema(SHIPPED).metadata[b"selection"])
    assert (ROOT / "docs" / "starter-precedents.md").read_text(encoding="utf-8") == render(shipped, notes)


def test_a_prior_is_the_mean_move_shrunk_towards_all_types() -> None:
    many, few = [2.0, 1.0] * 500, [8.0]
    prior: Any = fit_prior({EventType.EARNINGS_RESULTS: many, EventType.LITIGATION: few}, mean_abs_reference=0.75)
    overall = math.log((1_500 + 8) / 1_001 / 0.75)
    assert prior["global_log_s"] == pytest.approx(overall, abs=1e-4)
    assert prior["n"] == 1_001
    k0 = prior["k0"]
    expected = (math.log(8 / 0.75) + k0 * overall) / (1 + k0)
    assert prior["event_types"]["litigation"]["log_s"] == pytest.approx(expected, abs=0.01)
    assert prior["event_types"]["earnings_results"]["log_s"] == pytest.approx(math.log(2), abs=0.01)
    assert prior["event_types"]["earnings_results"]["share_beyond_2"] == 0.0
    assert prior["event_types"]["litigation"]["share_beyond_2"] == 1.0


def test_types_that_differ_more_are_shrunk_less() -> None:
    def k0(factor: float) -> float:
        prior: Any = fit_prior(
            {EventType.EARNINGS_RESULTS: [1.0, 2.0] * 50, EventType.LITIGATION: [factor, 2 * factor] * 50}, 0.75
        )
        return float(prior["k0"])

    assert k0(4.0) < k0(1.5)


def test_the_shipped_prior_is_plausible() -> None:
    prior = json.loads(PRIOR.read_text(encoding="utf-8"))
    types = prior["event_types"]
    assert prior["version"] == "prior_v1"
    assert set(types) <= {kind.value for kind in EventType}
    assert prior["n"] == sum(row["n"] for row in types.values()) > 20_000
    assert {name for name, row in types.items() if row["scheduled"]} == {kind.value for kind in SCHEDULED} & set(types)
    assert 0 < prior["global_log_s"] < 0.7  # news days are wilder than ordinary ones, but not twice
    assert types["earnings_results"]["log_s"] > prior["global_log_s"]
    assert all(0 <= row["share_beyond_2"] < 0.6 for row in types.values())
