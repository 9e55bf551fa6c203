"""Alerts: what a person wants to be told of, and what the analysed news of a day met of it.

An alert is not kept: it follows from the rules and the analyses that were known at a moment, and so comes out the same each time.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from records.base import Record
from records.reading import SentimentLabel
from records.summary import AnalysisSummary
from records.taxonomy import EventType, Tag
from records.times import UtcDatetime, new_york_date, new_york_midnight

RULE_NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"
MOST_RULES = 1_000
"""In force at a time."""

Cause = Literal["first", "newly_met", "score_rose"]
"""Nothing of the story had been known to the rule; earlier news of it had not met the rule; it had, and the score rose since."""
Undecidable = Literal["not_scored", "sentiment_not_measured", "portfolio_unreadable"]
"""Why it cannot be said whether a rule is met."""


class Conditions(Record):
    """All that are given must hold; within one, any of its values is enough."""

    portfolio: Annotated[
        bool, Field(description="companies of the portfolio file, as it is when alerts are asked for")
    ] = False
    tickers: Annotated[tuple[str, ...], Field(max_length=200, description="or these companies")] = ()
    tags: tuple[Tag, ...] = ()
    event_types: tuple[EventType, ...] = ()
    min_score: Annotated[
        float | None, Field(ge=0, le=1, description="market impact from here on; None: any, or none")
    ] = None
    min_p_material: Annotated[float | None, Field(ge=0, le=1, description="chance of a move beyond two sigma")] = None
    sentiment: Annotated[SentimentLabel | None, Field(description="as it was measured; None: any, or not measured")] = (
        None
    )
    words: Annotated[
        tuple[str, ...],
        Field(max_length=20, description="phrases: whole words side by side in the headline, in any case"),
    ] = ()

    @model_validator(mode="after")
    def _says_something(self) -> "Conditions":
        if all(value in (False, None, ()) for value in self.__dict__.values()):
            raise ValueError("a rule needs a condition: without one every analysis would raise an alert")
        return self

    @property
    def by_company(self) -> bool:
        """Whether only news of some companies can meet it."""
        return self.portfolio or bool(self.tickers)


class AlertRule(Record):
    """What a person wants to be told of. It looks at news from the New York day on which it was set."""

    name: Annotated[str, Field(pattern=RULE_NAME, description="what a person calls it; one in force has it at a time")]
    conditions: Conditions
    added_at: UtcDatetime
    removed_at: Annotated[UtcDatetime | None, Field(description="None: it is in force")] = None

    @property
    def begins_at(self) -> datetime:
        """News known before it raises nothing."""
        return new_york_midnight(new_york_date(self.added_at))


class Alert(Record):
    """One analysis that met one rule and is to be told of it: a story once a rule, unless there is more to tell."""

    rule: str
    rule_added_at: UtcDatetime
    cause: Cause
    former_score: Annotated[
        float | None, Field(description="of `score_rose`: what the score was when the rule was last met; else None")
    ] = None
    late: Annotated[bool, Field(description="of news from before the time asked for, and analysed within it")] = False
    analysis: AnalysisSummary

    @property
    def id(self) -> str:
        """As the tools name it, after `alert:`."""
        return f"{self.rule}.{self.analysis.id}"


class Undecided(Record):
    """A rule of which it cannot be said whether some news met it: everything else of the rule held."""

    rule: str
    why: Undecidable
    stories: Annotated[
        int, Field(ge=0, description="how many; 0: none was looked at, the rule itself cannot be applied")
    ]
    analysis_ids: Annotated[tuple[str, ...], Field(description="the newest of them")] = ()
    message: Annotated[str | None, Field(description="of a portfolio that cannot be read: why")] = None


class Unread(Record):
    """News of the time that no rule could be held against: articles without an analysis, and what a feed did not give."""

    failed: Annotated[int, Field(ge=0, description="their analysis failed")] = 0
    waiting: Annotated[int, Field(ge=0, description="they wait, or are being analysed")] = 0
    feeds: Annotated[tuple[str, ...], Field(description="names of those whose last reading, known then, failed")] = ()

    @property
    def any(self) -> bool:
        """Whether there may be some."""
        return bool(self.failed or self.waiting or self.feeds)


class AlertReport(Record):
    """What the news of a stretch of time met."""

    since: UtcDatetime
    as_of: UtcDatetime
    status: Annotated[
        Literal["alerts", "none_met", "undecided", "no_rules"],
        Field(
            description="undecided: nothing met a rule, but something could not be judged; no_rules: nothing was looked at"
        ),
    ]
    rules: Annotated[int, Field(ge=0, description="in force at `as_of`")]
    analyses: Annotated[int, Field(ge=0, description="known or made in the time, and so held against them")]
    alerts: Annotated[tuple[Alert, ...], Field(description="newest first")] = ()
    more: Annotated[int, Field(ge=0, description="alerts that are not shown")] = 0
    undecided: tuple[Undecided, ...] = ()
    unread: Unread = Unread()
