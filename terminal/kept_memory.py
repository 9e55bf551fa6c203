"""The event memory as a worker uses it: open as long as it is asked often, and closed in between for other processes."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar, Unpack

from records.errors import StoreError
from records.event import Event

if TYPE_CHECKING:
    from records.database import AddResult
    from vectorstore.memory import EventMemory
    from vectorstore.recall import Recall, RecallOptions

T = TypeVar("T")

HOLD_SECONDS = 1.0
"""How long a folder is kept from another process that waits for it: opening it takes an eighth of a second of processor time."""
LONGEST_SECONDS = 60.0
"""How long it is kept though nobody is known to wait."""
REST_SECONDS = 0.2
"""How long it is left to them then: whoever waits for a folder's lock looks every twentieth of a second."""
IDLE_SECONDS = 2.0
"""Without a question for so long it is closed."""
LOOK_SECONDS = 0.1


class KeptMemory:
    """One thread asks at a time. A memory that many processes may have open (`shared`) stays open until `close`."""

    def __init__(self, open_memory: "Callable[[], EventMemory]", *, shared: bool) -> None:
        """Opens once to see that it can be, and notes whose memory it is. Raises StoreError, ModelError."""
        self._open = open_memory
        self._shared = shared
        self._turn = threading.Lock()
        self._memory: EventMemory | None = None
        self._opened_at = self._used_at = 0.0
        self._not_before = 0.0
        self._ending = threading.Event()
        self.embedder, self.snapshot = self._use(lambda memory: (memory.embedder, memory.snapshot))
        if not shared:
            threading.Thread(target=self._tend, name="event-memory", daemon=True).start()

    def recall(self, text: str, as_of: datetime, k: int, **options: "Unpack[RecallOptions]") -> "Recall":
        """As `EventMemory.recall`; `snapshot` is then of the events that were searched."""

        def asked(memory: "EventMemory") -> "Recall":
            recalled = memory.recall(text, as_of, k, **options)
            self.snapshot = recalled.snapshot
            return recalled

        return self._use(asked)

    def add(self, events: Sequence[Event]) -> "AddResult":
        """As `EventMemory.add`."""
        return self._use(lambda memory: memory.add(events))

    def close(self) -> None:
        """Lets go for good; safe to call twice."""
        self._ending.set()
        with self._turn:
            self._let_go()

    def _use(self, work: "Callable[[EventMemory], T]") -> T:
        with self._turn:
            memory = self._opened()
            try:
                return work(memory)
            except StoreError:
                self._let_go()  # whatever it was, the next question begins afresh
                raise
            finally:
                self._used_at = time.monotonic()

    def _opened(self) -> "EventMemory":
        self._give_way()
        if self._memory is None:
            time.sleep(max(0.0, self._not_before - time.monotonic()))
            self._memory = self._open()
            self._opened_at = time.monotonic()
        return self._memory

    def _give_way(self) -> None:
        """Closes what has been open for long enough, if another process waits for it."""
        if self._memory is None or self._shared:
            return
        now = time.monotonic()
        held = now - self._opened_at
        if held >= LONGEST_SECONDS or (held >= HOLD_SECONDS and self._memory.wanted):
            self._let_go()
            self._not_before = now + REST_SECONDS

    def _let_go(self) -> None:
        memory, self._memory = self._memory, None
        if memory is not None:
            memory.close()

    def _tend(self) -> None:
        while not self._ending.wait(LOOK_SECONDS):
            if self._turn.acquire(blocking=False):  # else it is being asked
                try:
                    if time.monotonic() - self._used_at >= IDLE_SECONDS:
                        self._let_go()
                    self._give_way()
                finally:
                    self._turn.release()
