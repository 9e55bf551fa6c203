"""Rules of alerts as rows, the analyses that they are held against, and which alerts were told."""

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, or_, select, update

from records.alert import MOST_RULES, Alert, AlertRule, Conditions, Unread
from records.database import tables
from records.database.alert_tables import alert_rules, alert_told
from records.database.browse import PAYLOAD, summary_of_row
from records.database.job_tables import jobs
from records.errors import NotFound, UsageError
from records.summary import AnalysisSummary
from records.times import from_epoch, to_epoch

Transaction = Callable[[], AbstractContextManager[Connection]]
PIECE = 500
LATE = timedelta(days=7)
"""How old the news of an analysis that came late may be and still be told, as in briefs."""
NAMED = 20
"""Rules that a message names."""
_rule, _told, _analysis, _label, _article = (
    alert_rules.c,
    alert_told.c,
    tables.analyses.c,
    tables.analysis_labels.c,
    tables.articles.c,
)


@dataclass(frozen=True)
class Window:
    """A stretch of time: news known in it, and news of the week before that was analysed in it."""

    since: datetime
    until: datetime

    def holds(self, one: AnalysisSummary) -> bool:
        """Whether the analysis is of this time."""
        return one.as_of <= self.until and (one.as_of >= self.since or self.late(one))

    def late(self, one: AnalysisSummary) -> bool:
        """Whether its news is older and it was made within."""
        return self.since - LATE <= one.as_of < self.since <= one.created_at <= self.until

    def where(self) -> ColumnElement[bool]:
        """The same of rows of `analyses`."""
        since, until = to_epoch(self.since), to_epoch(self.until)
        older = and_(_analysis.created_at.between(since, until), _analysis.as_of >= to_epoch(self.since - LATE))
        return and_(_analysis.as_of <= until, or_(_analysis.as_of >= since, older))


@dataclass(frozen=True)
class Sought:
    """What rules look for that labels and columns can tell: an analysis that fits none of it meets no rule."""

    tickers: Collection[str] = ()
    tags: Collection[str] = ()
    event_types: Collection[str] = ()
    everything: bool = False
    """A rule looks at all analyses, those with a score below `min_score` left out."""
    min_score: float | None = None


