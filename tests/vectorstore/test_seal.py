"""The seal covers the graphs that Chroma has written, and not the files it makes anew at every load."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from records.database import Database
from records.embedder import Embedder
from records.event import Event
from vectorstore.memory import EventMemory
from vectorstore.seal import damage


def test_files_of_a_collection_too_small_to_be_written_are_nothing_to_vouch_for(
    tmp_path: Path, database: Database, make_embedder: Callable[..., Embedder], make_event: Callable[..., Event]
) -> None:
    """Every recall left them changed, and every next opening built the index anew: 600 events of 768 numbers."""
    embedder, folder = make_embedder(dimensions=768), tmp_path / "memory"
    with EventMemory.open(folder, database, embedder) as memory:
        memory.add([make_event(f"e{n}", f"Copper output {n} fell") for n in range(30)])
        memory.recall("Copper output", datetime(2025, 1, 1, tzinfo=UTC), 3)
    (header,) = folder.glob("index-1/*/header.bin")
    for path in header.parent.iterdir():
        path.write_bytes(random.Random(4).randbytes(path.stat().st_size))
    assert damage(folder / "index-1") is None
    with EventMemory.open(folder, database, embedder) as memory:
        assert memory.report.rebuilt is None
        assert (
            len(memory.recall("Copper output", datetime(2025, 1, 1, tzinfo=UTC), 9, min_similarity=0).precedents) == 9
        )
