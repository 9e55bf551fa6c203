"""A worker: one process that takes articles from the queue and brings each to its outcome."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from uuid import uuid4

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

from agent.jobs.course import Course
from agent.jobs.desk import JobDesk
from agent.jobs.engine import (
    APPLICATION,
    QUEUE,
    SCHEMA,
    VERSION,
    WORKFLOW,
    JobQueue,
    address_of,
    place_beside,
    told,
    workflow_id,
)
from agent.jobs.lost import SILENT_SECONDS, LostWorkers, this_machine
from records.database import Database
from records.database.jobs import Turn
from records.errors import StoreError
from records.job import JobOutcome
from records.times import Clock

BEAT_SECONDS = 2.0
MEND_EVERY = 15
"""Beats between two looks for jobs that the queue has lost: half a minute."""
FORGOTTEN_SECONDS = 10.0
"""How long a round is claimed by this worker without being worked on until it is put back: when the database's server is lost as
it says yes to a claim, nobody hears of it."""
LEAVE_LOOK_SECONDS = 0.05
NOT_WANTED = "not wanted"
SPARE_CONNECTIONS = 4
"""To the engine's tables, beyond one an article in hand: for the queue, the listener and the notes about them."""


class Worker:
    """A context manager: inside it, work is done. At most one in a process, because the engine is one a process."""

    def __init__(
        self,
        database: Database,
        queue: JobQueue,
        course: Course,
        *,
        clock: Clock,
        concurrency: int,
        together: int | None = None,
        beat_seconds: float = BEAT_SECONDS,
        silent_seconds: float = SILENT_SECONDS,
        forgotten_seconds: float = FORGOTTEN_SECONDS,
    ) -> None:
        """`concurrency`: articles at once in each worker; `together`: in all workers (None: no limit). The last worker to start
        sets both for all."""
        self.id = f"{os.getpid()}-{uuid4().hex[:12]}"
        self._database = database
        self._queue = queue
        self._course = course
        self._clock = clock
        self._concurrency = concurrency
        self._together = together
        self._beat_seconds = beat_seconds
        self._desk = JobDesk(database, queue, clock)
        self._lost = LostWorkers(database, queue, self.id, silent_seconds=silent_seconds)
        self._machine = this_machine()
        self._ending = threading.Event()
        self._tending = threading.Thread(target=self._tend, name="jobs-heartbeat", daemon=True)
        self._rounds: set[str] = set()
        self._forgotten_seconds = forgotten_seconds
        self._idle_since: dict[str, float] = {}
        self._guard = threading.Lock()
        self._engine: DBOS | None = None

    def __enter__(self) -> "Worker":
        self._beat()  # before anything is taken: no other worker may think that it has no owner
        self._queue.limit(self._concurrency, self._together, closed=self._desk.paused() is not None)
        self._lost.take_over()
        self._desk.mend()
        with told(place_beside(self._database.place)):
            self._launch()
        self._tending.start()
        return self

    def _launch(self) -> None:
        self._engine = DBOS(config=self._config())

        @DBOS.workflow(name=WORKFLOW)
        def analyse_article(article_id: str, round_: int) -> str:
            return self._analyse_article(article_id, round_)

        DBOS.listen_queues([QUEUE])
        DBOS.launch()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave(0)

    @property
    def in_hand(self) -> int:
        """Articles that are being worked on here."""
        with self._guard:
            return len(self._rounds)

    def take_no_more(self) -> None:
        """Jobs that wait for something are given back, others are after their present step."""
        self._course.stop()
        for event in self._engine.background_thread_stop_events if self._engine else ():
            event.set()

    def leave(self, grace_seconds: float) -> int:
        """Takes nothing more, waits for the steps in hand, gives the rest back and strikes itself off. Returns how many were
        given back with a step still running: what it does is not kept twice. Asked again it does nothing."""
        if self._ending.is_set() or self._engine is None:
            return 0
        self.take_no_more()
        deadline = time.monotonic() + grace_seconds
        while self.in_hand and time.monotonic() < deadline:
            time.sleep(LEAVE_LOOK_SECONDS)
        unfinished = self.in_hand
        self._ending.set()
        self._tending.join(timeout=10)
        with contextlib.suppress(StoreError):  # then it is taken over like a lost worker's
            self._queue.resume(self._queue.in_hand([self.id]))
            self._database.job_workers.strike_off(self.id)
        DBOS.destroy(destroy_registry=True)
        return unfinished

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name=APPLICATION,
            system_database_url=address_of(place_beside(self._database.place)),
            dbos_system_schema=SCHEMA,
            application_version=VERSION,
            executor_id=self.id,
            serializer=DBOSPortableJSONSerializer(),
            log_level="CRITICAL",
            sys_db_pool_size=self._concurrency + SPARE_CONNECTIONS,
        )

    def _analyse_article(self, article_id: str, round_: int) -> str:
        """The workflow. It has no steps of the engine's: begun again after a crash, it finds in our own rows what was done, and a
        step kept by the engine besides would take more processor time than all that it spares."""
        with self._counted(workflow_id(Turn(article_id, round_, 0))):
            begun = self._course.begin(article_id, round_)
            if begun is None:
                return NOT_WANTED
            outcome = begun if isinstance(begun, JobOutcome) else self._outcome(article_id, round_, begun)
            if outcome is None:
                return NOT_WANTED
            self._course.check_stop()
            self._course.note(article_id, round_, outcome)
            return outcome.result or outcome.failure or ""

    def _outcome(self, article_id: str, round_: int, start: int) -> JobOutcome | None:
        placed = self._course.place(article_id, round_)
        if placed.outcome is not None:
            return placed.outcome
        self._course.wait_for_leader(article_id, placed)
        self._course.check_stop()
        if not self._course.is_held(article_id, round_, start):  # by a worker that was held to be lost, or by nobody
            return None
        return self._course.analyse(article_id, placed)

    @contextmanager
    def _counted(self, round_: str) -> Iterator[None]:
        with self._guard:
            self._rounds.add(round_)
        try:
            self._course.check_stop()
            yield
        finally:
            with self._guard:
                self._rounds.discard(round_)

    def _tend(self) -> None:
        beats = 0
        while not self._ending.wait(self._beat_seconds):
            beats += 1
            with contextlib.suppress(
                Exception
            ):  # whatever it was, the next beat tries again: a silent worker is held to be lost
                self._beat()
                self._lost.take_over()
                self._put_back_forgotten()
                self._queue.close_door(closed=self._desk.paused() is not None, each=self._concurrency)
                if beats % MEND_EVERY == 0:
                    self._desk.mend()

    def _put_back_forgotten(self) -> None:
        claimed, now = self._queue.in_hand([self.id]), time.monotonic()
        with self._guard:
            idle = set(claimed) - self._rounds
        self._idle_since = {one: self._idle_since.get(one, now) for one in idle}
        self._queue.resume([one for one, since in self._idle_since.items() if now - since >= self._forgotten_seconds])

    def _beat(self) -> None:
        self._database.job_workers.beat(self.id, self._machine, os.getpid(), self._clock())
