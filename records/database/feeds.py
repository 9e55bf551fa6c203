"""Feeds as rows, and which of their entries were taken in already."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from records.database import tables
from records.errors import NotFound, UsageError
from records.feed import Feed
from records.times import from_epoch, to_epoch

PIECE = 500
_TIMES = ("added_at", "due_at", "checked_at", "succeeded_at")


def add(connection: Connection, feed: Feed) -> None:
    """Raises UsageError when the name or the address is taken."""
    column = tables.feeds.c
    same = select(column.name, column.address).where((column.name == feed.name) | (column.address == feed.address))
    row = connection.execute(same).first()
    if row is not None:
        raise UsageError(
            f"There is a feed {row.name!r} already, of {row.address}. Choose another name with --name, or remove that one "
            f"first: rhyme feeds remove {row.name}."
        )
    connection.execute(insert(tables.feeds).values(_values(feed)))


def update_one(connection: Connection, feed: Feed) -> bool:
    """Writes how its last reading ended. False: it was removed meanwhile, and stays removed."""
    done = connection.execute(update(tables.feeds).where(tables.feeds.c.name == feed.name).values(_values(feed)))
    return done.rowcount > 0


def remove(connection: Connection, name: str) -> Feed:
    """With what is noted of its entries; its articles stay. Raises NotFound."""
    feed = one(connection, name)
    connection.execute(delete(tables.feed_entries).where(tables.feed_entries.c.feed == source_key(feed.address)))
    connection.execute(delete(tables.feeds).where(tables.feeds.c.name == name))
    return feed


def one(connection: Connection, name: str) -> Feed:
    """Raises NotFound, naming those there are."""
    row = connection.execute(select(tables.feeds).where(tables.feeds.c.name == name)).first()
    if row is not None:
        return _feed(row._mapping)
    names = connection.execute(select(tables.feeds.c.name).order_by(tables.feeds.c.name).limit(20)).scalars().all()
    known = f"There are: {', '.join(names)}." if names else "None was added yet: rhyme feeds add ADDRESS."
    raise NotFound(f"There is no feed {name!r}. {known}")


def every(connection: Connection) -> list[Feed]:
    """By name."""
    return [_feed(row._mapping) for row in connection.execute(select(tables.feeds).order_by(tables.feeds.c.name))]


def entries(connection: Connection, source: str) -> dict[str, str]:
    """Entry digest → version digest of everything taken in from a source (`source_key` of its address)."""
    column = tables.feed_entries.c
    query = select(column.entry, column.version).where(column.feed == source)
    return {row.entry: row.version for row in connection.execute(query)}


def note_entries(connection: Connection, source: str, taken: Mapping[str, str], seen_at: datetime) -> None:
    """Notes that these versions were taken in, in place of former ones."""
    table, digests = tables.feed_entries, list(taken)
    for start in range(0, len(digests), PIECE):
        piece: Sequence[str] = digests[start : start + PIECE]
        connection.execute(delete(table).where(table.c.feed == source, table.c.entry.in_(piece)))
        connection.execute(
            insert(table),
            [{"feed": source, "entry": one, "version": taken[one], "seen_at": to_epoch(seen_at)} for one in piece],
        )


def source_key(address: str) -> str:
    """What stands for an address in `feed_entries`: 32 hex digits."""
    return hashlib.sha256(address.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _values(feed: Feed) -> dict[str, Any]:
    values = feed.model_dump()
    return values | {name: None if values[name] is None else to_epoch(values[name]) for name in _TIMES}


def _feed(row: Mapping[Any, Any]) -> Feed:
    return Feed(**{**row, **{name: None if row[name] is None else from_epoch(row[name]) for name in _TIMES}})
