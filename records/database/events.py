"""Events as rows: written all or nothing, compared by digest, read back as records."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from records.database import tables
from records.database.prepared import Prepared, PreparedForMany, new_row
from records.errors import StoreCorrupt
from records.event import Event
from records.market import Reaction
from records.times import from_epoch, to_epoch

CHUNK = 500
"""Ids in one IN list: within every engine's limit on parameters."""

ROWS_KEPT = 4_096
"""Rows whose events are kept: a past event is recalled for many articles, and making one takes ten times as long as reading it."""

DIGEST_BITS = 64
REVISION = "events_revision"
_REACTION = [(name, f"reaction_{name}") for name in Reaction.model_fields]

# Written out once: they run many times for an article, and SQLAlchemy takes longer over one than SQLite to run it.
_COLUMN = tables.events.c
_META = Prepared(select(tables.meta.c.value).where(tables.meta.c.name == bindparam("wanted")))
_SET_META = Prepared(
    update(tables.meta).where(tables.meta.c.name == bindparam("wanted")).values(value=bindparam("given"))
)
_NEW, _NEW_TICKER = Prepared(new_row(tables.events)), Prepared(new_row(tables.event_tickers, without=()))
_OF_IDS = PreparedForMany(lambda places: select(tables.events).where(_COLUMN.id.in_(places)))
_STORED = PreparedForMany(
    lambda places: select(_COLUMN.number, _COLUMN.id, _COLUMN.digest, _COLUMN.summary).where(_COLUMN.id.in_(places))
)
_TOUCH = PreparedForMany(
    lambda places: (
        update(tables.events)
        .where(_COLUMN.number.in_(places), _COLUMN.revision < bindparam("given"))
        .values(revision=bindparam("given"))
    )
)
_PUBLISHED = Prepared(
    select(func.count())
    .select_from(tables.events)
    .where(_COLUMN.published_at >= bindparam("since"), _COLUMN.published_at < bindparam("until"))
)


@dataclass(frozen=True)
class AddResult:
    """What became of the events handed in; one id counts once."""

    added: int
    unchanged: int
    changed: int
    revision: int | None = field(default=None, compare=False, repr=False)
    """That the database has by it; None: it was not looked up."""


@dataclass(frozen=True)
class StoreSnapshot:
    """Which events a store held: equal for equal contents, whatever the order they came in."""

    events: int
    digest: str
    """16 hex digits: the sum of the events' own digests modulo 2**64, kept up to date at every write."""

    def __str__(self) -> str:
        return f"{self.events} events, {self.digest}"


@dataclass(frozen=True)
class Glance:
    """The events at one moment, from a few single rows."""

    revision: int
    """The number of the last write to events or their vectors."""
    snapshot: StoreSnapshot
    note: str | None
    """The remark asked for; None: there is none of that name."""


