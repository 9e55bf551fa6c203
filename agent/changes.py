"""What an update or a correction changed against the former analysis of its story. Code alone; no model is asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from agent.changed_facts import changed_figures, changed_quotes
from records.analysis import Analysis
from records.article import Article
from records.changes import (
    Change,
    EventTypeChange,
    MaterialChange,
    ScoreChange,
    ScoreState,
    SentimentChange,
    TagsChange,
    TickersChange,
)
from records.database.analyses import StoryAnalysis
from records.reading import Sentiment

T = TypeVar("T")

DIGITS = 2
"""As the page shows probabilities and scores: a change that nobody can see is none."""


def former_of(known: Sequence[StoryAnalysis], article: Article, as_of: datetime) -> StoryAnalysis | str:
    """The analysis to compare with: of the story's last other article published at or before this one, made without knowledge
    later than `as_of`. Or why there is none, in words."""
    others = [one for one in known if one.article_id != article.id]
    before = [one for one in others if one.known_at <= article.known_at]
    usable = [one for one in before if one.as_of <= as_of]
    if usable:
        return max(usable, key=lambda one: (one.known_at, one.created_at, one.id))
    if before:
        one = before[0]
        return f"what changed is not told: the story's analysis {one.id} knew more, it is as of {_moment(one.as_of)}"
    if others:
        one = min(others, key=lambda other: other.known_at)
        return (
            f"what changed is not told: the article came out of order, the story's analysis {one.id} is of one published later "
            f"({_moment(one.known_at)})"
        )
    return "what changed is not told: no other article of the story was analysed"


def compared(analysis: Analysis, former: Analysis | None) -> Analysis:
    """The analysis with what changed against the former one; None: as it is."""
    if former is None:
        return analysis
    told = {"former_id": former.id, "former_as_of": former.provenance.as_of, "changes": changes_of(former, analysis)}
    return analysis.model_copy(update=told)


def changes_of(former: Analysis, new: Analysis) -> tuple[Change, ...]:
    """Score first, then what was read, then the facts. Empty: nothing that is measured or stated changed."""
    correction = new.story is not None and new.story.relation == "correction"
    before, after = (former.article.body, former.reading.facts), (new.article.body, new.reading.facts)
    return (
        *_numbers(former, new),
        *_read(former, new),
        *changed_figures(*before, *after, correction=correction),
        *changed_quotes(*before, *after),
    )


def _numbers(former: Analysis, new: Analysis) -> list[Change]:
    found: list[Change] = []
    before, after = ScoreState.of(former.impact), ScoreState.of(new.impact)
    if _shown(before) != _shown(after):
        found.append(ScoreChange(before=before, after=after))
    if _rounded(former.impact.p_material) != _rounded(new.impact.p_material):
        found.append(MaterialChange(before=former.impact.p_material, after=new.impact.p_material))
    if _probabilities(former.reading.sentiment) != _probabilities(new.reading.sentiment):
        found.append(SentimentChange(before=former.reading.sentiment, after=new.reading.sentiment))
    return found


def _read(former: Analysis, new: Analysis) -> list[Change]:
    found: list[Change] = []
    if former.reading.event_type != new.reading.event_type:
        found.append(EventTypeChange(before=former.reading.event_type, after=new.reading.event_type))
    if set(former.tickers) != set(new.tickers):
        found.append(
            TickersChange(added=_less(new.tickers, former.tickers), removed=_less(former.tickers, new.tickers))
        )
    if set(former.reading.tags) != set(new.reading.tags):
        tags = (new.reading.tags, former.reading.tags)
        found.append(TagsChange(added=_less(*tags), removed=_less(*reversed(tags))))
    return found


def _less(these: Sequence[T], those: Sequence[T]) -> tuple[T, ...]:
    return tuple(one for one in these if one not in those)


def _shown(state: ScoreState) -> tuple[object, ...]:
    return state.ticker, _rounded(state.score), _rounded(state.low), _rounded(state.high)


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, DIGITS)


def _probabilities(sentiment: Sentiment | None) -> tuple[object, ...] | None:
    if sentiment is None:
        return None
    three = (sentiment.negative, sentiment.neutral, sentiment.positive)
    return sentiment.label, *(round(one, DIGITS) for one in three)


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC"
