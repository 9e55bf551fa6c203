"""What a person asks of the jobs: put in, pause, resume, cancel, retry. Needs no worker to be running."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.jobs.engine import JobQueue, Say, article_of, workflow_id
from agent.jobs.pausing import ASKED, Pausing
from records.database import Database
from records.database.jobs import Turn
from records.errors import UsageError
from records.job import PRIORITIES, JobStatus, Pause
from records.times import Clock


@dataclass(frozen=True)
class Added:
    """What became of a call to add."""

    new: tuple[str, ...]
    known: tuple[str, ...]
    """Had a job before, and keep it as it is."""


class JobDesk:
    """The commands over one database. The rows of `jobs` are what counts; the engine's queue is made to follow them."""

    def __init__(self, database: Database, queue: JobQueue, clock: Clock) -> None:
        self._database = database
        self._queue = queue
        self._clock = clock
        self._pausing = Pausing(database, clock)

    def add(self, article_ids: Sequence[str], priority: str = "backfill", said: Say | None = None) -> Added:
        """Jobs for kept articles. `priority`: a name of `records.job.PRIORITIES`. Killed in the middle, what is missing in the
        queue is put in by the next worker. Raises NotFound, StoreError."""
        number = PRIORITIES[priority]
        new = self._database.jobs.add(article_ids, number, self._clock())
        self._queue.put([Turn(one, 1, number) for one in new], said)
        fresh = set(new)
        return Added(tuple(new), tuple(one for one in dict.fromkeys(article_ids) if one not in fresh))

    def pause(self, ids: Sequence[str] = ()) -> list[str]:
        """Without ids everything: what is being worked on is finished, nothing more is begun. With ids only those jobs, which
        must be waiting. Returns the ids paused. Raises NotFound, UsageError."""
        if not ids:
            self._pausing.begin("paused by command", ASKED)
            self._queue.close_door(closed=True, each=1)
            return []
        moved = self._move(ids, ("waiting",), "paused")
        self._queue.cancel(moved)
        return [turn.article_id for turn in moved]

    def resume(self, ids: Sequence[str] = ()) -> list[str]:
        """Without ids lifts the pause of everything; workers notice within seconds. With ids, those jobs wait again."""
        if not ids:
            self._pausing.end()
            return []
        moved = self._move(ids, ("paused",), "waiting")
        known = self._queue.known([workflow_id(turn) for turn in moved])
        self._queue.resume([one for one in map(workflow_id, moved) if one in known])
        self._queue.put(
            [turn for turn in moved if workflow_id(turn) not in known]
        )  # a command was killed before it did
        return [turn.article_id for turn in moved]

    def cancel(self, ids: Sequence[str] = ()) -> list[str]:
        """Takes these jobs, or without ids every one that waits, out. One being worked on ends before it asks the model,
        or its analysis is not kept. Only `retry` brings them back."""
        sources: tuple[JobStatus, ...] = (
            ("waiting", "running", "batched", "paused") if ids else ("waiting", "batched", "paused")
        )
        turns = self._turns(ids, sources, "made cancelled") if ids else self._database.jobs.turns(sources)
        moved = self._database.jobs.move(turns, sources, "cancelled")
        self._queue.cancel(moved)
        return [turn.article_id for turn in moved]

    def retry(self, ids: Sequence[str] = (), *, failed: bool = False) -> list[str]:
        """Puts finished, cancelled or failed jobs in again, from the first step; `failed`: all that failed."""
        wanted: tuple[JobStatus, ...] = ("failed",) if failed else ("failed", "cancelled", "done")
        turns = self._database.jobs.turns(wanted) if failed else self._turns(ids, wanted, "retried")
        renewed = self._database.jobs.renew(turns)
        self._queue.put(renewed)
        return [turn.article_id for turn in renewed]

    def paused(self) -> Pause | None:
        """The pause of everything, if there is one."""
        return self._pausing.now()

    def mend(self) -> int:
        """Makes the queue follow the rows: what a killed command did not put in, and what the engine ended without telling the
        row, is put in (again). Returns how many."""
        open_turns = self._database.jobs.turns(
            ("waiting", "running")
        )  # before the queue: a row is told before the queue is
        if not open_turns:
            return 0
        alive = self._queue.alive()
        lost = [turn for turn in open_turns if workflow_id(turn) not in alive]
        if not lost:
            return 0
        ended = {article_of(one) for one in self._queue.known([workflow_id(turn) for turn in lost])}
        # some may have ended since they were read, and be done in the queue for that reason
        renewed = self._database.jobs.renew([turn for turn in lost if turn.article_id in ended], lost_only=True)
        missing = [turn for turn in lost if turn.article_id not in ended]
        self._queue.put([*missing, *renewed])
        return len(missing) + len(renewed)

    def _move(self, ids: Sequence[str], sources: Sequence[JobStatus], target: JobStatus) -> list[Turn]:
        return self._database.jobs.move(self._turns(ids, sources, f"made {target}"), sources, target)

    def _turns(self, ids: Sequence[str], allowed: Sequence[JobStatus], done: str) -> list[Turn]:
        jobs = [self._database.jobs.get(one) for one in ids]
        for job in jobs:
            if job.status not in allowed:
                raise UsageError(
                    f"The job {job.article_id} is {job.status}, and only one that is {' or '.join(allowed)} can be {done}. "
                    "Nothing was changed."
                )
        return [Turn(job.article_id, job.round, job.priority) for job in jobs]
