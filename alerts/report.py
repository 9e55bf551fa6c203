"""The alerts of a time, with what could not be judged: no rule, no alert, and no answer are told apart."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from alerts.judging import RuleBook, Watched
from alerts.raising import Raised, raised_in
from records.alert import Alert, AlertReport, AlertRule, Undecided
from records.database import Database
from records.database.alert_shelf import LATE, Window
from records.errors import RhymeError
from records.summary import AnalysisSummary
from records.times import new_york_date, new_york_midnight

EXAMPLES = 5
"""Analyses named of those that could not be judged."""
NO_PORTFOLIO = "No portfolio file is set. Set `portfolio` to a CSV file with a column ticker."
Holdings = Callable[[], Collection[str]]
"""Reads the tickers of the portfolio file anew. Raises SourceError."""


def day_of(moment: datetime) -> datetime:
    """When the New York day of a moment begins."""
    return new_york_midnight(new_york_date(moment))


class Alerts:
    """Of one database."""

    def __init__(self, database: Database, holdings: Holdings | None) -> None:
        """`holdings`: None when no portfolio file is set."""
        self._shelf = database.alerts
        self._intake = database.intake
        self._holdings = holdings

    def report(
        self,
        as_of: datetime,
        *,
        since: datetime | None = None,
        limit: int = 50,
        rules: Sequence[AlertRule] | None = None,
    ) -> AlertReport:
        """What was known by `as_of`. `since`: default the New York day of `as_of`; `rules`: default those in force then.
        Raises StoreError."""
        window = Window(day_of(as_of) if since is None else since, as_of)
        applied = self._shelf.rules(as_of) if rules is None else list(rules)
        if not applied:
            return AlertReport(since=window.since, as_of=as_of, status="no_rules", rules=0, analyses=0)
        book, blind = self.book(applied)
        found = raised_in(self._shelf, book, window)
        undecided = (*blind, *_undecided(found))
        failing = [
            feed.name for feed in self._intake.feeds() if feed.error and feed.checked_at and feed.checked_at <= as_of
        ]
        unread = self._shelf.unread(window.since, as_of).model_copy(update={"feeds": tuple(failing)})
        return AlertReport(
            since=window.since,
            as_of=as_of,
            status="alerts" if found.alerts else "undecided" if undecided or unread.any else "none_met",
            rules=len(applied),
            analyses=self._shelf.count(window),
            alerts=tuple(found.alerts[:limit]),
            more=max(0, len(found.alerts) - limit),
            undecided=undecided,
            unread=unread,
        )

    def untold(self, now: datetime) -> list[Alert]:
        """What was raised in the last week and nobody was told of, oldest first; noted as told before it is returned. Raises
        StoreError."""
        applied = self._shelf.rules(now)
        if not applied:
            return []
        since = max(now - LATE, min(rule.begins_at for rule in applied))
        found = raised_in(self._shelf, self.book(applied)[0], Window(since, now))
        return self._shelf.tell(found.alerts[::-1])

    def book(self, rules: Sequence[AlertRule]) -> tuple[RuleBook, list[Undecided]]:
        """The rules made ready, and those that cannot be applied, since the portfolio cannot be read."""
        held: Collection[str] = ()
        trouble: str | None = None
        if any(rule.conditions.portfolio for rule in rules):
            try:
                held = () if self._holdings is None else self._holdings()
                trouble = NO_PORTFOLIO if self._holdings is None else None
            except RhymeError as error:
                trouble = str(error)
        book, blind = RuleBook(), []
        for rule in rules:
            if rule.conditions.portfolio and trouble is not None:
                blind.append(Undecided(rule=rule.name, why="portfolio_unreadable", stories=0, message=trouble))
            book.add(Watched.of(rule, held))
        return book, blind


def _undecided(found: Raised) -> list[Undecided]:
    return [
        Undecided(rule=rule, why=why, stories=len(stories), analysis_ids=_newest(stories.values()))
        for (rule, why), stories in sorted(found.unsure.items(), key=lambda item: item[0])
        if stories
    ]


def _newest(analyses: Collection[AnalysisSummary]) -> tuple[str, ...]:
    ordered = sorted(analyses, key=lambda one: (one.as_of, one.id), reverse=True)
    return tuple(one.id for one in ordered[:EXAMPLES])
