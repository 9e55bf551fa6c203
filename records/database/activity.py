"""How much was analysed when, by company or theme."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Connection, func, or_, select

from records.base import Record
from records.database import tables
from records.times import UtcDatetime, from_epoch, to_epoch

LabelKind = Literal["ticker", "tag"]
DAY = 86_400_000_000


class Activity(Record):
    """The analyses under one label in one stretch of time."""

    label: str
    begins: UtcDatetime
    analyses: int
    scored: int
    mean_score: Annotated[float | None, Field(description="of the scored ones; None if there are none")]
    highest_score: float | None


@dataclass(frozen=True)
class Asked:
    """What is counted."""

    kind: LabelKind
    until: datetime
    since: datetime
    labels: Collection[str]
    """None of them: all."""
    days: int
    """Of a stretch; stretches are counted back from the end of `until`'s day, UTC."""


def lines(connection: Connection, asked: Asked, limit: int) -> list[Activity]:
    """The newest stretch first, within it the label with most analyses first."""
    length = DAY * asked.days
    end = (to_epoch(asked.until) // DAY + 1) * DAY
    found: list[Activity] = []
    for first, behind in _spans((end - 1 - to_epoch(asked.since)) // length + 1):
        for row in connection.execute(_counted(asked, end, (first, behind), limit - len(found))):
            found.append(
                Activity(
                    label=row[0],
                    begins=from_epoch(end - (int(row[1]) + 1) * length).astimezone(UTC),
                    analyses=row[2],
                    scored=row[3],
                    mean_score=None if row[4] is None else float(row[4]),
                    highest_score=row[5],
                )
            )
        if len(found) >= limit:
            break
    return found


def _spans(stretches: int) -> Iterator[tuple[int, int]]:
    """1, 1, 2, 4, … stretches, the newest first: a list that is full early reads no further."""
    first, size = 0, 1
    while first < stretches:
        yield first, min(first + size, stretches)
        first, size = first + size, first + size


def _counted(asked: Asked, end: int, span: tuple[int, int], limit: int) -> Any:
    label, length = tables.analysis_labels.c, DAY * asked.days
    stretch = (end - 1 - label.as_of) // length
    counted = func.count()
    latest = min(end - span[0] * length - 1, to_epoch(asked.until))
    earliest = max(end - span[1] * length, to_epoch(asked.since))
    query = (
        select(
            label.label,
            stretch.label("stretch"),
            counted,
            func.count(label.score),
            func.avg(label.score),
            func.max(label.score),
        )
        .where(label.kind == asked.kind, label.as_of >= earliest, label.as_of <= latest)
        .where(or_(label.replaced_at.is_(None), label.replaced_at > to_epoch(asked.until)))
        .group_by(label.label, stretch)
        .order_by(stretch, counted.desc(), label.label)
        .limit(limit)
    )
    return query.where(label.label.in_(list(asked.labels))) if asked.labels else query
