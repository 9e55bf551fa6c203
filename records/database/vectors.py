"""Embeddings beside their events, as float16 bytes: what the vector index is built from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, or_, select, update

from records.database import events as event_rows
from records.database import tables
from records.database.prepared import PIECE, Prepared, PreparedForMany, new_row
from records.errors import StoreMismatch

STORED = np.dtype("<f2")
"""float16: half the bytes of float32 for a cosine error near 1e-4."""

_EVENT, _VECTOR = tables.events.c, tables.embeddings.c
_DIMENSIONS = Prepared(select(tables.embedders.c.dimensions).where(tables.embedders.c.digest == bindparam("wanted")))
_NEW = Prepared(new_row(tables.embeddings, without=("indexed_in",)))
_VECTORS = PreparedForMany(
    lambda places: select(_VECTOR.event_number, _VECTOR.vector).where(
        _VECTOR.embedder_digest == bindparam("embedder"), _VECTOR.event_number.in_(places)
    )
)
_EMBEDDED = PreparedForMany(
    lambda places: select(_EVENT.id, _EVENT.summary).where(
        _EVENT.id.in_(places),
        # no join: SQLite would begin it with all that the embedder has embedded
        exists().where(_VECTOR.event_number == _EVENT.number, _VECTOR.embedder_digest == bindparam("embedder")),
    )
)
_MATCH = and_(_VECTOR.event_number == _EVENT.number, _VECTOR.embedder_digest == bindparam("embedder"))
_CHANGED = Prepared(
    select(_EVENT.id, _EVENT.reaction_known_at, _EVENT.summary, _EVENT.story_id, _VECTOR.vector)
    .outerjoin(tables.embeddings, _MATCH)
    .where(_EVENT.revision > bindparam("since"))
)
_GONE = Prepared(select(tables.removed_events.c.event_id).where(tables.removed_events.c.revision > bindparam("since")))
_WAITING = PreparedForMany(
    lambda places: (
        select(_EVENT.id, _EVENT.reaction_known_at)
        .join(tables.embeddings, _VECTOR.event_number == _EVENT.number)
        .where(_VECTOR.embedder_digest == bindparam("embedder"), _EVENT.reaction_known_at.is_not(None))
        .where(or_(_VECTOR.indexed_in.is_(None), _VECTOR.indexed_in.not_in(places)))
        .order_by(_EVENT.reaction_known_at, _EVENT.number)
    )
)


@dataclass(frozen=True)
class EmbedderIdentity:
    """Which embedder made a set of vectors."""

    name: str
    digest: str
    dimensions: int


@dataclass(frozen=True)
class RecallableEvents:
    """All events with a reaction and a vector, by the time the reaction became known."""

    numbers: NDArray[np.int64]
    """(events,) row numbers in the database."""
    ids: tuple[str, ...]
    known_at: NDArray[np.int64]
    """(events,) epoch microseconds, ascending; equal times by event id."""
    stories: tuple[str | None, ...]
    revision: int
    """Of the newest write that is in them."""


@dataclass(frozen=True)
class ChangedEvent:
    """An event as it is now, written after some revision."""

    id: str
    known_at: int | None
    """Epoch microseconds; None: its reaction is unknown."""
    summary: str
    story_id: str | None
    vector: NDArray[np.float32] | None
    """(dimensions,) of norm 1; None: not embedded yet."""


@dataclass(frozen=True)
class Changes:
    """What happened to events after a revision."""

    events: tuple[ChangedEvent, ...]
    removed: tuple[str, ...]
    """Ids that are gone now."""
    revision: int


def register(connection: Connection, embedder: EmbedderIdentity) -> None:
    """Notes the embedder's name and width by its digest. Raises StoreMismatch if the digest had another width."""
    known = _DIMENSIONS.rows(connection, {"wanted": embedder.digest})
    if not known:
        values = {"digest": embedder.digest, "name": embedder.name, "dimensions": embedder.dimensions}
        connection.execute(insert(tables.embedders).values(values))
    elif known[0][0] != embedder.dimensions:
        raise StoreMismatch(
            f"The embedder {embedder.name!r} gives {embedder.dimensions} numbers a text, but digest {embedder.digest} "
            f"is known with {known[0][0]}: two embedders claim one digest. Give the newer one a digest of its own."
        )


