"""A brief: the stories since the one before, ranked, for a scope; written by code from what is kept."""

from typing import Annotated, Literal

from pydantic import Field

from records.base import Record
from records.changes import Change
from records.summary import AnalysisSummary
from records.times import UtcDatetime

ScopeKind = Literal["everything", "watchlist", "theme", "portfolio"]


class BriefScope(Record):
    """What a brief is about. Briefs of one scope follow one another: what one told, the next does not tell again."""

    kind: ScopeKind
    tickers: Annotated[tuple[str, ...], Field(description="of a watchlist or portfolio, in alphabetical order")] = ()
    tags: Annotated[tuple[str, ...], Field(description="of a theme")] = ()

    @property
    def key(self) -> str:
        """The same for the same scope. A portfolio is one scope whatever it holds today."""
        held = "" if self.kind == "portfolio" else ",".join((*self.tickers, *self.tags))
        return f"{self.kind}:{held}"


class BriefSentence(Record):
    """One sentence with the ids it rests on, as the tools name them."""

    text: Annotated[str, Field(min_length=1)]
    support: tuple[str, ...]


class BriefStory(Record):
    """One story of a brief."""

    analysis: Annotated[AnalysisSummary, Field(description="the newest of the story")]
    rank_value: Annotated[
        float | None, Field(description="impact × exposure × novelty; None: not scoreable, so listed last")
    ]
    exposure: Annotated[
        float | None,
        Field(ge=0, description="share of the portfolio in its companies; 1 outside of portfolios; None: unknown"),
    ]
    articles: Annotated[int, Field(ge=1, description="of the story, known at the brief's time")]
    sources: tuple[str, ...]
    update: Annotated[bool, Field(description="an earlier brief of this scope told the story")]
    sentence: BriefSentence
    precedent: Annotated[
        BriefSentence | None, Field(description="the likest past event and what the market did; None: none was found")
    ] = None
    former_id: Annotated[
        str | None, Field(description="the story's analysis that `changes` compares with; None: there is none")
    ] = None
    changes: Annotated[tuple[Change, ...], Field(description="empty with a former_id: nothing changed")] = ()


class BriefLine(Record):
    """A story below a brief's limit: named, not told."""

    analysis_id: str
    title: str
    ticker: str | None
    score: Annotated[float | None, Field(description="None: not scoreable")]


class BriefFailure(Record):
    """Something that may be missing from the brief, and why."""

    what: Annotated[str, Field(description="a feed's name, or 'analyses'")]
    kind: str
    message: str


class Brief(Record):
    """What happened between two moments. `stories` empty and `failures` empty is no news; with failures it may not be."""

    id: Annotated[str, Field(description="16 hex digits")]
    scope: BriefScope
    since: UtcDatetime
    as_of: UtcDatetime
    created_at: UtcDatetime
    status: Annotated[
        Literal["news", "no_news", "unknown"], Field(description="unknown: nothing to tell, and something failed")
    ]
    overall: Annotated[tuple[BriefSentence, ...], Field(description="one paragraph")]
    stories: tuple[BriefStory, ...]
    others: Annotated[
        tuple[BriefLine, ...], Field(description="all that fit and are below the limit, in their order")
    ] = ()
    waiting: Annotated[int, Field(ge=0, description="articles that wait to be analysed")] = 0
    failures: tuple[BriefFailure, ...] = ()
    notes: Annotated[tuple[str, ...], Field(description="what was assumed, for instance of sizes")] = ()
