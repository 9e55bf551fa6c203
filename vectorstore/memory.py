"""The event memory: add what happened, recall what it rhymes with as of a time."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from records.database import AddResult, Database
from records.database.events import Glance
from records.embedder import Embedder
from records.event import Event
from records.taxonomy import EventType
from records.times import to_epoch
from vectorstore.chroma_place import ChromaPlace, EmbeddedPlace
from vectorstore.fitted import minimal_similarity
from vectorstore.folder_lock import forget_wanted, is_wanted, lock_folder
from vectorstore.index import PartGone
from vectorstore.known import Known
from vectorstore.nearest import Near, NearestEvents
from vectorstore.ranking import Ask
from vectorstore.recall import NOTHING_KNOWN, Question, Recall
from vectorstore.sources import NOTE as REGISTER
from vectorstore.sources import EventSources, speaking
from vectorstore.upkeep import OnProgress, OpenReport, Upkeep

T = TypeVar("T")
SectorOf = Callable[[str], str | None]

CUTS_MEANWHILE = 3
"""How often a question is asked again because another process changed the parts: each takes it minutes."""


class EventMemory:
    """Past events; precedents known as of a time.

    Embedded, the lock of the folder is held from opening to closing, for reading too: a second Chroma process on one folder
    loses vectors without an error. Open late, close early. With a Chroma server, or the hosted service, any number of
    processes may have it open. Methods may be called from several threads.
    """

    def __init__(self, upkeep: Upkeep, lock: FileLock | None) -> None:
        self._upkeep = upkeep
        self._database = upkeep.database
        self._lock = lock
        self._guard = threading.RLock()
        self._sectors: SectorOf | None = None
        self._threshold: float | None = None
        self.report = OpenReport(0)
        self.sources = EventSources(self.note, self.set_note)

    @classmethod
    def open(
        cls,
        directory: Path,
        database: Database,
        embedder: Embedder,
        *,
        place: ChromaPlace | None = None,
        sector_of: SectorOf | None = None,
        rebuild: bool = False,
        wait_seconds: float = 5.0,
        on_progress: OnProgress | None = None,
    ) -> "EventMemory":
        """Opens or creates, compares Chroma with the database and repairs it from there; `report` says what was done.

        `place`: where Chroma is; None: embedded, in `directory`, where copies of the events are kept in any case.
        `sector_of`: ticker → sector, for ranking. `rebuild`: embed what this embedder has not embedded and build the index
        anew. Raises StoreLocked when another process has the folder for longer than `wait_seconds`, StoreMismatch when
        another embedder built the memory, StoreCorrupt when a large index is damaged, StoreUnwritable, StoreUnreachable,
        ModelError. `database` stays the caller's to close.
        """
        where = place if place is not None else EmbeddedPlace(directory)
        lock = None if where.shared else lock_folder(directory, wait_seconds)
        memory = cls(Upkeep(directory, where, database, embedder), lock)
        memory._sectors = sector_of
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
            if self._lock is not None:
                forget_wanted(self._upkeep.directory)
                self._lock.release()

    @property
    def wanted(self) -> bool:
        """Whether another process waits for the folder; never of a shared memory."""
        return self._lock is not None and is_wanted(self._upkeep.directory)

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
        min_similarity: float | None = None,
        held: bool = False,
    ) -> Recall:
        """Up to k precedents of the text (title and summary serve best), best first, among events whose reaction was known
        at `as_of`. Left out: the story and ids named, and reprints: nearly the same words within three days of
        `published_at` (default: as_of). Never short while enough events similar enough exist. `min_similarity`: cosine from
        which an event is a precedent; None: as fitted for the embedder (`fitted.minimal_similarity`). `held`: also events of
        imported sources that are not released (`sources`), for a person to look at.

        Raises ValueError for a naive time, ModelError, StoreError.
        """
        to_epoch(as_of)  # refuses a naive time before any work
        with self._guard:
            known, seen = self._seen()
            admits, capped_with = speaking(seen.note, as_of)
            ask = Ask(
                text=text,
                as_of=as_of,
                published_at=published_at if published_at is not None else as_of,
                event_type=event_type,
                tickers=frozenset(tickers),
                exclude_story=exclude_story,
                exclude_ids=frozenset(exclude_ids),
                admits=None if held else admits,
                capped_with=capped_with,
                min_similarity=min_similarity if min_similarity is not None else self._least(known),
                sector=self._sector(tickers),
                sector_of=self._sectors,
            )
            to_epoch(ask.published_at)
            visible = known.visible(to_epoch(as_of))
            if not text.strip() or k <= 0 or visible == 0:
                return Recall((), "no_precedent", visible, NOTHING_KNOWN, ask.min_similarity, str(seen.snapshot))
            vector = self._upkeep.embedder.embed([text])[0]
            found = self._retried(known, lambda nearest: Question(nearest, self._database, ask, vector).answer(k))
            return replace(found, snapshot=str(seen.snapshot))

    def nearest(self, vector: NDArray[np.floating], as_of: datetime, limit: int) -> list[tuple[str, float]]:
        """(event id, cosine) of the events nearest to a unit vector of (dimensions,) whose reaction was known at `as_of`,
        nearest first: `limit` of them if there are as many. Raises ValueError for a naive time, StoreError."""
        moment, unit = to_epoch(as_of), np.asarray(vector, dtype=np.float32)
        with self._guard:
            known = self._upkeep.current()
            return self._retried(known, lambda nearest: _listed(nearest, nearest.find(unit, moment, limit)))

    def _seen(self) -> tuple[Known, Glance]:
        """The recallable events, and what else the store says at that revision."""
        seen = self._database.glance(REGISTER)
        known = self._upkeep.current(seen.revision)
        return known, seen if known.revision == seen.revision else self._database.glance(REGISTER)

    def _retried(self, known: Known, ask: Callable[[NearestEvents], T]) -> T:
        """Asks again when another process has cut the index anew meanwhile."""
        for _ in range(CUTS_MEANWHILE):
            try:
                return ask(NearestEvents(known, self._upkeep.parts, self._upkeep.index))
            except PartGone:
                self._upkeep.parts.load()
                self._upkeep.parts.catch_up()
                known = self._upkeep.current()
        return ask(NearestEvents(known, self._upkeep.parts, self._upkeep.index))

    def _least(self, known: Known) -> float:
        if self._threshold is None:
            embedder = self._upkeep.identity
            self._threshold = minimal_similarity(
                embedder.name, embedder.digest, known.base.vectors, self.note, self.set_note
            )
        return self._threshold

    def _sector(self, tickers: Collection[str]) -> str | None:
        if self._sectors is None:
            return None
        found = {self._sectors(ticker) for ticker in tickers}
        return found.pop() if len(found) == 1 else None


def _listed(nearest: NearestEvents, near: Near) -> list[tuple[str, float]]:
    return [
        (nearest.id_of(int(shelf), int(row)), float(similarity))
        for shelf, row, similarity in zip(near.shelf, near.row, near.similarity, strict=True)
    ]


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""
