"""The database and Chroma kept as one: what is written to both, in which order, and how a difference is put right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from records.database import AddResult, Database, EmbedderIdentity
from records.embedder import Embedder
from records.errors import StoreCorrupt, StoreLocked, StoreMismatch
from records.event import Event
from vectorstore.index import WRITE_BATCH, EventIndex, mismatch

OnProgress = Callable[[int, int], None]
"""Called with (texts embedded, texts in all)."""

EMBED_BATCH = 64
"""Texts between two calls of OnProgress: about half a second of the embedded model."""

ADD_BATCH = 2_000
"""Events of one transaction: few enough that another writer never waits long, many enough to fsync seldom."""

REBUILD_UNASKED = 20_000
"""A damaged index of up to so many events is rebuilt when it is met (under a minute); a larger one when a person says so."""

SELF_QUERIES, SELF_FOUND = 32, 0.25
"""Vectors asked for at opening, and the share that must find themselves. Chroma's count stays right when vectors are lost;
but its graph is approximate, and on 50,000 noisy clusters only .55 found themselves in an index that had lost nothing:
this is an alarm for wholesale loss, file damage is the seal's to notice."""

SELF_RANKS = 10
"""Places among which an event, or one of the same text, must stand."""

ROUNDING = 1e-3
"""Cosine distance below which two stored vectors are of the same text: float16 keeps three digits."""


@dataclass(frozen=True)
class OpenReport:
    """What opening found and put right."""

    events: int
    embedded: int = 0
    """Events that had no vector of this embedder."""
    indexed: int = 0
    """Vectors that Chroma lacked and got from the database."""
    removed: int = 0
    """Ids that Chroma held and the database does not."""
    rebuilt: str | None = None
    """Why the index was built anew; None if it was not."""


