"""The embedded path: short constrained questions, calibrated, and never a word the article does not carry."""

from collections.abc import Sequence

import pytest

from agent.progress import Progress, silent
from agent.read import read
from agent.read_embedded import Calibration, choose_tags, logit
from models.scripted import Choice, Reply, ScriptedModel, Step
from prompts import PromptLibrary
from records.article import Article
from records.market import Candidate
from records.taxonomy import EVENT_DESCRIPTIONS, EventType, Scope, Tag

TRUE_SUMMARY = "Northwind agreed to buy Contoso for $35.3 billion."


def yes(probability: float, purpose: str) -> Choice:
    return Choice({"Yes": probability, "No": 1 - probability}, purpose=purpose)


def section(business: float) -> Choice:
    rest = (1 - business) / 3
    return Choice({"A": business, "B": rest, "C": rest, "D": rest}, purpose="read.relevance")


def event_steps(chosen: EventType, *, company: bool) -> list[Step]:
    asked = [
        one
        for one in EVENT_DESCRIPTIONS
        if one is not EventType.NOT_MARKET_RELEVANT and not (company and one is EventType.MARKET_COMMENTARY)
    ]
    return [yes(0.97 if one is chosen else 0.05, "read.event_type") for one in asked]


def tag_steps(*chosen: Tag) -> list[Step]:
    return [yes(0.97 if one in chosen else 0.02, "read.tags") for one in Tag]


def sentiment_steps(positive: float) -> list[Step]:
    rest = (1 - positive) / 2
    return [
        Choice({"Positive": positive, "Negative": 1 - positive}, purpose="read.sentiment"),
        Choice({"positive": positive, "negative": rest, "neutral": rest}, purpose="read.sentiment"),
    ]


def embedded(steps: Sequence[Step]) -> ScriptedModel:
    return ScriptedModel(steps, profile="embedded", context_tokens=4096)


def test_a_company_story_is_read_question_by_question(article: Article, candidates: tuple[Candidate, ...]) -> None:
    steps = [
        Reply(TRUE_SUMMARY, purpose="read.summary"),
        *event_steps(EventType.MERGER_ACQUISITION, company=True),
        *tag_steps(Tag.MERGERS, Tag.BANKING),
        *sentiment_steps(0.9),
        *sentiment_steps(0.2),
    ]
    with embedded(steps) as model:
        result = read(article, candidates, model, PromptLibrary(), silent)
    reading = result.reading
    assert reading.summary == TRUE_SUMMARY
    assert reading.event_type is EventType.MERGER_ACQUISITION
    assert set(reading.tags) == {Tag.MERGERS, Tag.BANKING}
    assert [(one.ticker, one.role) for one in reading.mentions] == [("NWND", "subject"), ("CTSO", "subject")]
    assert reading.mentions[0].sentiment is not None
    assert reading.mentions[1].sentiment is not None
    assert reading.mentions[0].sentiment.positive > reading.mentions[1].sentiment.positive
    assert reading.scope is Scope.COMPANY
    assert reading.surprise is None
    assert "surprise is not measured by this model" in result.missing
    assert all(article.body[fact.span.start : fact.span.end] == fact.quote for fact in reading.facts)


def test_an_ambiguous_word_is_put_to_the_model(article: Article, candidates: tuple[Candidate, ...]) -> None:
    doubtful = candidates[0].model_copy(update={"ambiguous": True})
    steps = [
        Reply(TRUE_SUMMARY),
        yes(0.1, "read.company"),
        *event_steps(EventType.MERGER_ACQUISITION, company=True),
        *tag_steps(Tag.MERGERS),
        *sentiment_steps(0.9),
    ]
    with embedded(steps) as model:
        reading = read(article, (doubtful, candidates[1]), model, PromptLibrary(), silent).reading
    assert [one.ticker for one in reading.mentions] == ["CTSO"]


def test_a_story_without_companies_that_is_no_news_ends_early_and_has_no_sentiment(article: Article) -> None:
    with embedded([Reply("A walk by the sea."), section(0.05)]) as model:
        reading = read(article, (), model, PromptLibrary(), silent).reading
    assert reading.event_type is EventType.NOT_MARKET_RELEVANT
    assert reading.scope is Scope.NONE
    assert reading.tags == ()
    assert reading.sentiment is None


def test_each_question_tells_the_watcher(article: Article) -> None:
    seen: list[Progress] = []
    with embedded([Reply("A walk by the sea."), section(0.05)]) as model:
        read(article, (), model, PromptLibrary(), seen.append)
    assert "".join(one.token or "" for one in seen) == "A walk by the sea."
    assert any("market news" in one.detail for one in seen)


def test_tags_must_stand_out_against_the_models_bias() -> None:
    scores = {Tag.MERGERS: (2.5, 0.95), Tag.GUIDANCE: (0.2, 0.8), Tag.BANKING: (2.0, 0.3)}
    assert choose_tags(scores, threshold=1.0) == (Tag.MERGERS,)


def test_the_best_tag_is_given_even_when_none_stands_out() -> None:
    assert choose_tags({Tag.MERGERS: (0.1, 0.4), Tag.BANKING: (0.0, 0.4)}, threshold=1.0) == (Tag.MERGERS,)


def test_the_shipped_calibration_covers_every_tag_and_event_type() -> None:
    calibration = Calibration.shipped()
    assert set(calibration.tag_mean_logit) == {tag.value for tag in Tag}
    assert set(calibration.event_mean_logit) == {one.value for one in EventType}
    assert set(calibration.sentiment) == {"negative", "neutral", "positive"}


@pytest.mark.parametrize(("probability", "expected"), [(0.5, 0.0), (0.0, logit(1e-4)), (1.0, logit(1 - 1e-4))])
def test_the_logit_is_finite_at_the_ends(probability: float, expected: float) -> None:
    assert logit(probability) == pytest.approx(expected)
