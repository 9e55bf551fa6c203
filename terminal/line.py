"""The workers' queue as a command uses it that takes articles in."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import TYPE_CHECKING

from records.database.engine import Place
from records.database.jobs import Turn
from records.errors import StoreLocked
from records.job import PRIORITIES

if TYPE_CHECKING:
    from agent.jobs import JobQueue


class LateLine:
    """Opens the queue at the first job, since its engine takes a second to load. Safe to share between threads."""

    def __init__(self, place: Place, priority: str) -> None:
        """`priority`: a name of `records.job.PRIORITIES`."""
        self.priority = PRIORITIES[priority]
        self._place = place
        self._queue: JobQueue | None = None
        self._closing = ExitStack()
        self._guard = threading.Lock()

    def put(self, turns: Sequence[Turn]) -> None:
        """Tells the queue of jobs that are kept. While others hold it, they are left to the next worker, which finds what its
        queue lacks. Raises the other StoreErrors."""
        with self._guard, suppress(StoreLocked):
            if self._queue is None:
                from agent.jobs import JobQueue

                self._queue = self._closing.enter_context(JobQueue.open(self._place))
            self._queue.put(turns)

    def __enter__(self) -> "LateLine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()
