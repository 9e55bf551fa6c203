"""The database as the rest of Rhyme uses it: records in, records out, one transaction a call."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType

from sqlalchemy import Engine, bindparam, delete, insert, select, text

from records.analysis import Analysis
from records.database import analyses, articles, backup, counts, events, ledger, schema, stories, tables
from records.database.access import Access
from records.database.alert_shelf import AlertShelf
from records.database.analyses import AnalysisLine, StoryAnalysis
from records.database.announced import Announced
from records.database.batches import Batches
from records.database.briefs import Briefs
from records.database.browse import Browse
from records.database.chat_turns import ChatTurns
from records.database.engine import Place, connect, place_of
from records.database.event_methods import EventMethods
from records.database.events import Glance, StoreSnapshot
from records.database.intake import IntakeStore
from records.database.job_workers import JobWorkers
from records.database.jobs import JobTable
from records.database.ledger import LedgerCheck, LedgerForecast, LedgerRow
from records.database.model_calls import ModelCalls
from records.database.prepared import Prepared
from records.database.shown import Shown
from records.database.stories import StoryShelf
from records.database.tables import meta
from records.database.vector_methods import VectorMethods
from records.database.visitor_shelf import VisitorShelf
from records.forecast import Forecast, Grade
from records.story import Placement, Story

_NOTE = Prepared(select(meta.c.value).where(meta.c.name == bindparam("wanted")))


class Database(EventMethods, VectorMethods):
    """Safe to share between threads; several processes may use one database at a time, writers in turn.

    Every method raises a StoreError subclass: StoreLocked (another writer took too long), StoreUnwritable (read-only,
    full), StoreCorrupt, StoreMismatch. A call that raises has kept nothing.
    """

    def __init__(self, engine: Engine, place: Place) -> None:
        super().__init__(engine, place)
        self.access = Access(self._reading, self._writing)
        self.alerts = AlertShelf(self._reading, self._writing)
        self.announced = Announced(self._reading)
        self.briefs = Briefs(self._reading, self._writing)
        self.browse = Browse(self._reading)
        self.shown = Shown(self._reading)
        self.intake = IntakeStore(self._reading, self._writing, place)
        self.jobs = JobTable(self._reading, self._writing)
        self.job_workers = JobWorkers(self._reading, self._writing)
        self.model_calls = ModelCalls(self._reading, self._writing, place)
        self.batches = Batches(self._reading, self._writing, place)
        self.chat_turns = ChatTurns(self._reading, self._writing)
        self.visitor_shelf = VisitorShelf(self._reading, self._writing)

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
            rows = _NOTE.rows(connection, {"wanted": f"note:{name}"})
        return rows[0][0] if rows else None

    def glance(self, note: str) -> Glance:
        """The revision, the snapshot and a remark, in one transaction."""
        with self._reading() as connection:
            return events.glance(connection, f"note:{note}")

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

    def save_analyses(self, new: Sequence[tuple[Analysis, Forecast | None]]) -> int:
        """As `save_analysis` for many, all or nothing; those kept already stay as they are. Returns how many were new."""
        with self._writing() as connection:
            known = analyses.among(connection, tables.analyses.c.id, [one.id for one, _ in new])
            fresh = {one.id: (one, forecast) for one, forecast in new if one.id not in known}
            articles.save(connection, [one.article for one, _ in fresh.values()])
            analyses.save_new(connection, [one for one, _ in fresh.values()])
            ledger.append_forecasts(connection, [said for _, said in fresh.values() if said is not None])
            return len(fresh)

    def load_analysis(self, id_or_prefix: str) -> Analysis:
        """By id or unique prefix. Raises NotFound (naming recent ids), UsageError when several fit."""
        with self._reading() as connection:
            return analyses.load(connection, id_or_prefix)

    def recent_analyses(self, limit: int) -> list[AnalysisLine]:
        """Newest first."""
        with self._reading() as connection:
            return analyses.recent(connection, limit)

    def analyses_of_story(self, story_id: str) -> list[StoryAnalysis]:
        """Of all its articles, the newest first."""
        with self._reading() as connection:
            return analyses.of_story(connection, story_id)

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

    # stories

    @contextmanager
    def stories(self) -> Iterator[StoryShelf]:
        """Story members to read and add, in one transaction that holds the write lock."""
        with self._writing() as connection:
            yield StoryShelf(connection)

    def placement(self, article_id: str) -> Placement | None:
        """Where the article was placed among the stories; None if it was not yet."""
        with self._reading() as connection:
            return stories.placements(connection, [article_id]).get(article_id)

    def story(self, story_id: str) -> Story:
        """A story with all its articles, oldest first. Raises NotFound."""
        with self._reading() as connection:
            return stories.story(connection, story_id)

    # maintenance

    def size_bytes(self) -> int:
        """What the database takes on its disk."""
        with self._reading() as connection:
            return counts.size_bytes(connection, self.place)

    def copy_to(self, path: Path, on_progress: Callable[[int, int], None] | None = None) -> StoreSnapshot:
        """Writes an SQLite database, as it is at one moment, into a new file; others may go on writing. Returns the snapshot
        of that moment. `on_progress`: pages copied and in all."""
        with self._reading() as connection:
            taken = events.snapshot(connection)
            backup.copy_to(connection, path, on_progress)
            return taken
