"""The forward ledger: a table that only grows, each row sealed with the digest of the one before.

    digest = SHA-256(previous ⏎ sequence ⏎ kind ⏎ payload), in hex; `previous` of the first row is 64 zeros

`payload` is JSON with sorted keys and no spaces. Anybody can check the chain with these two lines. Appending happens in a
write transaction, which one process holds at a time, so the chain never forks.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import ValidationError
from sqlalchemy import Column, Connection, Row, Select, func, select

from records.base import Record
from records.database.prepared import Prepared, new_row
from records.database.tables import ledger
from records.errors import StoreCorrupt, StoreMismatch, UsageError
from records.forecast import LEDGER_SCHEMA_VERSION, Forecast, Grade

START = "0" * 64
"""What the first row carries as the digest of the row before."""
SHORTEST_HEAD = 16
"""Hex digits of a noted head that still name one row only: 64 bits."""
PIECE = 500
"""Digests named in one statement."""

_LAST = Prepared(select(ledger.c.sequence, ledger.c.digest).order_by(ledger.c.sequence.desc()).limit(1))
_APPEND = Prepared(new_row(ledger))

Kind = Literal["forecast", "grade"]
T = TypeVar("T", Forecast, Grade)


@dataclass(frozen=True)
class LedgerRow:
    """One row as it is stored."""

    sequence: int
    kind: Kind
    content: Forecast | Grade
    previous: str
    digest: str


@dataclass(frozen=True)
class LedgerForecast:
    """A forecast of the ledger with its grade, if it has one by now."""

    sequence: int
    digest: str
    """Of the forecast's row: what its grade refers to."""
    forecast: Forecast
    grade: Grade | None


@dataclass(frozen=True)
class LedgerFault:
    """The first row that is not what was appended."""

    sequence: int
    text: str


@dataclass(frozen=True)
class LedgerCheck:
    """What reading the whole chain found."""

    forecasts: int
    grades: int
    head: str | None
    """Digest of the last sound row; None when there is none. To be noted down outside: see `head_at`."""
    fault: LedgerFault | None
    head_at: int | None
    """Sequence number of the head asked for; None if it was not asked for or is not in the sound part of the chain."""


def canonical(record: Record) -> str:
    """The record as JSON that has one spelling: sorted keys, no spaces, floats that read back exactly."""
    data = record.model_dump(mode="json")
    return json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def digest_of(previous: str, sequence: int, kind: str, payload: str) -> str:
    """64 hex digits; the line breaks keep one row's fields from reading as another's."""
    return hashlib.sha256(f"{previous}\n{sequence}\n{kind}\n{payload}".encode()).hexdigest()


def append_forecast(connection: Connection, forecast: Forecast) -> str:
    """Inside a write transaction. Returns the row's digest."""
    return append_forecasts(connection, [forecast])[0]


def append_forecasts(connection: Connection, forecasts: Sequence[Forecast]) -> list[str]:
    """Inside a write transaction, in their order. Returns the rows' digests."""
    return _append(connection, "forecast", [(forecast, None) for forecast in forecasts])


def append_grades(connection: Connection, grades: Sequence[Grade]) -> int:
    """Inside a write transaction; a forecast that has its grade keeps it. Returns how many were appended.

    Raises UsageError for the digest of no forecast: nothing of the call is kept then.
    """
    digests = list(dict.fromkeys(grade.forecast for grade in grades))
    kinds: dict[str, str] = {}
    graded: set[str] = set()
    for start in range(0, len(digests), PIECE):
        piece = digests[start : start + PIECE]
        kinds |= {row.digest: row.kind for row in connection.execute(_named(ledger.c.digest, piece))}
        graded |= {row.grades for row in connection.execute(_named(ledger.c.grades, piece))}
    new: list[tuple[Record, str | None]] = []
    for grade in grades:
        if kinds.get(grade.forecast) != "forecast":
            raise UsageError(f"The ledger holds no forecast {grade.forecast}, so it was not graded. Check the digest.")
        if grade.forecast not in graded:
            new.append((grade, grade.forecast))
            graded.add(grade.forecast)
    return len(_append(connection, "grade", new))


def _named(column: Column[str], digests: Sequence[str]) -> Select[Any]:
    return select(ledger.c.digest, ledger.c.kind, ledger.c.grades).where(column.in_(digests))


def forecasts(connection: Connection, *, ungraded_only: bool = False) -> list[LedgerForecast]:
    """In the order they were recorded."""
    grade = ledger.alias("grade")
    query: Select[Any] = (
        select(ledger.c.sequence, ledger.c.digest, ledger.c.payload, grade.c.payload.label("grade"))
        .outerjoin(grade, grade.c.grades == ledger.c.digest)
        .where(ledger.c.kind == "forecast")
        .order_by(ledger.c.sequence)
    )
    if ungraded_only:
        query = query.where(grade.c.sequence.is_(None))
    return [
        LedgerForecast(
            row.sequence,
            row.digest,
            _parsed(Forecast, row.payload, row.sequence),
            _parsed(Grade, row.grade, row.sequence) if row.grade is not None else None,
        )
        for row in connection.execute(query)
    ]


