"""The objects of a worker, put together from an assembly."""

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Unpack

from records.event import Event
from records.times import utc_now

if TYPE_CHECKING:
    from agent.analyze import Memory, Recalled
    from agent.jobs import Course
    from agent.jobs.course import OnOutcome
    from terminal.assembly import Assembly
    from vectorstore.recall import RecallOptions


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

    def recall(self, text: str, as_of: datetime, k: int, **options: "Unpack[RecallOptions]") -> "Recalled":
        """As the memory's."""
        with self._turn:
            return self._memory.recall(text, as_of, k, **options)

    def add(self, events: Sequence[Event]) -> object:
        """As the memory's."""
        with self._turn:
            return self._memory.add(events)


def course_of(parts: "Assembly", on_outcome: "OnOutcome | None" = None) -> "Course":
    """The steps of a job with the settings' model, memory and prices. Raises ModelError, StoreError, SettingsError."""
    from agent.jobs import Course, JobArchive
    from terminal.assembly import chroma_place
    from terminal.kept_memory import KeptMemory
    from vectorstore.threads import StoryThreads

    memory = KeptMemory(parts.memory, shared=chroma_place(parts.settings).shared)
    parts.at_end(memory.close)
    analyst = parts.analyst(archive=JobArchive(parts.database), memory=memory)
    return Course(parts.database, analyst, StoryThreads(parts.database), memory, clock=utc_now, on_outcome=on_outcome)
