"""A copy of an SQLite database as it is at one moment, made while others read and write it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

PAGES = 4_096
"""Copied between two calls of the listener: 16 MB."""

OnProgress = Callable[[int, int], None]


def copy_to(connection: Connection, path: Path, on_progress: OnProgress | None) -> None:
    """Writes the state that the connection's transaction sees into a new file, by SQLite's online backup. The transaction must
    have read something: from then on it sees one state, and no writer makes the copying start again (WAL)."""
    source = connection.connection.driver_connection
    assert isinstance(source, sqlite3.Connection)

    def told(_status: int, remaining: int, total: int) -> None:
        if on_progress is not None:
            on_progress(total - remaining, total)

    with closing(sqlite3.connect(path)) as target:
        source.backup(target, pages=PAGES, progress=told)
    fold(path)


def fold(path: Path) -> None:
    """Makes a database that nobody has open one file, without the two that SQLite keeps beside one in use."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
