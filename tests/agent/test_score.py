"""The score: a distribution computed in code from what was known and from the precedents."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from agent import score as score_module
from agent.flow import PastStory, flow_of
from agent.index_prior import load_index_prior
from agent.precedent_weights import capped
from agent.score import STEPS, ScoreModel
from markets.state import MarketState
from records.market import Instrument
from records.reading import Sentiment
from records.taxonomy import EventType
from tests.agent.conftest import AS_OF, MakePrecedent, question

STATE = MarketState(
    beta=1.1,
    sigma=0.018,
    fast_to_year=-0.1,
    fast_to_slow=-0.2,
    largest_of_5=1.2,
    last=0.4,
    mean_of_20=0.8,
    mean_of_125=0.9,
    median_of_125=0.6,
    largest_of_125=4.0,
    drift_of_5=0.3,
    sessions_since_jump=60.0,
    quarter_ago=(4.0, 3.5, 5.0, 4.5),
    market_5=0.0,
    market_20=-0.1,
)


def test_without_precedents_the_score_is_prior_only_and_says_so(score_model: ScoreModel) -> None:
    impact = score_model.forecast(question(), [], as_of=AS_OF)
    assert impact.evidence == "prior_only"
    assert impact.n_eff == 0
    assert impact.reason
    assert impact.move_low is None


def test_wild_precedents_raise_and_quiet_ones_lower_the_score(
    score_model: ScoreModel, make_precedent: MakePrecedent
) -> None:
    def scored(z: float) -> float:
        past = [make_precedent(n, z=z, ticker=f"T{n}") for n in range(9)]
        score = score_model.forecast(question(), past, as_of=AS_OF).score
        assert score is not None
        return score

    assert scored(0.1) < scored(1.0) < scored(4.0)


@pytest.mark.parametrize("event_type", list(EventType))
def test_the_drivers_sum_to_the_score(
    score_model: ScoreModel, make_precedent: MakePrecedent, event_type: EventType
) -> None:
    past = [make_precedent(n, z=2.5, ticker=f"T{n}") for n in range(6)]
    asked = replace(question(event_type), state=STATE, flow=flow_of([], AS_OF.date(), 3))
    for given in (asked, replace(asked, state=None), replace(asked, flow=None, state=None)):
        impact = score_model.forecast(given, past, as_of=AS_OF)
        assert sum(driver.contribution for driver in impact.drivers) == pytest.approx(impact.score, abs=1e-9)
    assert any("6 of 6 beyond 2σ" in driver.text for driver in impact.drivers)


def test_the_driver_tells_the_moves_as_the_score_counts_them(
    score_model: ScoreModel, make_precedent: MakePrecedent
) -> None:
    crashes = [make_precedent(n, z=-30, ticker=f"T{n}") for n in range(6)]
    said = {driver.name: driver.text for driver in score_model.forecast(question(), crashes, as_of=AS_OF).drivers}
    assert "mean move 6.00σ" in said["precedents"]  # a precedent counts as six σ at most


def test_an_index_is_scored_by_its_own_prior(score_model: ScoreModel) -> None:
    index = Instrument(ticker="^GSPC", name="S&P 500", kind="index")
    impact = score_model.forecast(replace(question(EventType.MONETARY_POLICY), instrument=index), [], as_of=AS_OF)
    assert [driver.name for driver in impact.drivers] == ["ordinary_day", "event_type", "precedents"]
    assert sum(driver.contribution for driver in impact.drivers) == pytest.approx(impact.score, abs=1e-12)


def test_more_effective_precedents_pull_further_from_the_prior(
    score_model: ScoreModel, make_precedent: MakePrecedent
) -> None:
    alone, few, many = (
        score_model.forecast(
            question(), [make_precedent(n, z=4, ticker=f"T{n}") for n in range(count)], as_of=AS_OF
        ).multiplier
        for count in (0, 3, 30)
    )
    assert alone is not None
    assert few is not None
    assert many is not None
    assert alone < few < many


def test_precedents_that_moved_as_expected_of_them_change_nothing(
    score_model: ScoreModel, make_precedent: MakePrecedent
) -> None:
    past = make_precedent(1)
    expected = float(score_model._expected_scales([past])[0])
    z = expected * score_model._reference.mean_abs_z
    many = [make_precedent(n, z=z, ticker=f"T{n}") for n in range(9)]
    many = [one.model_copy(update={"summary": past.summary}) for one in many]
    with_them = score_model.forecast(question(), many, as_of=AS_OF)
    assert with_them.multiplier == pytest.approx(score_model.forecast(question(), [], as_of=AS_OF).multiplier)


def test_expected_scales_are_the_same_asked_together_one_by_one_and_again(
    make_precedent: MakePrecedent, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ("guidance", "litigation", "merger_acquisition")
    pasts = [
        make_precedent(n, ticker=ticker, event_type=kind)
        for n, (ticker, kind) in enumerate((t, k) for t in ("AAA", "^GSPC", "BBB") for k in kinds)
    ]
    together = ScoreModel()._expected_scales([*pasts, pasts[0]])
    one_by_one = np.concatenate([ScoreModel()._expected_scales([past]) for past in pasts])
    assert len(set(one_by_one.tolist())) > len(kinds)
    assert (together == [*one_by_one, one_by_one[0]]).all()
    of_indices = [np.exp(load_index_prior().log_scale(EventType(kind))) for kind in kinds]
    assert one_by_one[3:6].tolist() == of_indices
    monkeypatch.setattr(score_module, "TEXTS_KEPT", 4)
    small = ScoreModel()
    for _ in range(2):
        assert (np.concatenate([small._expected_scales(pasts[at : at + 3]) for at in (0, 3, 6)]) == one_by_one).all()
        assert len(small._kept_scales) <= 4


def test_one_ticker_holds_at_most_a_third_of_the_weight() -> None:
    weights = capped(np.ones(14), np.array([0] * 10 + [1, 2, 3, 4]))
    assert weights[:10].sum() / weights.sum() <= 1 / 3 + 1e-6
    assert (weights[10:] == 1).all()


def test_weights_fall_with_age_distance_and_another_event_type(
    score_model: ScoreModel, make_precedent: MakePrecedent
) -> None:
    def pull(**kwargs: object) -> float:
        past = [make_precedent(n, z=4, ticker=f"T{n}", **kwargs) for n in range(1)]
        wording = score_model.artifact.vocabulary.vector([])
        return float(score_model._weights(question(), wording, past, AS_OF)[0])

    near = pull(days=30, similarity=0.6)
    assert near > pull(days=3000, similarity=0.6)
    assert near > pull(days=30, similarity=0.3)
    assert near > pull(days=30, similarity=0.6, event_type="litigation")


def test_a_precedent_from_the_future_is_an_error_not_a_weight(
    score_model: ScoreModel, make_precedent: MakePrecedent
) -> None:
    late = make_precedent(1, days=400)
    with pytest.raises(ValueError, match="not yet known"):
        score_model.forecast(question(), [late], as_of=AS_OF - timedelta(days=399, hours=12))


def test_the_interval_is_wider_without_precedents(score_model: ScoreModel, make_precedent: MakePrecedent) -> None:
    past = [make_precedent(n, z=1.2, ticker=f"T{n}") for n in range(9)]
    alone, grounded = (score_model.forecast(question(), given, as_of=AS_OF) for given in ([], past))
    for one in (alone, grounded):
        assert one.low is not None
        assert one.high is not None
        assert one.low < one.score < one.high  # type: ignore[operator]
    assert alone.high - alone.low > grounded.high - grounded.low  # type: ignore[operator]


def test_a_known_volatility_gives_the_interval_in_percent(score_model: ScoreModel) -> None:
    impact = score_model.forecast(replace(question(), state=STATE), [], as_of=AS_OF)
    twice = score_model.forecast(replace(question(), state=STATE, date_only=True), [], as_of=AS_OF)
    assert impact.move_high is not None
    assert twice.move_high == pytest.approx(impact.move_high * np.sqrt(2))
    assert 0.005 < impact.move_high < 0.2


@pytest.mark.parametrize("step", STEPS)
def test_every_step_can_be_switched_off_and_the_version_says_so(
    score_model: ScoreModel, make_precedent: MakePrecedent, step: str
) -> None:
    past = [make_precedent(n, z=4, ticker=f"T{n}") for n in range(9)]
    asked = replace(question(), state=STATE, flow=flow_of([], AS_OF.date(), 9), sentiment=Sentiment.of(0.1, 0.1, 0.8))
    without = ScoreModel(without=[step])  # type: ignore[list-item]
    whole, part = (model.forecast(asked, past, as_of=AS_OF) for model in (score_model, without))
    assert part.model_version == f"{whole.model_version}-{step}"
    unused = step == "model" and score_model.artifact.model_terms.sentiment == 0
    assert (part.score == whole.score) is unused


def test_an_unknown_step_is_refused() -> None:
    with pytest.raises(ValueError, match="no such steps"):
        ScoreModel(without=["weather"])  # type: ignore[list-item]


def test_results_expected_in_a_season_of_jumps_score_higher(score_model: ScoreModel) -> None:
    quiet = replace(STATE, quarter_ago=(0.8, 0.9, 1.0, 0.9))
    results = question(EventType.EARNINGS_RESULTS, "Contoso reports Q4 results, earnings per share $1.10")
    jumpy, calm = (
        score_model.forecast(replace(results, state=state), [], as_of=AS_OF).score for state in (STATE, quiet)
    )
    assert jumpy is not None
    assert calm is not None
    assert jumpy > calm


def test_the_rank_is_a_percentile_and_unknown_below_twenty_scores(score_model: ScoreModel) -> None:
    scores = list(np.linspace(0.4, 0.8, 40))
    assert score_model.forecast(question(), [], as_of=AS_OF, recent_scores=scores[:19]).rank is None
    ranked = score_model.forecast(question(), [], as_of=AS_OF, recent_scores=scores)
    assert ranked.rank == pytest.approx(sum(score < ranked.score for score in scores) / 40)  # type: ignore[operator]


def test_a_not_scoreable_impact_carries_no_number(score_model: ScoreModel) -> None:
    impact = score_model.not_scoreable("no listed company")
    assert impact.evidence == "not_scoreable"
    assert impact.score is impact.low is impact.high is impact.p_material is impact.multiplier is impact.n_eff is None


def test_the_news_flow_counts_only_what_was_known() -> None:
    day = AS_OF.date()
    past = [
        PastStory(day - timedelta(days=200), True, 0.3),
        PastStory(day - timedelta(days=30), True, None),
        PastStory(day - timedelta(days=4), False, -0.1),
    ]
    flow = flow_of(past, day, 2)
    assert (flow.same_day, flow.days_since_story, flow.days_since_results) == (2, 4, 30)
    assert (flow.stories_10, flow.stories_90) == (1, 2)
    assert flow.excess == pytest.approx(0.2 / 10)  # two known outcomes, shrunk as if by eight more
    assert flow.excess_results == pytest.approx(0.3 / 5)
    assert flow_of([], day, 1).excess == 0
