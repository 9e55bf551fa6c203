"""The database's methods for events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from records.database import counts, events, vectors
from records.database.counts import EventCounts
from records.database.events import AddResult, StoreSnapshot
from records.database.transactions import Transactions
from records.database.vectors import EmbedderIdentity
from records.event import Event
from records.times import to_epoch


class EventMethods(Transactions):
    """Events in, out and counted."""

    def add_events(
        self,
        new: Sequence[Event],
        *,
        embedder: EmbedderIdentity | None = None,
        embeddings: Mapping[str, NDArray[np.floating]] | None = None,
    ) -> AddResult:
        """All or nothing, with their vectors (event id → (dimensions,)) when given. An event with a known id replaces the
        stored one and, if its summary differs, drops its old vectors; of several with one id the last counts."""
        with self._writing() as connection:
            result = events.write(connection, new)
            if embedder is not None and embeddings:
                rows = np.stack(list(embeddings.values()))
                vectors.write(connection, embedder, list(embeddings), rows, revision=result.revision)
            if result.revision is not None:
                return result
            return replace(result, revision=events.revision_of(connection))

    def events_without_reaction(self) -> list[str]:
        """Ids of the events whose outcome is still unknown, in the order they were added."""
        with self._reading() as connection:
            return events.without_reaction(connection)

    def add_reactions(self, settled: Sequence[Event]) -> int:
        """All or nothing: gives stored events the reaction they carry here. One that was changed, settled or removed since
        it was read is left alone. Returns how many were written."""
        with self._writing() as connection:
            return events.add_reactions(connection, settled)

    def remove_events(self, event_ids: Sequence[str]) -> int:
        """Deletes them with their vectors; unknown ids are ignored. Returns how many there were."""
        with self._writing() as connection:
            return events.remove(connection, event_ids)

    def events(self, event_ids: Sequence[str]) -> list[Event]:
        """In the order asked for; unknown ids are left out."""
        with self._reading() as connection:
            return events.read(connection, event_ids)

    def every_event(self) -> Iterator[Event]:
        """All events in the order they were added, a page at a time."""
        with self._reading() as connection:
            yield from events.every(connection)

    def events_of_ticker(self, ticker: str, *, before: datetime, limit: int) -> list[Event]:
        """Events naming the ticker, published before the moment, newest first."""
        with self._reading() as connection:
            return events.of_ticker(connection, ticker, before, limit)

    def count_events(self) -> int:
        """All events, with or without a reaction."""
        with self._reading() as connection:
            return events.count(connection)

    def count_published(self, since: datetime, until: datetime) -> int:
        """Events published from `since` up to, and not at, `until`: how densely the memory was fed."""
        with self._reading() as connection:
            return events.count_published(connection, to_epoch(since), to_epoch(until))

    def count_known(self, as_of: datetime) -> int:
        """Events whose reaction was known at `as_of`."""
        with self._reading() as connection:
            return events.count(connection, to_epoch(as_of))

    def snapshot(self) -> StoreSnapshot:
        """How many events, and a digest of their contents; costs the same for ten as for a million."""
        with self._reading() as connection:
            return events.snapshot(connection)

    def events_with_vectors(
        self, embedder: EmbedderIdentity | None, batch: int
    ) -> Iterator[list[tuple[Event, NDArray[np.float16] | None]]]:
        """All events as they are at one moment, in the order they were added, each with its vector of (dimensions,) as it is
        stored; None: it has none, or no embedder was named."""
        with self._reading() as connection:
            for page in events.with_vectors(connection, embedder.digest if embedder else None, batch):
                yield [(event, None if data is None else np.frombuffer(data, vectors.STORED)) for event, data in page]

    def event_counts(self) -> EventCounts:
        """How many events of which type and source, and from when."""
        with self._reading() as connection:
            return counts.counts(connection)
