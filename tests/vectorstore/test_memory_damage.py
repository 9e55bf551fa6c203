"""Foreign or damaged folders, and a second process: nothing is lost, and the error says what to do."""

import random
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import vectorstore
from records.database import Database, EmbedderIdentity
from records.embedder import Embedder
from records.errors import StoreCorrupt, StoreLocked, StoreMismatch, StoreUnwritable
from records.event import Event
from vectorstore import index as index_module
from vectorstore import parts as parts_module
from vectorstore import upkeep
from vectorstore.chroma_place import EmbeddedPlace
from vectorstore.index import EventIndex, _segments
from vectorstore.memory import EventMemory
from vectorstore.seal import begin_writing

ROOT = Path(vectorstore.__file__).parents[1]
HASHING = Path(__file__).with_name("hashing.py")
START = datetime(2020, 1, 1, tzinfo=UTC)
LATER = START + timedelta(days=1_000)
MakeEvent = Callable[..., Event]
MakeEmbedder = Callable[..., Embedder]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "memory"


@pytest.fixture
def filled(folder: Path, database: Database, embedder: Embedder, make_event: MakeEvent) -> list[Event]:
    """Thirty events in a closed memory."""
    events = [make_event(f"e{n}", f"Copper output {n} fell", instrument=f"T{n}") for n in range(30)]
    with EventMemory.open(folder, database, embedder) as memory:
        memory.add(events)
    return events


def _recalled(memory: EventMemory, k: int = 30) -> set[str]:
    recall = memory.recall("Copper output fell", LATER, k, min_similarity=0.0)
    return {precedent.event_id for precedent in recall.precedents}


def _index_files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("index-*/**/*") if path.is_file()]


@contextmanager
def _index_alone(folder: Path, database: Database, embedder: Embedder) -> Iterator[tuple[EventIndex, str]]:
    """Chroma without the memory around it, and the collection of the only part."""
    identity = EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)
    index = EventIndex.open(EmbeddedPlace(folder), identity)
    (part,) = database.index_parts(identity)
    yield index, part.collection
    index.close()


# another embedder


@pytest.mark.usefixtures("filled")
def test_a_memory_of_another_embedder_is_refused_and_names_both(
    folder: Path, database: Database, make_embedder: MakeEmbedder
) -> None:
    other = make_embedder("other", 32)
    with pytest.raises(StoreMismatch, match=r"embedder hashing \(\w{16}\), and this run uses other.*memory reindex"):
        EventMemory.open(folder, database, other)
    assert database.count_vectors(EmbedderIdentity("other", other.digest, 32)) == 0


def test_rebuilding_for_another_embedder_loses_no_event_and_goes_back_without_embedding(
    folder: Path, database: Database, filled: list[Event], make_embedder: MakeEmbedder
) -> None:
    other, told = make_embedder("other", 32), list[tuple[int, int]]()
    with EventMemory.open(folder, database, other, rebuild=True, on_progress=lambda *at: told.append(at)) as memory:
        assert memory.report.embedded == 30
        assert told[-1] == (30, 30)
        assert _recalled(memory) == {event.id for event in filled}
    former = make_embedder()  # its vectors are still there: going back is a matter of the setting
    with EventMemory.open(folder, database, former) as memory:
        assert former.embedded == 0  # type: ignore[attr-defined]
        assert _recalled(memory) == {event.id for event in filled}


@pytest.mark.usefixtures("filled")
def test_a_chroma_folder_of_another_embedder_beside_an_empty_database_is_refused(
    folder: Path, tmp_path: Path, make_embedder: MakeEmbedder
) -> None:
    with Database.open(tmp_path / "empty.sqlite3") as empty:
        for _ in range(2):  # refused the second time too: the first left no mark that would allow a rebuild
            with pytest.raises(StoreMismatch, match=r"built with the embedder hashing \(\w{16}\)"):
                EventMemory.open(folder, empty, make_embedder("other", 32))


@pytest.mark.usefixtures("filled")
def test_the_same_digest_with_another_width_is_refused(
    folder: Path, database: Database, make_embedder: MakeEmbedder
) -> None:
    impostor = make_embedder("hashing", 32)
    impostor.digest = make_embedder().digest
    with pytest.raises(StoreMismatch):
        EventMemory.open(folder, database, impostor)


# differences between database and index


def test_a_lost_chroma_folder_is_built_again_from_the_database(
    folder: Path, database: Database, embedder: Embedder, filled: list[Event]
) -> None:
    shutil.rmtree(folder)
    before = embedder.embedded  # type: ignore[attr-defined]
    with EventMemory.open(folder, database, embedder) as memory:
        assert memory.report.indexed == 30
        assert _recalled(memory) == {event.id for event in filled}
    assert embedder.embedded == before + 1  # type: ignore[attr-defined]  # the query alone


