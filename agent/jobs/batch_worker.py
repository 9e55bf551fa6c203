"""The worker that asks in batches: articles go as far as they can without an answer, then their questions leave together.

One turn: what came back is settled, every article that waits for nothing is taken on, what they want is sent. Everything that
must not be lost is in the database before it is needed, so that a worker killed anywhere is followed by one that goes on.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol
from uuid import uuid4

from agent.jobs.batch_collect import Collector, Files, Price
from agent.jobs.batch_evidence import KeptEvidence
from agent.jobs.course import Course, GivenBack, Placed
from agent.jobs.engine import BATCH, JobQueue, workflow_id
from agent.jobs.failures import Patience
from agent.jobs.pausing import Pausing
from models.batch_api import MOST_BYTES, MOST_REQUESTS, QUIET_SECONDS, BatchNotTaken, BatchState
from models.batch_gate import BatchGate, GivenUp, Waiting
from models.batch_lines import request_line
from models.budget import spent_message
from records.batch import Batch
from records.database import Database
from records.database.jobs import Turn
from records.errors import BudgetSpent, ModelRefused, ModelUnavailable, SettingsError
from records.job import PRIORITIES, JobOutcome
from records.spending import BudgetLimits, Shortfall
from records.times import Clock

Ending = Literal["empty", "paused", "stopped"]


class Service(Files, Protocol):
    """Where batches are sent (`models.batch_api.BatchApi`)."""

    identity: str

    def check(self) -> None: ...
    def upload(self, name: str, lines: Iterable[bytes]) -> str: ...
    def create(
        self, key: str, file_id: str, *, asked_before: bool, asking: Callable[[], None], quiet_seconds: float
    ) -> BatchState: ...
    def look(self, batch_id: str) -> BatchState: ...


@dataclass(frozen=True)
class BatchSettings:
    """How a worker goes about it."""

    run_id: str
    model: str
    budget: BudgetLimits = field(default_factory=BudgetLimits)
    most_requests: int = MOST_REQUESTS
    most_bytes: int = MOST_BYTES
    first_wait_seconds: float = 5.0
    """Between two looks at what is under way; grows by half each time nothing has changed."""
    longest_wait_seconds: float = 120.0
    quiet_seconds: float = QUIET_SECONDS
    patience: Patience = field(default_factory=Patience)


Told = Callable[[str], None]
"""Called whenever something may have changed, with `BatchWorker.trouble`."""


class BatchWorker:
    """One at a time on a database (`Batches.alone`). Raises BudgetSpent when nothing more may be sent and nothing is under way,
    SettingsError, ModelError, StoreError."""

    def __init__(
        self,
        database: Database,
        queue: JobQueue,
        course: Course,
        gate: BatchGate,
        evidence: KeptEvidence,
        service: Service,
        price: Price,
        *,
        settings: BatchSettings,
        clock: Clock,
        told: Told = lambda _: None,
    ) -> None:
        """`course`: over an analyst whose model passes `gate` and whose memory and scores keep `evidence`."""
        self._database = database
        self._batches = database.batches
        self._queue = queue
        self._course = course
        self._gate = gate
        self._evidence = evidence
        self._service = service
        self._settings = settings
        self._clock = clock
        self._told = told
        self._collector = Collector(database.batches, service, price, clock)
        self._pausing = Pausing(database, clock)
        self._stop = threading.Event()
        self._most = settings.most_requests
        self._full = False
        self._changed = False
        self.trouble = ""
        """Why the provider could not be asked at the last look; empty when it could."""

    def stop(self) -> None:
        """Leave at once: what is at the provider goes on there. Safe in a signal handler."""
        self._stop.set()
        self._course.stop()

    def run(self) -> Ending:
        """Works until no job is left for it, everything is paused, or it is stopped."""
        try:
            return self._run()
        except GivenBack:
            return "stopped"

    def _run(self) -> Ending:
        self._service.check()
        self._batches.sweep(self._service.identity, self._settings.model)
        wait = self._settings.first_wait_seconds
        while not self._stop.is_set():
            self._changed, self.trouble, short = False, "", None
            self._look()
            paused = self._pausing.now() is not None
            if not paused:
                self._claim()
                self._take_on()
                short = self._send()
            self._told(self.trouble)
            under_way = bool(self._batches.listed(open_only=True))
            if not under_way:
                ending = self._ending(paused=paused, short=short)
                if ending is not None:
                    return ending
            wait = (
                self._settings.first_wait_seconds
                if self._changed
                else min(1.5 * wait, self._settings.longest_wait_seconds)
            )
            if under_way or not self._changed:
                self._stop.wait(wait)
        return "stopped"

    def _ending(self, *, paused: bool, short: Shortfall | None) -> Ending | None:
        """None: there is more to do."""
        if paused:
            return "paused"
        if short is not None:
            raise BudgetSpent(spent_message(short))
        return None if self._database.jobs.counts().batched else "empty"

    def _look(self) -> None:
        """Settles what has ended, sends what was written down and not sent."""
        under_way = self._batches.listed(open_only=True)
        for batch in under_way:
            self._same_service(batch)
            try:
                if batch.batch_id is None:
                    self._submit(batch)
                else:
                    self._see(batch, batch.batch_id, alone=len(under_way) == 1)
            except ModelUnavailable as error:
                self.trouble = str(error)  # the batch goes on without us: the next look asks again

    def _see(self, batch: Batch, batch_id: str, *, alone: bool) -> None:
        state = self._service.look(batch_id)
        if not state.ended:
            self._batches.note(batch.key, status=state.status, done=state.done, failed=state.failed)
            return
        self._collector.collect(batch, state)
        self._changed, self._full = True, state.too_much and not alone
        if state.too_much and alone:
            self._fewer(batch, state)
        self._told(self.trouble)

    def _same_service(self, batch: Batch) -> None:
        if batch.identity != self._service.identity:
            raise SettingsError(
                f"The batch {batch.batch_id or batch.key} is under way at {batch.identity}, and the settings name "
                f"{self._service.identity}. Set base_url back until it is collected: its answers are paid for there."
            )

    def _claim(self) -> None:
        """Takes the backfill that waits; the queue forgets it, so that no other worker begins it for nothing."""
        turns = self._database.jobs.claim_for_batches(PRIORITIES["backfill"])
        for start in range(0, len(turns), BATCH):
            self._queue.cancel(turns[start : start + BATCH])

    def _take_on(self) -> None:
        for turn in self._batches.ready():
            if self._stop.is_set():
                return
            self._article(turn)

    def _article(self, turn: Turn) -> None:
        """As far as it can go: to its outcome, or to the next question."""
        starts = self._database.jobs.begin_batched(turn.article_id, turn.round)
        if starts is None:
            return  # taken away by a command
        owner = workflow_id(turn)
        if starts > self._settings.patience.starts:
            why = f"{starts - 1} workers ended while they were at this article: it may be what stopped them."
            self._end(turn, JobOutcome(failure="worker_lost", reason=why))
            return
        try:
            with self._gate.answering(owner), self._evidence.of(owner):
                outcome = self._outcome(turn, owner)
        except (Waiting, GivenBack) as left:
            self._database.jobs.rest_batched(turn.article_id, turn.round)
            if isinstance(left, GivenBack):
                raise
            return
        except GivenUp as error:
            outcome = JobOutcome(failure=error.kind, reason=error.reason)
        self._end(turn, outcome)

    def _outcome(self, turn: Turn, owner: str) -> JobOutcome:
        kept = self._batches.progress(owner)[0]
        if kept is None:
            placed = self._course.place(turn.article_id, turn.round)
            if placed.outcome is not None:
                return placed.outcome
            self._batches.keep_progress(owner, placed=placed.model_dump_json())
        else:
            placed = Placed.model_validate_json(kept)
        return self._course.analyse(turn.article_id, placed)

    def _end(self, turn: Turn, outcome: JobOutcome) -> None:
        self._changed = True
        self._course.note(turn.article_id, turn.round, outcome)
        self._batches.forget(workflow_id(turn))
        self._told(self.trouble)

    def _send(self) -> Shortfall | None:
        """Sends what is wanted, in as many batches as it takes; what the budgets stopped at, if they did."""
        while not (self._stop.is_set() or self._full):
            batch, short = self._batches.intend(
                uuid4().hex,
                run_id=self._settings.run_id,
                identity=self._service.identity,
                at=self._clock(),
                limits=self._settings.budget,
                requests=self._most,
                size=self._settings.most_bytes,
            )
            if batch is not None:
                self._changed = True
                try:
                    self._submit(batch)
                except ModelUnavailable as error:
                    self.trouble = str(error)
                    return short
                self._told(self.trouble)
            if batch is None or short is not None:
                return short
        return None

    def _submit(self, batch: Batch) -> None:
        """Sends a batch that is written down; one whose creation may be on its way is looked for first."""
        file_id = batch.file_id
        if file_id is None:
            file_id = self._service.upload(f"rhyme-{batch.key}.jsonl", self._lines(batch))
            self._batches.note(batch.key, file_id=file_id)
        asked_before = batch.creating_at is not None
        if batch.creating_at is not None:
            since = self._clock() - batch.creating_at
            if self._stop.wait(max(0.0, (timedelta(seconds=self._settings.quiet_seconds) - since).total_seconds())):
                raise GivenBack
        try:
            state = self._service.create(
                batch.key,
                file_id,
                asked_before=asked_before,
                asking=lambda: self._batches.note(batch.key, creating_at=self._clock()),
                quiet_seconds=self._settings.quiet_seconds,
            )
        except BatchNotTaken as error:
            self._batches.withdraw(batch.key, str(error), self._clock())
            raise
        self._batches.note(batch.key, submitted_at=self._clock(), batch_id=state.id, status=state.status)

    def _lines(self, batch: Batch) -> Iterator[bytes]:
        return (request_line(custom_id, body) for custom_id, body in self._batches.bodies(batch.key))

    def _fewer(self, batch: Batch, state: BatchState) -> None:
        """Too many tokens in line at the provider: half as many requests next time."""
        if batch.requests == 1:
            raise ModelRefused(
                f"The provider takes no batch, not even of one request: {state.error}. Wait for what is in line there, or ask for "
                "a higher limit of the account, then run `rhyme worker --batch` again."
            )
        self._most = max(1, batch.requests // 2)
