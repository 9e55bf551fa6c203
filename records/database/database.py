"""The database as the rest of Rhyme uses it: records in, records out, one transaction a call."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, delete, insert, select, text

from records.analysis import Analysis
from records.database import analyses, backup, counts, events, index_parts, ledger, schema, stories, vectors
from records.database.analyses import AnalysisLine
from records.database.counts import EventCounts
from records.database.engine import Place, connect, explained, place_of, writing
from records.database.events import AddResult, StoreSnapshot
from records.database.index_parts import IndexPart
from records.database.intake import IntakeStore
from records.database.job_workers import JobWorkers
from records.database.jobs import JobTable
from records.database.ledger import LedgerCheck, LedgerForecast, LedgerRow
from records.database.model_calls import ModelCalls
from records.database.stories import StoryShelf
from records.database.tables import meta
from records.database.vectors import Changes, EmbedderIdentity, RecallableEvents
from records.event import Event
from records.forecast import Forecast, Grade
from records.story import Story
from records.times import to_epoch

DROP_BATCH = 20_000
"""Vectors deleted in one transaction: about a second."""


class Database:
    """Safe to share between threads; several processes may use one database at a time, writers in turn.

    Every method raises a StoreError subclass: StoreLocked (another writer took too long), StoreUnwritable (read-only,
    full), StoreCorrupt, StoreMismatch. A call that raises has kept nothing.
    """

    def __init__(self, engine: Engine, place: Place) -> None:
        self._engine = engine
        self.place = place
        self.intake = IntakeStore(self._reading, self._writing)
        self.jobs = JobTable(self._reading, self._writing)
        self.job_workers = JobWorkers(self._reading, self._writing)
        self.model_calls = ModelCalls(self._reading, self._writing, place)

    @classmethod
    def open(cls, url_or_path: str | Path) -> "Database":
        """Opens or creates, and brings the schema up to date. A path or `sqlite:///path` is SQLite, `postgresql://…` is
        PostgreSQL (extra `postgres`). Raises SettingsError for another address, else StoreError subclasses."""
        place = place_of(url_or_path)
        engine = connect(place)
        try:
            schema.upgrade(engine, place)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, place)

    def close(self) -> None:
        """Releases the connections; safe to call twice."""
        self._engine.dispose()

    def __enter__(self) -> "Database":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def check(self) -> list[str]:
        """What is wrong with the files or the running totals, in sentences; empty when sound. Reads everything."""
        with self._reading() as connection:
            faults = []
            if self.place.is_sqlite:
                rows = connection.execute(text("PRAGMA quick_check(5)")).scalars().all()
                faults += [f"SQLite reports: {row}" for row in rows if row != "ok"]
            kept, counted = events.snapshot(connection), events.recount(connection)
            if kept != counted:
                faults.append(f"The running totals say {kept}, the rows say {counted}.")
            return faults

    def note(self, name: str) -> str | None:
        """A remark kept with the store, e.g. which starter events it was given; None if there is none of that name."""
        with self._reading() as connection:
            return connection.execute(select(meta.c.value).where(meta.c.name == f"note:{name}")).scalar()

    def set_note(self, name: str, value: str) -> None:
        """Keeps a remark, in place of the former one of that name (at most 50 characters)."""
        with self._writing() as connection:
            connection.execute(delete(meta).where(meta.c.name == f"note:{name}"))
            connection.execute(insert(meta).values(name=f"note:{name}", value=value))

    # analyses

    def save_analysis(self, analysis: Analysis, forecast: Forecast | None = None) -> bool:
        """Keeps the article, the analysis and, in the ledger, its forecast: all or nothing. False if that id is kept
        already; then nothing is written."""
        with self._writing() as connection:
            kept = analyses.save(connection, analysis)
            if kept and forecast is not None:
                ledger.append_forecast(connection, forecast)
            return kept

    def load_analysis(self, id_or_prefix: str) -> Analysis:
        """By id or unique prefix. Raises NotFound (naming recent ids), UsageError when several fit."""
        with self._reading() as connection:
            return analyses.load(connection, id_or_prefix)

    def recent_analyses(self, limit: int) -> list[AnalysisLine]:
        """Newest first."""
        with self._reading() as connection:
            return analyses.recent(connection, limit)

    def scores_since(self, moment: datetime, *, until: datetime | None = None) -> list[float]:
        """Ascending; the latest score of each article analysed with moment ≤ as_of ≤ until. For `Impact.rank`: give
        until=as_of so that a replay ranks among what was known then."""
        with self._reading() as connection:
            return analyses.scores(connection, moment, until)

    # ledger

    def forecasts(self, *, ungraded_only: bool = False) -> list[LedgerForecast]:
        """Every forecast of the ledger with its grade, or only those without one, in the order they were recorded."""
        with self._reading() as connection:
            return ledger.forecasts(connection, ungraded_only=ungraded_only)

    def append_grades(self, grades: Sequence[Grade]) -> int:
        """All or nothing. A forecast that has its grade keeps it; returns how many were appended. Raises UsageError for the
        digest of no forecast."""
        with self._writing() as connection:
            return ledger.append_grades(connection, grades)

    def ledger_rows(self, limit: int) -> list[LedgerRow]:
        """The newest rows, newest first."""
        with self._reading() as connection:
            return ledger.recent(connection, limit)

    def verify_ledger(self, noted_head: str | None = None) -> LedgerCheck:
        """Reads the whole chain; see `records.database.ledger.verify`. Raises UsageError for a head that is no digest."""
        with self._reading() as connection:
            return ledger.verify(connection, noted_head)

    # events

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
                written = events.revision_of(connection) if result.added or result.changed else None
                vectors.write(connection, embedder, list(embeddings), rows, revision=written)
            return result

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

    # stories

    @contextmanager
    def stories(self) -> Iterator[StoryShelf]:
        """Story members to read and add, in one transaction that holds the write lock."""
        with self._writing() as connection:
            yield StoryShelf(connection)

    def story(self, story_id: str) -> Story:
        """A story with all its articles, oldest first. Raises NotFound."""
        with self._reading() as connection:
            return stories.story(connection, story_id)

    # vectors

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

    # maintenance

    def event_counts(self) -> EventCounts:
        """How many events of which type and source, and from when."""
        with self._reading() as connection:
            return counts.counts(connection)

    def size_bytes(self) -> int:
        """What the database takes on its disk."""
        with self._reading() as connection:
            return counts.size_bytes(connection, self.place)

    def events_with_vectors(
        self, embedder: EmbedderIdentity | None, batch: int
    ) -> Iterator[list[tuple[Event, NDArray[np.float16] | None]]]:
        """All events as they are at one moment, in the order they were added, each with its vector of (dimensions,) as it is
        stored; None: it has none, or no embedder was named."""
        with self._reading() as connection:
            for page in events.with_vectors(connection, embedder.digest if embedder else None, batch):
                yield [(event, None if data is None else np.frombuffer(data, vectors.STORED)) for event, data in page]

    def copy_to(self, path: Path, on_progress: Callable[[int, int], None] | None = None) -> StoreSnapshot:
        """Writes an SQLite database, as it is at one moment, into a new file; others may go on writing. Returns the snapshot
        of that moment. `on_progress`: pages copied and in all."""
        with self._reading() as connection:
            taken = events.snapshot(connection)
            backup.copy_to(connection, path, on_progress)
            return taken

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

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self.place), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with explained(self.place), writing(self._engine) as connection:
            yield connection
