"""Events of an exported file into a memory: every row is checked, a vector is used if it is of the present embedder and text."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from records.database import AddResult
from records.errors import SourceUnreadable
from records.event import Event
from records.market import Reaction
from vectorstore.importing import RowError, first_fault
from vectorstore.memory import EventMemory
from vectorstore.starter import NOTE as STARTER_NOTE
from vectorstore.starter import text_digest
from vectorstore.transfer import VECTOR, VECTOR_TEXT, ExportInfo, read_info, row_groups
from vectorstore.upkeep import OnProgress

ROWS = 20_000
"""Events handed to the memory at once: about 150 MB with vectors of 768 numbers."""

KEPT_ERRORS = 1_000
"""Faults of rows that are kept to be shown; further ones are counted."""

UNIT = 0.01
"""How far a vector's length may be from 1: float16 rounds it by a thousandth."""


@dataclass
class TakenIn:
    """What became of a file."""

    info: ExportInfo
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    with_vector: int = 0
    """Events whose vector was taken from the file; the others were embedded, unless they were known."""
    bad_rows: int = 0
    errors: list[RowError] = field(default_factory=list)
    """The first of the bad rows, which were left out."""


def import_events(memory: EventMemory, path: Path, on_progress: OnProgress | None = None) -> TakenIn:
    """Adds or updates by id; a second time changes nothing. Raises SourceUnreadable when the file is not what `rhyme memory
    export` writes or no row of it is an event, ModelError, StoreError; what was added before a failure stays."""
    info = read_info(path)
    taken, seen = TakenIn(info), set[str]()
    usable = info.embedder is not None and info.embedder.digest == memory.embedder_digest
    if info.starter is not None and memory.snapshot.startswith("0 "):
        memory.set_note(STARTER_NOTE, info.starter)  # what the former memory had removed of them stays removed
    for batch in row_groups(path, ROWS):
        events, vectors = [], {}
        matrix = _matrix(batch) if usable else None
        for place, row in enumerate(_rows(batch)):
            taken.rows += 1
            event = _event(row, taken, seen)
            if event is None:
                continue
            events.append(event)
            if matrix is not None and _usable(matrix[place]) and row.get(VECTOR_TEXT) == text_digest(event.summary):
                vectors[event.id] = matrix[place]
        _add(memory.add(events, vectors=vectors), taken)
        taken.with_vector += len(vectors)
        if on_progress is not None:
            on_progress(taken.rows, max(info.events, taken.rows))
    if taken.rows and taken.rows == taken.bad_rows:
        raise SourceUnreadable(
            f"No row of {path} is an event that can be kept ({taken.errors[0]}). Export the memory again, or correct the rows."
        )
    return taken


def _rows(batch: Any) -> Iterator[dict[str, Any]]:
    names = [name for name in batch.schema.names if name != VECTOR]
    yield from batch.select(names).to_pylist()


def _matrix(batch: Any) -> NDArray[np.float16] | None:
    """(rows, dimensions); rows without a vector are zero."""
    if VECTOR not in batch.schema.names:
        return None
    column = batch.column(VECTOR)
    matrix = np.zeros((len(batch), column.type.list_size), dtype=np.float16)
    there = column.is_valid().to_numpy(zero_copy_only=False)
    matrix[there] = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, column.type.list_size)
    return matrix


def _usable(vector: NDArray[np.float16]) -> bool:
    return bool(abs(float(np.linalg.norm(vector.astype(np.float32))) - 1) < UNIT)  # False for NaN, too


def _event(row: dict[str, Any], taken: TakenIn, seen: set[str]) -> Event | None:
    try:
        event = _valid(row, seen)
    except (ValidationError, ValueError) as error:
        taken.bad_rows += 1
        if len(taken.errors) < KEPT_ERRORS:
            reason = first_fault(error) if isinstance(error, ValidationError) else str(error)
            taken.errors.append(RowError(taken.rows, reason))
        return None
    seen.add(event.id)
    return event


def _valid(row: dict[str, Any], seen: set[str]) -> Event:
    """Raises ValidationError, ValueError."""
    fields = {name: row[name] for name in Event.model_fields if name != "reaction"}
    reaction = {name: row[f"reaction_{name}"] for name in Reaction.model_fields}
    texts = [*fields.values(), *(fields["tickers"] or ()), *reaction.values()]
    if any("\x00" in text for text in texts if isinstance(text, str)):
        raise ValueError("it contains a NUL character, which PostgreSQL cannot keep")
    if any(not np.isfinite(number) for number in reaction.values() if isinstance(number, float)):
        raise ValueError("a number of its reaction is not finite")
    told = reaction["known_at"] is not None
    if not told and any(value is not None for value in reaction.values()):
        raise ValueError("it has a part of a reaction, but not the time at which that was known")
    event = Event(**fields, reaction=Reaction(**reaction) if told else None)
    if event.reaction is not None and event.reaction.known_at <= event.published_at and not event.date_only:
        raise ValueError(
            f"the reaction was known at {event.reaction.known_at.isoformat()}, before the event was published"
        )
    if event.id in seen:
        raise ValueError(f"its id {event.id!r} was given to an earlier row, too")
    return event


def _add(result: AddResult, taken: TakenIn) -> None:
    taken.added += result.added
    taken.changed += result.changed
    taken.unchanged += result.unchanged