def digest_of(event: Event) -> str:
    """32 hex digits of the SHA-256 of the event's canonical JSON."""
    fields = event.model_dump(mode="json")
    if event.reaction is not None:  # + 0: SQLite keeps no negative zero
        told = fields["reaction"].items()
        fields["reaction"] = {name: value + 0.0 if isinstance(value, float) else value for name, value in told}
    canonical = json.dumps(fields, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def write(connection: Connection, events: Sequence[Event]) -> AddResult:
    """Inserts new events and replaces changed ones; the last of several with one id counts. A changed summary drops the
    event's vectors, which described the old text."""
    latest = {event.id: event for event in events}
    stored = {row.id: row for row in _stored(connection, list(latest))}
    latest = _keeping_reactions(connection, latest, stored)
    digests = {event_id: digest_of(event) for event_id, event in latest.items()}
    new = [event for event_id, event in latest.items() if event_id not in stored]
    changed = [
        event
        for event_id, event in latest.items()
        if event_id in stored and stored[event_id].digest != digests[event_id]
    ]
    revision = next_revision(connection) if new or changed else None
    for event in changed:
        row = stored[event.id]
        values = {**_values(event, digests[event.id]), "revision": revision}
        connection.execute(update(tables.events).where(tables.events.c.number == row.number).values(values))
        connection.execute(delete(tables.event_tickers).where(tables.event_tickers.c.event_number == row.number))
        if row.summary != event.summary:
            connection.execute(delete(tables.embeddings).where(tables.embeddings.c.event_number == row.number))
    forget_indexing(connection, [stored[event.id].number for event in changed])
    if new:
        rows = [{**_values(event, digests[event.id]), "revision": revision} for event in new]
        _NEW.each(connection, rows)
    _write_tickers(connection, [*new, *changed])
    difference = sum(int(digests[event.id], 16) for event in [*new, *changed])
    difference -= sum(int(stored[event.id].digest, 16) for event in changed)
    _move_snapshot(connection, len(new), difference)
    return AddResult(len(new), len(latest) - len(new) - len(changed), len(changed), revision)


def without_reaction(connection: Connection) -> list[str]:
    """Ids of the events whose outcome is still unknown, in the order they were added."""
    columns = tables.events.c
    query = select(columns.id).where(columns.reaction_known_at.is_(None)).order_by(columns.number)
    return list(connection.execute(query).scalars())


def add_reactions(connection: Connection, settled: Sequence[Event]) -> int:
    """Gives stored events the reaction they carry here; one that was changed, settled or removed since it was read is left
    alone. Returns how many were written."""
    before = {event.id: digest_of(event.model_copy(update={"reaction": None})) for event in settled}
    stored = {row.id: row.digest for row in _stored(connection, list(before))}
    return write(connection, [event for event in settled if stored.get(event.id) == before[event.id]]).changed


def _keeping_reactions(connection: Connection, latest: dict[str, Event], among: Collection[str]) -> dict[str, Event]:
    """An event told again without its outcome, as when its article is analysed anew, keeps the reaction that was measured for it,
    as long as it still names the same instrument and time. `among`: the ids that are stored."""
    untold = [event.id for event in latest.values() if event.reaction is None and event.id in among]
    for stored in read(connection, untold):
        event = latest[stored.id]
        same_time = (stored.published_at, stored.date_only) == (event.published_at, event.date_only)
        if stored.reaction is not None and same_time and stored.reaction.ticker in event.tickers:
            latest[stored.id] = event.model_copy(update={"reaction": stored.reaction})
    return latest


def remove(connection: Connection, event_ids: Sequence[str]) -> int:
    """Deletes events with their tickers, texts and vectors; unknown ids are ignored. Returns how many there were."""
    rows = _stored(connection, list(dict.fromkeys(event_ids)))
    for numbers in _chunks([row.number for row in rows]):
        connection.execute(delete(tables.events).where(tables.events.c.number.in_(numbers)))
    if rows:
        revision = next_revision(connection)
        gone = [{"revision": revision, "event_id": row.id} for row in rows]
        connection.execute(insert(tables.removed_events), gone)
    _move_snapshot(connection, -len(rows), -sum(int(row.digest, 16) for row in rows))
    return len(rows)


def read(connection: Connection, event_ids: Sequence[str]) -> list[Event]:
    """In the order asked for; ids that are not stored are left out."""
    found: dict[str, Event] = {}
    for row in _OF_IDS.rows(connection, list(dict.fromkeys(event_ids))):
        event = _as_before(tuple(row))
        found[event.id] = event
    return [found[event_id] for event_id in event_ids if event_id in found]


def of_ticker(connection: Connection, ticker: str, before: datetime, limit: int) -> list[Event]:
    """Newest first, published before the moment."""
    link = tables.event_tickers
    query = (
        select(tables.events)
        .join(link, link.c.event_number == tables.events.c.number)
        .where(link.c.ticker == ticker, link.c.published_at < to_epoch(before))
        .order_by(link.c.published_at.desc(), tables.events.c.id)
        .limit(limit)
    )
    return [event_of(row) for row in connection.execute(query)]


def every(connection: Connection) -> Iterator[Event]:
    """All events in the order they were added."""
    for row in connection.execute(select(tables.events).order_by(tables.events.c.number)).yield_per(1_000):
        yield event_of(row)


def with_vectors(
    connection: Connection, embedder_digest: str | None, batch: int
) -> Iterator[list[tuple[Event, bytes | None]]]:
    """(event, its vector of this embedder as stored, None: it has none) of all events in the order they were added."""
    vector = tables.embeddings.c
    match = and_(vector.event_number == tables.events.c.number, vector.embedder_digest == embedder_digest)
    query = select(tables.events, vector.vector).outerjoin(tables.embeddings, match).order_by(tables.events.c.number)
    for rows in connection.execute(query, execution_options={"yield_per": batch}).partitions():
        yield [(event_of(row), bytes(row.vector) if row.vector is not None else None) for row in rows]


def unchanged(connection: Connection, summaries: Mapping[str, str]) -> list[str]:
    """Those of the ids whose stored summary is the given one."""
    return [row.id for row in _stored(connection, list(summaries)) if summaries[row.id] == row.summary]


def summaries(connection: Connection, batch: int) -> Iterator[list[tuple[int, str]]]:
    """(row number, summary) of every event, a batch at a time, in the order they were added."""
    columns = tables.events.c
    query = select(columns.number, columns.summary).order_by(columns.number)
    for rows in connection.execution_options(yield_per=batch).execute(query).partitions():
        yield [(row[0], row[1]) for row in rows]


def count(connection: Connection, known_at: int | None = None) -> int:
    """All events, or those whose reaction was known at `known_at` (epoch microseconds)."""
    query = select(func.count()).select_from(tables.events)
    if known_at is not None:
        query = query.where(tables.events.c.reaction_known_at <= known_at)
    return connection.execute(query).scalar_one()


def count_published(connection: Connection, since: int, until: int) -> int:
    """Events with since ≤ published_at < until (epoch microseconds)."""
    ((total,),) = _PUBLISHED.rows(connection, {"since": since, "until": until})
    return int(total)


def snapshot(connection: Connection) -> StoreSnapshot:
    """From the running totals: two rows, whatever the size of the store."""
    total, digest = _totals(connection)
    return StoreSnapshot(total, f"{digest:0{DIGEST_BITS // 4}x}")


def glance(connection: Connection, note: str) -> Glance:
    """What a recall begins with; `note`: the name of a remark as it is kept."""
    remarks = _META.rows(connection, {"wanted": note})
    return Glance(revision_of(connection), snapshot(connection), remarks[0][0] if remarks else None)


def recount(connection: Connection) -> StoreSnapshot:
    """The same from the rows themselves, for a check of the running totals."""
    return snapshot_of(connection.execute(select(tables.events.c.digest)).scalars().all())


def snapshot_of(digests: Collection[str]) -> StoreSnapshot:
    """Of a store that held the events with these digests (`digest_of`)."""
    total = sum(int(digest, 16) for digest in digests) % 2**DIGEST_BITS
    return StoreSnapshot(len(digests), f"{total:0{DIGEST_BITS // 4}x}")


def next_revision(connection: Connection) -> int:
    """Numbers the writes to events and their vectors 1, 2, 3, … in the order they are committed: writers come in turn."""
    revision = revision_of(connection) + 1
    if _SET_META.changed(connection, {"wanted": REVISION, "given": str(revision)}) == 0:
        connection.execute(insert(tables.meta).values(name=REVISION, value=str(revision)))
    return revision


def revision_of(connection: Connection) -> int:
    """The number of the last write to events or vectors; 0 before the first."""
    kept = _META.rows(connection, {"wanted": REVISION})
    return int(kept[0][0]) if kept else 0


def touch(connection: Connection, numbers: Sequence[int], revision: int | None = None) -> None:
    """Gives the events a new revision, or this one where they have an older: something that belongs to them was written."""
    given = revision if revision is not None else next_revision(connection)
    _TOUCH.changed(connection, numbers, {"given": given})


def forget_indexing(connection: Connection, numbers: Sequence[int]) -> None:
    """Their vectors await indexing again: an event's place in the index depends on when its reaction was known."""
    for chunk in _chunks(numbers):
        connection.execute(
            update(tables.embeddings).where(tables.embeddings.c.event_number.in_(chunk)).values(indexed_in=None)
        )


def numbers_by_id(connection: Connection, event_ids: Sequence[str]) -> dict[str, int]:
    """Row numbers of the stored ones among the ids."""
    return {row.id: row.number for row in _stored(connection, event_ids)}


class _Stored(NamedTuple):
    """What is kept of an event, without most of it."""

    number: int
    id: str
    digest: str
    summary: str


def _stored(connection: Connection, event_ids: Sequence[str]) -> list[_Stored]:
    return [_Stored(*row) for row in _STORED.rows(connection, event_ids)]


def _write_tickers(connection: Connection, events: Sequence[Event]) -> None:
    numbers = numbers_by_id(connection, [event.id for event in events])
    rows = [
        {"event_number": numbers[event.id], "ticker": ticker, "published_at": to_epoch(event.published_at)}
        for event in events
        for ticker in dict.fromkeys(event.tickers)
    ]
    _NEW_TICKER.each(connection, rows)


def _totals(connection: Connection) -> tuple[int, int]:
    kept = _META.rows(connection, {"wanted": "events_snapshot"})
    total, digest = kept[0][0].split(":") if kept else ("0", "0")
    return int(total), int(digest, 16)


def _move_snapshot(connection: Connection, added: int, difference: int) -> None:
    total, digest = _totals(connection)
    value = f"{total + added}:{(digest + difference) % 2**DIGEST_BITS:x}"
    if _SET_META.changed(connection, {"wanted": "events_snapshot", "given": value}) == 0:
        connection.execute(insert(tables.meta).values(name="events_snapshot", value=value))


def _values(event: Event, digest: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": event.id,
        "digest": digest,
        "published_at": to_epoch(event.published_at),
        "date_only": event.date_only,
        "event_type": event.event_type.value,
        "summary": event.summary,
        "tickers": json.dumps(event.tickers),
        "tags": json.dumps([tag.value for tag in event.tags]),
        "story_id": event.story_id,
        "source": event.source,
        "taxonomy_version": event.taxonomy_version,
        "reaction_known_at": None,
    }
    reaction = event.reaction.model_dump() if event.reaction is not None else dict.fromkeys(Reaction.model_fields)
    values.update({f"reaction_{name}": value for name, value in reaction.items()})
    if event.reaction is not None:
        values["reaction_known_at"] = to_epoch(event.reaction.known_at)
        values["reaction_session_on"] = event.reaction.session_on.isoformat()
    return values


def event_of(row: Any) -> Event:
    """The event of a row of `events`."""
    return _event(row._mapping)


@lru_cache(maxsize=ROWS_KEPT)
def _as_before(row: tuple[Any, ...]) -> Event:
    return _event(dict(zip(_COLUMN.keys(), row, strict=True)))


def _event(fields: Mapping[str, Any]) -> Event:
    try:
        return Event(
            id=fields["id"],
            summary=fields["summary"],
            event_type=fields["event_type"],
            tickers=tuple(json.loads(fields["tickers"])),
            tags=tuple(json.loads(fields["tags"])),
            published_at=from_epoch(fields["published_at"]),
            date_only=fields["date_only"],
            story_id=fields["story_id"],
            source=fields["source"],
            taxonomy_version=fields["taxonomy_version"],
            reaction=_reaction(fields),
        )
    except (ValidationError, ValueError) as error:
        raise StoreCorrupt(
            f"The stored event {fields['id']!r} is no valid event ({str(error).splitlines()[0]}). It was changed from "
            "outside or written under another taxonomy: delete it or import it again."
        ) from error


def _reaction(fields: Mapping[str, Any]) -> Reaction | None:
    if fields["reaction_known_at"] is None:
        return None
    told = {name: fields[column] for name, column in _REACTION}
    told["known_at"] = from_epoch(told["known_at"])
    told["session_on"] = date.fromisoformat(told["session_on"])
    return Reaction(**told)


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
