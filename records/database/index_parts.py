"""How an embedder's vector index is cut by the time reactions became known: each part is one Chroma collection."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from records.database import tables


@dataclass(frozen=True)
class IndexPart:
    """One part: events whose reaction became known at or after `known_from` and before the next part's."""

    known_from: int
    """Epoch microseconds."""
    collection: str
    """Its name in Chroma."""


def read(connection: Connection, embedder_digest: str) -> tuple[IndexPart, ...]:
    """In order of time; empty before the first was made."""
    columns = tables.index_parts.c
    query = select(columns.known_from, columns.collection).where(columns.embedder_digest == embedder_digest)
    return tuple(IndexPart(*row) for row in connection.execute(query.order_by(columns.known_from)))


def replace(connection: Connection, embedder_digest: str, old: Sequence[IndexPart], new: Sequence[IndexPart]) -> bool:
    """Puts new parts in the place of old ones, all or nothing. False, with nothing changed, when the old ones are not all
    there any more: another process cut them first."""
    columns = tables.index_parts.c
    present = set(read(connection, embedder_digest))
    if not set(old) <= present:
        return False
    remaining = {part.known_from for part in present - set(old)}
    if any(part.known_from in remaining for part in new):
        return False
    for part in old:
        connection.execute(
            delete(tables.index_parts).where(
                columns.embedder_digest == embedder_digest, columns.known_from == part.known_from
            )
        )
    rows = [{"embedder_digest": embedder_digest, "known_from": p.known_from, "collection": p.collection} for p in new]
    if rows:
        connection.execute(insert(tables.index_parts), rows)
    return True
