"""Turns at writing to an SQLite database, for processes that write often.

SQLite lets writers poll for its lock: a process that writes one transaction after another leaves others hardly a moment to
find it free, and they give up after seconds. The operating system's file lock wakes whoever waits, and falls with its process.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from records.database.engine import Place

try:
    import fcntl
except ImportError:  # no POSIX: SQLite's own lock remains
    fcntl = None  # type: ignore[assignment]


class Turns:
    """One queue for the threads of this process and, on SQLite, for those of others."""

    def __init__(self, place: Place) -> None:
        self._threads = threading.Lock()
        self._path = f"{place.url.database}-turn" if place.is_sqlite and fcntl else None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until nobody else writes here."""
        with self._threads, ExitStack() as leaving:
            if self._path is not None:
                with suppress(OSError):  # without the file SQLite's own lock remains
                    fcntl.flock(leaving.enter_context(open(self._path, "ab")), fcntl.LOCK_EX)  # noqa: PTH123
            yield
