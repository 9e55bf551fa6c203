"""The same memory over PostgreSQL: its answers are those over SQLite."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from records.database import Database, EmbedderIdentity
from records.embedder import Embedder
from records.errors import UsageError
from records.event import Event
from vectorstore.memory import EventMemory
from vectorstore.snapshots import restore_snapshot, take_snapshot

START = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = "copper strike output forecast merger union Chile recall bank tariff Acme cut".split()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    """A new database of a server."""
    with Database.open(postgres_url) as opened:
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


def test_from_postgres_the_events_are_exported_and_restoring_names_the_way(
    postgres: Database, embedder: Embedder, make_event: Callable[..., Event], tmp_path: Path
) -> None:
    identity = EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)
    postgres.add_events([make_event("e1", "alpha", day=1)])
    postgres.put_embeddings(identity, ["e1"], embedder.embed(["alpha"]))
    taken = take_snapshot(postgres, tmp_path / "backup", embedder=identity, rhyme_version="1", taken_at=START)
    assert (taken.file, taken.snapshot) == ("events.parquet", str(postgres.snapshot()))
    with pytest.raises(UsageError, match=r"rhyme memory import .*events\.parquet"):
        restore_snapshot(taken.directory, tmp_path / "home" / "rhyme.db")
