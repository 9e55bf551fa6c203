"""The database's methods for events' vectors, and for where an index of them stands."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from records.database import events, index_parts, vectors
from records.database.index_parts import IndexPart
from records.database.transactions import Transactions
from records.database.vectors import Changes, EmbedderIdentity, RecallableEvents

DROP_BATCH = 20_000
"""Vectors deleted in one transaction: about a second."""


class VectorMethods(Transactions):
    """Vectors in and out; which of them an index holds."""

    def put_embeddings(
        self,
        embedder: EmbedderIdentity,
        event_ids: Sequence[str],
        embeddings: NDArray[np.floating],
        *,
        texts: Sequence[str] | None = None,
        announce: bool = True,
    ) -> int:
        """Stores (len(event_ids), dimensions) vectors as float16; ids without an event are ignored, and so are, given what
        was embedded in `texts`, events whose summary is another by now. `announce`: False keeps the revision, for vectors of
        which nothing was built yet. Returns how many were new or different."""
        with self._writing() as connection:
            if texts is not None:
                current = set(events.unchanged(connection, dict(zip(event_ids, texts, strict=True))))
                places = [place for place, event_id in enumerate(event_ids) if event_id in current]
                event_ids, embeddings = [event_ids[place] for place in places], embeddings[places]
            return vectors.write(connection, embedder, event_ids, embeddings, announce=announce)

    def get_embeddings(self, embedder: EmbedderIdentity, event_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Unit vectors by event id; events without one are left out."""
        with self._reading() as connection:
            return vectors.read(connection, embedder.digest, event_ids)

    def embedded_summaries(self, embedder: EmbedderIdentity, event_ids: Sequence[str]) -> dict[str, str]:
        """By event id the summaries of those that have a vector of this embedder."""
        with self._reading() as connection:
            return vectors.summaries(connection, embedder.digest, event_ids)

    def known_events(self, embedder: EmbedderIdentity) -> RecallableEvents:
        """All events that can be recalled: those with a reaction and a vector of this embedder."""
        with self._reading() as connection:
            return vectors.known(connection, embedder)

    def stream_vectors(
        self, embedder: EmbedderIdentity, batch: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """(row numbers, unit vectors) of everything embedded, a batch at a time."""
        with self._reading() as connection:
            yield from vectors.stream(connection, embedder, batch)

    def stream_summaries(self, batch: int) -> Iterator[list[tuple[int, str]]]:
        """(row number, summary) of every event, a batch at a time."""
        with self._reading() as connection:
            yield from events.summaries(connection, batch)

    def changes(self, embedder: EmbedderIdentity, since: int) -> Changes:
        """What was written to events and their vectors after the revision `since`."""
        with self._reading() as connection:
            return vectors.changes(connection, embedder, since)

    def revision(self) -> int:
        """The number of the last write to events or their vectors: equal while nothing changed."""
        with self._reading() as connection:
            return events.revision_of(connection)

    def events_without_vector(self, embedder: EmbedderIdentity) -> list[str]:
        """Ids this embedder has not embedded."""
        with self._reading() as connection:
            return vectors.without_vector(connection, embedder.digest)

    def count_vectors(self, embedder: EmbedderIdentity, *, known: bool = False) -> int:
        """Vectors kept of this embedder, or only those of events with a reaction."""
        with self._reading() as connection:
            return vectors.count(connection, embedder.digest, known=known)

    def count_indexed(self, embedder: EmbedderIdentity, collection: str) -> int:
        """Vectors marked as held by the collection of this id."""
        with self._reading() as connection:
            return vectors.count_in(connection, embedder.digest, collection)

    def newest_indexed(self, embedder: EmbedderIdentity, collection: str) -> int | None:
        """The latest time, epoch microseconds, at which a reaction of the collection's events became known; None: it is empty."""
        with self._reading() as connection:
            return vectors.newest_in(connection, embedder.digest, collection)

    def events_indexed(self, embedder: EmbedderIdentity, collection: str) -> set[str]:
        """Ids of the events marked as held by the collection of this id."""
        with self._reading() as connection:
            return vectors.ids_in(connection, embedder.digest, collection)

    def waiting_for_index(self, embedder: EmbedderIdentity, collections: Sequence[str]) -> list[tuple[str, int]]:
        """(id, known_at) of events with a reaction whose vector none of the collections is marked to hold, by known_at."""
        with self._reading() as connection:
            return vectors.waiting(connection, embedder, collections)

    def known_between(self, embedder: EmbedderIdentity, known_from: int, until: int | None) -> list[tuple[str, int]]:
        """(id, known_at) of embedded events whose reaction became known in [known_from, until), by known_at."""
        with self._reading() as connection:
            return vectors.known_between(connection, embedder, known_from, until)

    def index_parts(self, embedder: EmbedderIdentity) -> tuple[IndexPart, ...]:
        """How this embedder's index is cut by time, in its order."""
        with self._reading() as connection:
            return index_parts.read(connection, embedder.digest)

    def replace_index_parts(
        self, embedder: EmbedderIdentity, old: Sequence[IndexPart], new: Sequence[IndexPart]
    ) -> bool:
        """All or nothing; False when another process has replaced the old ones already."""
        with self._writing() as connection:
            vectors.register(connection, embedder)
            return index_parts.replace(connection, embedder.digest, old, new)

    def vector_batches(
        self, embedder: EmbedderIdentity, event_ids: Sequence[str], batch: int
    ) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
        """(ids, unit vectors) in batches, ids without a vector left out."""
        for start in range(0, len(event_ids), batch):
            found = self.get_embeddings(embedder, event_ids[start : start + batch])
            if found:
                yield list(found), np.stack(list(found.values()))

    def mark_indexed(self, embedder: EmbedderIdentity, event_ids: Sequence[str], collection: str | None) -> None:
        """Notes that the collection holds these vectors; None: that none does."""
        with self._writing() as connection:
            vectors.mark_indexed(connection, embedder.digest, event_ids, collection)

    def sample_indexed(self, embedder: EmbedderIdentity, collection: str, size: int) -> list[str]:
        """Up to `size` ids marked as held by the collection, spread evenly."""
        with self._reading() as connection:
            return vectors.sample(connection, embedder.digest, collection, size)

    def embedders(self) -> Mapping[EmbedderIdentity, int]:
        """Embedders with vectors here, and how many each."""
        with self._reading() as connection:
            return vectors.embedders(connection)

    def drop_embedder(self, embedder: EmbedderIdentity) -> int:
        """Deletes an embedder with its vectors and the parts of its index, in steps that let others write in between. Returns
        how many vectors there were."""
        total = 0
        while True:
            with self._writing() as connection:
                dropped = vectors.drop(connection, embedder.digest, DROP_BATCH)
            total += dropped
            if dropped == 0:
                return total