def write(
    connection: Connection,
    embedder: EmbedderIdentity,
    event_ids: Sequence[str],
    vectors: NDArray[np.floating],
    *,
    revision: int | None = None,
    announce: bool = True,
) -> int:
    """Stores the rows of `vectors` (len(event_ids), dimensions) for stored events; others are ignored. A vector that
    differs from the stored one replaces it and awaits indexing. `revision`: the one this transaction has already given to
    events, if it has. `announce`: whether the events count as changed. Returns how many were written."""
    if vectors.shape != (len(event_ids), embedder.dimensions):
        raise ValueError(
            f"{len(event_ids)} events of {embedder.dimensions} numbers, but vectors have shape {vectors.shape}"
        )
    register(connection, embedder)
    numbers = event_rows.numbers_by_id(connection, event_ids)
    stored = _bytes_by_number(connection, embedder.digest, list(numbers.values()))
    fresh = {}
    for event_id, vector in zip(event_ids, vectors.astype(STORED), strict=True):
        number = numbers.get(event_id)
        if number is not None and stored.get(number) != vector.tobytes():
            fresh[number] = vector.tobytes()
    _replace(connection, embedder.digest, fresh, [number for number in fresh if number in stored])
    if fresh and announce:
        event_rows.touch(connection, list(fresh), revision)
    return len(fresh)


