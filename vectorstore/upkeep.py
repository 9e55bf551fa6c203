"""The database and Chroma kept as one: what is written to both, in which order, and how a difference is put right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from records.database import AddResult, Database, EmbedderIdentity, IndexPart
from records.embedder import Embedder
from records.errors import StoreCorrupt, StoreLocked, StoreMismatch
from records.event import Event
from vectorstore.chroma_place import ChromaPlace, EmbeddedPlace
from vectorstore.index import EventIndex, mismatch
from vectorstore.known import Known, KnownEvents
from vectorstore.parts import Parts
from vectorstore.self_queries import SELF_QUERIES, unfound

OnProgress = Callable[[int, int], None]
"""Called with (texts embedded, texts in all)."""

EMBED_BATCH = 64
"""Texts between two calls of OnProgress: about half a second of the embedded model."""

ADD_BATCH = 2_000
"""Events of one transaction: few enough that another writer never waits long, many enough to fsync seldom."""

REBUILD_UNASKED = 20_000
"""A damaged index of up to so many events is rebuilt when it is met (under a minute); a larger one when a person says so."""


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

    def __init__(self, directory: Path, place: ChromaPlace, database: Database, embedder: Embedder) -> None:
        self.directory = directory
        self.place = place
        self.database = database
        self.embedder = embedder
        self.identity = EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)
        self._known = KnownEvents(copy_folder(directory, self.identity), database, self.identity)
        self._index: EventIndex | None = None
        self._parts: Parts | None = None
        self._revision = -1

    @property
    def index(self) -> EventIndex:
        """The open index. Raises StoreLocked after closing: the folder may be another's by then."""
        return self._opened()[0]

    @property
    def parts(self) -> Parts:
        """How the open index is cut by time. Raises StoreLocked after closing."""
        return self._opened()[1]

    def _opened(self) -> tuple[EventIndex, Parts]:
        if self._index is None or self._parts is None:
            raise StoreLocked(f"The event memory in {self.directory} is closed: open it again before using it.")
        return self._index, self._parts

    def open(self, rebuild: bool, on_progress: OnProgress | None) -> OpenReport:
        """Compares, repairs, and rebuilds where asked for or needed. Raises as EventMemory.open."""
        if not rebuild:
            self._refuse_other_embedder()
        embedded = self.embed_missing(on_progress)
        reason = "it was asked for" if rebuild else None
        indexed = removed = 0
        if reason is None:
            try:
                indexed, removed = self._open_index(on_progress)
            except StoreCorrupt as error:
                if self.place.shared or self.database.count_vectors(self.identity, known=True) > REBUILD_UNASKED:
                    raise
                reason = str(error)
        if reason is not None:
            self.rebuild(on_progress)
        self._revision = self.database.revision()
        return OpenReport(self.database.count_events(), embedded, indexed, removed, reason)

    def close(self) -> None:
        """Lets go of the index; safe to call twice."""
        self._known.forget()
        if self._index is not None:
            self._index.close()
            self._index = self._parts = None

    def add(
        self, events: Sequence[Event], given: Mapping[str, NDArray[np.floating]], on_progress: OnProgress
    ) -> AddResult:
        """`given`: vectors by event id that need not be made."""
        self._opened()
        total, before = AddResult(0, 0, 0), self._revision
        latest, written = list({event.id: event for event in events}.values()), 0
        revision: int | None = before
        for start in range(0, len(latest), ADD_BATCH):
            batch = latest[start : start + ADD_BATCH]
            vectors = self._vectors_for(batch, given)
            result = self.database.add_events(batch, embedder=self.identity, embeddings=vectors)
            revision = result.revision
            on_progress(start + len(batch), len(latest))
            written += result.added + result.changed > 0
            total = AddResult(
                total.added + result.added, total.unchanged + result.unchanged, total.changed + result.changed
            )
        after = before + written
        alone = revision == after  # nobody else wrote: all of it has its vector, and Chroma will have that
        if total.changed or any(event.reaction is not None for event in latest):
            self.parts.catch_up()
        elif alone and not total.unchanged:  # what is new and has no outcome belongs in no part and is not recalled
            self._known.pass_over(before, after)
        if alone:
            self._revision = after
        return total

    def remove(self, event_ids: Sequence[str]) -> int:
        """From the database first: what Chroma then still holds is a stray that no recall returns."""
        self._opened()
        removed = self.database.remove_events(event_ids)
        self.parts.take_away(list(dict.fromkeys(event_ids)))
        return removed

    def current(self, revision: int | None = None) -> Known:
        """The recallable events as of now; what others wrote to the database since is embedded and indexed. `revision`: the
        database's, where it was read just now."""
        self._opened()
        revision = self.database.revision() if revision is None else revision
        if revision != self._revision:
            self.embed_missing(None)
            self.parts.catch_up()
            revision = self._revision = self.database.revision()
        return self._known.refresh(revision)

    def rebuild(self, on_progress: OnProgress | None = None) -> None:
        """Builds the index and the copy of the events anew from the database."""
        self.close()
        if isinstance(self.place, EmbeddedPlace):
            fresh = EventIndex.building(self.place, self.identity)
            try:
                Parts(self.database, fresh, self.identity).fill_anew(fresh, on_progress)
            except BaseException:
                fresh.close()
                raise
            self._index = fresh.finish_building()
        else:
            self._index = EventIndex.open(self.place, self.identity)
            former = self._index.names()
            Parts(self.database, self._index, self.identity).fill_anew(self._index, on_progress)
            for collection in former:
                self._index.drop(collection)
        self._parts = Parts(self.database, self._index, self.identity)
        self._parts.load()
        self._parts.catch_up(on_progress)
        self._known.rebuild()

    def embed_missing(self, on_progress: OnProgress | None) -> int:
        """Embeds what this embedder has not embedded yet; returns how many texts."""
        if self.database.count_vectors(self.identity) == self.database.count_events():
            return 0
        event_ids = self.database.events_without_vector(self.identity)
        for start in range(0, len(event_ids), EMBED_BATCH):
            events = self.database.events(event_ids[start : start + EMBED_BATCH])
            texts = [event.summary for event in events]
            vectors = self.embedder.embed(texts)
            self.database.put_embeddings(self.identity, [event.id for event in events], vectors, texts=texts)
            if on_progress is not None:
                on_progress(min(start + EMBED_BATCH, len(event_ids)), len(event_ids))
        return len(event_ids)

    def _refuse_other_embedder(self) -> None:
        builders = self.database.embedders()
        if builders and self.identity not in builders:
            names = [f"{each.name} ({each.digest})" for each in builders]
            raise StoreMismatch(mismatch(str(self.directory), names, self.identity))

    def _open_index(self, on_progress: OnProgress | None) -> tuple[int, int]:
        self._index = EventIndex.open(self.place, self.identity)
        self._parts = Parts(self.database, self._index, self.identity)
        self._refuse_foreign_index()
        self._parts.load()
        self._drop_unfinished()
        indexed = self._parts.catch_up(on_progress)
        if (
            self.place.shared
        ):  # what looks like a difference may be another process at work: `rhyme memory verify` tells
            return indexed, 0
        removed = sum(self._reconcile(part) for part in self._parts.all)
        unsettled = self._index.unsettled()
        for part in self._parts.all:
            if part.collection in unsettled or part == self._parts.all[-1]:
                self._prove(part)
        self._index.settle(*unsettled)
        return indexed, removed

    def _refuse_foreign_index(self) -> None:
        """An index of events that this database has never heard of belongs to another database."""
        foreign = self.index.foreign()
        known = {each.digest for each in self.database.embedders()}
        strangers = [name for digest, name in foreign.items() if digest not in known]
        if strangers and not self.place.shared and not self.index.names():
            raise StoreMismatch(mismatch(str(self.directory), strangers, self.identity))

    def _drop_unfinished(self) -> None:
        """Collections of a cut that a kill left half-way. In a shared place they may be another process's work."""
        if not self.place.shared:
            for collection in self.index.names() - {part.collection for part in self.parts.all}:
                self.index.drop(collection)

    def _reconcile(self, part: IndexPart) -> int:
        """Takes away what Chroma has too much of; returns how many. Raises StoreCorrupt when it has too little."""
        expected, strays = self.parts.marked(part), set[str]()
        if self.index.count(part.collection) > expected:
            strays = self.parts.strays(part)
            with self.index.writing(part.collection):
                self.index.delete(part.collection, sorted(strays))
        held = self.index.count(part.collection)
        if held != expected:
            raise StoreCorrupt(
                f"The event index in {self.directory} holds {held} vectors, the database {expected}. Build it "
                "again with `rhyme memory reindex`; no event is lost by it."
            )
        return len(strays)

    def _vectors_for(
        self, events: Sequence[Event], given: Mapping[str, NDArray[np.floating]]
    ) -> dict[str, NDArray[np.floating]]:
        """Vectors of the events whose text is new to this embedder."""
        embedded = self.database.embedded_summaries(self.identity, [event.id for event in events])
        fresh = [event for event in events if embedded.get(event.id) != event.summary]
        vectors = {event.id: given[event.id] for event in fresh if event.id in given}
        texts = [event for event in fresh if event.id not in given]
        for start in range(0, len(texts), EMBED_BATCH):
            batch = texts[start : start + EMBED_BATCH]
            rows = self.embedder.embed([event.summary for event in batch])
            vectors.update({event.id: row for event, row in zip(batch, rows, strict=True)})
        return vectors

    def _prove(self, part: IndexPart) -> None:
        sample = self.parts.sample(part, SELF_QUERIES)
        missing = unfound(self.database, self.identity, self.index, part.collection, sample)
        if missing:
            raise StoreCorrupt(
                f"The event index in {self.directory} does not find {len(missing)} of {len(sample)} events by their own "
                f"vectors ({missing[0]!r} among them). Build it again with `rhyme memory reindex`; no event is lost by it."
            )


def copy_folder(directory: Path, embedder: EmbedderIdentity) -> Path:
    """Where the copy of the events with this embedder's vectors is kept."""
    return directory / f"known-{embedder.digest[:16]}"