class AlertShelf:
    """A part of the database (`Database.alerts`); raises StoreError subclasses besides what is said."""

    def __init__(self, reading: Transaction, writing: Transaction) -> None:
        self._reading = reading
        self._writing = writing

    # rules

    def add(self, rule: AlertRule) -> None:
        """Raises UsageError when the name is taken or there are too many."""
        with self._writing() as connection:
            known = set(connection.execute(select(_rule.name).where(_rule.removed_at.is_(None))).scalars())
            if rule.name in known:
                raise UsageError(
                    f"There is a rule {rule.name!r} already. Choose another name with --name, or remove that one first: "
                    f"rhyme alerts remove {rule.name}."
                )
            if len(known) >= MOST_RULES:
                raise UsageError(f"There are {MOST_RULES:,} rules already. Remove one first: rhyme alerts remove NAME.")
            connection.execute(
                insert(alert_rules).values(
                    name=rule.name, added_at=to_epoch(rule.added_at), payload=rule.conditions.model_dump_json()
                )
            )

    def remove(self, name: str, at: datetime) -> AlertRule:
        """It is in force no longer; what it raised until then is still told of that time. Raises NotFound."""
        with self._writing() as connection:
            rule = _named(_in_force(connection, None), name)
            same = (_rule.name == name) & (_rule.added_at == to_epoch(rule.added_at))
            connection.execute(update(alert_rules).where(same).values(removed_at=to_epoch(at)))
        return rule.model_copy(update={"removed_at": at})

    def rules(self, at: datetime | None = None) -> list[AlertRule]:
        """Those in force, now or at a moment, by name."""
        with self._reading() as connection:
            return _in_force(connection, at)

    def rule(self, name: str) -> AlertRule:
        """In force now. Raises NotFound, naming the nearest."""
        return _named(self.rules(), name)

    # analyses

    def sought(self, window: Window, sought: Sought) -> Iterator[AnalysisSummary]:
        """The analyses of the time that may meet a rule, each once, in no order."""
        with self._reading() as connection:
            ids = {one for query in _ids(window, sought) for one in connection.execute(query).scalars()}
            yield from _summaries(connection, ids)

    def of_stories(
        self, story_ids: Collection[str], article_ids: Collection[str], until: datetime, known: Collection[str]
    ) -> list[AnalysisSummary]:
        """The analyses of these stories and articles that were known by `until`, without those whose ids are in `known`."""
        ids: set[str] = set()
        with self._reading() as connection:
            for column, named in ((_analysis.story_id, story_ids), (_analysis.article_id, article_ids)):
                for piece in _pieces(sorted(named)):
                    query = select(_analysis.id).where(column.in_(piece), _analysis.as_of <= to_epoch(until))
                    ids.update(connection.execute(query).scalars())
            return list(_summaries(connection, ids.difference(known)))

    def count(self, window: Window) -> int:
        """The analyses of the time."""
        with self._reading() as connection:
            return int(connection.execute(select(func.count(_analysis.id)).where(window.where())).scalar_one())

    def unread(self, since: datetime, until: datetime) -> Unread:
        """The articles of the time whose analysis failed or is still to come."""
        between = (to_epoch(since), to_epoch(until))
        dated = _article.published_at.between(*between)
        undated = and_(_article.published_at.is_(None), _article.first_seen_at.between(*between))
        query = (
            select(jobs.c.status, func.count())
            .join(tables.articles, _article.id == jobs.c.article_id)
            .where(jobs.c.status.in_(("failed", "waiting", "running", "batched", "paused")), or_(dated, undated))
            .group_by(jobs.c.status)
        )
        with self._reading() as connection:
            numbers = {status: int(number) for status, number in connection.execute(query)}
        return Unread(failed=numbers.pop("failed", 0), waiting=sum(numbers.values()))

    # telling

    def tell(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Notes them as told; returns those that nobody was told of before, which are for the caller to tell. A story that a rule
        was told of by a later analysis, kept before this one, is not told as if it were new."""
        if not alerts:
            return []
        with self._writing() as connection:
            told, stories = _told_of(connection, alerts)
            again = {one.id for one in alerts if one.cause != "score_rose" and (*_key(one)[:2], _story(one)) in stories}
            new = [one for one in alerts if _key(one) not in told and one.id not in again]
            if new:
                connection.execute(insert(alert_told), [dict(zip(_COLUMNS, _key(one), strict=True)) for one in new])
        return new


_COLUMNS = ("rule", "added_at", "analysis_id")
_Key = tuple[str, int, str]


def _key(alert: Alert) -> _Key:
    return alert.rule, to_epoch(alert.rule_added_at), alert.analysis.id


def _story(alert: Alert) -> str:
    return alert.analysis.story_id or alert.analysis.article_id


def _told_of(connection: Connection, alerts: Sequence[Alert]) -> tuple[set[_Key], set[_Key]]:
    """Of the stories of the alerts what was told: by rule and analysis, and by rule and story."""
    told: set[_Key] = set()
    stories: set[_Key] = set()
    query = select(alert_told, _analysis.story_id, _analysis.article_id).join(
        tables.analyses, _analysis.id == _told.analysis_id
    )
    named = {one.analysis.story_id for one in alerts if one.analysis.story_id}
    alone = {one.analysis.article_id for one in alerts if not one.analysis.story_id}
    for column, ids in ((_analysis.story_id, named), (_analysis.article_id, alone)):
        for piece in _pieces(sorted(ids)):
            for row in connection.execute(query.where(column.in_(piece))):
                told.add((row.rule, row.added_at, row.analysis_id))
                stories.add((row.rule, row.added_at, row.story_id or row.article_id))
    return told, stories


def _in_force(connection: Connection, at: datetime | None) -> list[AlertRule]:
    query = select(alert_rules).order_by(_rule.name, _rule.added_at)
    if at is None:
        query = query.where(_rule.removed_at.is_(None))
    else:
        ended = or_(_rule.removed_at.is_(None), _rule.removed_at > to_epoch(at))
        query = query.where(_rule.added_at <= to_epoch(at), ended)
    return [
        AlertRule(
            name=row.name,
            conditions=Conditions.model_validate_json(row.payload),
            added_at=from_epoch(row.added_at),
            removed_at=None if row.removed_at is None else from_epoch(row.removed_at),
        )
        for row in connection.execute(query)
    ]


def _named(rules: Sequence[AlertRule], name: str) -> AlertRule:
    found = next((one for one in rules if one.name == name), None)
    if found is not None:
        return found
    names = [one.name for one in rules]
    near = difflib.get_close_matches(name, names, n=3)
    listed = f"{', '.join(names[:NAMED])}{', …' if len(names) > NAMED else ''}"
    known = f"Did you mean {' or '.join(near)}?" if near else f"There are: {listed}." if names else "None is set yet."
    raise NotFound(f"There is no rule {name!r}. {known} `rhyme alerts list` shows the rules.")


def _ids(window: Window, sought: Sought) -> Iterator[Select[Any]]:
    if sought.everything:
        query = select(_analysis.id).where(window.where())
        if sought.min_score is None:
            yield query
            return
        yield query.where(or_(_analysis.score.is_(None), _analysis.score >= sought.min_score))
    labels = (("ticker", sought.tickers), ("tag", sought.tags), ("type", sought.event_types))
    known = and_(_label.as_of >= to_epoch(window.since - LATE), _label.as_of <= to_epoch(window.until))
    for kind, names in labels:
        for piece in _pieces(sorted(names)):
            query = select(_analysis.id).join(tables.analysis_labels, _label.analysis_id == _analysis.id)
            yield query.where(_label.kind == kind, _label.label.in_(piece), known, window.where())


def _summaries(connection: Connection, ids: Collection[str]) -> Iterator[AnalysisSummary]:
    """Read by id, and once: a summary stands behind the whole of its analysis."""
    for piece in _pieces(sorted(ids)):
        query = select(PAYLOAD, _analysis.summary).where(_analysis.id.in_(piece))
        yield from map(summary_of_row, connection.execute(query))


def _pieces(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + PIECE] for start in range(0, len(values), PIECE))
