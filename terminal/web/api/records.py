"""What the API takes and gives besides the records of the rest of Rhyme."""

from typing import Annotated, Literal

from pydantic import Field, HttpUrl

from evals.harness.run import Layer
from records.access import SavedView
from records.alert import RULE_NAME, AlertRule
from records.base import Record
from records.brief import Brief
from records.database.browse import Activity, ArticleLine
from records.feed import SHORTEST_SECONDS, Feed
from records.job import Job, JobCounts, Pause
from records.reading import SentimentLabel
from records.story import Member
from records.summary import AnalysisSummary
from records.taxonomy import EventType, Tag
from records.times import UtcDatetime
from terminal.output import PrecedentOutput

Identity = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00]+$")]
Ticker = Annotated[str, Field(min_length=1, max_length=12, pattern=r"^[\^A-Za-z0-9][A-Za-z0-9.\-]*$")]
ArticleId = Annotated[str, Field(pattern=r"^[0-9a-f]{1,64}$", description="of an article, or how it begins")]


class Articles(Record):
    """What a search in words found, best first."""

    items: tuple[ArticleLine, ...]


class StoryThread(Record):
    """A story in time, with what Rhyme made of it."""

    id: str
    members: Annotated[tuple[Member, ...], Field(description="its articles, oldest first")]
    analyses: Annotated[tuple[AnalysisSummary, ...], Field(description="newest first, at most 200")]


class Precedents(Record):
    """Past events like a text, likest first; empty: none was known then."""

    as_of: UtcDatetime
    items: tuple[PrecedentOutput, ...]


class ActivityList(Record):
    """Counts by label and stretch of time, the newest stretch first."""

    since: UtcDatetime
    until: UtcDatetime
    items: tuple[Activity, ...]


class Briefs(Record):
    """Newest first."""

    items: tuple[Brief, ...]


class BriefAsked(Record):
    """What a brief is to be about."""

    kind: Literal["everything", "watchlist", "theme", "portfolio"] = "everything"
    tickers: Annotated[tuple[Ticker, ...], Field(max_length=200, description="of a watchlist")] = ()
    theme: Annotated[str, Field(max_length=100, description="of the kind `theme`")] = ""


class Jobs(Record):
    """All jobs counted, and some of them."""

    counts: JobCounts
    pause: Annotated[Pause | None, Field(description="why no job is begun; null: they are")]
    items: tuple[Job, ...]


class JobsAdded(Record):
    """Articles to be analysed."""

    article_ids: Annotated[tuple[ArticleId, ...], Field(min_length=1, max_length=1_000, description="whole ids")]
    priority: Literal["live", "backfill"] = "backfill"


class JobsNamed(Record):
    """Jobs to change; none named: all that it can be about."""

    article_ids: Annotated[tuple[ArticleId, ...], Field(max_length=1_000)] = ()


class Changed(Record):
    """Ids that were changed, and those that were as they should be."""

    changed: tuple[str, ...]
    known: tuple[str, ...] = ()


class Feeds(Record):
    """By name."""

    items: tuple[Feed, ...]


class FeedAsked(Record):
    """A feed or a page to watch."""

    address: Annotated[HttpUrl, Field(description="http or https; folders and files are added on the machine itself")]
    name: Annotated[
        str | None, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="null: made of the address")
    ] = None
    every_seconds: Annotated[int, Field(ge=SHORTEST_SECONDS, le=7 * 86_400)] = 900
    full_text: bool = False
    unchecked: Annotated[bool, Field(description="add it without reading it first")] = False


class AlertRules(Record):
    """In force, by name."""

    items: tuple[AlertRule, ...]


class RuleAsked(Record):
    """A rule to set; at least one condition besides the name."""

    name: Annotated[str | None, Field(pattern=RULE_NAME, description="null: made of the conditions")] = None
    portfolio: Annotated[bool, Field(description="companies of the portfolio file, as it then is")] = False
    tickers: Annotated[tuple[Ticker, ...], Field(max_length=50, description="or these companies")] = ()
    tags: Annotated[tuple[Tag, ...], Field(max_length=40, description="any of them")] = ()
    event_types: Annotated[tuple[EventType, ...], Field(max_length=40, description="any of them")] = ()
    min_score: Annotated[float | None, Field(ge=0, le=1)] = None
    min_p_material: Annotated[float | None, Field(ge=0, le=1, description="chance of a move beyond two sigma")] = None
    sentiment: SentimentLabel | None = None
    words: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$")], ...],
        Field(max_length=20, description="phrases of the headline, any of them"),
    ] = ()


class Question(Record):
    """One question to the chat."""

    question: Annotated[str, Field(min_length=1, max_length=20_000)]
    conversation: Annotated[
        str | None, Field(pattern=r"^[0-9a-f]{16}$", description="goes on with it; null: begins one")
    ] = None


class Views(Record):
    """Of the visitor, by name."""

    items: tuple[SavedView, ...]


class ViewAsked(Record):
    """The filters of a view."""

    query: Annotated[
        dict[Annotated[str, Field(max_length=32)], Annotated[str, Field(max_length=500)]],
        Field(max_length=20, description="as they stand in the address of the list"),
    ]


class EvalLine(Record):
    """One run of an evaluation, without its cases."""

    run_id: str
    suite: str
    layer: Layer
    split: str
    n: int
    model: Annotated[str | None, Field(description="null: no model has a part in it")]
    made_at: UtcDatetime
    metrics: dict[str, float | None]


class Evals(Record):
    """The runs that are kept in the home, by suite, each suite's newest first."""

    items: tuple[EvalLine, ...]
    unread: Annotated[tuple[str, ...], Field(description="files there that are no run, and why")]
