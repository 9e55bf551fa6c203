"""The shipped precedents: whole, loaded once, in seconds, and with vectors of the text they stand for."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from models.catalog import DEFAULT_EMBEDDER, find
from records.database import Database
from records.embedder import Embedder
from records.errors import StoreCorrupt
from vectorstore.memory import EventMemory
from vectorstore.starter import (
    DATA,
    EVENTS_FILE,
    load_starter,
    read_events,
    shipped_vectors,
    text_digest,
    vectors_file,
    write_vectors,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the events without vectors."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(DATA / EVENTS_FILE, folder)
    return folder


def test_at_least_five_hundred_events_are_shipped_each_with_its_outcome() -> None:
    events = read_events(DATA / EVENTS_FILE)
    assert len(events) >= 500
    assert len({event.id for event in events}) == len(events)
    for event in events:
        assert event.reaction is not None
        assert event.reaction.known_at > event.published_at
        assert event.source == "starter"


def test_vectors_of_the_default_embedder_are_shipped_for_every_event() -> None:
    entry = find(DEFAULT_EMBEDDER, "embedding")
    events = read_events(DATA / EVENTS_FILE)
    vectors = shipped_vectors(events, entry.embedder_digest, DATA)
    assert set(vectors) == {event.id for event in events}
    matrix = np.stack(list(vectors.values())).astype(np.float32)
    assert entry.recipe is not None
    assert matrix.shape == (len(events), entry.recipe.shape.hidden)
    assert np.allclose(np.linalg.norm(matrix, axis=1), 1, atol=2e-3)


def test_loading_adds_every_event_and_the_second_time_reads_nothing(
    memory: EventMemory, embedder: Embedder, data: Path
) -> None:
    told: list[tuple[int, int]] = []
    result = load_starter(memory, data=data, on_progress=lambda *at: told.append(at))
    total = len(read_events(data / EVENTS_FILE))
    assert (result.loaded, result.added.added, result.shipped_vectors) == (True, total, 0)
    assert told[-1] == (total, total)
    assert embedder.embedded == total  # type: ignore[attr-defined]
    removed = memory.recall("The Federal Reserve cut rates", NOW, 1, min_similarity=0.0).precedents[0].event_id
    memory.remove([removed])
    again = load_starter(memory, data=data)
    assert (again.loaded, again.added.added) == (False, 0)
    assert removed not in {each.event_id for each in memory.recall("The Federal Reserve cut rates", NOW, 40).precedents}


def test_shipped_vectors_spare_the_embedding(
    memory: EventMemory, data: Path, make_embedder: Callable[..., Embedder]
) -> None:
    path = write_vectors(data / EVENTS_FILE, make_embedder())
    assert path.name == vectors_file(memory.embedder_digest)
    result = load_starter(memory, data=data)
    assert result.shipped_vectors == result.added.added
    assert memory._upkeep.embedder.embedded == 0  # type: ignore[attr-defined]


def test_a_vector_is_used_only_for_the_text_it_was_made_of(memory: EventMemory, data: Path) -> None:
    events = read_events(data / EVENTS_FILE)
    texts = np.array([text_digest(event.summary) for event in events[:3]])
    np.savez(data / vectors_file(memory.embedder_digest), texts=texts, vectors=np.eye(64, dtype=np.float16)[:3])
    changed = events[0].model_copy(update={"summary": "Another text."})
    assert set(shipped_vectors([changed, *events[1:]], memory.embedder_digest, data)) == {events[1].id, events[2].id}


@pytest.mark.parametrize("name", [EVENTS_FILE, "vectors"])
def test_damaged_files_are_named(memory: EventMemory, data: Path, name: str) -> None:
    victim = data / (vectors_file(memory.embedder_digest) if name == "vectors" else name)
    victim.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(StoreCorrupt, match=f"{victim.name} cannot be read .*Install Rhyme again"):
        load_starter(memory, data=data)


def test_a_load_cut_short_is_finished_the_next_time(
    tmp_path: Path, database: Database, embedder: Embedder, data: Path
) -> None:
    with EventMemory.open(tmp_path / "memory", database, embedder) as memory:
        memory.add(read_events(data / EVENTS_FILE)[:100])  # as if killed before the remark was kept
        result = load_starter(memory, data=data)
    assert result.added.unchanged == 100
    assert result.added.added + 100 == database.count_events()
