"""Story members as rows, and the keys by which an article finds its candidates: everything as of a time."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, TextClause, bindparam, insert, select, text, update

from records.article import Article
from records.database import analyses, line, tables
from records.database.jobs import Turn
from records.errors import NotFound
from records.story import Member, Placement, Relation, Story
from records.taxonomy import EventType
from records.times import from_epoch, to_epoch

STORED = np.dtype("<f2")
PIECE = 120
"""Keys looked up in one statement: SQLite takes 500 joined queries, and a statement is prepared once for each count."""


@dataclass(frozen=True)
class KeyRange:
    """One lookup: the newest `limit` members under a key, published since ≤ at ≤ until."""

    key: int
    since: datetime
    until: datetime
    limit: int


@dataclass(frozen=True)
class StoryRow:
    """A stored member with its article."""

    number: int
    article: Article
    story_id: str
    relation: Relation
    tickers: tuple[str, ...]
    event_type: EventType | None
    embedder: str | None
    vector: NDArray[np.float32] | None


@dataclass(frozen=True)
class StoryHead:
    """What is told of a story without its texts."""

    first_seen_at: datetime
    first_published_at: datetime | None
    sources: tuple[str, ...]


class StoryShelf:
    """The stories within one transaction, which holds the write lock: two processes never place one story twice."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def placement(self, article_id: str) -> Placement | None:
        """Where the article was placed; None if it was not yet."""
        payload = self._connection.execute(_PLACEMENT, {"article": article_id}).scalar()
        return None if payload is None else Placement.model_validate_json(payload)

    def find(self, ranges: Sequence[KeyRange], as_of: datetime) -> list[list[int]]:
        """For each range the numbers of its members first seen at or before `as_of`, newest publication first."""
        found: list[list[int]] = [[] for _ in ranges]
        seen = to_epoch(as_of)
        for start in range(0, len(ranges), PIECE):
            piece = ranges[start : start + PIECE]
            values: dict[str, int] = {"seen": seen}
            for place, one in enumerate(piece):
                values |= {
                    f"k{place}": one.key, f"a{place}": to_epoch(one.since), f"b{place}": to_epoch(one.until),
                    f"n{place}": one.limit,
                }  # fmt: skip
            for place, number in self._connection.execute(_lookup(len(piece)), values):
                found[start + place].append(number)
        return found

    def rows(self, numbers: Collection[int]) -> dict[int, StoryRow]:
        """Members by number."""
        if not numbers:
            return {}
        rows = self._connection.execute(_BY_NUMBER, {"numbers": sorted(numbers)})
        return {row.number: _row(row) for row in rows}

    def newest(self, story_id: str, as_of: datetime, limit: int) -> list[StoryRow]:
        """The members of a story first seen by then, newest first; its first member is among them in any case."""
        asked = {"story": story_id, "seen": to_epoch(as_of), "most": limit}
        rows = list(self._connection.execute(_NEWEST, asked))
        if len(rows) == limit:
            rows[-1] = self._connection.execute(_OLDEST, asked).one()
        return [_row(row) for row in rows]

    def head(self, story_id: str, as_of: datetime) -> StoryHead | None:
        """Of the members first seen by then; None if there are none."""
        rows = self._connection.execute(_HEAD, {"story": story_id, "seen": to_epoch(as_of)}).all()
        if not rows:
            return None
        dated = [row.published_at for row in rows if row.published_at is not None]
        return StoryHead(
            from_epoch(rows[0].first_seen_at),
            from_epoch(min(dated)) if dated else None,
            _sources(row.source for row in rows),
        )

    def add(
        self,
        article: Article,
        placement: Placement,
        keys: Iterable[int],
        *,
        tickers: Collection[str],
        event_type: EventType | None,
        embedder: str | None,
        vector: NDArray[np.float32] | None,
    ) -> None:
        """Keeps the article, unless it is kept already, its placement and its keys."""
        analyses.save_article(self._connection, article)
        values = {
            "article_id": article.id,
            "story_id": placement.story_id,
            "first_seen_at": to_epoch(article.first_seen_at),
            "at": to_epoch(article.known_at),
            "relation": placement.relation,
            "novelty": placement.novelty,
            "payload": placement.model_dump_json(),
        }
        values |= _extras(tickers, event_type, embedder, vector)
        self._add_keys(self._connection.execute(_ADD, values).scalar_one(), article, keys)

    def learn(
        self,
        article: Article,
        keys: Collection[int],
        *,
        tickers: Collection[str],
        event_type: EventType | None,
        embedder: str | None,
        vector: NDArray[np.float32] | None,
    ) -> None:
        """Adds what was read of a placed article since; its placement stays. `keys`: those of its tickers."""
        column = tables.story_members.c
        row = self._connection.execute(_member_rows().where(column.article_id == article.id)).one()
        known = _row(row)
        more = _extras(
            sorted({*known.tickers, *tickers}),
            event_type or known.event_type,
            embedder if vector is not None else known.embedder,
            vector if vector is not None else known.vector,
        )
        self._connection.execute(update(tables.story_members).where(column.number == known.number).values(more))
        held = select(tables.story_keys.c.key).where(
            tables.story_keys.c.key.in_(keys), tables.story_keys.c.member_number == known.number
        )
        self._add_keys(known.number, known.article, set(keys) - set(self._connection.execute(held).scalars()))

    def put_in_line(self, article_ids: Sequence[str], priority: int, at: datetime) -> list[Turn]:
        """Makes jobs of those of the articles that say something new, have no analysis and are in no job."""
        return line.put_in_line(self._connection, article_ids, priority, at)

    def _add_keys(self, number: int, article: Article, keys: Iterable[int]) -> None:
        at, seen = to_epoch(article.known_at), to_epoch(article.first_seen_at)
        rows = [{"key": key, "at": at, "member_number": number, "first_seen_at": seen} for key in sorted(set(keys))]
        if rows:
            self._connection.execute(insert(tables.story_keys), rows)


