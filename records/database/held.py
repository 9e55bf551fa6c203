"""Connections to an SQLite file that stay at hand between transactions.

Fetched from SQLAlchemy's pool and given back to it, a connection takes four times what it takes to begin and commit; a worker makes
some thirty transactions an article.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

KEPT = 4
"""Of those that read, and of those that write: more are at work together only for moments."""


class HeldConnections:
    """Safe to share between threads: each transaction has a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: dict[bool, list[Connection]] = {False: [], True: []}
        self._closed = False

    @contextmanager
    def begun(self, *, write: bool) -> Iterator[Connection]:
        """A transaction: committed at the end, rolled back by an exception, whose connection is not held any longer. Raises the
        driver's errors."""
        idle = self._idle[write]
        try:
            connection = idle.pop()
        except IndexError:
            connection = self._engine.connect().execution_options(rhyme_write=write)
        try:
            with connection.begin():
                yield connection
        except BaseException:
            connection.close()
            raise
        if self._closed or len(idle) >= KEPT:
            connection.close()
        else:
            idle.append(connection)

    def close(self) -> None:
        """Gives back what is idle; safe to call twice."""
        self._closed = True
        for idle in self._idle.values():
            while idle:
                idle.pop().close()