@pytest.mark.usefixtures("filled")
def test_events_without_vectors_are_embedded_at_opening(
    folder: Path, database: Database, embedder: Embedder, make_event: MakeEvent
) -> None:
    database.add_events([make_event("new", "Copper output doubled")])
    with EventMemory.open(folder, database, embedder) as memory:
        assert (memory.report.embedded, memory.report.indexed) == (1, 1)
        assert memory.report.rebuilt is None
        assert "new" in _recalled(memory, 31)


def test_ids_that_only_chroma_has_are_taken_away(
    folder: Path, database: Database, embedder: Embedder, filled: list[Event]
) -> None:
    database.remove_events(["e3", "e4"])
    with EventMemory.open(folder, database, embedder) as memory:
        assert memory.report.removed == 2
        assert _recalled(memory) == {event.id for event in filled} - {"e3", "e4"}


def test_vectors_missing_from_chroma_behind_its_back_lead_to_a_rebuild(
    folder: Path, database: Database, embedder: Embedder, filled: list[Event]
) -> None:
    with _index_alone(folder, database, embedder) as (index, collection), index.writing(collection):
        index.delete(collection, ["e1", "e2"])
    with EventMemory.open(folder, database, embedder) as memory:
        assert "holds 28 vectors, the database 30" in str(memory.report.rebuilt)
        assert _recalled(memory) == {event.id for event in filled}


def test_vectors_swapped_behind_its_back_are_noticed_by_the_self_queries(
    folder: Path, database: Database, embedder: Embedder, make_event: MakeEvent
) -> None:
    events = [make_event(f"e{n}", " ".join(f"word{n}x{place}" for place in range(9))) for n in range(30)]
    with EventMemory.open(folder, database, embedder) as memory:
        memory.add(events)
    with _index_alone(folder, database, embedder) as (index, collection), index.writing(collection):
        index.upsert(collection, [event.id for event in events], -embedder.embed([event.summary for event in events]))
    with EventMemory.open(folder, database, embedder) as memory:
        assert re.search(r"does not find \d\d of 30 events", str(memory.report.rebuilt))
        assert _recalled(memory) == {event.id for event in events}


def test_events_with_one_text_are_no_reason_for_a_rebuild(
    folder: Path, database: Database, embedder: Embedder, make_event: MakeEvent
) -> None:
    with EventMemory.open(folder, database, embedder) as memory:
        memory.add([make_event(f"e{n}", "Acme declared its quarterly dividend") for n in range(40)])
    with EventMemory.open(folder, database, embedder) as memory:
        assert memory.report.rebuilt is None


# damaged files


