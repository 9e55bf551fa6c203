import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray

from records.database import Database
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType
from terminal.late_memory import LateMemory
from vectorstore.memory import EventMemory

NOW = datetime(2020, 1, 1, tzinfo=UTC)


class WordEmbedder:
    """Hashed bag of words."""

    name, digest, dimensions = "words", "0" * 16, 64

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[hashlib.sha256(word.encode()).digest()[0] % self.dimensions] += 1
            row /= np.linalg.norm(row)
        return rows


def event(number: int) -> Event:
    at = datetime(2015, 1, number, 15, tzinfo=UTC)
    reaction = Reaction(
        ticker="ZWL", window="one_session", session_on=date(2015, 1, number), abnormal_return=0.01, beta=1, sigma=0.01, z=1,
        known_at=datetime(2015, 1, number, 21, tzinfo=UTC),
    )  # fmt: skip
    return Event(
        id=f"E{number}", summary=f"Zebra Wool recalled blanket {number}.", event_type=EventType.PRODUCT_RECALL_SAFETY,
        tickers=("ZWL",), published_at=at, reaction=reaction,
    )  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rhyme.db") as opened:
        yield opened


def test_the_memory_is_open_only_while_it_is_asked(tmp_path: Path, database: Database) -> None:
    folder = tmp_path / "events"
    late = LateMemory(lambda: EventMemory.open(folder, database, WordEmbedder()))
    assert late.snapshot.startswith("0 events")
    assert late.embedder == "words:" + "0" * 16
    with FileLock(folder / "lock", timeout=0):
        pass  # free: another process could have it now
    late.add([event(5)])
    with EventMemory.open(folder, database, WordEmbedder(), wait_seconds=0) as other:
        other.add([event(6)])
    recalled = late.recall("Zebra Wool recalled blanket", NOW, 5)
    assert {precedent.event_id for precedent in recalled.precedents} == {"E5", "E6"}
    assert late.snapshot.startswith("2 events")  # of what was searched, not of what was there at first