def read(connection: Connection, embedder_digest: str, event_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Unit vectors by event id; events without one are left out."""
    numbers = event_rows.numbers_by_id(connection, event_ids)
    stored = _bytes_by_number(connection, embedder_digest, list(numbers.values()))
    return {event_id: _unit(stored[number])[0] for event_id, number in numbers.items() if number in stored}


def summaries(connection: Connection, embedder_digest: str, event_ids: Sequence[str]) -> dict[str, str]:
    """By event id the summaries of those that this embedder has embedded."""
    rows = _EMBEDDED.rows(connection, event_ids, {"embedder": embedder_digest})
    return dict(rows)


def known(connection: Connection, embedder: EmbedderIdentity) -> RecallableEvents:
    """Which events can be recalled; their vectors and texts are read apart, in the order they lie in."""
    event, vector = tables.events.c, tables.embeddings.c
    query = (
        select(event.number, event.id, event.reaction_known_at, event.story_id)
        .join(tables.embeddings, vector.event_number == event.number)
        .where(vector.embedder_digest == embedder.digest, event.reaction_known_at.is_not(None))
    )
    rows = sorted(connection.execute(query).all(), key=lambda row: (row[2], row[1]))
    return RecallableEvents(
        np.array([row[0] for row in rows], dtype=np.int64),
        tuple(row[1] for row in rows),
        np.array([row[2] for row in rows], dtype=np.int64),
        tuple(row[3] for row in rows),
        event_rows.revision_of(connection),
    )


def stream(
    connection: Connection, embedder: EmbedderIdentity, batch: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """(row numbers, unit vectors) of all that this embedder has embedded, in the order of their numbers."""
    column = tables.embeddings.c
    query = select(column.event_number, column.vector).where(column.embedder_digest == embedder.digest)
    result = connection.execute(query.order_by(column.event_number), execution_options={"yield_per": batch})
    for rows in result.partitions():
        matrix = _unit(b"".join(row[1] for row in rows), embedder.dimensions)
        yield np.array([row[0] for row in rows], dtype=np.int64), matrix


def changes(connection: Connection, embedder: EmbedderIdentity, since: int) -> Changes:
    """Events and removals written after the revision `since`."""
    rows = _CHANGED.rows(connection, {"embedder": embedder.digest, "since": since})
    events = tuple(
        ChangedEvent(event_id, known_at, summary, story_id, _unit(data)[0] if data else None)
        for event_id, known_at, summary, story_id, data in rows
    )
    present = {event.id for event in events}
    removed = dict.fromkeys(name for (name,) in _GONE.rows(connection, {"since": since}) if name not in present)
    return Changes(events, tuple(removed), event_rows.revision_of(connection))


def without_vector(connection: Connection, embedder_digest: str) -> list[str]:
    """Ids of events that this embedder has not embedded, in the order they were added."""
    event, vector = tables.events.c, tables.embeddings.c
    match = and_(vector.event_number == event.number, vector.embedder_digest == embedder_digest)
    query = (
        select(event.id).outerjoin(tables.embeddings, match).where(vector.event_number.is_(None)).order_by(event.number)
    )
    return list(connection.execute(query).scalars())


def count(connection: Connection, embedder_digest: str, *, known: bool = False) -> int:
    """Vectors of this embedder, or only those of events with a reaction."""
    event, vector = tables.events.c, tables.embeddings.c
    query = select(func.count()).select_from(tables.embeddings).where(vector.embedder_digest == embedder_digest)
    if known:
        query = query.join(tables.events, vector.event_number == event.number)
        query = query.where(event.reaction_known_at.is_not(None))
    return connection.execute(query).scalar_one()


def count_in(connection: Connection, embedder_digest: str, collection: str) -> int:
    """Vectors marked as held by one collection (its id in Chroma)."""
    column = tables.embeddings.c
    query = select(func.count()).where(column.embedder_digest == embedder_digest, column.indexed_in == collection)
    return connection.execute(query).scalar_one()


def newest_in(connection: Connection, embedder_digest: str, collection: str) -> int | None:
    """When the last reaction of the events marked as held by one collection became known, epoch microseconds."""
    event, vector = tables.events.c, tables.embeddings.c
    query = select(func.max(event.reaction_known_at)).join(tables.embeddings, vector.event_number == event.number)
    query = query.where(vector.embedder_digest == embedder_digest, vector.indexed_in == collection)
    return connection.execute(query).scalar()


def ids_in(connection: Connection, embedder_digest: str, collection: str) -> set[str]:
    """Ids of the events marked as held by one collection."""
    event, vector = tables.events.c, tables.embeddings.c
    query = select(event.id).join(tables.embeddings, vector.event_number == event.number)
    query = query.where(vector.embedder_digest == embedder_digest, vector.indexed_in == collection)
    return set(connection.execute(query).scalars())


def waiting(connection: Connection, embedder: EmbedderIdentity, collections: Sequence[str]) -> list[tuple[str, int]]:
    """(id, known_at) of events with a reaction whose vector none of the collections is marked to hold, by known_at."""
    named = collections or ("",)  # no collection has an empty name
    found = [
        [(row[0], row[1]) for row in _WAITING.rows(connection, piece, {"embedder": embedder.digest})]
        for piece in (named[start : start + PIECE] for start in range(0, len(named), PIECE))
    ]
    everywhere = set(found[0]).intersection(*found[1:])
    return [one for one in found[0] if one in everywhere]


def known_between(
    connection: Connection, embedder: EmbedderIdentity, known_from: int, until: int | None
) -> list[tuple[str, int]]:
    """(id, known_at) of the embedded events whose reaction became known from `known_from` up to, not at, `until`."""
    event, vector = tables.events.c, tables.embeddings.c
    query = (
        select(event.id, event.reaction_known_at)
        .join(tables.embeddings, vector.event_number == event.number)
        .where(vector.embedder_digest == embedder.digest, event.reaction_known_at >= known_from)
        .order_by(event.reaction_known_at, event.number)
    )
    if until is not None:
        query = query.where(event.reaction_known_at < until)
    return [(row[0], row[1]) for row in connection.execute(query)]


def mark_indexed(
    connection: Connection, embedder_digest: str, event_ids: Sequence[str], collection: str | None
) -> None:
    """Notes which collection holds these vectors; `None`: none does."""
    numbers = list(event_rows.numbers_by_id(connection, event_ids).values())
    for start in range(0, len(numbers), event_rows.CHUNK):
        chunk = numbers[start : start + event_rows.CHUNK]
        of_these = and_(
            tables.embeddings.c.embedder_digest == embedder_digest, tables.embeddings.c.event_number.in_(chunk)
        )
        connection.execute(update(tables.embeddings).where(of_these).values(indexed_in=collection))


def sample(connection: Connection, embedder_digest: str, collection: str, size: int) -> list[str]:
    """Up to `size` ids marked as held by the collection, spread evenly over the order they were added."""
    number = tables.embeddings.c.event_number
    of_these = and_(
        tables.embeddings.c.embedder_digest == embedder_digest, tables.embeddings.c.indexed_in == collection
    )
    first, last = connection.execute(select(func.min(number), func.max(number)).where(of_these)).one()
    if first is None:
        return []
    numbers: set[int] = set()
    for at in np.linspace(first, last, size):  # one step in the index each, not a scan
        query = select(number).where(of_these, number >= int(at)).order_by(number).limit(1)
        numbers.add(connection.execute(query).scalar_one())
    query = select(tables.events.c.id).where(tables.events.c.number.in_(numbers)).order_by(tables.events.c.number)
    return list(connection.execute(query).scalars())


def drop(connection: Connection, embedder_digest: str, most: int) -> int:
    """Deletes up to so many of an embedder's vectors; when none is left, the embedder too. Returns how many there were."""
    column = tables.embeddings.c
    some = select(column.event_number).where(column.embedder_digest == embedder_digest).limit(most)
    of_these = and_(column.embedder_digest == embedder_digest, column.event_number.in_(some))
    dropped = connection.execute(delete(tables.embeddings).where(of_these)).rowcount
    if dropped == 0:
        for table in (tables.index_parts, tables.embedders):
            name = "digest" if table is tables.embedders else "embedder_digest"
            connection.execute(delete(table).where(table.c[name] == embedder_digest))
    return dropped


def embedders(connection: Connection) -> Mapping[EmbedderIdentity, int]:
    """Each embedder with vectors in the store, and how many."""
    total = func.count(tables.embeddings.c.event_number)
    query = select(tables.embedders, total.label("total")).join(tables.embeddings).group_by(*tables.embedders.c)
    rows = connection.execute(query).all()
    return {EmbedderIdentity(row.name, row.digest, row.dimensions): row.total for row in rows}


def _bytes_by_number(connection: Connection, embedder_digest: str, numbers: Sequence[int]) -> dict[int, bytes]:
    rows = _VECTORS.rows(connection, numbers, {"embedder": embedder_digest})
    return {number: bytes(data) for number, data in rows}


def _replace(connection: Connection, embedder_digest: str, fresh: Mapping[int, bytes], old: Sequence[int]) -> None:
    column = tables.embeddings.c
    for start in range(0, len(old), event_rows.CHUNK):
        chunk = old[start : start + event_rows.CHUNK]
        connection.execute(
            delete(tables.embeddings).where(column.embedder_digest == embedder_digest, column.event_number.in_(chunk))
        )
    rows = [{"event_number": n, "embedder_digest": embedder_digest, "vector": data} for n, data in fresh.items()]
    _NEW.each(connection, rows)


def _unit(data: bytes, dimensions: int | None = None) -> NDArray[np.float32]:
    """(rows, dimensions) float32 of norm 1 again after the rounding; one row if `dimensions` is not given."""
    flat = np.frombuffer(data, dtype=STORED).astype(np.float32)
    matrix = flat.reshape(-1, dimensions if dimensions is not None else max(flat.size, 1))
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    norms[norms == 0] = 1
    matrix /= norms
    return matrix
