"""What is asked of articles and analyses by lists, searches and tools: everything as of a time, bounded, in a stable order.

An article is known from its `known_at`, an analysis from its own `as_of`: a question of yesterday answers as it would have then,
whatever was taken in since.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection, case, select

from records.analysis import Analysis
from records.article import Article
from records.base import Record
from records.database import activity, listing, tables, texts
from records.database.activity import Activity, LabelKind
from records.database.analyses import article_of
from records.database.listing import Order, Wanted, is_newest
from records.errors import NotFound
from records.story import Member
from records.summary import AnalysisSummary, summary_of
from records.times import UtcDatetime, from_epoch, to_epoch

__all__ = ["Activity", "ArticleLine", "Browse", "Found", "LabelKind", "Order", "Page", "Wanted", "excerpt", "is_newest"]

Transaction = Callable[[], AbstractContextManager[Connection]]


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


class Browse:
    """A part of the database (`Database.browse`); raises StoreError subclasses besides what is said."""

    def __init__(self, reading: Transaction) -> None:
        self._reading = reading

    def analyses(self, wanted: Wanted, *, order: Order = "newest", limit: int = 50, after: str | None = None) -> Page:
        """Newest, or highest score, first; what is not scoreable comes last by score. `after`: the `next` of the page before.
        Raises UsageError for an `after` that is none."""
        with self._reading() as connection:
            rows = listing.rows(connection, wanted, order=order, after=after, limit=limit + 1)
            kept = _summaries(connection, [row.id for row in rows[:limit]])
        items = tuple(kept[row.id] for row in rows[:limit])
        return Page(items=items, next=rows[limit - 1].mark(order) if len(rows) > limit else None)

    def count(self, wanted: Wanted, *, most: int | None = None) -> int:
        """How many analyses fit, the newest of each article. `most`: count no further."""
        with self._reading() as connection:
            return listing.count(connection, wanted, most)

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
        with self._reading() as connection:
            return activity.lines(connection, activity.Asked(kind, until, since, labels, days), limit)


PAYLOAD = case((tables.analyses.c.summary.is_(None), tables.analyses.c.payload)).label("payload")
"""The whole of an analysis, where there is no summary to show in its place."""


def summary_of_row(row: Any) -> AnalysisSummary:
    """Of a row with `summary` and `PAYLOAD`."""
    if row.summary is not None:
        return AnalysisSummary.model_validate_json(row.summary)
    return summary_of(Analysis.model_validate_json(row.payload))  # kept by an earlier Rhyme


def _summaries(connection: Connection, ids: Sequence[str]) -> Mapping[str, AnalysisSummary]:
    """Read once a page is settled: what is sorted must not carry whole analyses along."""
    column = tables.analyses.c
    query = select(column.id, PAYLOAD, column.summary).where(column.id.in_(ids))
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
    query = select(column.article_id, PAYLOAD, column.summary).where(
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
