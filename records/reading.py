"""What the model read in one article: checked against the article's own text, never more than it says."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from records.base import Record
from records.taxonomy import EventType, Scope, Tag

SentimentLabel = Literal["negative", "neutral", "positive"]


class Sentiment(Record):
    """Probabilities over three classes; they sum to 1 (±0.01)."""

    label: SentimentLabel
    negative: Annotated[float, Field(ge=0, le=1)]
    neutral: Annotated[float, Field(ge=0, le=1)]
    positive: Annotated[float, Field(ge=0, le=1)]

    @model_validator(mode="after")
    def _sums_to_one(self) -> "Sentiment":
        total = self.negative + self.neutral + self.positive
        if abs(total - 1) > 0.01:
            raise ValueError(f"sentiment probabilities sum to {total:.3f}, not 1")
        return self

    @classmethod
    def of(cls, negative: float, neutral: float, positive: float) -> "Sentiment":
        """From three non-negative weights, normalised. Raises ValueError when all are 0."""
        total = negative + neutral + positive
        if total <= 0:
            raise ValueError("sentiment weights are all zero: the sentiment is unknown, not neutral")
        values: dict[SentimentLabel, float] = {
            "negative": negative / total,
            "neutral": neutral / total,
            "positive": positive / total,
        }
        label = max(values, key=lambda name: values[name])
        return cls(label=label, negative=values["negative"], neutral=values["neutral"], positive=values["positive"])


class Span(Record):
    """A half-open character range [start, end) of `Article.body`."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(gt=0)]


class Mention(Record):
    """A company, institution or index the article speaks of."""

    name: Annotated[str, Field(min_length=1, description="as the article writes it, or as the backer table names it")]
    ticker: Annotated[
        str | None, Field(description="one of the candidates found in code; None if it has no instrument")
    ]
    role: Literal["subject", "counterparty", "competitor", "backer", "mentioned"]
    sentiment: Annotated[Sentiment | None, Field(description="towards this company; None if it was not measured")] = (
        None
    )
    quote: Annotated[str | None, Field(description="verbatim words of the article naming it; None for a backer")] = None


class Fact(Record):
    """One statement of the article that later text may cite as `A1`, `A2`, …"""

    id: Annotated[str, Field(pattern=r"^A\d+$")]
    text: Annotated[str, Field(min_length=1)]
    quote: Annotated[str, Field(min_length=1, description="verbatim substring of Article.body")]
    span: Span


class Reading(Record):
    """The structured content of one article."""

    summary: Annotated[str, Field(description="two or three factual sentences")]
    event_type: EventType
    tags: tuple[Tag, ...]
    mentions: tuple[Mention, ...]
    sentiment: Annotated[Sentiment | None, Field(description="of the article for its subject; None if not measured")]
    surprise: Annotated[int | None, Field(ge=0, le=4, description="0 fully expected … 4 shock; None if not measured")]
    scheduled: Annotated[bool | None, Field(description="the event's date was known beforehand; None if not measured")]
    scope: Scope
    facts: tuple[Fact, ...]
    dropped_quotes: Annotated[int, Field(ge=0, description="facts left out because their quote is not in the text")] = 0
    dropped_sentences: Annotated[
        int, Field(ge=0, description="sentences of the summary left out because the article does not carry them")
    ] = 0
