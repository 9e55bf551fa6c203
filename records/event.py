"""Past events, and the ones recalled as precedents for an article."""

from datetime import date
from typing import Annotated

from pydantic import Field

from records.base import Record
from records.market import Reaction
from records.taxonomy import EVENT_TAXONOMY_VERSION, EventType, Tag
from records.times import UtcDatetime, new_york_date


class Event(Record):
    """Something that happened, as the event memory keeps it."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    summary: Annotated[str, Field(min_length=1, max_length=2_000, description="one factual sentence")]
    event_type: EventType
    tickers: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    published_at: UtcDatetime
    date_only: bool = False
    story_id: Annotated[str | None, Field(description="events of one story share it; None: a story of its own")] = None
    source: Annotated[
        str | None, Field(description="where the event came from: 'starter', a file name, 'analysis'")
    ] = None
    reaction: Annotated[Reaction | None, Field(description="None while its outcome is unknown")] = None
    taxonomy_version: int = EVENT_TAXONOMY_VERSION


class Precedent(Record):
    """An event recalled for an article, knowable and with a known outcome at the analysis's `as_of`."""

    id: Annotated[str, Field(pattern=r"^P\d+$", description="citation id within one analysis")]
    event_id: str
    summary: str
    event_type: EventType
    tickers: tuple[str, ...]
    published_at: UtcDatetime
    similarity: Annotated[float, Field(ge=0, le=1, description="cosine of the embeddings, negative values cut to 0")]
    why: Annotated[str, Field(description="what it shares with the article, in words")]
    differs: Annotated[
        str, Field(description="how it differs from the article, in words; empty in analyses of earlier versions")
    ] = ""
    source: Annotated[
        str | None, Field(description="the imported file whose weight in the score is capped; None: without a cap")
    ] = None
    reaction: Reaction

    @property
    def published_on(self) -> date:
        """Its date in New York, to show: the UTC date of a date-only source would be a day late."""
        return new_york_date(self.published_at)