class Upkeep:
    """Writes go to the database first, in one transaction with their vectors, then to Chroma, then the database notes that
    Chroma has them. A kill between any two leaves what the next opening can see and finish."""

    def __init__(self, directory: Path, database: Database, embedder: Embedder) -> None:
        self.directory = directory
        self.database = database
        self.embedder = embedder
        self.identity = EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)
        self._index: EventIndex | None = None

    @property
    def index(self) -> EventIndex:
        """The open index. Raises StoreLocked after closing: the folder may be another's by then."""
        if self._index is None:
            raise StoreLocked(f"The event memory in {self.directory} is closed: open it again before using it.")
        return self._index

    def open(self, rebuild: bool, on_progress: OnProgress | None) -> OpenReport:
        """Compares, repairs, and rebuilds where asked for or needed. Raises as EventMemory.open."""
        if not rebuild:
            self._refuse_other_embedder()
        embedded = self._embed_missing(on_progress)
        reason = "it was asked for" if rebuild else None
        indexed = removed = 0
        if reason is None:
            try:
                self._index = EventIndex.open(self.directory, self.identity)
                indexed, removed = self._catch_up()
                self._prove()
                self.index.settle()
            except StoreCorrupt as error:
                if self.database.count_vectors(self.identity) > REBUILD_UNASKED:
                    raise
                reason = str(error)
        if reason is not None:
            self._rebuild()
        return OpenReport(self.database.count_events(), embedded, indexed, removed, reason)

    def close(self) -> None:
        """Lets go of the index; safe to call twice."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def add(
        self, events: Sequence[Event], given: Mapping[str, NDArray[np.floating]], on_progress: OnProgress
    ) -> AddResult:
        """`given`: vectors by event id that need not be made."""
        total = AddResult(0, 0, 0)
        latest = list({event.id: event for event in events}.values())
        for start in range(0, len(latest), ADD_BATCH):
            batch = latest[start : start + ADD_BATCH]
            vectors = self._vectors_for(batch, given)
            result = self.database.add_events(batch, embedder=self.identity, embeddings=vectors)
            self._hand_over(list(vectors))
            on_progress(start + len(batch), len(latest))
            total = AddResult(
                total.added + result.added, total.unchanged + result.unchanged, total.changed + result.changed
            )
        return total

    def remove(self, event_ids: Sequence[str]) -> int:
        """From the database first: what Chroma then still holds is a stray that no recall returns."""
        removed = self.database.remove_events(event_ids)
        self.index.delete(list(dict.fromkeys(event_ids)))
        self.index.settle()
        return removed

    def take_in(self) -> None:
        """Embeds and indexes what others wrote to the database since."""
        self._embed_missing(None)
        self._catch_up()

    def _refuse_other_embedder(self) -> None:
        builders = self.database.embedders()
        if builders and self.identity not in builders:
            names = [f"{each.name} ({each.digest})" for each in builders]
            raise StoreMismatch(mismatch(self.directory, names, self.identity))

    def _embed_missing(self, on_progress: OnProgress | None) -> int:
        event_ids = self.database.events_without_vector(self.identity)
        for start in range(0, len(event_ids), EMBED_BATCH):
            events = self.database.events(event_ids[start : start + EMBED_BATCH])
            vectors = self.embedder.embed([event.summary for event in events])
            self.database.put_embeddings(self.identity, [event.id for event in events], vectors)
            if on_progress is not None:
                on_progress(min(start + EMBED_BATCH, len(event_ids)), len(event_ids))
        return len(event_ids)

    def _vectors_for(
        self, events: Sequence[Event], given: Mapping[str, NDArray[np.floating]]
    ) -> dict[str, NDArray[np.floating]]:
        """Vectors of the events whose text is new to this embedder."""
        event_ids = [event.id for event in events]
        summaries = {event.id: event.summary for event in self.database.events(event_ids)}
        embedded = self.database.get_embeddings(self.identity, event_ids)
        fresh = [event for event in events if event.id not in embedded or summaries.get(event.id) != event.summary]
        vectors = {event.id: given[event.id] for event in fresh if event.id in given}
        texts = [event for event in fresh if event.id not in given]
        for start in range(0, len(texts), EMBED_BATCH):
            batch = texts[start : start + EMBED_BATCH]
            rows = self.embedder.embed([event.summary for event in batch])
            vectors.update({event.id: row for event, row in zip(batch, rows, strict=True)})
        return vectors

    def _hand_over(self, event_ids: Sequence[str]) -> None:
        for ids, vectors in self.database.vector_batches(self.identity, event_ids, WRITE_BATCH):
            self.index.upsert(ids, vectors)
            self.index.settle()
            self.database.mark_indexed(self.identity, ids, self.index.id)

    def _catch_up(self) -> tuple[int, int]:
        """Gives Chroma what is not marked as held, takes away what the database does not have: (given, taken)."""
        waiting = self.database.vectors_not_indexed(self.identity, self.index.id)
        self._hand_over(waiting)
        expected = self.database.count_vectors(self.identity)
        strays: set[str] = set()
        if self.index.count() > expected:
            strays = self.index.ids() - set(self.database.events_with_vector(self.identity))
            self.index.delete(sorted(strays))
            self.index.settle()
        if self.index.count() != expected:
            raise StoreCorrupt(
                f"The event index in {self.directory} holds {self.index.count()} vectors, the database {expected}. Build it "
                "again with `rhyme precedents rebuild`; no event is lost by it."
            )
        return len(waiting), len(strays)

    def _prove(self) -> None:
        sample = self.database.sample_indexed(self.identity, self.index.id, SELF_QUERIES)
        vectors = self.database.get_embeddings(self.identity, sample)
        if not vectors:
            return
        matrix = np.stack(list(vectors.values()))
        missing = []
        for event_id, vector, found in zip(vectors, matrix, self.index.nearest(matrix, SELF_RANKS), strict=True):
            if event_id in found:
                continue
            neighbours = self.database.get_embeddings(self.identity, found).values()
            if not any(each @ vector > 1 - ROUNDING for each in neighbours):
                missing.append(event_id)
        if len(missing) > (1 - SELF_FOUND) * len(vectors):
            raise StoreCorrupt(
                f"The event index in {self.directory} does not find {len(missing)} of {len(vectors)} events by their own "
                f"vectors ({missing[0]!r} among them). Build it again with `rhyme precedents rebuild`; no event is lost by it."
            )

    def _rebuild(self) -> None:
        self.close()
        event_ids = self.database.events_with_vector(self.identity)
        batches = self.database.vector_batches(self.identity, event_ids, WRITE_BATCH)
        self._index = EventIndex.rebuild(self.directory, self.identity, batches)
        self._index.settle()
        for start in range(0, len(event_ids), ADD_BATCH):
            self.database.mark_indexed(self.identity, event_ids[start : start + ADD_BATCH], self._index.id)
