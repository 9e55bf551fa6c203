"""Story threads: which articles tell one story, what each adds, and how much of it was new."""

from typing import Annotated, Literal

from pydantic import Field

from records.base import Record
from records.taxonomy import EventType
from records.times import UtcDatetime

Relation = Literal["first", "reprint", "update", "recombination", "correction"]
"""What an article is to its story: the first; the same text again; new words or facts; a round-up of several stories; a retraction
of something said before."""


class Likeness(Record):
    """An earlier article that an article was compared with."""

    article_id: str
    similarity: Annotated[float, Field(ge=0, le=1, description="probability that the two tell one story")]
    why: Annotated[str, Field(description="what they share, in words")]


class Placement(Record):
    """Where an article stands among the stories known when it was placed."""

    article_id: str
    story_id: Annotated[str, Field(min_length=1, max_length=128, description="events of one story share it")]
    relation: Relation
    why: Annotated[str, Field(description="why this relation, in words")]
    novelty: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="share of its content that neither its story nor its companies' last stories had; 1: all new",
        ),
    ]
    closest: Annotated[
        tuple[Likeness, ...], Field(description="nearest earlier articles, nearest first; empty if none")
    ] = ()
    first_seen_at: Annotated[UtcDatetime, Field(description="when Rhyme first had an article of the story")]
    first_published_at: Annotated[
        UtcDatetime | None, Field(description="earliest publication claimed in the story; None if no article was dated")
    ] = None
    sources: Annotated[
        tuple[str, ...], Field(description="publishers so far, in order of appearance, this one's included")
    ] = ()
    as_of: Annotated[UtcDatetime, Field(description="only articles first seen by then were considered")]
    model: Annotated[str, Field(description="version of the model that decided")]


class TakenIn(Record):
    """How many articles are kept, and what they are to their stories."""

    articles: Annotated[int, Field(ge=0)] = 0
    stories: Annotated[int, Field(ge=0, description="different ones that these were placed in")] = 0
    duplicates: Annotated[int, Field(ge=0, description="reprints of what their story had")] = 0


class Member(Record):
    """One article of a story."""

    article_id: str
    title: str
    source: str | None
    relation: Relation
    novelty: Annotated[float, Field(ge=0, le=1)]
    first_seen_at: UtcDatetime
    published_at: UtcDatetime | None


class Story(Record):
    """A story with all its articles, oldest first."""

    id: str
    first_seen_at: UtcDatetime
    first_published_at: UtcDatetime | None
    sources: Annotated[tuple[str, ...], Field(description="publishers in order of appearance")]
    members: Annotated[tuple[Member, ...], Field(min_length=1, description="in the order they were first seen")]
    tickers: Annotated[tuple[str, ...], Field(description="named by any member")]
    event_type: Annotated[
        EventType | None, Field(description="of the first member whose type is known; None if of none")
    ]

    @property
    def updates(self) -> tuple[Member, ...]:
        """The members that added something: updates and corrections."""
        return tuple(one for one in self.members if one.relation in ("update", "correction"))
