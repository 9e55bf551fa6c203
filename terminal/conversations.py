"""Where an agent's conversations are kept: a file beside the database, or the PostgreSQL database itself."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.chat import ChatAnswer
from records.database.engine import LOCK_WAIT_SECONDS, Place
from records.errors import StoreError, StoreLocked, StoreUnreachable

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.checkpoint.postgres import PostgresSaver
    from langgraph.checkpoint.sqlite import SqliteSaver
    from psycopg import Connection

    from agent.chat import Chat, ChatEvent, StepChat

FILE = "rhyme-chat.db"
SETUP_LOCK = 0x726863686174  # "rhchat" in ASCII: who prepares the tables holds it
CONNECTIONS = 8


def open_conversations(place: Place, folder: Path, closing: ExitStack) -> "BaseCheckpointSaver[Any]":
    """`folder`: for the file beside an SQLite database. Raises StoreError."""
    with explained(place):
        return _in_file(folder / FILE, closing) if place.is_sqlite else _in_postgres(place, closing)


@dataclass(frozen=True)
class KeptTalk:
    """A chat whose failures to keep a conversation are Rhyme's errors."""

    chat: "Chat | StepChat"
    place: Place

    def ask(
        self, question: str, *, conversation: str, as_of: datetime, on_event: "Callable[[ChatEvent], None]"
    ) -> ChatAnswer:
        """As `Chat.ask`. Raises StoreError too."""
        with explained(self.place):
            return self.chat.ask(question, conversation=conversation, as_of=as_of, on_event=on_event)


@contextmanager
def explained(place: Place) -> Iterator[None]:
    """Turns the drivers' errors into Rhyme's."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(
            f"The conversations in {FILE} beside {place} cannot be opened or written ({error}). See that the disk has room and the "
            "file is yours; moved away, new ones begin."
        ) from error
    except Exception as error:
        if not type(error).__module__.startswith("psycopg"):
            raise
        reason = " ".join(str(error).split())
        raise StoreUnreachable(
            f"The conversations in the database {place} could not be read or written: {reason}. Check that the server runs and "
            "lets Rhyme make tables, then ask again: what was answered before is kept."
        ) from error


def _in_file(path: Path, closing: ExitStack) -> "SqliteSaver":
    from langgraph.checkpoint.sqlite import SqliteSaver

    connection = sqlite3.connect(path, check_same_thread=False, timeout=LOCK_WAIT_SECONDS)
    closing.callback(connection.close)
    saver = SqliteSaver(connection)
    saver.setup()
    return saver


def _in_postgres(place: Place, closing: ExitStack) -> "PostgresSaver":
    from langgraph.checkpoint.postgres import PostgresSaver
    from psycopg import Connection
    from psycopg.rows import DictRow, dict_row
    from psycopg_pool import ConnectionPool

    address = place.url.set(drivername="postgresql").render_as_string(hide_password=False)
    first: Connection[DictRow]
    with Connection.connect(
        address, autocommit=True, row_factory=dict_row
    ) as first:  # a pool would not say why it cannot
        _prepare(first, place)
    # connections of a pool are made anew when the server was away in between
    pool: ConnectionPool[Connection[DictRow]] = ConnectionPool(
        address, connection_class=Connection[DictRow], min_size=1, max_size=CONNECTIONS, timeout=LOCK_WAIT_SECONDS,
        check=ConnectionPool.check_connection, open=True,
        kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
    )  # fmt: skip
    closing.callback(pool.close)
    return PostgresSaver(pool)


def _prepare(connection: "Connection[Any]", place: Place) -> None:
    """Makes the tables, one process at a time: two would stumble over one another. The lock is tried and not waited for, since an
    index that is built concurrently waits for everyone who waits."""
    from langgraph.checkpoint.postgres import PostgresSaver

    until = time.monotonic() + LOCK_WAIT_SECONDS
    while not _asked(connection, "SELECT pg_try_advisory_lock(%s) AS got", (SETUP_LOCK,)):
        if time.monotonic() > until:
            raise StoreLocked(
                f"Another process has been preparing the conversations in {place} for too long. Try again."
            )
        time.sleep(0.05)
    try:
        PostgresSaver(connection).setup()
    finally:
        _asked(connection, "SELECT pg_advisory_unlock(%s) AS got", (SETUP_LOCK,))


def _asked(connection: "Connection[Any]", statement: str, values: tuple[int, ...]) -> bool:
    row = connection.execute(statement, values).fetchone()
    return bool(row and row["got"])
