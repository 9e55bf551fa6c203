"""What is asked of articles and analyses by lists, searches and tools: everything as of a time, bounded, in a stable order.

An article is known from its `known_at`, an analysis from its own `as_of`: a question of yesterday answers as it would have then,
whatever was taken in since.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Connection, Select, and_, func, or_, select, tuple_

from records.analysis import Analysis
from records.article import Article
from records.base import Record
from records.database import tables, texts
from records.database.analyses import article_of
from records.errors import NotFound, UsageError
from records.reading import SentimentLabel
from records.story import Member
from records.summary import AnalysisSummary, summary_of
from records.times import UtcDatetime, from_epoch, to_epoch

Transaction = Callable[[], AbstractContextManager[Connection]]
Order = Literal["newest", "score"]
LabelKind = Literal["ticker", "tag"]
DAY = 86_400_000_000
_LABELS = {kind: tables.analysis_labels.alias(f"{kind}_label") for kind in ("ticker", "tag")}
MOST_FOUND = 200
"""Articles that a search in words looks at before the other filters."""


class Wanted(Record):
    """Which analyses; every part narrows."""

    until: Annotated[UtcDatetime, Field(description="nothing that was not known then")]
    since: UtcDatetime | None = None
    tickers: Annotated[tuple[str, ...], Field(description="any of them")] = ()
    tags: Annotated[tuple[str, ...], Field(description="any of them")] = ()
    event_types: tuple[str, ...] = ()
    sentiment: Annotated[SentimentLabel | None, Field(description="as it was measured; None: any, or not measured")] = (
        None
    )
    story_id: str | None = None
    min_score: Annotated[float | None, Field(ge=0, le=1, description="leaves out what is not scoreable")] = None
    words: Annotated[str | None, Field(description="looked for in headline and text")] = None


class Page(Record):
    """Some of the analyses that fit, the newest analysis of each article."""

    items: tuple[AnalysisSummary, ...]
    next: Annotated[
        str | None, Field(description="to be given as `after` for those that follow; None: these are the last")
    ] = None


class ArticleLine(Record):
    """One article as a search shows it."""

    id: str
    title: str
    source: str | None
    url: str | None
    published_at: UtcDatetime | None
    known_at: UtcDatetime
    story_id: str | None
    excerpt: Annotated[str, Field(description="of its text, around the first word looked for")]
    analysis: Annotated[AnalysisSummary | None, Field(description="the newest known; None: not analysed by then")]


class Found(Record):
    """What a search in words gave."""

    items: Annotated[tuple[ArticleLine, ...], Field(description="best first")]
    compared: Annotated[
        int | None, Field(description="more had the words: so many of the newest alone were compared; None: all were")
    ]


class Activity(Record):
    """The analyses under one label in one stretch of time."""

    label: str
    begins: UtcDatetime
    analyses: int
    scored: int
    mean_score: Annotated[float | None, Field(description="of the scored ones; None if there are none")]
    highest_score: float | None


class Browse:
    """A part of the database (`Database.browse`); raises StoreError subclasses besides what is said."""

    def __init__(self, reading: Transaction) -> None:
        self._reading = reading

    def analyses(self, wanted: Wanted, *, order: Order = "newest", limit: int = 50, after: str | None = None) -> Page:
        """Newest, or highest score, first; what is not scoreable comes last by score. `after`: the `next` of the page before.
        Raises UsageError for an `after` that is none."""
        with self._reading() as connection:
            query = _matching(connection, wanted)
            if query is None:
                return Page(items=())
            rows = connection.execute(_ordered(query, wanted, order, after).limit(limit + 1)).all()
            kept = _summaries(connection, [row.id for row in rows[:limit]])
        items = [kept[row.id] for row in rows[:limit]]
        return Page(items=tuple(items), next=_mark(rows[limit - 1], order) if len(rows) > limit else None)

    def count(self, wanted: Wanted, *, most: int | None = None) -> int:
        """How many analyses fit, the newest of each article. `most`: count no further."""
        with self._reading() as connection:
            query = _matching(connection, wanted)
            if query is None:
                return 0
            rows = query.with_only_columns(tables.analyses.c.id).limit(most).subquery()
            return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())

    def articles(
        self, words: str, *, until: datetime, since: datetime | None = None, limit: int = 20
    ) -> list[ArticleLine]:
        """Articles by their words, best first, analysed or not."""
        return list(self.search(words, until=until, since=since, limit=limit).items)

    def search(self, words: str, *, until: datetime, since: datetime | None = None, limit: int = 20) -> Found:
        """As `articles`, and whether all that have the words were compared."""
        with self._reading() as connection:
            matches = texts.search(connection, words, since=since, until=until, limit=limit)
            kept = {one.id: (one, story) for one, story in _articles(connection, matches.ids)}
            newest = _newest(connection, matches.ids, until)
        looked_for = texts.words_of(words)
        items = (_line(*kept[one], newest.get(one), looked_for) for one in matches.ids if one in kept)
        return Found(items=tuple(items), compared=texts.RANKED if matches.newest_only else None)

    def article(self, article_id: str) -> Article:
        """Raises NotFound."""
        with self._reading() as connection:
            found = _articles(connection, [article_id])
        if not found:
            raise NotFound(f"There is no article {article_id!r}. A search by words names the ids of articles.")
        return found[0][0]

    def has_story(self, story_id: str, until: datetime) -> bool:
        """Whether the story had an article then."""
        member = tables.story_members.c
        query = select(member.number).where(member.story_id == story_id, member.at <= to_epoch(until)).limit(1)
        with self._reading() as connection:
            return connection.execute(query).first() is not None

    def members(self, story_id: str, until: datetime) -> list[Member]:
        """A story's articles known then, oldest first. Raises NotFound when it had none."""
        member, article = tables.story_members.c, tables.articles.c
        query = (
            select(tables.story_members, article.title, article.source, article.published_at)
            .join(tables.articles, article.id == member.article_id)
            .where(member.story_id == story_id, member.at <= to_epoch(until))
            .order_by(member.at, member.number)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            raise NotFound(f"There is no story {story_id!r} known at {until:%Y-%m-%d %H:%M} UTC.")
        return [
            Member(
                article_id=row.article_id,
                title=row.title,
                source=row.source,
                relation=row.relation,
                novelty=row.novelty,
                first_seen_at=from_epoch(row.first_seen_at),
                published_at=None if row.published_at is None else from_epoch(row.published_at),
            )
            for row in rows
        ]

    def activity(
        self,
        kind: LabelKind,
        *,
        until: datetime,
        since: datetime,
        labels: Collection[str] = (),
        days: int = 1,
        limit: int = 500,
    ) -> list[Activity]:
        """Counts and scores by label (all, or those given) and stretch of `days` whole UTC days counted back from `until`'s
        day; the newest stretch first, within it the label with most analyses first. An empty stretch has no line."""
        label, analysis = tables.analysis_labels.c, tables.analyses.c
        end = (to_epoch(until) // DAY + 1) * DAY
        stretch = (end - 1 - label.as_of) // (DAY * days)
        counted = func.count()
        query = (
            select(
                label.label,
                stretch.label("stretch"),
                counted,
                func.count(analysis.score),
                func.avg(analysis.score),
                func.max(analysis.score),
            )
            .join(tables.analyses, analysis.id == label.analysis_id)
            .where(label.kind == kind, label.as_of >= to_epoch(since), label.as_of <= to_epoch(until))
            .where(is_newest(until))
            .group_by(label.label, stretch)
            .order_by(stretch, counted.desc(), label.label)
            .limit(limit)
        )
        if labels:
            query = query.where(label.label.in_(list(labels)))
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [
            Activity(
                label=row[0],
                begins=from_epoch(end - (int(row[1]) + 1) * DAY * days).astimezone(UTC),
                analyses=row[2],
                scored=row[3],
                mean_score=None if row[4] is None else float(row[4]),
                highest_score=row[5],
            )
            for row in rows
        ]


def _matching(connection: Connection, wanted: Wanted) -> Select[Any] | None:
    """The columns of the lists; None when no article has the words."""
    column = tables.analyses.c
    query = select(column.id, column.as_of, column.score).where(
        column.as_of <= to_epoch(wanted.until), is_newest(wanted.until)
    )
    if wanted.since is not None:
        query = query.where(column.as_of >= to_epoch(wanted.since))
    if wanted.words is not None:
        found = texts.search(connection, wanted.words, since=None, until=wanted.until, limit=MOST_FOUND)
        if not found.ids:
            return None
        query = query.where(column.article_id.in_(found.ids))
    if wanted.event_types:
        query = query.where(column.event_type.in_(wanted.event_types))
    if wanted.story_id is not None:
        query = query.where(column.story_id == wanted.story_id)
    if wanted.sentiment is not None:  # the fields of a JSON text: within its strings every quotation mark is escaped
        query = query.where(column.summary.contains(f'"sentiment":"{wanted.sentiment}"'))
    if wanted.min_score is not None:
        query = query.where(column.score >= wanted.min_score)
    for kind, labels in (("ticker", wanted.tickers), ("tag", wanted.tags)):
        if len(labels) == 1:  # read in order of time from the label's own index: a page needs no look at all it has
            label = _LABELS[kind]
            query = query.join(label, label.c.analysis_id == column.id).where(
                label.c.kind == kind, label.c.label == labels[0], label.c.as_of <= to_epoch(wanted.until)
            )
        elif labels:
            query = query.where(column.id.in_(_labelled(kind, labels)))
    return query


def _leading(wanted: Wanted) -> Any:
    """The time that newest-first goes by: of the one label, where there is one, which is the analysis's own."""
    for kind, labels in (("ticker", wanted.tickers), ("tag", wanted.tags)):
        if len(labels) == 1:
            return _LABELS[kind].c.as_of
    return tables.analyses.c.as_of


def _labelled(kind: str, labels: Sequence[str]) -> Select[Any]:
    label = tables.analysis_labels.c
    return select(label.analysis_id).where(label.kind == kind, label.label.in_(list(labels)))


def is_newest(until: datetime) -> Any:
    """No later analysis of the same article was known then: one that was made again replaces the one before in lists."""
    column, other = tables.analyses.c, tables.analyses.alias("other")
    later = or_(
        other.c.created_at > column.created_at, and_(other.c.created_at == column.created_at, other.c.id > column.id)
    )
    again = select(other.c.id).where(other.c.article_id == column.article_id, other.c.as_of <= to_epoch(until), later)
    return ~again.exists()


def _ordered(query: Select[Any], wanted: Wanted, order: Order, after: str | None) -> Select[Any]:
    column = tables.analyses.c
    newest = _leading(wanted)
    leading = newest.desc() if order == "newest" else column.score.desc().nulls_last()
    query = query.order_by(leading, column.id.desc())
    if after is None:
        return query
    value, _, last = after.partition("~")
    try:
        if order == "newest":
            return query.where(tuple_(newest, column.id) < tuple_(int(value), last))
        bound = float(value) if value else None
    except ValueError:
        raise UsageError(f"{after!r} is no place in a list: give the `next` of the page before, or nothing.") from None
    if bound is None:
        return query.where(column.score.is_(None), column.id < last)
    below = or_(column.score < bound, and_(column.score == bound, column.id < last))
    return query.where(or_(below, column.score.is_(None)))


def _mark(row: Any, order: Order) -> str:
    leading = row.as_of if order == "newest" else "" if row.score is None else repr(float(row.score))
    return f"{leading}~{row.id}"


def summary_of_row(row: Any) -> AnalysisSummary:
    if row.summary is not None:
        return AnalysisSummary.model_validate_json(row.summary)
    return summary_of(Analysis.model_validate_json(row.payload))  # kept by an earlier Rhyme


def _summaries(connection: Connection, ids: Sequence[str]) -> Mapping[str, AnalysisSummary]:
    """Read once a page is settled: what is sorted must not carry whole analyses along."""
    column = tables.analyses.c
    query = select(column.id, column.payload, column.summary).where(column.id.in_(ids))
    return {row.id: summary_of_row(row) for row in connection.execute(query)}


def _articles(connection: Connection, ids: Sequence[str]) -> list[tuple[Article, str | None]]:
    member = tables.story_members.c
    query = select(tables.articles, member.story_id).outerjoin(
        tables.story_members, member.article_id == tables.articles.c.id
    )
    found = []
    for row in connection.execute(query.where(tables.articles.c.id.in_(ids))).mappings():
        values = dict(row)
        story = values.pop("story_id")
        found.append((article_of(values), story))
    return found


def _newest(connection: Connection, article_ids: Sequence[str], until: datetime) -> Mapping[str, AnalysisSummary]:
    column = tables.analyses.c
    query = select(column.article_id, column.payload, column.summary).where(
        column.article_id.in_(article_ids), column.as_of <= to_epoch(until), is_newest(until)
    )
    return {row.article_id: summary_of_row(row) for row in connection.execute(query)}


def _line(
    article: Article, story_id: str | None, analysis: AnalysisSummary | None, words: Sequence[str]
) -> ArticleLine:
    return ArticleLine(
        id=article.id,
        title=article.title,
        source=article.source,
        url=article.url,
        published_at=article.published_at,
        known_at=article.known_at,
        story_id=story_id,
        excerpt=excerpt(article.text or article.title, words),
        analysis=analysis,
    )


def excerpt(text: str, words: Sequence[str], length: int = 240) -> str:
    """About `length` characters of a text around the first of the words, whole words, with … where it was cut."""
    lower = text.lower()
    places = [place for place in (lower.find(word) for word in words) if place >= 0]
    start = max(0, min(places, default=0) - length // 3)
    if start:
        start = text.find(" ", start) + 1
    end = len(text) if start + length >= len(text) else text.rfind(" ", start, start + length)
    end = end if end > start else min(len(text), start + length)
    return ("…" if start else "") + " ".join(text[start:end].split()) + ("…" if end < len(text) else "")
