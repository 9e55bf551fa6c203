"""The event memory as a long analysis uses it: open only while it is asked, so that other processes get their turn."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Unpack

from records.event import Event

if TYPE_CHECKING:
    from records.database import AddResult
    from vectorstore.memory import EventMemory
    from vectorstore.recall import Recall, RecallOptions


class LateMemory:
    """Opens the memory for each call and closes it again: its folder lock shuts out every other Rhyme meanwhile, and a
    model writes for half a minute between two calls. Opening takes a fraction of a second."""

    def __init__(self, open_memory: "Callable[[], EventMemory]") -> None:
        """Opens once to see that it can be, and notes whose memory it is. Raises StoreError, ModelError."""
        self._open = open_memory
        with open_memory() as memory:
            self.embedder = memory.embedder
            self.snapshot = memory.snapshot

    def recall(self, text: str, as_of: datetime, k: int, **options: "Unpack[RecallOptions]") -> "Recall":
        """As `EventMemory.recall`; `snapshot` is then of the events that were searched."""
        with self._open() as memory:
            recalled = memory.recall(text, as_of, k, **options)
            self.snapshot = memory.snapshot
            return recalled

    def add(self, events: Sequence[Event]) -> "AddResult":
        """As `EventMemory.add`."""
        with self._open() as memory:
            return memory.add(events)
