"""What an update or a correction changed: one record for each thing that is not as the former analysis of its story had it.

`before` is the former analysis, `after` this one; None stands for "not measured" or "not there", never for 0.
"""

from typing import Annotated, Literal

from pydantic import Field

from records.base import Record
from records.impact import Impact
from records.reading import Sentiment
from records.taxonomy import EventType, Tag

FactChange = Literal["new", "gone", "corrected"]


class ScoreState(Record):
    """A score with its interval, as one analysis had it."""

    ticker: Annotated[str | None, Field(description="the instrument the score is about; null: none")]
    score: Annotated[float | None, Field(ge=0, le=1, description="null: not scoreable")]
    low: Annotated[float | None, Field(ge=0, le=1, description="10 % quantile")]
    high: Annotated[float | None, Field(ge=0, le=1, description="90 % quantile")]

    @classmethod
    def of(cls, impact: Impact) -> "ScoreState":
        """The score of an impact."""
        return cls(ticker=impact.ticker, score=impact.score, low=impact.low, high=impact.high)


class ScoreChange(Record):
    """Score or interval differ in their first two digits, or are of another instrument."""

    kind: Literal["score"] = "score"
    before: ScoreState
    after: ScoreState


class MaterialChange(Record):
    """The probability of a move beyond two sigma differs by at least a whole percent as it is shown."""

    kind: Literal["p_material"] = "p_material"
    before: Annotated[float | None, Field(ge=0, le=1, description="null: not scoreable")]
    after: Annotated[float | None, Field(ge=0, le=1, description="null: not scoreable")]


class SentimentChange(Record):
    """The article's sentiment has another label, or other probabilities in their first two digits."""

    kind: Literal["sentiment"] = "sentiment"
    before: Annotated[Sentiment | None, Field(description="null: not measured")]
    after: Annotated[Sentiment | None, Field(description="null: not measured")]


class EventTypeChange(Record):
    """The article is read as another kind of event."""

    kind: Literal["event_type"] = "event_type"
    before: EventType
    after: EventType


class TickersChange(Record):
    """Instruments that the analysis is about now, or no longer."""

    kind: Literal["tickers"] = "tickers"
    added: tuple[str, ...]
    removed: tuple[str, ...]


class TagsChange(Record):
    """Tags that the article has now, or no longer."""

    kind: Literal["tags"] = "tags"
    added: tuple[Tag, ...]
    removed: tuple[Tag, ...]


class FigureChange(Record):
    """A figure that only one of the two articles has; corrected when the words around it are the same in both."""

    kind: Literal["figure"] = "figure"
    change: FactChange
    before: Annotated[str | None, Field(description="as the former article writes it; null: it has none")]
    after: Annotated[str | None, Field(description="as this article writes it; null: it has none")]
    words: Annotated[
        str, Field(min_length=1, description="verbatim words around it; of this article, of a gone figure of the former one")
    ]  # fmt: skip


class QuoteChange(Record):
    """A fact's verbatim words that the other article does not say, not in nearly the same words either."""

    kind: Literal["quote"] = "quote"
    change: Literal["new", "gone"]
    fact_id: Annotated[str, Field(description="A1, A2, …: of this analysis when new, of the former one when gone")]
    quote: Annotated[str, Field(min_length=1)]


Change = Annotated[
    ScoreChange | MaterialChange | SentimentChange | EventTypeChange | TickersChange | TagsChange | FigureChange | QuoteChange,
    Field(discriminator="kind"),
]  # fmt: skip
