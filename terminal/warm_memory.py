"""The event memory as a conversation uses it: opened at the first question, kept while questions come, closed when they stop.

Its folder serves one process at a time, so it must not be held for a whole day; opened anew for each question, a large one would
take longer to open than to ask.
"""

import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING

from records.taxonomy import EventType

if TYPE_CHECKING:
    from vectorstore.memory import EventMemory
    from vectorstore.recall import Recall

IDLE_SECONDS = 5.0
"""Others wait 30 s for their turn at the folder: they get it within this time after the last question."""


class WarmMemory:
    """Safe to share between threads; a context manager that closes what is open."""

    def __init__(self, open_memory: "Callable[[], EventMemory]", *, idle_seconds: float = IDLE_SECONDS) -> None:
        """Opens nothing yet."""
        self._open = open_memory
        self._idle = idle_seconds
        self._guard = threading.Lock()
        self._memory: EventMemory | None = None
        self._timer: threading.Timer | None = None
        self._used = 0.0

    def __enter__(self) -> "WarmMemory":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether the folder is held now."""
        with self._guard:
            return self._memory is not None

    def recall(
        self, text: str, as_of: datetime, k: int, *, event_type: EventType | None = None, tickers: Collection[str] = ()
    ) -> "Recall":
        """As `EventMemory.recall`. Raises ModelError, StoreError."""
        with self._guard:
            memory = self._memory or self._open()
            self._memory = memory
            try:
                return memory.recall(text, as_of, k, event_type=event_type, tickers=tickers)
            finally:
                self._used = time.monotonic()
                if self._timer is None:
                    self._wait(self._idle)

    def close(self) -> None:
        """Lets the folder go; safe to call twice, and it opens again when it is asked."""
        with self._guard:
            self._let_go()

    def _wait(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._look)
        self._timer.daemon = True
        self._timer.start()

    def _look(self) -> None:
        with self._guard:
            left = self._used + self._idle - time.monotonic()
            if left > 0:
                self._wait(left)
            else:
                self._let_go()

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        memory, self._memory = self._memory, None
        if memory is not None:
            memory.close()