def recent(connection: Connection, limit: int) -> list[LedgerRow]:
    """The newest rows, newest first."""
    query = select(ledger).order_by(ledger.c.sequence.desc()).limit(limit)
    return [_row(row) for row in connection.execute(query)]


def count(connection: Connection) -> int:
    """Rows of both kinds."""
    return connection.execute(select(func.count()).select_from(ledger)).scalar_one()


def verify(connection: Connection, noted_head: str | None = None) -> LedgerCheck:
    """Reads every row in order and stops at the first that is changed, missing or out of place.

    Rows cut off at the end leave a sound, shorter chain: only a head noted down before, or its first digits (at least
    SHORTEST_HEAD), can show it. Raises UsageError for a head that is none.
    """
    wanted = _head(noted_head) if noted_head is not None else None
    head, expected, head_at = START, 1, None
    counts = {"forecast": 0, "grade": 0}
    open_forecasts: set[str] = set()
    fault = None
    for row in _rows(connection):
        text = _fault(row, expected, head, open_forecasts)
        if text is not None:
            fault = LedgerFault(expected, text)
            break
        counts[row.kind] += 1
        if row.kind == "forecast":
            open_forecasts.add(row.digest)
        else:
            open_forecasts.remove(row.grades)
        head, expected = row.digest, expected + 1
        if wanted is not None and head.startswith(wanted):
            head_at = row.sequence
    return LedgerCheck(counts["forecast"], counts["grade"], head if expected > 1 else None, fault, head_at)


def _append(connection: Connection, kind: Kind, new: Sequence[tuple[Record, str | None]]) -> list[str]:
    """`new`: each record with the digest of the forecast it grades, if it is a grade."""
    if not new:
        return []
    last = _LAST.rows(connection, {})
    sequence, previous = last[0] if last else (0, START)
    rows = []
    for record, grades in new:
        sequence, payload = sequence + 1, canonical(record)
        digest = digest_of(previous, sequence, kind, payload)
        row = {"sequence": sequence, "kind": kind, "payload": payload, "previous": previous, "digest": digest}
        rows.append({**row, "grades": grades})
        previous = digest
    _APPEND.each(connection, rows)
    return [str(row["digest"]) for row in rows]


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    yield from connection.execute(select(ledger).order_by(ledger.c.sequence)).yield_per(1_000)


def _fault(row: Row[Any], expected: int, head: str, open_forecasts: set[str]) -> str | None:
    """What is wrong with the row that should be number `expected` and follow `head`; None if nothing is."""
    if row.sequence != expected:
        return f"row {expected} is missing: row {row.sequence} stands in its place"
    if row.digest != digest_of(row.previous, row.sequence, row.kind, row.payload):
        return f"row {expected} was changed: its content does not have its digest"
    if row.previous != head:
        return f"row {expected} does not follow the row before it: one of the two was replaced"
    if row.kind == "grade":
        return _grade_fault(row, open_forecasts)
    if row.kind != "forecast" or row.grades is not None:
        return f"row {expected} is of the kind {row.kind!r} and grades {row.grades!r}, which nothing here writes"
    return None


def _grade_fault(row: Row[Any], open_forecasts: set[str]) -> str | None:
    try:
        graded = json.loads(row.payload)["forecast"]
    except (ValueError, KeyError, TypeError):
        return f"row {row.sequence} is a grade of nothing, which nothing here writes"
    if row.grades != graded:
        return f"row {row.sequence} was changed: it is filed under another forecast than the one it grades"
    if graded not in open_forecasts:
        return f"row {row.sequence} grades a forecast that does not stand before it or was graded already"
    return None


def _head(noted: str) -> str:
    head = noted.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_HEAD},64}}", head):
        raise UsageError(
            f"The head {noted!r} is no digest: give the 64 hex digits that `rhyme ledger verify` printed, or at least the "
            f"first {SHORTEST_HEAD}."
        )
    return head


def _row(row: Row[Any]) -> LedgerRow:
    payload, sequence = row.payload, row.sequence
    content = _parsed(Forecast, payload, sequence) if row.kind == "forecast" else _parsed(Grade, payload, sequence)
    return LedgerRow(row.sequence, row.kind, content, row.previous, row.digest)


def _parsed(kind: type[T], payload: str, sequence: int) -> T:
    try:
        version = json.loads(payload)["schema_version"]
        if version > LEDGER_SCHEMA_VERSION:
            raise StoreMismatch(
                f"Row {sequence} of the ledger has schema {version}; this Rhyme reads up to {LEDGER_SCHEMA_VERSION}. A newer "
                "Rhyme made it: update Rhyme."
            )
        return kind.model_validate_json(payload)
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise StoreCorrupt(
            f"Row {sequence} of the ledger cannot be read ({str(error).splitlines()[0]}). It was changed from outside: "
            "`rhyme ledger verify` says where the chain breaks; restore a backup from before."
        ) from error
