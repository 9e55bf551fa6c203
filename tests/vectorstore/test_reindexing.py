"""Another embedder beside the present one: it serves on, nothing is embedded twice, nothing is thrown away unasked."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from records.database import Database, EmbedderIdentity
from records.embedder import Embedder
from records.errors import ModelError, StoreLocked
from records.event import Event
from vectorstore import parts as parts_module
from vectorstore import reindexing
from vectorstore.chroma_place import EmbeddedPlace, ServerPlace
from vectorstore.chroma_server import ChromaServer
from vectorstore.index import EventIndex
from vectorstore.memory import EventMemory
from vectorstore.reindexing import Reindexing, reindex
from vectorstore.seal import begin_writing

START = datetime(2020, 1, 1, tzinfo=UTC)
LATER = START + timedelta(days=1_000)
EVENTS = 50
MakeEvent = Callable[..., Event]
MakeEmbedder = Callable[..., Embedder]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "memory"


@pytest.fixture
def new(make_embedder: MakeEmbedder) -> Embedder:
    return make_embedder("new", 128)


@pytest.fixture
def filled(
    folder: Path, database: Database, embedder: Embedder, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> list[Event]:
    """Fifty events in a closed memory of the former embedder; stretches, parts and batches are small."""
    monkeypatch.setattr(reindexing, "EMBED_BATCH", 8)
    monkeypatch.setattr(reindexing, "STRETCH", 16)
    monkeypatch.setattr(parts_module, "PART_EVENTS", 20)
    events = [make_event(f"e{n}", f"alpha{n} beta{n}", day=n, instrument=f"T{n}") for n in range(EVENTS)]
    with EventMemory.open(folder, database, embedder) as memory:
        memory.add(events)
    return events


def identity(embedder: Embedder) -> EmbedderIdentity:
    return EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)


def work(folder: Path, database: Database, embedder: Embedder, **options: float) -> Reindexing:
    return Reindexing(folder, EmbeddedPlace(folder), database, embedder, on_step=lambda *_: None, **options)


def finds_everything(memory: EventMemory, embedder: Embedder, events: Sequence[Event]) -> None:
    vectors = embedder.embed([event.summary for event in events])
    assert [memory.nearest(vector, LATER, 1)[0][0] for vector in vectors] == [event.id for event in events]


def test_the_former_embedder_serves_while_the_new_one_embeds(
    folder: Path, database: Database, embedder: Embedder, new: Embedder, filled: list[Event]
) -> None:
    with EventMemory.open(folder, database, embedder) as memory:
        before = database.revision()
        with pytest.raises(StoreLocked):  # only when Chroma is to be written
            work(folder, database, new, wait_seconds=0.1).beside()
        assert database.count_vectors(identity(new)) == EVENTS
        assert database.revision() == before  # the copy that serves need not be read again
        finds_everything(memory, embedder, filled)
    done = work(folder, database, new).beside()
    assert (done.events, done.embedded, done.indexed) == (EVENTS, 0, EVENTS)
    assert new.embedded == EVENTS  # type: ignore[attr-defined]
    for each in (new, embedder):  # both serve afterwards, at once
        embedded = each.embedded  # type: ignore[attr-defined]
        with EventMemory.open(folder, database, each) as memory:
            assert (memory.report.rebuilt, memory.report.indexed, memory.report.embedded) == (None, 0, 0)
            assert each.embedded == embedded  # type: ignore[attr-defined]
            finds_everything(memory, each, filled)


class Meddling:
    """The new embedder; at some call something happens meanwhile."""

    def __init__(self, inner: Embedder, at_call: int, meddle: Callable[[], object]) -> None:
        self.name, self.digest, self.dimensions = inner.name, inner.digest, inner.dimensions
        self._inner, self._left, self._meddle = inner, at_call, meddle

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._left -= 1
        if self._left == 0:
            self._meddle()
        return self._inner.embed(texts)


def test_what_others_change_meanwhile_is_caught_up(
    folder: Path, database: Database, embedder: Embedder, new: Embedder, filled: list[Event], make_event: MakeEvent
) -> None:
    def meddle() -> None:
        with EventMemory.open(folder, database, embedder, wait_seconds=1) as memory:  # the folder is free
            memory.add([make_event("late", "omega psi", day=70), make_event("e9", "chi phi", day=9)])
            memory.remove(["e49"])

    work(folder, database, Meddling(new, 2, meddle)).beside()
    expected = [event for event in filled if event.id not in ("e9", "e49")]
    expected += [make_event("late", "omega psi", day=70), make_event("e9", "chi phi", day=9)]
    with EventMemory.open(folder, database, new) as memory:
        assert memory.report.embedded == 0
        finds_everything(memory, new, expected)
        assert memory.recall("omega psi", LATER, 1).searched == EVENTS


def test_a_run_that_was_cut_short_goes_on_where_it_stopped(
    folder: Path, database: Database, new: Embedder, filled: list[Event]
) -> None:
    def fail() -> None:
        raise ModelError("no answer")

    with pytest.raises(ModelError):
        work(folder, database, Meddling(new, 4, fail)).beside()
    assert database.count_vectors(identity(new)) == 24
    assert work(folder, database, new).beside().embedded == EVENTS - 24
    assert len(filled) == EVENTS


def test_the_former_embedder_is_removed_only_when_asked(
    folder: Path, database: Database, embedder: Embedder, new: Embedder, filled: list[Event]
) -> None:
    with EventMemory.open(folder, database, embedder) as memory:
        finds_everything(memory, embedder, filled)
    task = work(folder, database, new)
    task.beside()
    assert set(database.embedders()) == {identity(embedder), identity(new)}
    assert len(list(folder.glob("known-*"))) == 2
    assert task.drop_others() == {identity(embedder): EVENTS}
    assert set(database.embedders()) == {identity(new)}
    assert [path.name for path in folder.glob("known-*")] == [f"known-{new.digest}"]
    index = EventIndex.open(EmbeddedPlace(folder), identity(embedder))
    assert index.names() == set()
    index.close()
    with EventMemory.open(folder, database, new) as memory:
        assert memory.report.rebuilt is None
        finds_everything(memory, new, filled)
    assert task.drop_others() == {}


def test_without_a_name_the_index_is_built_anew_and_a_damaged_one_replaced(
    folder: Path, database: Database, embedder: Embedder, filled: list[Event]
) -> None:
    (folder / "index-1" / "chroma.sqlite3").write_bytes(b"damaged" * 1_000)
    done = reindex(work(folder, database, embedder), named=False, built=True)
    assert (done.embedded, done.indexed) == (0, EVENTS)
    assert 0 < done.longest_held_seconds <= done.held_seconds
    assert [path.name for path in folder.glob("index-*")] == ["index-2"]
    with EventMemory.open(folder, database, embedder) as memory:
        assert memory.report.rebuilt is None
        finds_everything(memory, embedder, filled)


def test_an_embedder_that_was_merely_set_grows_beside_the_former_one(
    folder: Path, database: Database, embedder: Embedder, new: Embedder, filled: list[Event]
) -> None:
    reindex(work(folder, database, new), named=False, built=False)
    with EventMemory.open(folder, database, embedder) as memory:
        assert (memory.report.rebuilt, memory.report.indexed) == (None, 0)
        finds_everything(memory, embedder, filled)


def test_a_kill_while_the_new_part_is_written_leaves_no_trusted_wreck(
    folder: Path, database: Database, embedder: Embedder, new: Embedder, filled: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The former embedder's process opens next: it must not vouch for files that the kill left half-written."""
    from vectorstore import index as index_module

    monkeypatch.setattr(index_module, "SYNC_EVERY", 5)
    work(folder, database, new).beside()
    part = database.index_parts(identity(new))[-1]
    segments = index_module._segments(folder / "index-1", {part.collection})
    (victim,) = [path for name in segments for path in (folder / "index-1" / name).glob("data_level0.bin")]
    begin_writing(folder / "index-1", part.collection)
    victim.write_bytes(b"half")
    for each in (embedder, new):
        with EventMemory.open(folder, database, each) as memory:
            assert memory.report.rebuilt is None
            finds_everything(memory, each, filled)


def test_on_a_server_the_former_embedder_stays_open_throughout(
    folder: Path, database: Database, make_embedder: MakeEmbedder, make_event: MakeEvent, chroma_server: ChromaServer,
    tmp_path: Path,
) -> None:  # fmt: skip
    place = ServerPlace(chroma_server.url)
    former, new = make_embedder(f"former {tmp_path.name}"), make_embedder(f"new {tmp_path.name}", 32)
    events = [make_event(f"e{n}", f"alpha{n} beta{n}", day=n, instrument=f"T{n}") for n in range(20)]
    late = make_event("late", "omega psi", day=70)
    with EventMemory.open(folder, database, former, place=place) as memory:
        memory.add(events)
        meddling = Meddling(new, 1, lambda: memory.add([late]))
        task = Reindexing(folder, place, database, meddling, on_step=lambda *_: None)
        assert task.beside().held_seconds == 0
        finds_everything(memory, former, [*events, late])
        with EventMemory.open(folder, database, new, place=place) as other:
            assert other.report.embedded == 0
            finds_everything(other, new, [*events, late])
