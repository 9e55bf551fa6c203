"""A model that was talked into another event type moves the score a little; one imported file does, too, and no further."""

import numpy as np
import pytest

from agent.event_rules import label
from agent.precedent_weights import SOURCE_LIMIT, limited_shift, shift
from agent.score import TYPE_LIMIT, Question, ScoreModel
from agent.score_artifact import load_artifact
from records.defences import Defence, without
from records.event import Precedent
from records.market import Instrument
from records.reading import Sentiment
from records.taxonomy import EventType
from tests.agent.conftest import AS_OF, MakePrecedent

SHARE = Instrument(ticker="CTSO", name="Contoso")
INDEX = Instrument(ticker="^GSPC", name="S&P 500", kind="index")
HEADLINE = "Contoso quarterly profit rises 12 percent"
MOST = 0.05


def scores(model: ScoreModel, instrument: Instrument) -> list[float]:
    """Of one headline, by the event types that a model could be talked into."""
    found = []
    for event_type in EventType:
        asked = Question(
            instrument,
            event_type,
            HEADLINE,
            surprise=4,
            sentiment=Sentiment.of(1, 0, 0),
            words_type=label(HEADLINE),
        )
        found.append(float(model.forecast(asked, [], as_of=AS_OF).score or 0))
    return found


@pytest.mark.parametrize("instrument", [SHARE, INDEX], ids=["share", "index"])
def test_no_event_type_moves_the_score_by_more_than_twice_the_limit(
    score_model: ScoreModel, instrument: Instrument
) -> None:
    limited = scores(score_model, instrument)
    assert max(limited) - min(limited) <= MOST
    with without({Defence.READING_LIMITS}):
        free = scores(score_model, instrument)
    assert max(free) - min(free) > MOST


def test_a_type_that_agrees_with_the_words_is_not_limited(score_model: ScoreModel) -> None:
    by_rule = label(HEADLINE)
    free = score_model.forecast(Question(SHARE, by_rule, HEADLINE), [], as_of=AS_OF)
    limited = score_model.forecast(Question(SHARE, by_rule, HEADLINE, words_type=by_rule), [], as_of=AS_OF)
    assert free == limited


def test_the_drivers_of_a_limited_score_still_add_up(score_model: ScoreModel) -> None:
    asked = Question(SHARE, EventType.BANKRUPTCY_DISTRESS, HEADLINE, words_type=label(HEADLINE))
    impact = score_model.forecast(asked, [], as_of=AS_OF)
    assert sum(driver.contribution for driver in impact.drivers) == pytest.approx(impact.score, abs=1e-6)
    assert TYPE_LIMIT < MOST


def flood(make: MakePrecedent, count: int, source: str | None, z: float = 10.0, start: int = 1) -> list[Precedent]:
    """Precedents of one source that all say the same, each of a share of its own."""
    return [
        make(start + number, z=z, ticker=f"T{start + number}", similarity=0.9).model_copy(update={"source": source})
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [1, 10, 100, 1_000])
def test_one_imported_file_moves_a_score_by_at_most_five_hundredths(
    score_model: ScoreModel, make_precedent: MakePrecedent, count: int
) -> None:
    honest = flood(make_precedent, 12, None, z=0.8)
    poison = flood(make_precedent, count, "import:events.csv", start=100)
    asked = Question(SHARE, EventType.MERGER_ACQUISITION, HEADLINE)
    for precedents in ([], honest):
        before = score_model.forecast(asked, precedents, as_of=AS_OF).score
        after = score_model.forecast(asked, [*precedents, *poison], as_of=AS_OF).score
        assert abs((after or 0) - (before or 0)) <= MOST
    if count >= 100:
        with without({Defence.SOURCE_CAP}):
            free = score_model.forecast(asked, [*honest, *poison], as_of=AS_OF).score
        assert abs((free or 0) - (before or 0)) > MOST


def test_sources_that_contradict_each_other_leave_the_word_to_those_without_a_cap() -> None:
    blending = load_artifact().blending
    weights, expected = np.ones(200), np.ones(200)
    abs_z = np.concatenate([np.full(100, 6.0), np.full(100, 0.01)])
    names = ["import:a"] * 100 + ["import:b"] * 100
    assert limited_shift(blending, weights, abs_z, expected, 0.8, names) == 0.0
    assert abs(limited_shift(blending, weights[:100], abs_z[:100], expected[:100], 0.8, names[:100])) <= SOURCE_LIMIT
    free: list[str | None] = [None] * 100
    assert limited_shift(blending, weights[:100], abs_z[:100], expected[:100], 0.8, free) == shift(
        blending, weights[:100], abs_z[:100], expected[:100], 0.8
    )
