"""The score: a distribution computed in code from prior and precedents."""

import math
from datetime import timedelta

import numpy as np
import pytest

from agent.score import ScoreModel, precedent_weights
from records.taxonomy import EventType
from tests.agent.conftest import AS_OF, CONTOSO, MakePrecedent

MERGER = EventType.MERGER_ACQUISITION


def test_without_precedents_the_score_is_the_prior_and_says_so(score_model: ScoreModel) -> None:
    impact = score_model.forecast(CONTOSO, MERGER, [], as_of=AS_OF)
    assert impact.evidence == "prior_only"
    assert impact.multiplier == pytest.approx(math.exp(0.5))
    assert impact.n_eff == 0
    assert impact.reason


def test_wild_precedents_raise_and_quiet_ones_lower_the_score(
    score_model: ScoreModel, make_precedent: MakePrecedent
) -> None:
    def scored(z: float) -> float:
        past = [make_precedent(n, z=z, ticker=f"T{n}") for n in range(9)]
        score = score_model.forecast(CONTOSO, MERGER, past, as_of=AS_OF).score
        assert score is not None
        return score

    assert scored(0.1) < scored(1.0) < scored(4.0)


def test_the_drivers_sum_to_the_score(score_model: ScoreModel, make_precedent: MakePrecedent) -> None:
    past = [make_precedent(n, z=2.5, ticker=f"T{n}") for n in range(6)]
    impact = score_model.forecast(CONTOSO, MERGER, past, as_of=AS_OF)
    assert sum(driver.contribution for driver in impact.drivers) == pytest.approx(impact.score, abs=1e-12)
    assert "6 of 6 beyond 2σ" in impact.drivers[-1].text


def test_more_effective_precedents_pull_further_from_the_prior(
    score_model: ScoreModel, make_precedent: MakePrecedent
) -> None:
    few, many = (
        score_model.forecast(
            CONTOSO, MERGER, [make_precedent(n, z=4, ticker=f"T{n}") for n in range(count)], as_of=AS_OF
        ).multiplier
        for count in (3, 30)
    )
    assert few is not None
    assert many is not None
    assert math.exp(0.5) < few < many


def test_one_ticker_holds_at_most_a_third_of_the_weight(make_precedent: MakePrecedent) -> None:
    past = [make_precedent(n, ticker="SAME") for n in range(10)] + [
        make_precedent(n, ticker=f"T{n}") for n in range(10, 14)
    ]
    weights = precedent_weights(past, MERGER, AS_OF)
    assert weights[:10].sum() / weights.sum() <= 1 / 3 + 1e-6


def test_weights_fall_with_age_distance_and_another_event_type(make_precedent: MakePrecedent) -> None:
    near, old, far, other = precedent_weights(
        [
            make_precedent(1, days=30),
            make_precedent(2, days=3000),
            make_precedent(3, days=30, similarity=0.3),
            make_precedent(4, days=30, event_type="litigation"),
        ],
        MERGER,
        AS_OF,
    )
    assert near > max(old, far, other)


def test_a_precedent_from_the_future_is_an_error_not_a_weight(
    score_model: ScoreModel, make_precedent: MakePrecedent
) -> None:
    late = make_precedent(1, days=400)
    with pytest.raises(ValueError, match="not yet known"):
        score_model.forecast(CONTOSO, MERGER, [late], as_of=AS_OF - timedelta(days=399, hours=12))


def test_without_precedents_the_interval_is_wider(score_model: ScoreModel, make_precedent: MakePrecedent) -> None:
    alone = score_model.forecast(CONTOSO, MERGER, [], as_of=AS_OF)
    typical = alone.multiplier * score_model._reference.mean_abs_z  # type: ignore[operator]
    past = [make_precedent(n, z=typical, ticker=f"T{n}") for n in range(9)]
    grounded = score_model.forecast(CONTOSO, MERGER, past, as_of=AS_OF)
    assert grounded.multiplier == pytest.approx(alone.multiplier)
    assert alone.high - alone.low > grounded.high - grounded.low  # type: ignore[operator]


def test_the_rank_is_a_percentile_and_unknown_below_twenty_scores(score_model: ScoreModel) -> None:
    scores = list(np.linspace(0.4, 0.8, 40))
    assert score_model.forecast(CONTOSO, MERGER, [], as_of=AS_OF, recent_scores=scores[:19]).rank is None
    ranked = score_model.forecast(CONTOSO, MERGER, [], as_of=AS_OF, recent_scores=scores)
    assert ranked.rank == pytest.approx(sum(score < ranked.score for score in scores) / 40)  # type: ignore[operator]


def test_a_not_scoreable_impact_carries_no_number(score_model: ScoreModel) -> None:
    impact = score_model.not_scoreable("no listed company")
    assert impact.evidence == "not_scoreable"
    assert impact.score is impact.low is impact.high is impact.p_material is impact.multiplier is impact.n_eff is None
