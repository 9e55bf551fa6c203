"""Who may be a precedent, and in which order: pure functions, no store."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from records.event import Event
from records.taxonomy import EventType
from vectorstore.fitted import Weights, fitted
from vectorstore.ranking import Ask, Candidate, choose, is_eligible, ranked, score

START = datetime(2020, 1, 1, tzinfo=UTC)
MakeEvent = Callable[..., Event]


@pytest.fixture
def ask() -> Ask:
    return Ask(
        text="Acme cut its forecast",
        as_of=START + timedelta(days=100),
        published_at=START + timedelta(days=100),
        event_type=EventType.GUIDANCE,
        tickers=frozenset({"ACME"}),
        exclude_story=None,
        exclude_ids=frozenset(),
        min_similarity=0.2,
    )


def _eligible(event: Event, ask: Ask, similarity: float = 0.5) -> bool:
    return is_eligible(Candidate(event, similarity, 0, None), ask, frozenset({"acme", "cut", "forecast"}))


def test_an_event_must_be_known_similar_and_not_excluded(make_event: MakeEvent, ask: Ask) -> None:
    event = make_event("1", "Acme lowered its guidance", day=99, lag=1, story_id="s")
    assert _eligible(event, ask)
    assert not _eligible(event, replace(ask, as_of=ask.as_of - timedelta(microseconds=1)))
    assert not _eligible(make_event("1", "Acme lowered its guidance", lag=None), ask)
    assert not _eligible(event, ask, similarity=0.19)
    assert not _eligible(event, replace(ask, exclude_ids=frozenset({"1"})))
    assert not _eligible(event, replace(ask, exclude_story="s"))


@pytest.mark.parametrize(
    ("days_before", "tickers", "similarity", "summary", "reprint"),
    [
        (2.9, ("ACME",), 0.96, "Other words", True),
        (3.1, ("ACME",), 0.96, "Other words", False),
        (2.9, ("ACME",), 0.94, "Other words", False),
        (2.9, ("ACME",), 0.30, "Acme: forecast cut", True),
        (2.9, ("OTHER",), 0.99, "Acme: forecast cut", False),
        (2.9, (), 0.99, "Acme: forecast cut", True),
    ],
)
def test_a_reprint_is_near_in_time_and_words_and_of_the_same_company(
    make_event: MakeEvent, ask: Ask, days_before: float, tickers: tuple[str, ...], similarity: float, summary: str,
    reprint: bool,
) -> None:  # fmt: skip
    event = make_event("1", summary, day=100 - days_before, lag=0.1, tickers=tickers)
    assert _eligible(event, ask, similarity) is not reprint


WEIGHTS = Weights(rrf_k=60, lexical=0.5, same_type=1.25, same_sector=1.0, same_ticker=1.2, old_loss=0.2)


def test_reciprocal_ranks_add_up_and_matches_lift(make_event: MakeEvent, ask: Ask) -> None:
    def told(event: Event, dense: int | None, lexical: int | None = None) -> float:
        return score(Candidate(event, 0.5, dense, lexical), ask, WEIGHTS)

    event = make_event("1", "x", day=100, instrument="OTHER", event_type=EventType.LITIGATION)
    assert told(event, 0) == pytest.approx(1 / 61)
    assert told(event, 0, 9) == pytest.approx(1 / 61 + 0.5 / 70)
    same_type = event.model_copy(update={"event_type": EventType.GUIDANCE})
    assert told(same_type, 15) > told(event, 0) > told(same_type, 16)
    both = same_type.model_copy(update={"tickers": ("ACME",)})
    assert told(both, 0) == pytest.approx(1.25 * 1.2 / 61)


def test_age_costs_its_share_in_ten_years_and_no_more(make_event: MakeEvent, ask: Ask) -> None:
    def at(years: float) -> float:
        event = make_event("1", "x", day=100 - 365.25 * years, instrument="OTHER", event_type=EventType.LITIGATION)
        return score(Candidate(event, 0.5, 0, None), ask, WEIGHTS) * 61

    assert at(0) == pytest.approx(1)
    assert at(5) == pytest.approx(0.9)
    assert at(10) == at(30) == pytest.approx(0.8)


def test_without_other_weights_the_fitted_ones_rank(make_event: MakeEvent, ask: Ask) -> None:
    event = make_event("1", "x", day=100, instrument="OTHER")
    candidate = Candidate(event, 0.5, 4, 2)
    assert score(candidate, ask) == score(candidate, ask, fitted().weights)
    assert score(candidate, ask) > score(candidate, ask, fitted().weights.fused_only())


def test_equal_scores_go_by_similarity_then_newness_then_id(make_event: MakeEvent, ask: Ask) -> None:
    old = [make_event(name, "x", day=day - 4000) for name, day in (("b", 0), ("a", 0), ("newer", 1))]
    candidates = [Candidate(event, 0.5, 3, None) for event in old]
    candidates.append(Candidate(make_event("similar", "x", day=-4000), 0.6, 3, None))
    assert [each.event.id for each in ranked(candidates, ask)] == ["similar", "newer", "a", "b"]


def test_every_prefix_holds_at_most_a_third_of_one_company(make_event: MakeEvent, ask: Ask) -> None:
    names = ["A"] * 20 + ["B", "C", "D", "E", "F", "G", "^GSPC", "^GSPC"]
    candidates = [
        Candidate(make_event(f"{name}{n}", "x", day=-n, instrument=name), 0.5, n, None) for n, name in enumerate(names)
    ]
    chosen = [str(each.event.reaction.ticker) for each in choose(candidates, ask, 12) if each.event.reaction]
    for length in range(1, 13):
        assert chosen[:length].count("A") <= -(-length // 3)
    assert chosen[0] == "A"
    assert len(choose(candidates, ask, 50)) == len(names)


def _scored(event: Event, ask: Ask, **weights: float) -> float:
    plain = fitted().weights.fused_only()
    return score(Candidate(event, 0.5, 0, 0), ask, plain.model_copy(update=weights))


def test_a_match_of_sector_lifts_another_company_and_the_articles_own(make_event: MakeEvent, ask: Ask) -> None:
    sectors = {"ACME": "Energy", "PUMP": "Energy", "BANK": "Financials"}
    asked = replace(ask, sector="Energy", sector_of=sectors.get)
    own, peer, other, unknown = (
        make_event(name, "A plant opened", instrument=name) for name in ("ACME", "PUMP", "BANK", "WHAT")
    )
    base = _scored(other, asked, same_sector=1.5)
    assert _scored(unknown, asked, same_sector=1.5) == base
    assert _scored(peer, asked, same_sector=1.5) == pytest.approx(1.5 * base)
    assert _scored(own, asked, same_sector=1.5) == pytest.approx(1.5 * base)
    assert _scored(own, asked, same_sector=1.5, same_ticker=2.0) == pytest.approx(3 * base)
    without = replace(asked, sector_of=None)
    assert _scored(peer, without, same_sector=1.5) == base


def test_an_index_has_no_sector(make_event: MakeEvent, ask: Ask) -> None:
    asked = replace(ask, sector="Energy", sector_of=lambda _ticker: "Energy")
    assert asked.sector_of_event(make_event("1", "Rates were held", instrument="^GSPC")) is None
    assert asked.sector_of_event(make_event("2", "A plant opened", instrument="PUMP")) == "Energy"


def test_fusion_without_weights_sees_ranks_alone(make_event: MakeEvent, ask: Ask) -> None:
    alike = make_event("1", "Acme cut its forecast", day=-4000, instrument="ACME")
    other = make_event("2", "Bank sued", instrument="BANK", event_type=EventType.LITIGATION)
    assert _scored(alike, ask) == _scored(other, ask) == pytest.approx(2 / (fitted().weights.rrf_k + 1))