def story(connection: Connection, story_id: str) -> Story:
    """A story with all its members. Raises NotFound."""
    column = tables.story_members.c
    query = _member_rows().where(column.story_id == story_id).order_by(column.first_seen_at, column.number)
    rows = connection.execute(query).all()
    if not rows:
        raise NotFound(f"There is no story {story_id!r}. The page of an analysis names the story of its article.")
    known = [_row(row) for row in rows]
    dated = [one.article.published_at for one in known if one.article.published_at is not None]
    return Story(
        id=story_id,
        first_seen_at=known[0].article.first_seen_at,
        first_published_at=min(dated, default=None),
        sources=_sources(one.article.source for one in known),
        members=tuple(
            Member(
                article_id=one.article.id,
                title=one.article.title,
                source=one.article.source,
                relation=one.relation,
                novelty=row.novelty,
                first_seen_at=one.article.first_seen_at,
                published_at=one.article.published_at,
            )
            for one, row in zip(known, rows, strict=True)
        ),
        tickers=tuple(dict.fromkeys(ticker for one in known for ticker in one.tickers)),
        event_type=next((one.event_type for one in known if one.event_type is not None), None),
    )


@lru_cache(maxsize=PIECE)
def _lookup(count: int) -> TextClause:
    """One statement for `count` keys, each with its own limit: a common key cannot crowd out a rare one."""
    one = (
        "SELECT {place} AS place, member_number FROM (SELECT member_number FROM story_keys WHERE key = :k{place}"
        " AND at BETWEEN :a{place} AND :b{place} AND first_seen_at <= :seen"
        " ORDER BY at DESC, member_number DESC LIMIT :n{place}) AS t{place}"
    )
    return text(" UNION ALL ".join(one.format(place=place) for place in range(count)))


def _member_rows() -> Select[Any]:
    member, article = tables.story_members, tables.articles
    return select(
        member.c.number,
        member.c.story_id,
        member.c.first_seen_at,
        member.c.relation,
        member.c.novelty,
        member.c.tickers,
        member.c.event_type,
        member.c.embedder,
        member.c.vector,
        *(column.label(f"article_{column.name}") for column in article.c),
    ).join(article, article.c.id == member.c.article_id)


def _row(row: Any) -> StoryRow:
    values: Mapping[str, Any] = row._mapping
    columns = {name.removeprefix("article_"): values[name] for name in values if name.startswith("article_")}
    article = analyses.article_of(
        {**columns, "first_seen_at": row.first_seen_at}
    )  # as placed, should it be kept from before
    return StoryRow(
        number=row.number,
        article=article,
        story_id=row.story_id,
        relation=row.relation,
        tickers=tuple(json.loads(row.tickers)),
        event_type=None if row.event_type is None else EventType(row.event_type),
        embedder=row.embedder,
        vector=None if row.vector is None else np.frombuffer(row.vector, dtype=STORED).astype(np.float32),
    )


def _extras(
    tickers: Collection[str], event_type: EventType | None, embedder: str | None, vector: NDArray[np.float32] | None
) -> dict[str, Any]:
    return {
        "tickers": json.dumps(sorted(tickers)),
        "event_type": None if event_type is None else event_type.value,
        "embedder": embedder,
        "vector": None if vector is None else vector.astype(STORED).tobytes(),
    }


def _sources(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


_MEMBER, _ARTICLE = tables.story_members.c, tables.articles.c
_SEEN = (_MEMBER.story_id == bindparam("story"), _MEMBER.first_seen_at <= bindparam("seen"))
# built once: putting a statement together takes longer than running it
_PLACEMENT = select(_MEMBER.payload).where(_MEMBER.article_id == bindparam("article"))
_BY_NUMBER = _member_rows().where(_MEMBER.number.in_(bindparam("numbers", expanding=True)))
_NEWEST = (
    _member_rows().where(*_SEEN).order_by(_MEMBER.first_seen_at.desc(), _MEMBER.number.desc()).limit(bindparam("most"))
)
_OLDEST = _member_rows().where(*_SEEN).order_by(_MEMBER.first_seen_at, _MEMBER.number).limit(1)
_HEAD = (
    select(_MEMBER.first_seen_at, _ARTICLE.published_at, _ARTICLE.source)
    .join(tables.articles, _ARTICLE.id == _MEMBER.article_id)
    .where(*_SEEN)
    .order_by(_MEMBER.first_seen_at, _MEMBER.number)
)
_ADD = insert(tables.story_members).returning(_MEMBER.number)