@pytest.mark.parametrize("name", ["chroma.sqlite3", "data_level0.bin", "index_metadata.pickle", "header.bin"])
@pytest.mark.parametrize("damage", ["truncated", "overwritten", "missing"])
def test_a_damaged_index_is_replaced_from_the_database(
    folder: Path, database: Database, make_embedder: MakeEmbedder, make_event: MakeEvent, name: str, damage: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(index_module, "SYNC_EVERY", 20)  # so that the graph files are written
    embedder, events = make_embedder(), [make_event(f"e{n}", f"Copper output {n} fell") for n in range(50)]
    with EventMemory.open(folder, database, embedder) as memory:
        memory.add(events[:25])
        _recalled(memory)
        memory.add(events[25:])
        _recalled(memory)
    (victim,) = [path for path in _index_files(folder) if path.name == name]
    _damage(victim, damage)
    with EventMemory.open(folder, database, embedder) as memory:
        assert _recalled(memory, 50) == {event.id for event in events}
        memory.add([make_event("after", "Copper output doubled")])
    with EventMemory.open(folder, database, embedder) as memory:
        assert memory.report.rebuilt is None
        assert "after" in _recalled(memory, 51)


def _damage(victim: Path, damage: str) -> None:
    if damage == "missing":
        victim.unlink()
    elif damage == "truncated":
        victim.write_bytes(victim.read_bytes()[: victim.stat().st_size // 3])
    else:
        victim.write_bytes(random.Random(4).randbytes(victim.stat().st_size))


@pytest.mark.parametrize("damage", ["truncated", "overwritten"])
def test_damaged_graph_files_are_noticed_before_chroma_loads_them(
    folder: Path, database: Database, make_embedder: MakeEmbedder, make_event: MakeEvent, damage: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Chroma 1.5.9 ended the process with a segmentation fault on an overwritten data_level0.bin."""
    monkeypatch.setattr(index_module, "SYNC_EVERY", 20)
    with EventMemory.open(folder, database, make_embedder()) as memory:
        memory.add([make_event(f"e{n}", f"Copper output {n} fell") for n in range(50)])
    (victim,) = [path for path in _index_files(folder) if path.name == "data_level0.bin"]
    _damage(victim, damage)
    monkeypatch.setattr(EventIndex, "nearest", _must_not_be_asked)
    monkeypatch.setattr(EventIndex, "count", _must_not_be_asked)
    with EventMemory.open(folder, database, make_embedder()) as memory:
        assert "data_level0.bin was changed" in str(memory.report.rebuilt)


def test_of_a_write_cut_short_only_the_part_in_writing_is_filled_again(
    folder: Path,
    database: Database,
    make_embedder: MakeEmbedder,
    make_event: MakeEvent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(index_module, "SYNC_EVERY", 20)
    monkeypatch.setattr(parts_module, "PART_EVENTS", 50)
    embedder = make_embedder()
    events = [make_event(f"e{n}", f"Copper output {n} fell", day=n, instrument=f"T{n}") for n in range(150)]
    with EventMemory.open(folder, database, embedder) as memory:
        memory.add(events)
        kept = memory._upkeep.parts.all
        assert len(kept) == 3
    (generation,) = folder.glob("index-*")
    begin_writing(generation, kept[1].collection)
    _damage(_graph_of(generation, kept[1].collection), "overwritten")
    with EventMemory.open(folder, database, embedder) as memory:
        assert (memory.report.rebuilt, memory.report.indexed) == (None, 50)
        assert memory._upkeep.parts.all == kept
        assert _recalled(memory, 150) == {event.id for event in events}
    begin_writing(generation, kept[1].collection)
    _damage(_graph_of(generation, kept[0].collection), "overwritten")  # not the one that was being written
    with EventMemory.open(folder, database, embedder) as memory:
        assert "data_level0.bin was changed" in str(memory.report.rebuilt)
        assert _recalled(memory, 150) == {event.id for event in events}


def _graph_of(generation: Path, collection: str) -> Path:
    found = [generation / segment / "data_level0.bin" for segment in _segments(generation, {collection})]
    (graph,) = [path for path in found if path.exists()]
    return graph


def test_copies_of_the_events_that_are_torn_or_of_another_database_are_made_anew(
    folder: Path, tmp_path: Path, database: Database, embedder: Embedder, filled: list[Event], make_event: MakeEvent
) -> None:
    expected = {event.id for event in filled}
    with EventMemory.open(folder, database, embedder) as memory:
        assert _recalled(memory) == expected
    for name in ("vectors.npy", "ids.npy", "manifest.json", "words/rows.npy"):
        (victim,) = folder.glob(f"known-*/rows-*/{name}")
        _damage(victim, "truncated")
        with EventMemory.open(folder, database, embedder) as memory:
            assert _recalled(memory) == expected
    with Database.open(tmp_path / "other.sqlite3") as other:
        other.add_events([make_event(f"o{n}", f"Copper output {n} rose") for n in range(30)])
        with EventMemory.open(folder, other, embedder) as memory:
            assert _recalled(memory) == {f"o{n}" for n in range(30)}


def _must_not_be_asked(*_: object) -> None:
    raise AssertionError("Chroma was asked before the files were proven whole")


def test_a_copied_folder_is_whole_and_used_as_it_is(
    folder: Path, tmp_path: Path, database: Database, embedder: Embedder, filled: list[Event]
) -> None:
    shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copyfile)  # new times, same bytes
    with EventMemory.open(tmp_path / "copy", database, embedder) as memory:
        assert memory.report.rebuilt is None
        assert _recalled(memory) == {event.id for event in filled}


def test_a_large_damaged_index_waits_for_the_command_that_rebuilds_it(
    folder: Path, database: Database, embedder: Embedder, filled: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "REBUILD_UNASKED", 10)
    (victim,) = [path for path in _index_files(folder) if path.name == "chroma.sqlite3"]
    _damage(victim, "overwritten")
    with pytest.raises(StoreCorrupt, match=r"index-1 cannot be used.*`rhyme memory reindex`; no event is lost"):
        EventMemory.open(folder, database, embedder)
    with EventMemory.open(folder, database, embedder, rebuild=True) as memory:
        assert memory.report.rebuilt == "it was asked for"
        assert _recalled(memory) == {event.id for event in filled}
    assert [path.name for path in folder.glob("index-*")] == ["index-2"]


def test_a_rebuild_that_was_cut_short_leaves_the_old_index_in_use(
    folder: Path, database: Database, embedder: Embedder, filled: list[Event]
) -> None:
    (folder / "building-2").mkdir()
    (folder / "building-2" / "chroma.sqlite3").write_bytes(b"half")
    with EventMemory.open(folder, database, embedder) as memory:
        assert memory.report.rebuilt is None
        assert _recalled(memory) == {event.id for event in filled}
    assert not (folder / "building-2").exists()


# other processes


@pytest.mark.usefixtures("filled")
def test_a_second_process_is_told_that_the_memory_is_in_use(
    folder: Path, database: Database, embedder: Embedder
) -> None:
    with (
        EventMemory.open(folder, database, embedder) as memory,
        pytest.raises(StoreLocked, match=r"Another rhyme process is using the event memory.*waited 0\.1 seconds"),
    ):
        EventMemory.open(folder, database, embedder, wait_seconds=0.1)
    with pytest.raises(StoreLocked, match="closed"):
        memory.recall("Copper", LATER, 3)
    memory.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, database: Database, embedder: Embedder) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreUnwritable, match="cannot be opened"):
        EventMemory.open(tmp_path / "file" / "memory", database, embedder)
