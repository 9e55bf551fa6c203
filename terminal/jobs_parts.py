"""The objects of a worker, put together from an assembly."""

import threading
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from records.event import Event
from records.taxonomy import EventType
from records.times import utc_now

if TYPE_CHECKING:
    from agent.analyze import Memory, Recalled
    from agent.jobs import Course
    from agent.jobs.course import OnOutcome
    from terminal.assembly import Assembly


class InTurn:
    """A memory that one thread asks at a time: opening its folder shuts out every other, of this process too."""

    def __init__(self, memory: "Memory") -> None:
        self._memory = memory
        self._turn = threading.Lock()

    @property
    def embedder(self) -> str:
        """As of the memory."""
        return self._memory.embedder

    @property
    def snapshot(self) -> str:
        """Of the events that were searched last."""
        return self._memory.snapshot

    def recall(
        self,
        text: str,
        as_of: datetime,
        k: int,
        *,
        event_type: EventType | None = None,
        tickers: Collection[str] = (),
        published_at: datetime | None = None,
        exclude_story: str | None = None,
        exclude_ids: Collection[str] = (),
    ) -> "Recalled":
        """As the memory's."""
        with self._turn:
            return self._memory.recall(
                text,
                as_of,
                k,
                event_type=event_type,
                tickers=tickers,
                published_at=published_at,
                exclude_story=exclude_story,
                exclude_ids=exclude_ids,
            )

    def add(self, events: Sequence[Event]) -> object:
        """As the memory's."""
        with self._turn:
            return self._memory.add(events)


def course_of(parts: "Assembly", on_outcome: "OnOutcome | None" = None) -> "Course":
    """The steps of a job with the settings' model, memory and prices. Raises ModelError, StoreError, SettingsError."""
    from agent.jobs import Course, JobArchive
    from terminal.late_memory import LateMemory
    from vectorstore.threads import StoryThreads

    memory = InTurn(LateMemory(parts.memory))
    analyst = parts.analyst(archive=JobArchive(parts.database), memory=memory)
    return Course(parts.database, analyst, StoryThreads(parts.database), memory, clock=utc_now, on_outcome=on_outcome)
