"""Which analyses a list holds, in which order: as of a time, of each article the newest.

Where companies, themes, event types or a sentiment are wanted the rows are read from `analysis_labels`, one label after another,
each in the order of the list: what is read then grows with what is shown and not with what there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, tuple_

from records.base import Record
from records.database import tables, texts
from records.errors import UsageError
from records.reading import SentimentLabel
from records.times import UtcDatetime, to_epoch

Order = Literal["newest", "score"]
MOST_FOUND = 200
"""Articles that a search in words looks at before the other filters."""
_LABEL = tables.analysis_labels
_OTHER = tables.analysis_labels.alias("other_label")
_LATER = tables.analyses.alias("other")


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


@dataclass(frozen=True)
class Row:
    """One line of a list: what its order goes by."""

    id: str
    as_of: int
    score: float | None

    def mark(self, order: Order) -> str:
        """Its place in the list, for those that follow."""
        leading = self.as_of if order == "newest" else "" if self.score is None else repr(float(self.score))
        return f"{leading}~{self.id}"

    def key(self, order: Order) -> tuple[Any, ...]:
        """What comes first has the higher one."""
        return (self.as_of, self.id) if order == "newest" else (self.score is not None, self.score or 0.0, self.id)


def rows(connection: Connection, wanted: Wanted, *, order: Order, after: str | None, limit: int) -> list[Row]:
    """The first `limit`. Raises UsageError for an `after` that is none."""
    found: dict[str, Row] = {}
    for query in _queries(connection, wanted):
        ordered = query.ordered(order, after).limit(limit)
        found |= {row.id: Row(row.id, row.as_of, row.score) for row in connection.execute(ordered)}
    return sorted(found.values(), key=lambda row: row.key(order), reverse=True)[:limit]


def count(connection: Connection, wanted: Wanted, most: int | None) -> int:
    """How many fit; no further than `most`."""
    queries = _queries(connection, wanted, apart=False)
    if not queries:
        return 0
    ids = queries[0].select.with_only_columns(queries[0].id).distinct().limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(ids)).scalar_one())


def is_newest(until: datetime) -> ColumnElement[bool]:
    """No later analysis of the same article was known then: one that was made again replaces the one before in lists."""
    column, other = tables.analyses.c, _LATER.c
    later = or_(other.created_at > column.created_at, and_(other.created_at == column.created_at, other.id > column.id))
    again = select(other.id).where(other.article_id == column.article_id, other.as_of <= to_epoch(until), later)
    return ~again.exists()


@dataclass(frozen=True)
class _Query:
    """Rows of id, as_of and score, with the columns they come from."""

    select: Select[Any]
    id: ColumnElement[str]
    as_of: ColumnElement[int]
    score: ColumnElement[float | None]

    def ordered(self, order: Order, after: str | None) -> Select[Any]:
        leading = self.as_of.desc() if order == "newest" else self.score.desc().nulls_last()
        query = self.select.order_by(leading, self.id.desc())
        return query if after is None else query.where(self._behind(order, after))

    def _behind(self, order: Order, after: str) -> ColumnElement[bool]:
        value, _, last = after.partition("~")
        try:
            if order == "newest":
                return tuple_(self.as_of, self.id) < tuple_(int(value), last)
            bound = float(value) if value else None
        except ValueError:
            raise UsageError(
                f"{after!r} is no place in a list: give the `next` of the page before, or nothing."
            ) from None
        if bound is None:
            return and_(self.score.is_(None), self.id < last)
        return or_(self.score < bound, and_(self.score == bound, self.id < last), self.score.is_(None))


def _queries(connection: Connection, wanted: Wanted, *, apart: bool = True) -> list[_Query]:
    """Those whose rows together are the list; none when no article has the words. `apart`: one for each label wanted, so that each
    is read in its own order."""
    articles: list[str] | None = None
    if wanted.words is not None:
        articles = texts.search(connection, wanted.words, since=None, until=wanted.until, limit=MOST_FOUND).ids
        if not articles:
            return []
    asked = (  # what the fewest have leads
        ("ticker", wanted.tickers),
        ("tag", wanted.tags),
        ("type", wanted.event_types),
        ("polarity", () if wanted.sentiment is None else (wanted.sentiment,)),
    )
    labelled = [(kind, labels) for kind, labels in asked if labels]
    if not labelled:
        return [_of_all(wanted, articles)]
    (kind, labels), *others = labelled
    parts = [[one] for one in dict.fromkeys(labels)] if apart else [list(labels)]
    return [_of_label(wanted, articles, kind, part, others) for part in parts]


def _of_all(wanted: Wanted, articles: Sequence[str] | None) -> _Query:
    column = tables.analyses.c
    query = select(column.id, column.as_of, column.score).where(is_newest(wanted.until))
    made = _Query(query, column.id, column.as_of, column.score)
    return _narrowed(made, wanted, _of_analyses(wanted, articles))


def _of_label(
    wanted: Wanted,
    articles: Sequence[str] | None,
    kind: str,
    labels: Sequence[str],
    others: Sequence[tuple[str, Sequence[str]]],
) -> _Query:
    column = _LABEL.c
    named = column.label == labels[0] if len(labels) == 1 else column.label.in_(labels)
    query = select(column.analysis_id.label("id"), column.as_of, column.score).where(
        column.kind == kind, named, or_(column.replaced_at.is_(None), column.replaced_at > to_epoch(wanted.until))
    )
    for other, named_too in others:
        also = select(_OTHER.c.analysis_id).where(
            _OTHER.c.kind == other, _OTHER.c.label.in_(list(named_too)), _OTHER.c.analysis_id == column.analysis_id
        )
        query = query.where(also.exists())
    narrowing = _of_analyses(wanted, articles)
    if narrowing:
        query = query.join(tables.analyses, tables.analyses.c.id == column.analysis_id)
    return _narrowed(_Query(query, column.analysis_id, column.as_of, column.score), wanted, narrowing)


def _narrowed(query: _Query, wanted: Wanted, narrowing: Sequence[ColumnElement[bool]]) -> _Query:
    wheres = [query.as_of <= to_epoch(wanted.until), *narrowing]
    if wanted.since is not None:
        wheres.append(query.as_of >= to_epoch(wanted.since))
    if wanted.min_score is not None:
        wheres.append(query.score >= wanted.min_score)
    return _Query(query.select.where(*wheres), query.id, query.as_of, query.score)


def _of_analyses(wanted: Wanted, articles: Sequence[str] | None) -> list[ColumnElement[bool]]:
    """What only the analyses themselves know."""
    column = tables.analyses.c
    found: list[ColumnElement[bool]] = []
    if articles is not None:
        found.append(column.article_id.in_(articles))
    if wanted.story_id is not None:
        found.append(column.story_id == wanted.story_id)
    return found
