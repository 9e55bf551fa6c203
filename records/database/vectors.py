"""Embeddings beside their events, as float16 bytes: what the vector index is built from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from records.database import events as event_rows
from records.database import tables
from records.errors import StoreMismatch

STORED = np.dtype("<f2")
"""float16: half the bytes of float32 for a cosine error near 1e-4."""


@dataclass(frozen=True)
class EmbedderIdentity:
    """Which embedder made a set of vectors."""

    name: str
    digest: str
    dimensions: int


@dataclass(frozen=True)
class KnownVectors:
    """The vectors of all events with a reaction, by the time it became known."""

    event_ids: tuple[str, ...]
    known_at: NDArray[np.int64]
    """(events,) epoch microseconds, ascending; equal times by event id."""
    matrix: NDArray[np.float32]
    """(events, dimensions), rows of norm 1."""


def register(connection: Connection, embedder: EmbedderIdentity) -> None:
    """Notes the embedder's name and width by its digest. Raises StoreMismatch if the digest had another width."""
    row = connection.execute(select(tables.embedders).where(tables.embedders.c.digest == embedder.digest)).one_or_none()
    if row is None:
        values = {"digest": embedder.digest, "name": embedder.name, "dimensions": embedder.dimensions}
        connection.execute(insert(tables.embedders).values(values))
    elif row.dimensions != embedder.dimensions:
        raise StoreMismatch(
            f"The embedder {embedder.name!r} gives {embedder.dimensions} numbers a text, but digest {embedder.digest} "
            f"is known with {row.dimensions}: two embedders claim one digest. Give the newer one a digest of its own."
        )


def write(
    connection: Connection, embedder: EmbedderIdentity, event_ids: Sequence[str], vectors: NDArray[np.floating]
) -> int:
    """Stores the rows of `vectors` (len(event_ids), dimensions) for stored events; others are ignored. A vector that
    differs from the stored one replaces it and awaits indexing. Returns how many were written."""
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
    return len(fresh)


def read(connection: Connection, embedder_digest: str, event_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Unit vectors by event id; events without one are left out."""
    numbers = event_rows.numbers_by_id(connection, event_ids)
    stored = _bytes_by_number(connection, embedder_digest, list(numbers.values()))
    return {event_id: _unit(stored[number])[0] for event_id, number in numbers.items() if number in stored}


def known(connection: Connection, embedder: EmbedderIdentity) -> KnownVectors:
    """Every vector whose event has a reaction."""
    event, vector = tables.events.c, tables.embeddings.c
    query = (
        select(event.id, event.reaction_known_at, vector.vector)
        .join(tables.embeddings, vector.event_number == event.number)
        .where(vector.embedder_digest == embedder.digest, event.reaction_known_at.is_not(None))
    )
    # sorted here, because the database would carry the vectors through its sort
    rows = sorted(connection.execute(query).all(), key=lambda row: (row[1], row[0]))
    matrix = _unit(b"".join(row[2] for row in rows), embedder.dimensions)
    return KnownVectors(tuple(row[0] for row in rows), np.array([row[1] for row in rows], dtype=np.int64), matrix)


def without_vector(connection: Connection, embedder_digest: str) -> list[str]:
    """Ids of events that this embedder has not embedded, in the order they were added."""
    event, vector = tables.events.c, tables.embeddings.c
    match = and_(vector.event_number == event.number, vector.embedder_digest == embedder_digest)
    query = (
        select(event.id).outerjoin(tables.embeddings, match).where(vector.event_number.is_(None)).order_by(event.number)
    )
    return list(connection.execute(query).scalars())


def count(connection: Connection, embedder_digest: str, indexed_in: str | None = None) -> int:
    """Vectors of this embedder, or only those marked as held by one collection."""
    query = select(func.count()).where(tables.embeddings.c.embedder_digest == embedder_digest)
    if indexed_in is not None:
        query = query.where(tables.embeddings.c.indexed_in == indexed_in)
    return connection.execute(query).scalar_one()


def ids(connection: Connection, embedder_digest: str) -> list[str]:
    """Ids of the events with a vector, in the order they were added."""
    event, vector = tables.events.c, tables.embeddings.c
    query = select(event.id).join(tables.embeddings, vector.event_number == event.number)
    return list(
        connection.execute(query.where(vector.embedder_digest == embedder_digest).order_by(event.number)).scalars()
    )


def not_indexed(connection: Connection, embedder: EmbedderIdentity, collection: str) -> list[str]:
    """Ids of events whose vector is not marked as held by the collection, in the order they were added."""
    event, vector = tables.events.c, tables.embeddings.c
    query = (
        select(event.id)
        .join(tables.embeddings, vector.event_number == event.number)
        .where(
            vector.embedder_digest == embedder.digest, or_(vector.indexed_in.is_(None), vector.indexed_in != collection)
        )
        .order_by(event.number)
    )
    return list(connection.execute(query).scalars())


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


def embedders(connection: Connection) -> Mapping[EmbedderIdentity, int]:
    """Each embedder with vectors in the store, and how many."""
    total = func.count(tables.embeddings.c.event_number)
    query = select(tables.embedders, total.label("total")).join(tables.embeddings).group_by(*tables.embedders.c)
    rows = connection.execute(query).all()
    return {EmbedderIdentity(row.name, row.digest, row.dimensions): row.total for row in rows}


def _bytes_by_number(connection: Connection, embedder_digest: str, numbers: Sequence[int]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    column = tables.embeddings.c
    for start in range(0, len(numbers), event_rows.CHUNK):
        chunk = numbers[start : start + event_rows.CHUNK]
        query = select(column.event_number, column.vector)
        query = query.where(column.embedder_digest == embedder_digest, column.event_number.in_(chunk))
        found.update({row.event_number: bytes(row.vector) for row in connection.execute(query)})
    return found


def _replace(connection: Connection, embedder_digest: str, fresh: Mapping[int, bytes], old: Sequence[int]) -> None:
    column = tables.embeddings.c
    for start in range(0, len(old), event_rows.CHUNK):
        chunk = old[start : start + event_rows.CHUNK]
        connection.execute(
            delete(tables.embeddings).where(column.embedder_digest == embedder_digest, column.event_number.in_(chunk))
        )
    rows = [{"event_number": n, "embedder_digest": embedder_digest, "vector": data} for n, data in fresh.items()]
    if rows:
        connection.execute(insert(tables.embeddings), rows)


def _unit(data: bytes, dimensions: int | None = None) -> NDArray[np.float32]:
    """(rows, dimensions) float32 of norm 1 again after the rounding; one row if `dimensions` is not given."""
    flat = np.frombuffer(data, dtype=STORED).astype(np.float32)
    matrix = flat.reshape(-1, dimensions if dimensions is not None else max(flat.size, 1))
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    norms[norms == 0] = 1
    matrix /= norms
    return matrix
