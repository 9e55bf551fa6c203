"""Embedding every event with another embedder, and building index and copies anew, while the memory goes on serving.

Embedding is the long part and needs the database alone; the folder of an embedded memory is held only while Chroma is written,
a stretch at a time. Whatever is cut short goes on where it stopped: vectors are kept in the database as they come.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from records.database import Database, EmbedderIdentity
from records.embedder import Embedder
from records.errors import StoreCorrupt
from vectorstore.chroma_place import ChromaPlace
from vectorstore.folder_lock import lock_folder
from vectorstore.index import EventIndex
from vectorstore.known import KnownEvents
from vectorstore.parts import Parts
from vectorstore.upkeep import EMBED_BATCH, Upkeep, copy_folder

STRETCH = 8_192
"""Vectors given to Chroma while the folder is held: 5 to 10 seconds, well under what others wait for their turn."""

BREATH_SECONDS = 0.2
"""Between two stretches, so that who waits for the folder, and looks twenty times a second, gets it."""

OnStep = Callable[[str, int, int], None]
"""Called with what is done, how many of it are done, and in all."""


@dataclass(frozen=True)
class Reindexed:
    """What was done."""

    events: int
    embedded: int
    """Events that this embedder had not embedded."""
    indexed: int
    """Vectors given to Chroma."""
    embed_seconds: float
    """The folder was free meanwhile."""
    held_seconds: float
    """For which the folder was held, all stretches together."""
    longest_held_seconds: float
    """The longest single stretch."""


class Reindexing:
    """Of one memory for one embedder."""

    def __init__(
        self,
        directory: Path,
        place: ChromaPlace,
        database: Database,
        embedder: Embedder,
        *,
        wait_seconds: float = 30.0,
        on_step: OnStep,
    ) -> None:
        self._directory = directory
        self._place = place
        self._database = database
        self._embedder = embedder
        self._identity = EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)
        self._wait_seconds = wait_seconds
        self._on_step = on_step
        self._held: list[float] = []

    def beside(self) -> Reindexed:
        """Fills vectors, collections and copy of this embedder beside those of the present one; goes on where it was cut
        short, and takes in what others add meanwhile. Raises StoreCorrupt when the index is damaged, StoreLocked, ModelError."""
        embedded, seconds = self._embed(announce=False)
        indexed = self._index()
        self._on_step("Building the copy on disk", 0, 1)
        KnownEvents(copy_folder(self._directory, self._identity), self._database, self._identity).rebuild()
        late, more_seconds = self._embed(announce=True)  # the copy is there by now and must hear of them
        indexed += self._index()
        return self._done(embedded + late, indexed, seconds + more_seconds)

    def anew(self) -> Reindexed:
        """Builds index and copy of this embedder anew from the database. The folder is held while that goes on. Raises as
        `beside`, but replaces a damaged index."""
        embedded, seconds = self._embed(announce=False)
        upkeep = Upkeep(self._directory, self._place, self._database, self._embedder)
        with self._folder():
            try:
                upkeep.open(True, lambda done, total: self._on_step("Indexing", done, total))
            finally:
                upkeep.close()
        return self._done(embedded, self._database.count_vectors(self._identity, known=True), seconds)

    def drop_others(self) -> dict[EmbedderIdentity, int]:
        """Deletes vectors, collections and copies of every other embedder; returns their numbers of vectors."""
        dropped = {}
        for former in self._database.embedders():
            if former == self._identity:
                continue
            self._on_step(f"Removing what {former.name} made", 0, 1)
            with self._folder():
                index = EventIndex.open(self._place, former)
                try:
                    for collection in index.names():
                        index.drop(collection)
                    index.settle()
                finally:
                    index.close()
                KnownEvents(copy_folder(self._directory, former), self._database, former).remove()
            dropped[former] = self._database.drop_embedder(former)
        return dropped

    def _embed(self, *, announce: bool) -> tuple[int, float]:
        """Embeds until every event has a vector, those added meanwhile too; returns how many, and the seconds."""
        begun, done = time.monotonic(), 0
        while waiting := self._database.events_without_vector(self._identity):
            before = done
            for start in range(0, len(waiting), EMBED_BATCH):
                events = self._database.events(waiting[start : start + EMBED_BATCH])
                texts = [event.summary for event in events]
                if not texts:  # removed meanwhile
                    continue
                vectors, ids = self._embedder.embed(texts), [event.id for event in events]
                done += self._database.put_embeddings(self._identity, ids, vectors, texts=texts, announce=announce)
                self._on_step("Embedding", min(start + EMBED_BATCH, len(waiting)), len(waiting))
            if done == before:
                break
        return done, time.monotonic() - begun

    def _index(self) -> int:
        """Gives Chroma what waits, a stretch at a time."""
        total = len(self._database.waiting_for_index(self._identity, []))
        done = 0
        while True:
            with self._folder():
                index = EventIndex.open(self._place, self._identity)
                try:
                    parts = Parts(self._database, index, self._identity)
                    parts.load()
                    some = parts.catch_up(most=STRETCH)
                    index.settle()
                finally:
                    index.close()
            done += some
            self._on_step("Indexing", done, max(total, done))
            if some == 0:
                return done
            if not self._place.shared:
                time.sleep(BREATH_SECONDS)

    @contextmanager
    def _folder(self) -> Iterator[None]:
        """The folder of an embedded memory to ourselves."""
        if self._place.shared:
            yield
            return
        lock = lock_folder(self._directory, self._wait_seconds)
        begun = time.monotonic()
        try:
            yield
        finally:
            lock.release()
            self._held.append(time.monotonic() - begun)

    def _done(self, embedded: int, indexed: int, embed_seconds: float) -> Reindexed:
        return Reindexed(
            self._database.count_events(),
            embedded,
            indexed,
            embed_seconds,
            sum(self._held),
            max(self._held, default=0.0),
        )


def reindex(work: Reindexing, *, named: bool, built: bool) -> Reindexed:
    """`named`: an embedder was asked for by name: nothing of it that is there is thrown away. Else index and copies are built
    anew, unless this embedder has none yet (`built`), which then grow beside those of the former one."""
    if not named and built:
        return work.anew()
    try:
        return work.beside()
    except StoreCorrupt:
        if named:
            raise
        return work.anew()
