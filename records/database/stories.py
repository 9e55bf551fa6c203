"""Story members as rows, and the keys by which an article finds its candidates: everything as of a time."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, bindparam, insert, select, text, update

from records.article import Article
from records.database import analyses, articles, line, tables
from records.database.jobs import Turn
from records.database.prepared import PIECE, STEP, Prepared, PreparedForMany, new_row
from records.errors import NotFound
from records.story import Member, Placement, Relation, Story
from records.taxonomy import EventType
from records.times import from_epoch, to_epoch

STORED = np.dtype("<f2")


class KeyRange(NamedTuple):
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
    stamp: "Stamp"


Stamp = tuple[str, str, str, int, str, str | None, str | None]
"""A member as it is stored, without its texts and its vector: article, story, relation, first sight, tickers, event type, embedder.
The last three may be learnt later; and a number may be given to another article after a transaction that came to nothing."""


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
        return self.placements([article_id]).get(article_id)

    def placements(self, article_ids: Sequence[str]) -> dict[str, Placement]:
        """Where articles were placed; those that were not yet are left out."""
        return placements(self._connection, article_ids)

    def keep(self, new: Sequence[Article]) -> None:
        """Keeps the articles that are not kept yet: at once, what `add` would do one by one."""
        articles.save(self._connection, new)

    def find(self, ranges: Sequence[KeyRange], as_of: datetime) -> list[list[int]]:
        """For each range the numbers of its members first seen at or before `as_of`, newest publication first."""
        found: list[list[int]] = [[] for _ in ranges]
        since = until = as_of
        after = before = seen = to_epoch(as_of)
        for start in range(0, len(ranges), PIECE):
            values: dict[str, int] = {"seen": seen}
            piece = ranges[start : start + PIECE]
            length = -(-len(piece) // STEP) * STEP
            for place, one in enumerate(piece):
                if one.since is not since or one.until is not until:  # neighbours mostly share them
                    since, until = one.since, one.until
                    after, before = to_epoch(since), to_epoch(until)
                values |= zip(_NAMES[place], (one.key, after, before, one.limit), strict=True)
            for place in range(len(piece), length):
                values |= dict.fromkeys(_NAMES[place], 0)
            for place, number in _lookup(length).rows(self._connection, values):
                found[start + place].append(number)
        return found

    def rows(self, numbers: Collection[int]) -> dict[int, StoryRow]:
        """Members by number."""
        return {row.number: row for row in map(_row, _BY_NUMBER.rows(self._connection, sorted(numbers)))}

    def stamps(self, numbers: Collection[int]) -> dict[int, Stamp]:
        """What members are by now, by number: whether a row that was read before still stands."""
        return {number: tuple(stamp) for number, *stamp in _STAMPS.rows(self._connection, sorted(numbers))}

    def newest(self, story_id: str, as_of: datetime, limit: int) -> list[int]:
        """The members of a story first seen by then, by number, newest first; its first member is among them in any case."""
        asked = {"story": story_id, "seen": to_epoch(as_of), "most": limit}
        numbers = [number for (number,) in _NEWEST.rows(self._connection, asked)]
        if len(numbers) == limit:
            ((numbers[-1],),) = _OLDEST.rows(self._connection, asked)
        return numbers

    def head(self, story_id: str, as_of: datetime) -> StoryHead | None:
        """Of the members first seen by then; None if there are none."""
        rows = _HEAD.rows(self._connection, {"story": story_id, "seen": to_epoch(as_of)})
        if not rows:
            return None
        dated = [published_at for _, published_at, _ in rows if published_at is not None]
        return StoryHead(
            from_epoch(rows[0][0]),
            from_epoch(min(dated)) if dated else None,
            _sources(source for _, _, source in rows),
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
        kept: bool = False,
    ) -> None:
        """Keeps the article, unless it is kept already (`kept`: it is), its placement and its keys."""
        if not kept:
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
        ((number,),) = _ADD.rows(self._connection, values)
        self._add_keys(number, to_epoch(article.known_at), to_epoch(article.first_seen_at), keys)

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
        (row,) = _KNOWN.rows(self._connection, {"wanted": article.id})
        number, seen, published_at, known_tickers, *known = row
        more = _extras({*json.loads(known_tickers), *tickers}, event_type, embedder, vector)
        if event_type is None:
            more["event_type"] = known[0]
        if vector is None:
            more["embedder"], more["vector"] = known[1:]
        _LEARN.changed(self._connection, {"member": number} | {f"new_{name}": one for name, one in more.items()})
        held = {key for (key,) in _HELD.rows(self._connection, sorted(keys), {"member": number})}
        at = seen if published_at is None else published_at
        self._add_keys(number, at, seen, set(keys) - held)

    def put_in_line(self, article_ids: Sequence[str], priority: int, at: datetime) -> list[Turn]:
        """Makes jobs of those of the articles that say something new, have no analysis and are in no job."""
        return line.put_in_line(self._connection, article_ids, priority, at)

    def _add_keys(self, number: int, at: int, seen: int, keys: Iterable[int]) -> None:
        rows = [{"key": key, "at": at, "member_number": number, "first_seen_at": seen} for key in sorted(set(keys))]
        _ADD_KEYS.each(self._connection, rows)


def placements(connection: Connection, article_ids: Sequence[str]) -> dict[str, Placement]:
    """As `StoryShelf.placements`, in any transaction."""
    rows = _PLACEMENTS.rows(connection, list(dict.fromkeys(article_ids)))
    return {article: Placement.model_validate_json(payload) for article, payload in rows}


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


_NAMES = [tuple(f"{name}{place}" for name in "kabn") for place in range(PIECE)]


@cache
def _lookup(count: int) -> Prepared:
    """One statement for `count` keys, each with its own limit: a common key cannot crowd out a rare one."""
    one = (
        "SELECT {place} AS place, member_number FROM (SELECT member_number FROM story_keys WHERE key = :k{place}"
        " AND at BETWEEN :a{place} AND :b{place} AND first_seen_at <= :seen"
        " ORDER BY at DESC, member_number DESC LIMIT :n{place}) AS t{place}"
    )
    return Prepared(text(" UNION ALL ".join(one.format(place=place) for place in range(count))))


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


def _row(row: Sequence[Any]) -> StoryRow:
    """Of the columns of `_member_rows`."""
    number, story_id, first_seen_at, relation, _, tickers, event_type, embedder, vector, *columns = row
    kept = dict(zip(_ARTICLE.keys(), columns, strict=True))
    return StoryRow(
        number=number,
        # as placed, should it be kept from before
        article=analyses.article_of({**kept, "first_seen_at": first_seen_at}),
        story_id=story_id,
        relation=relation,
        tickers=tuple(json.loads(tickers)),
        event_type=None if event_type is None else EventType(event_type),
        embedder=embedder,
        vector=None if vector is None else np.frombuffer(vector, dtype=STORED).astype(np.float32),
        stamp=(kept["id"], story_id, relation, first_seen_at, tickers, event_type, embedder),
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


_MEMBER, _ARTICLE, _KEY = tables.story_members.c, tables.articles.c, tables.story_keys.c
_SEEN = (_MEMBER.story_id == bindparam("story"), _MEMBER.first_seen_at <= bindparam("seen"))
_NEWEST = Prepared(
    select(_MEMBER.number)
    .where(*_SEEN)
    .order_by(_MEMBER.first_seen_at.desc(), _MEMBER.number.desc())
    .limit(bindparam("most"))
)
_OLDEST = Prepared(select(_MEMBER.number).where(*_SEEN).order_by(_MEMBER.first_seen_at, _MEMBER.number).limit(1))
_HEAD = Prepared(
    select(_MEMBER.first_seen_at, _ARTICLE.published_at, _ARTICLE.source)
    .join(tables.articles, _ARTICLE.id == _MEMBER.article_id)
    .where(*_SEEN)
    .order_by(_MEMBER.first_seen_at, _MEMBER.number)
)
_STAMP = (
    _MEMBER.article_id,
    _MEMBER.story_id,
    _MEMBER.relation,
    _MEMBER.first_seen_at,
    _MEMBER.tickers,
    _MEMBER.event_type,
    _MEMBER.embedder,
)
_STAMPS = PreparedForMany(lambda places: select(_MEMBER.number, *_STAMP).where(_MEMBER.number.in_(places)))
_PLACEMENTS = PreparedForMany(
    lambda places: select(_MEMBER.article_id, _MEMBER.payload).where(_MEMBER.article_id.in_(places))
)
_BY_NUMBER = PreparedForMany(lambda places: _member_rows().where(_MEMBER.number.in_(places)))
_KNOWN = Prepared(
    select(
        _MEMBER.number,
        _MEMBER.first_seen_at,
        _ARTICLE.published_at,
        _MEMBER.tickers,
        _MEMBER.event_type,
        _MEMBER.embedder,
        _MEMBER.vector,
    )
    .join(tables.articles, _ARTICLE.id == _MEMBER.article_id)
    .where(_MEMBER.article_id == bindparam("wanted"))
)
_LEARN = Prepared(
    update(tables.story_members)
    .where(_MEMBER.number == bindparam("member"))
    .values({name: bindparam(f"new_{name}") for name in ("tickers", "event_type", "embedder", "vector")})
)
_HELD = PreparedForMany(
    lambda places: select(_KEY.key).where(_KEY.key.in_(places), _KEY.member_number == bindparam("member"))
)
_ADD = Prepared(new_row(tables.story_members).returning(_MEMBER.number))
_ADD_KEYS = Prepared(insert(tables.story_keys))
