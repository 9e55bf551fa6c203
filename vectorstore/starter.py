"""The precedents shipped with Rhyme: events as a table, and their vectors for the default embedder."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from records.database import AddResult
from records.embedder import Embedder
from records.errors import StoreCorrupt
from records.event import Event
from records.market import Reaction
from vectorstore.memory import EventMemory
from vectorstore.upkeep import OnProgress

DATA = Path(__file__).parent / "data"
EVENTS_FILE = "starter_events.parquet"
NOTE = "starter"
"""The store's remark of which starter file it was given, by digest."""

SHIPPED = np.dtype("<f2")


@dataclass(frozen=True)
class StarterResult:
    """What loading did."""

    loaded: bool
    """False: this store had been given these very events before, and nothing was read."""
    added: AddResult
    shipped_vectors: int
    """Events whose vector came with Rhyme; the others were embedded."""


def load_starter(memory: EventMemory, *, data: Path = DATA, on_progress: OnProgress | None = None) -> StarterResult:
    """Adds the starter events unless this store has been given them. With the default embedder their vectors are shipped;
    another embeds them now, with progress. An event the user has removed since stays removed until the starter changes.

    Raises StoreCorrupt when the shipped files are damaged, ModelError, StoreError.
    """
    path = data / EVENTS_FILE
    content = _content(path)
    digest = hashlib.sha256(content).hexdigest()[:16]
    if memory.note(NOTE) == digest:
        return StarterResult(False, AddResult(0, 0, 0), 0)
    events = read_events(path)
    vectors = shipped_vectors(events, memory.embedder_digest, data)
    result = memory.add(events, vectors=vectors, on_progress=on_progress)
    memory.set_note(NOTE, digest)
    return StarterResult(True, result, len(vectors))


def read_events(path: Path) -> list[Event]:
    """Events of a Parquet file with the fields of Event, and those of its reaction as `reaction_…` (all null: none).
    Raises StoreCorrupt when it is no such file."""
    import pyarrow.parquet  # type: ignore[import-untyped]  # here: needed once in the life of a store

    try:
        return [_event(row) for row in pyarrow.parquet.read_table(path).to_pylist()]
    except (OSError, ValueError, KeyError, pyarrow.ArrowException) as error:
        raise StoreCorrupt(_damaged(path, error)) from error


def shipped_vectors(events: list[Event], embedder_digest: str, data: Path) -> Mapping[str, NDArray[np.float16]]:
    """By event id, for events whose summary is the one that was embedded; empty for an embedder without shipped vectors."""
    path = data / vectors_file(embedder_digest)
    if not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as file:
            rows = dict(zip(file["texts"].tolist(), file["vectors"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise StoreCorrupt(_damaged(path, error)) from error
    return {event.id: rows[text] for event in events if (text := text_digest(event.summary)) in rows}


def write_vectors(path: Path, embedder: Embedder, on_progress: OnProgress | None = None) -> Path:
    """Embeds the summaries of the events file at `path` and writes their vectors beside it, as float16; returns the file."""
    events = read_events(path)
    rows = []
    for number, event in enumerate(events, start=1):
        rows.append(embedder.embed([event.summary])[0])
        if on_progress is not None:
            on_progress(number, len(events))
    target = path.parent / vectors_file(embedder.digest)
    texts = np.array([text_digest(event.summary) for event in events])
    np.savez(target, texts=texts, vectors=np.array(rows).astype(SHIPPED))
    return target


def vectors_file(embedder_digest: str) -> str:
    """The name of the vectors that one embedder made."""
    return f"starter_vectors_{embedder_digest}.npz"


def text_digest(summary: str) -> str:
    """16 hex digits: which text a vector was made of."""
    return hashlib.sha256(summary.encode()).hexdigest()[:16]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreCorrupt(_damaged(path, error)) from error


def _event(row: dict[str, Any]) -> Event:
    reaction = {name.removeprefix("reaction_"): row.pop(name) for name in list(row) if name.startswith("reaction_")}
    known = reaction.get("known_at") is not None
    return Event(**{**row, "reaction": Reaction(**reaction) if known else None})


def _damaged(path: Path, error: Exception) -> str:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"The starter precedents in {path} cannot be read ({reason}). Install Rhyme again: the file came with it."
