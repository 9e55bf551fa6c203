"""Lost workers: who is gone, and the taking over of what they had in hand."""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.jobs.engine import JobQueue
from records.database import Database
from records.database.job_workers import WorkerRow

SILENT_SECONDS = 20.0
"""Without a heartbeat for so long a worker elsewhere is held to be lost: ten beats."""


def this_machine() -> str:
    """The host and, where there is such a thing, its process namespace: two containers may share a host's name."""
    try:
        namespace = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        namespace = ""
    return f"{socket.gethostname()} {namespace}".strip()


def is_running(pid: int) -> bool:
    """Whether a process of this machine lives."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it lives and belongs to another user
        return True
    return True


@dataclass(frozen=True)
class _Seen:
    beats: int
    at: float
    """By our own monotonic clock, so that no two machines' clocks are compared."""


class LostWorkers:
    """One worker's watch over the others."""

    def __init__(
        self,
        database: Database,
        queue: JobQueue,
        worker_id: str,
        *,
        silent_seconds: float = SILENT_SECONDS,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._queue = queue
        self._id = worker_id
        self._machine = this_machine()
        self._silent = silent_seconds
        self._ticks = ticks
        self._seen: dict[str, _Seen] = {}

    def take_over(self) -> int:
        """Puts back what lost workers had in hand and strikes them off. Returns how many rounds there were."""
        others = [row for row in self._database.job_workers.all() if row.id != self._id]
        lost = [row for row in others if self._is_lost(row)]
        living = {row.id for row in others} - {row.id for row in lost}
        taken = 0
        for row in lost:
            if row.heir in living or not self._database.job_workers.inherit(row, self._id):
                continue  # another one is at it
            workflows = self._queue.in_hand([row.id])
            self._queue.resume(workflows)
            self._database.job_workers.strike_off(row.id)
            self._seen.pop(row.id, None)
            taken += len(workflows)
        return taken

    def _is_lost(self, row: WorkerRow) -> bool:
        if row.machine == self._machine and (row.pid == os.getpid() or not is_running(row.pid)):
            return True  # with our own number it ended before we were given it
        now, seen = self._ticks(), self._seen.get(row.id)
        if seen is None or seen.beats != row.beats:
            self._seen[row.id] = _Seen(row.beats, now)
            return False
        return now - seen.at > self._silent
