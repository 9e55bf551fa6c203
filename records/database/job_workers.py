"""The workers that are at the jobs, as rows: their heartbeats, and who takes a lost one's work over."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, update

from records.database.job_tables import job_workers
from records.times import from_epoch, to_epoch

_worker = job_workers.c


@dataclass(frozen=True)
class WorkerRow:
    """A worker as it last wrote of itself."""

    id: str
    machine: str
    """Host and process namespace: within one of these a process id means one process."""
    pid: int
    beats: int
    started_at: datetime
    seen_at: datetime
    heir: str | None


class JobWorkers:
    """The workers of one database (`Database.job_workers`)."""

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Connection]],
        writing: Callable[[], AbstractContextManager[Connection]],
    ) -> None:
        self._reading = reading
        self._writing = writing

    def beat(self, worker_id: str, machine: str, pid: int, at: datetime) -> None:
        """The worker lives; the first beat enters it, also when it was struck off while it was stalled."""
        now = to_epoch(at)
        alive = update(job_workers).where(_worker.id == worker_id)
        with self._writing() as connection:
            if connection.execute(alive.values(beats=_worker.beats + 1, seen_at=now, heir=None)).rowcount == 0:
                new = {"id": worker_id, "machine": machine, "pid": pid, "beats": 1, "started_at": now, "seen_at": now}
                connection.execute(insert(job_workers).values(new))

    def all(self) -> list[WorkerRow]:
        """Every worker that has not left, the lost ones included; the longest there first."""
        query = select(job_workers).order_by(_worker.started_at, _worker.id)
        with self._reading() as connection:
            return [
                WorkerRow(
                    row.id, row.machine, row.pid, row.beats,
                    from_epoch(row.started_at), from_epoch(row.seen_at), row.heir,
                )
                for row in connection.execute(query)
            ]  # fmt: skip

    def inherit(self, lost: WorkerRow, heir: str) -> bool:
        """True for the one worker that may take the lost one's work over: it has not lived since, and no other was first."""
        free = or_(_worker.heir.is_(None), _worker.heir == lost.heir) if lost.heir else _worker.heir.is_(None)
        mine = update(job_workers).where(_worker.id == lost.id, _worker.beats == lost.beats, free)
        with self._writing() as connection:
            return connection.execute(mine.values(heir=heir)).rowcount == 1

    def strike_off(self, worker_id: str) -> None:
        """It left, or its work is taken over."""
        with self._writing() as connection:
            connection.execute(delete(job_workers).where(_worker.id == worker_id))
