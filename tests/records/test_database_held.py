"""Connections that stay at hand between the transactions of an SQLite database."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from records.database import Database
from records.database.held import KEPT
from records.database.turns import Turns


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "kept.db") as opened:
        yield opened


def test_one_transaction_after_another_goes_over_one_connection(database: Database) -> None:
    seen = set()
    for _ in range(5):
        with database._reading() as connection:
            seen.add(id(connection.connection.dbapi_connection))
    assert len(seen) == 1


def test_transactions_at_the_same_time_have_connections_of_their_own(database: Database) -> None:
    with database._reading() as first, database._reading() as second, database._writing() as third:
        assert len({id(one.connection.dbapi_connection) for one in (first, second, third)}) == 3
        third.execute(text("INSERT INTO meta (name, value) VALUES ('note:a', 'b')"))
        assert first.execute(text("SELECT value FROM meta WHERE name = 'note:a'")).scalar() is None
    assert database.note("a") == "b"


def test_what_fails_is_rolled_back_and_its_connection_is_not_held(database: Database) -> None:
    def fail() -> None:
        with database._writing() as connection:
            connection.execute(text("INSERT INTO meta (name, value) VALUES ('note:a', 'b')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert database.note("a") is None
    assert database._held is not None
    assert database._held._idle[True] == []
    database.set_note("a", "c")
    assert database.note("a") == "c"


def test_a_reader_sees_what_was_written_since_its_connection_was_made(database: Database) -> None:
    assert database.note("a") is None
    with sqlite3.connect(str(database.place.url.database)) as other:
        other.execute("INSERT INTO meta (name, value) VALUES ('note:a', 'b')")
    other.close()
    assert database.note("a") == "b"


def test_a_reader_lets_the_write_ahead_log_be_emptied(database: Database) -> None:
    database.set_note("a", "b")
    assert database.note("a") == "b"
    with sqlite3.connect(str(database.place.url.database)) as other:
        busy, _, left = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    other.close()
    assert (busy, left) == (0, 0)


def test_many_threads_leave_few_connections_open(database: Database) -> None:
    together = threading.Barrier(12)

    def read() -> None:
        with database._reading():
            together.wait(20)

    threads = [threading.Thread(target=read) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database._held is not None
    assert len(database._held._idle[False]) == KEPT


def test_a_closed_database_holds_nothing(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "kept.db")
    database.set_note("a", "b")
    database.close()
    database.close()
    assert not Path(f"{tmp_path}/kept.db-wal").exists()  # SQLite removes it with the last connection


def test_a_turn_is_waited_for_and_its_file_is_opened_once(database: Database) -> None:
    mine, other = Turns(database.place), Turns(database.place)
    order: list[str] = []

    def second() -> None:
        with other.turn():
            order.append("second")

    with mine.turn():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(20)
    file = mine._file
    with mine.turn():
        assert mine._file == file
    assert order == ["first", "second"]
