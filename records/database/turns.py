"""Turns at writing to an SQLite database, for processes that write often.

SQLite lets writers poll for its lock: a process that writes one transaction after another leaves others hardly a moment to
find it free, and they give up after seconds. The operating system's file lock wakes whoever waits, and falls with its process.
"""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

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
        self._file: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until nobody else writes here."""
        with self._threads:
            file = self._locked()
            try:
                yield
            finally:
                if file is not None:
                    fcntl.flock(file, fcntl.LOCK_UN)

    def _locked(self) -> int | None:
        """The file with the lock on it; None where there is none, and SQLite's own lock remains."""
        if self._path is None:
            return None
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
                weakref.finalize(self, os.close, self._file)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError:
            return None
        return self._file
