"""What a memory holds and how much room it takes, without a model."""

import json
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from records.database import Database, EmbedderIdentity, EventCounts, IndexPart
from records.errors import StoreError
from records.times import from_epoch
from vectorstore.chroma_place import ChromaPlace, CloudPlace, EmbeddedPlace
from vectorstore.fitted import CAUTIOUS, LEAST_EVENTS, NOTE, fitted
from vectorstore.folder_lock import lock_folder
from vectorstore.index import EventIndex, PartGone
from vectorstore.parts import BEGINNING
from vectorstore.rows import MANIFEST
from vectorstore.upkeep import copy_folder

LOCK_WAIT_SECONDS = 1.0
"""For Chroma's counts alone it is not worth waiting longer: without them the rest is told."""


@dataclass(frozen=True)
class PartStatistics:
    """One part of the index."""

    known_from: datetime | None
    """None: from the beginning."""
    known_until: datetime | None
    """Not included; None: the last part."""
    events: int
    """Embedded events whose reaction became known in that time."""
    in_chroma: int | None
    """As Chroma counts; None: it could not be asked."""


@dataclass(frozen=True)
class CopyStatistics:
    """The copy of the events on disk."""

    rows: int
    revision: int
    """Of the database when it was written; what came later is read from there."""


@dataclass(frozen=True)
class MemoryStatistics:
    """Everything that `rhyme memory stats` shows."""

    counts: EventCounts
    snapshot: str
    revision: int
    """Writes to events and vectors so far."""
    embedders: tuple[tuple[EmbedderIdentity, int], ...]
    """With their numbers of vectors."""
    embedder: EmbedderIdentity | None
    """The one of the settings; None: it has embedded nothing yet."""
    parts: tuple[PartStatistics, ...]
    """Of that embedder's index."""
    copy: CopyStatistics | None
    """Of that embedder; None: there is none yet."""
    threshold: float | None
    """Cosine from which an event is a precedent; None: measured at the next recall."""
    place: str
    """`embedded`, `server` or `cloud`."""
    address: str
    chroma_version: str
    chroma_note: str | None
    """Why Chroma could not be asked; None: it was."""
    database_bytes: int
    chroma_bytes: int | None
    """None: it is kept elsewhere."""
    copies_bytes: int

    @property
    def bytes_an_event(self) -> float | None:
        """Of all that is kept here; None: there is no event."""
        total = self.database_bytes + (self.chroma_bytes or 0) + self.copies_bytes
        return total / self.counts.events if self.counts.events else None


def statistics(
    database: Database, directory: Path, place: ChromaPlace, embedder_name: str, embedder: EmbedderIdentity | None
) -> MemoryStatistics:
    """`embedder`: the one of the settings as it stands in the database; None: it is not there. Changes nothing."""
    parts, note = _parts(database, place, directory, embedder)
    return MemoryStatistics(
        counts=database.event_counts(),
        snapshot=str(database.snapshot()),
        revision=database.revision(),
        embedders=tuple(database.embedders().items()),
        embedder=embedder,
        parts=parts,
        copy=_copy(copy_folder(directory, embedder)) if embedder else None,
        threshold=_threshold(database, embedder_name, embedder),
        place={EmbeddedPlace: "embedded", CloudPlace: "cloud"}.get(type(place), "server"),
        address=place.name,
        chroma_version=version("chromadb"),
        chroma_note=note,
        database_bytes=database.size_bytes(),
        chroma_bytes=None if place.shared else _size(directory, "index-*"),
        copies_bytes=_size(directory, "known-*"),
    )


def identity_named(database: Database, name: str) -> EmbedderIdentity | None:
    """The only embedder of that name with vectors here; None when there is none, or more than one."""
    found = [each for each in database.embedders() if each.name == name]
    return found[0] if len(found) == 1 else None


def _parts(
    database: Database, place: ChromaPlace, directory: Path, embedder: EmbedderIdentity | None
) -> tuple[tuple[PartStatistics, ...], str | None]:
    parts = database.index_parts(embedder) if embedder else ()
    if embedder is None or not parts:
        return (), None
    counted, note = _counted(place, directory, embedder, parts)
    edges = [part.known_from for part in parts]
    found = []
    for part, until in zip(parts, [*edges[1:], None], strict=True):
        events = len(database.known_between(embedder, part.known_from, until))
        start = None if part.known_from == BEGINNING else from_epoch(part.known_from)
        end = None if until is None else from_epoch(until)
        found.append(PartStatistics(start, end, events, counted.get(part.collection)))
    return tuple(found), note


def _counted(
    place: ChromaPlace, directory: Path, embedder: EmbedderIdentity, parts: tuple[IndexPart, ...]
) -> tuple[dict[str, int], str | None]:
    """Chroma's counts by collection, and why there are none."""
    if not place.shared and not any(directory.glob("index-*")):
        return {}, "There is no index yet: the next opening of the memory builds it."
    counted: dict[str, int] = {}
    try:
        lock = None if place.shared else lock_folder(directory, LOCK_WAIT_SECONDS)
        try:
            index = EventIndex.open(place, embedder)
            try:
                for part in parts:
                    counted[part.collection] = _count(index, part)
            finally:
                index.close()
        finally:
            if lock is not None:
                lock.release()
    except StoreError as error:
        return counted, str(error)
    return counted, None


def _count(index: EventIndex, part: IndexPart) -> int:
    try:
        return index.count(part.collection)
    except PartGone:
        return 0


def _copy(directory: Path) -> CopyStatistics | None:
    sets = [path for path in directory.glob("rows-*") if path.name.removeprefix("rows-").isdecimal()]
    for path in sorted(sets, key=lambda path: int(path.name.removeprefix("rows-")), reverse=True):
        try:
            manifest = json.loads((path / MANIFEST).read_text())
            return CopyStatistics(int(manifest["rows"]), int(manifest["revision"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def _threshold(database: Database, name: str, embedder: EmbedderIdentity | None) -> float | None:
    known = fitted().thresholds.get(name)
    if known is not None:
        return known
    if embedder is None or database.count_vectors(embedder, known=True) < LEAST_EVENTS:
        return CAUTIOUS
    kept = database.note(f"{NOTE} {embedder.digest}")
    return float(json.loads(kept)["similarity"]) if kept is not None else None


def _size(directory: Path, pattern: str) -> int:
    files = (path for folder in directory.glob(pattern) for path in folder.rglob("*"))
    return sum(path.stat().st_size for path in files if path.is_file())
