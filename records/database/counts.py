"""How many events of which kind there are, and how much room they take."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, text

from records.database import tables
from records.database.engine import Place
from records.times import from_epoch


@dataclass(frozen=True)
class EventCounts:
    """Of all events kept."""

    events: int
    with_reaction: int
    by_type: Mapping[str, int]
    """Event type → events, most first."""
    by_source: Mapping[str | None, int]
    """Where they came from → events, most first; None: not noted."""
    first_published_at: datetime | None
    """None: there is no event."""
    last_published_at: datetime | None


def counts(connection: Connection) -> EventCounts:
    """Read from the rows, once through."""
    column = tables.events.c
    query = select(
        func.count(),
        func.count(column.reaction_known_at),
        func.min(column.published_at),
        func.max(column.published_at),
    )
    total, known, first, last = connection.execute(query.select_from(tables.events)).one()
    return EventCounts(
        events=total,
        with_reaction=known,
        by_type=_grouped(connection, column.event_type),
        by_source=_grouped(connection, column.source),
        first_published_at=from_epoch(first) if first is not None else None,
        last_published_at=from_epoch(last) if last is not None else None,
    )


def size_bytes(connection: Connection, place: Place) -> int:
    """Of the SQLite files, what is not yet merged included, or as PostgreSQL says."""
    if not place.is_sqlite:
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    path = Path(str(place.url.database))
    files = [path, path.with_name(f"{path.name}-wal")]
    return sum(file.stat().st_size for file in files if file.exists())


def _grouped(connection: Connection, column: Any) -> dict[Any, int]:
    total = func.count().label("total")
    query = select(column, total).select_from(tables.events).group_by(column).order_by(total.desc(), column)
    return {row[0]: row[1] for row in connection.execute(query)}
