"""The event memory: add what happened, recall what it rhymes with as of a time."""

import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from records.database import AddResult, Database
from records.embedder import Embedder
from records.errors import StoreLocked, StoreUnwritable
from records.event import Event
from records.taxonomy import EventType
from records.times import to_epoch
from vectorstore.ranking import Ask
from vectorstore.recall import NOTHING_KNOWN, Recall, Snapshot
from vectorstore.upkeep import OnProgress, OpenReport, Upkeep

DEFAULT_MIN_SIMILARITY = 0.25
"""Cosine that nine in ten random pairs of starter events stay under (.22 with mpnet, .24 with minilm) and only one nearest
neighbour in a hundred (.28, .29); the event nearest to a bread recipe has .14."""


class EventMemory:
    """Past events; precedents known as of a time.

    The lock of the folder is held from opening to closing, for reading too: a second Chroma process on one folder loses
    vectors without an error. Open late, close early. Methods may be called from several threads.
    """

    def __init__(self, upkeep: Upkeep, lock: FileLock) -> None:
        self._upkeep = upkeep
        self._database = upkeep.database
        self._lock = lock
        self._guard = threading.RLock()
        self._snapshot: Snapshot | None = None
        self._seen = ""
        self.report = OpenReport(0)

    @classmethod
    def open(
        cls,
        directory: Path,
        database: Database,
        embedder: Embedder,
        *,
        rebuild: bool = False,
        wait_seconds: float = 5.0,
        on_progress: OnProgress | None = None,
    ) -> "EventMemory":
        """Opens or creates, compares Chroma with the database and repairs it from there; `report` says what was done.

        `rebuild`: embed what this embedder has not embedded and build the index anew. Raises StoreLocked when another
        process has the folder for longer than `wait_seconds`, StoreMismatch when another embedder built the memory,
        StoreCorrupt when a large index is damaged, StoreUnwritable, ModelError. `database` stays the caller's to close.
        """
        memory = cls(Upkeep(directory, database, embedder), _acquire(directory, wait_seconds))
        try:
            memory.report = memory._upkeep.open(rebuild, on_progress)
        except BaseException:
            memory.close()
            raise
        return memory

    def close(self) -> None:
        """Lets go of the index and the lock; safe to call twice."""
        with self._guard:
            self._upkeep.close()
            self._lock.release()

    def __enter__(self) -> "EventMemory":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def snapshot(self) -> str:
        """'N events, digest': equal for equal contents. For provenance."""
        return str(self._database.snapshot())

    @property
    def embedder(self) -> str:
        """'name:digest' of the embedder. For provenance."""
        return f"{self._upkeep.identity.name}:{self._upkeep.identity.digest}"

    @property
    def embedder_digest(self) -> str:
        """Identifies the vectors that may be handed to `add`."""
        return self._upkeep.identity.digest

    def note(self, name: str) -> str | None:
        """A remark kept with the store; None if there is none of that name."""
        return self._database.note(name)

    def set_note(self, name: str, value: str) -> None:
        """Keeps a remark with the store."""
        self._database.set_note(name, value)

    def add(
        self,
        events: Sequence[Event],
        *,
        vectors: Mapping[str, NDArray[np.floating]] | None = None,
        on_progress: OnProgress | None = None,
    ) -> AddResult:
        """Adds or updates by id. Batches of 2,000: each stands wholly in the database before Chroma hears of it, so a kill
        at any moment loses nothing. A summary is embedded once; a new reaction costs no embedding.

        `vectors`: by event id, made by this very embedder earlier. Raises ModelError, StoreError; whole batches before the
        failing one stay.
        """
        with self._guard:
            return self._upkeep.add(events, vectors or {}, on_progress or _silent)

    def remove(self, event_ids: Sequence[str]) -> int:
        """Takes events out for good; returns how many there were."""
        with self._guard:
            return self._upkeep.remove(event_ids)

    def recall(
        self,
        text: str,
        as_of: datetime,
        k: int,
        *,
        event_type: EventType | None = None,
        tickers: Collection[str] = (),
        published_at: datetime | None = None,
        exclude_story: str | None = None,
        exclude_ids: Collection[str] = (),
        min_similarity: float = DEFAULT_MIN_SIMILARITY,
    ) -> Recall:
        """Up to k precedents of the text (title and summary serve best), best first, among events whose reaction was known
        at `as_of`. Left out: the story and ids named, and reprints: nearly the same words within three days of
        `published_at` (default: as_of). Never short while enough events similar enough exist.

        Raises ValueError for a naive time, ModelError, StoreError.
        """
        to_epoch(as_of)  # refuses a naive time before any work
        ask = Ask(
            text=text,
            as_of=as_of,
            published_at=published_at if published_at is not None else as_of,
            event_type=event_type,
            tickers=frozenset(tickers),
            exclude_story=exclude_story,
            exclude_ids=frozenset(exclude_ids),
            min_similarity=min_similarity,
        )
        to_epoch(ask.published_at)
        with self._guard:
            snapshot = self._current()
            if not text.strip() or k <= 0 or snapshot.visible(as_of) == 0:
                return Recall((), "no_precedent", snapshot.visible(as_of), NOTHING_KNOWN)
            vector = self._upkeep.embedder.embed([text])[0]
            return snapshot.recall(self._database, self._upkeep.index, ask, vector, k)

    def _current(self) -> Snapshot:
        """The vectors as of now; events that others wrote to the database since are taken in."""
        seen = self.snapshot
        if self._snapshot is None or seen != self._seen:
            self._upkeep.take_in()
            known = self._database.known_vectors(self._upkeep.identity)
            self._snapshot = Snapshot(known, self._database.count_vectors(self._upkeep.identity))
            self._seen = seen
        return self._snapshot


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""


def _acquire(directory: Path, wait_seconds: float) -> FileLock:
    lock = FileLock(directory / "lock", timeout=wait_seconds, thread_local=False)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise StoreLocked(
            f"Another rhyme process is using the event memory in {directory} (waited {wait_seconds:g} seconds). Wait for it "
            "to finish, or set another data folder for this one."
        ) from error
    except OSError as error:
        raise StoreUnwritable(
            f"The event memory in {directory} cannot be opened ({error}). Make the folder writable for this user, or set "
            "another data folder."
        ) from error
    return lock
