"""Connections: which database, with which settings, and what its failures mean to a person."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from records.database.held import KEPT
from records.errors import SettingsError, StoreCorrupt, StoreError, StoreLocked, StoreUnreachable, StoreUnwritable

LOCK_WAIT_SECONDS = 10
"""How long a writer waits for another: bulk imports commit every few thousand rows, well under this."""

WRITE_LOCK = 0x7268796D65  # "rhyme" in ASCII: the advisory lock that PostgreSQL writers of events take in turn


@dataclass(frozen=True)
class Place:
    """Where a database is, safe to print: no password."""

    url: URL

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def __str__(self) -> str:
        return str(self.url.database) if self.is_sqlite else self.url.render_as_string(hide_password=True)


def place_of(url_or_path: str | Path) -> Place:
    """The database meant by a path, `sqlite:///path` or `postgresql://…`. Raises SettingsError for anything else."""
    if isinstance(url_or_path, Path) or "://" not in url_or_path:
        return Place(URL.create("sqlite", database=str(url_or_path)))
    try:
        url = make_url(url_or_path.replace("postgres://", "postgresql://", 1))
    except ArgumentError as error:
        raise SettingsError(
            f"The database address {url_or_path!r} is not a URL: use a path or postgresql://…."
        ) from error
    if url.get_backend_name() == "postgresql" and url.drivername in ("postgresql", "postgresql+psycopg"):
        return Place(url.set(drivername="postgresql+psycopg"))
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        return Place(url)
    raise SettingsError(
        f"The database address begins with {url.drivername!r}, which Rhyme does not keep its records in: "
        "give a file path, sqlite:///path or postgresql://user@host/name."
    )


def connect(place: Place) -> Engine:
    """An engine whose writes are declared: `writing(engine)` takes the lock first, plain `engine.begin()` reads."""
    if not place.is_sqlite:
        return _postgres(place)
    path = Path(str(place.url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnwritable(_unwritable(place, str(error))) from error
    engine = create_engine(place.url, max_overflow=10 + 2 * KEPT)  # SQLAlchemy's own, beside those that are held
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that holds the write lock from its first statement: SQLite cannot then fail half-way as busy."""
    # said of the connection: an engine with options of its own would be built anew for every transaction
    with engine.connect().execution_options(rhyme_write=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITE_LOCK})
        yield connection


@contextmanager
def explained(place: Place) -> Iterator[None]:
    """Turns the driver's errors into Rhyme's."""
    try:
        yield
    except DBAPIError as error:
        raise _translate(error.orig if error.orig is not None else error, place) from error
    except sqlite3.Error as error:
        raise _translate(error, place) from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves; the driver's own would leave DDL outside transactions
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")  # readers go on during a write
    # FULL: a commit survives a power cut, not only a crash. It costs one fsync a commit, and commits are few and
    # large here: one for an analysis that took seconds, one for thousands of imported events.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("rhyme_write", False)
    # by the driver's own cursor: as a statement of SQLAlchemy's it would cost more than all the rest of a transaction
    cursor = connection.connection.cursor()
    cursor.execute("BEGIN IMMEDIATE" if write else "BEGIN")


def _postgres(place: Place) -> Engine:
    options = f"-c lock_timeout={LOCK_WAIT_SECONDS * 1000} -c timezone=UTC"
    try:
        return create_engine(place.url, pool_pre_ping=True, connect_args={"connect_timeout": 10, "options": options})
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise SettingsError(
            f"The database {place} needs the PostgreSQL driver, which is not installed: install rhyme with its "
            "'postgres' extra, or set a file path to use SQLite."
        ) from error


def _translate(error: BaseException, place: Place) -> StoreError:
    reason = " ".join(str(error).split())
    if isinstance(error, sqlite3.Error):
        return _translate_sqlite(getattr(error, "sqlite_errorname", "") or "", reason, place)
    state = getattr(error, "sqlstate", None)
    if state is None and type(error).__name__ != "OperationalError":  # the driver itself refused, e.g. a NUL in a text
        state = "22000"
    return _translate_postgres(state or "", reason, place)


def _translate_sqlite(name: str, reason: str, place: Place) -> StoreError:
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreLocked(_locked(place))
    if name == "SQLITE_FULL":
        return StoreUnwritable(_full(place))
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR")):
        return StoreUnwritable(_unwritable(place, reason))
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StoreCorrupt(_corrupt(place, reason))
    return StoreError(
        f"The database {place} refused an operation: {reason}. Nothing of it was kept; please report this."
    )


def _translate_postgres(state: str, reason: str, place: Place) -> StoreError:
    if state in ("55P03", "40P01"):  # lock_not_available, deadlock_detected
        return StoreLocked(_locked(place))
    if state == "53100":  # disk_full
        return StoreUnwritable(_full(place))
    if state in ("25006", "42501"):  # read_only_sql_transaction, insufficient_privilege
        return StoreUnwritable(_unwritable(place, reason))
    if state.startswith("XX"):  # internal error, data_corrupted, index_corrupted
        return StoreCorrupt(_corrupt(place, reason))
    if not state or state.startswith(("08", "28", "3D", "53", "57")):
        return StoreUnreachable(
            f"The database {place} could not be used: {reason}. Nothing of this operation was kept. Check that the "
            "server runs and that address, name and password are right, then try again."
        )
    return StoreError(
        f"The database {place} refused an operation: {reason}. Nothing of it was kept; please report this."
    )


def _locked(place: Place) -> str:
    return (
        f"Another process has been writing to the database {place} for over {LOCK_WAIT_SECONDS} seconds, so nothing "
        "was saved. Wait for it to finish and try again."
    )


def _full(place: Place) -> str:
    return (
        f"The disk of the database {place} is full, so nothing of this operation was kept. Free some space, try again."
    )


def _unwritable(place: Place, reason: str) -> str:
    return (
        f"The database {place} cannot be opened or written ({reason}). Make its folder and file writable for this user "
        "(SQLite also writes two files beside it), or set another data folder."
    )


def _corrupt(place: Place, reason: str) -> str:
    return (
        f"The database {place} is damaged or is not a database ({reason}). Restore a backup, or move the file away: "
        "Rhyme then starts an empty one. `sqlite3 FILE .recover` can often save what is readable."
    )
