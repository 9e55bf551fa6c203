"""Verify finds each way in which Chroma or the copy on disk can differ from the database, and repairs it from there."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray

from records.database import Database, EmbedderIdentity
from records.embedder import Embedder
from records.errors import StoreLocked
from records.event import Event
from vectorstore import parts as parts_module
from vectorstore.chroma_place import ChromaPlace, EmbeddedPlace, ServerPlace
from vectorstore.chroma_server import ChromaServer
from vectorstore.difference import Difference, still
from vectorstore.index import EventIndex
from vectorstore.memory import EventMemory
from vectorstore.parts import Parts
from vectorstore.rows import EventRows
from vectorstore.verify import Verification, Verifier

START = datetime(2020, 1, 1, tzinfo=UTC)
LATER = START + timedelta(days=1_000)
MakeEvent = Callable[..., Event]
EVENTS = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "memory"


@pytest.fixture
def identity(embedder: Embedder) -> EmbedderIdentity:
    return EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)


@pytest.fixture
def filled(
    folder: Path, database: Database, embedder: Embedder, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> list[Event]:
    """Sixty events in three parts, with a copy on disk, closed."""
    monkeypatch.setattr(parts_module, "PART_EVENTS", 20)
    words = [f"alpha{n} beta{n} gamma{n} delta{n}" for n in range(EVENTS)]
    events = [make_event(f"e{n:02}", words[n], day=n, instrument=f"T{n}", story_id=f"s{n % 7}") for n in range(EVENTS)]
    with EventMemory.open(folder, database, embedder, rebuild=False) as memory:
        memory.add(events)
        memory._upkeep.rebuild()
        memory.recall("alpha1", LATER, 3)
    return events


@pytest.fixture
def verifier(folder: Path, database: Database, identity: EmbedderIdentity) -> Verifier:
    return Verifier(folder, EmbeddedPlace(folder), database, identity, say=lambda _: None)


Index = tuple[EventIndex, Parts]


def opened(place: ChromaPlace, database: Database, identity: EmbedderIdentity) -> Iterator[Index]:
    index = EventIndex.open(place, identity)
    parts = Parts(database, index, identity)
    parts.load()
    yield index, parts
    index.close()


def kinds(verification: Verification) -> list[str]:
    return sorted(each.kind for each in verification.found.differences)


def behind_its_back(
    folder: Path, database: Database, identity: EmbedderIdentity, change: Callable[[Index], None]
) -> None:
    for index, parts in opened(EmbeddedPlace(folder), database, identity):
        with index.writing(parts.all[1].collection):
            change((index, parts))


def lose_two(index: Index) -> None:
    index[0].delete(index[1].all[1].collection, ["e25", "e26"])


def lose_most(index: Index) -> None:
    index[0].delete(index[1].all[1].collection, [f"e{n}" for n in range(22, 40)])


def add_strays(index: Index) -> None:
    index[0].upsert(index[1].all[1].collection, ["nobody", "e01"], np.eye(2, 64, dtype=np.float32))


def turn_vectors(index: Index) -> None:
    index[0].upsert(index[1].all[1].collection, ["e30", "e31"], np.eye(2, 64, dtype=np.float32))


def turn_all(index: Index) -> None:
    ids = [f"e{n}" for n in range(20, 40)]
    index[0].upsert(index[1].all[1].collection, ids, np.eye(20, 64, dtype=np.float32))


def drop_part(index: Index) -> None:
    index[0].drop(index[1].all[0].collection)


def leave_a_collection(index: Index) -> None:
    index[0].create(index[1].all[0].collection + "x")


DAMAGE = {
    "missing": (lose_two, ["missing"], "lacks 2 events that it was given (e25, e26)"),
    "mostly missing": (
        lose_most,
        ["missing"],
        "lacks 18 events that it was given (e22, e23, e24, e25, e26 and 13 more)",
    ),
    "strays": (add_strays, ["strays"], "holds 2 events that do not belong there (e01, nobody)"),
    "vectors": (turn_vectors, ["vectors_differ"], "2 of 20 vectors looked at are not those of the database (e30, e31)"),
    "all vectors": (turn_all, ["vectors_differ"], "20 of 20 vectors"),
    "part": (drop_part, ["part_gone"], "Chroma has not got the part of the index from the beginning to 2020-01-22"),
    "collection": (leave_a_collection, ["abandoned"], "belongs to no part"),
}


@pytest.mark.usefixtures("filled")
def test_a_sound_memory_is_whole(verifier: Verifier) -> None:
    verification = verifier.verify()
    assert verification.whole
    found = verification.found
    assert (found.events, found.parts, found.copy_rows, found.waiting, found.unembedded) == (60, 3, 60, 0, 0)
    assert found.sampled >= 2 * EVENTS


@pytest.mark.parametrize("name", DAMAGE)
def test_a_difference_in_chroma_is_named_with_ids_and_repaired(
    folder: Path, database: Database, embedder: Embedder, identity: EmbedderIdentity, verifier: Verifier,
    filled: list[Event], name: str,
) -> None:  # fmt: skip
    change, expected, text = DAMAGE[name]
    behind_its_back(folder, database, identity, change)
    verification = verifier.verify()
    assert not verification.whole
    assert kinds(verification) == expected
    assert text in verification.found.differences[0].text
    assert kinds(verifier.verify()) == expected  # looking changes nothing
    repaired = verifier.verify(repair_with=lambda: embedder)
    assert repaired.whole, repaired.left
    assert repaired.repaired
    assert verifier.verify().whole
    with EventMemory.open(folder, database, embedder) as memory:
        assert memory.report.rebuilt is None
        vectors = database.get_embeddings(identity, [event.id for event in filled])
        for event in filled:
            assert memory.nearest(vectors[event.id], LATER, 1)[0][0] == event.id


def _copy(folder: Path) -> Path:
    (path,) = folder.glob("known-*/rows-*")
    return path


def _rewrite(folder: Path, name: str, change: Callable[[NDArray[Any]], None]) -> None:
    path = _copy(folder) / f"{name}.npy"
    column = np.load(path)
    change(column)
    path.unlink()
    np.save(path, column)


def _later(column: NDArray[Any]) -> None:
    column[-1] += 1


def _other(column: NDArray[Any]) -> None:
    column[5:8] = 12


def _negate(column: NDArray[Any]) -> None:
    column[9] *= -1


COPY_DAMAGE: dict[str, tuple[str, Callable[..., None], list[str], str]] = {
    "times": ("known_at", _later, ["copy_times"], "1 events became known at another time (e59)"),
    "stories": ("story", _other, ["copy_stories"], "3 events are of another story (e05, e06, e07)"),
    "vectors": ("vectors", _negate, ["copy_vectors"], "1 of 60 vectors looked at are not those of the database (e09)"),
    "words": ("words/lengths", _other, ["copy_words"], "the words of 3 of 60 texts looked at are not theirs"),
}


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", COPY_DAMAGE)
def test_a_difference_in_the_copy_is_named_and_repaired(
    folder: Path, embedder: Embedder, verifier: Verifier, name: str
) -> None:
    column, change, expected, text = COPY_DAMAGE[name]
    _rewrite(folder, column, change)
    verification = verifier.verify()
    assert kinds(verification) == expected
    assert text in verification.found.differences[0].text
    assert verifier.verify(repair_with=lambda: embedder).whole


@pytest.mark.usefixtures("filled")
def test_events_missing_from_the_copy_and_too_many_in_it_are_named(
    folder: Path, database: Database, identity: EmbedderIdentity, verifier: Verifier
) -> None:
    rows, revision = EventRows.open(_copy(folder))
    keep = np.arange(1, EVENTS)
    ids = ["x" if row == 4 else rows.id_of(int(row)) for row in keep]
    changed = EventRows.of(
        ids, rows.known_at[keep], [f"s{row % 7}" for row in keep], np.array(rows.vectors[keep]),
        [event.summary for event in database.every_event()][1:],
    )  # fmt: skip
    shutil.rmtree(_copy(folder))
    changed.save(folder / f"known-{identity.digest}" / "rows-9", revision)
    found = verifier.verify().found.differences
    assert [each.text for each in found] == [
        "The copy on disk lacks 2 events (e00, e04).",
        "The copy on disk holds 1 events too many (x).",
    ]


@pytest.mark.usefixtures("filled")
def test_a_torn_copy_is_named_and_rebuilt(folder: Path, embedder: Embedder, verifier: Verifier) -> None:
    (_copy(folder) / "words" / "rows.npy").write_bytes(b"torn")
    assert kinds(verifier.verify()) == ["copy_damaged"]
    assert verifier.verify(repair_with=lambda: embedder).whole


@pytest.mark.usefixtures("filled")
def test_damaged_index_files_are_named_and_the_index_built_anew(
    folder: Path, embedder: Embedder, verifier: Verifier
) -> None:
    (folder / "index-2" / "chroma.sqlite3").write_bytes(b"no database at all" * 100)
    verification = verifier.verify()
    assert kinds(verification) == ["index_damaged"]
    assert verifier.verify(repair_with=lambda: embedder).whole


@pytest.mark.usefixtures("filled")
def test_what_another_program_wrote_to_the_database_alone_waits_and_is_no_difference(
    database: Database, embedder: Embedder, make_event: MakeEvent, verifier: Verifier
) -> None:
    database.add_events([make_event("new", "omega"), make_event("open", "psi", lag=None)])
    verification = verifier.verify()
    assert verification.whole
    assert (verification.found.unembedded, verification.found.waiting) == (2, 0)
    repaired = verifier.verify(repair_with=lambda: embedder)
    assert repaired.left is not None
    assert (repaired.left.unembedded, repaired.left.waiting, repaired.whole) == (0, 0, True)


def test_totals_that_are_wrong_are_the_databases_fault_and_stay(
    database: Database, embedder: Embedder, filled: list[Event], verifier: Verifier
) -> None:
    from sqlalchemy import text

    with database._writing() as connection:
        connection.execute(text("UPDATE meta SET value = '59:0' WHERE name = 'events_snapshot'"))
    verification = verifier.verify(repair_with=lambda: embedder)
    assert kinds(verification) == ["database"]
    assert not verification.whole
    assert f"the rows say {len(filled)} events" in verification.found.differences[0].text


def test_an_empty_memory_is_whole(verifier: Verifier) -> None:
    found = verifier.verify().found
    assert found.whole
    assert (found.events, found.parts, found.copy_rows) == (0, 0, None)


@pytest.mark.usefixtures("filled")
def test_a_memory_in_use_is_not_looked_at(folder: Path, verifier: Verifier) -> None:
    with FileLock(folder / "lock", thread_local=False), pytest.raises(StoreLocked, match="Another rhyme process"):
        verifier.verify(lock_wait_seconds=0.1)
    with FileLock(folder / "lock", thread_local=False, timeout=0):  # and lets go of it
        pass


# a shared place


@pytest.fixture
def server_place(chroma_server: ChromaServer) -> ServerPlace:
    return ServerPlace(chroma_server.url)


@pytest.fixture
def served(
    folder: Path, database: Database, make_embedder: Callable[..., Embedder], make_event: MakeEvent,
    server_place: ServerPlace, tmp_path: Path,
) -> Embedder:  # fmt: skip
    """An embedder of this test alone, so that its collections are too, with thirty events on the server."""
    embedder = make_embedder(tmp_path.name)
    with EventMemory.open(folder, database, embedder, place=server_place) as memory:
        memory.add([make_event(f"e{n:02}", f"alpha{n} beta{n}", day=n) for n in range(30)])
    return embedder


def test_a_second_look_forgives_a_writers_unfinished_work_and_finds_the_rest(
    folder: Path, database: Database, served: Embedder, server_place: ServerPlace
) -> None:
    """At the first look two events are in Chroma alone, as in the middle of a removal; at the second one of them is gone."""
    identity = EmbedderIdentity(served.name, served.digest, served.dimensions)
    for index, parts in opened(server_place, database, identity):
        (part,) = parts.all
        index.upsert(part.collection, ["in flight", "left behind"], np.eye(2, 64, dtype=np.float32))
        slept: list[float] = []

        def sleep(
            seconds: float, index: EventIndex = index, slept: list[float] = slept, name: str = part.collection
        ) -> None:
            slept.append(seconds)
            index.delete(name, ["in flight"])

        verifier = Verifier(folder, server_place, database, identity, say=lambda _: None, sleep=sleep)
        verification = verifier.verify(repair_with=lambda: served)
        assert slept[0] == 5
        (difference,) = verification.found.differences
        assert difference.ids == {"left behind"}
        assert verification.whole
        assert index.ids(part.collection) == {f"e{n:02}" for n in range(30)}


def test_ids_that_a_writer_is_just_bringing_are_not_deleted(
    folder: Path, database: Database, served: Embedder, server_place: ServerPlace, make_event: MakeEvent
) -> None:
    """Another writer has handed its vector to Chroma and not yet noted it."""
    identity = EmbedderIdentity(served.name, served.digest, served.dimensions)
    for index, parts in opened(server_place, database, identity):
        (part,) = parts.all
        event = make_event("new", "omega")
        vector = served.embed(["omega"])
        database.add_events([event], embedder=identity, embeddings={"new": vector[0]})
        index.upsert(part.collection, ["new", "stray"], np.concatenate([vector, -vector]))
        verifier = Verifier(folder, server_place, database, identity, say=lambda _: None, sleep=lambda _: None)
        verification = verifier.verify(repair_with=lambda: served)
        assert [each.ids for each in verification.found.differences] == [{"stray"}]
        assert "new" in index.ids(part.collection)
        assert "stray" not in index.ids(part.collection)


def test_what_one_look_found_and_the_next_did_not_is_no_difference() -> None:
    first = [Difference.of("strays", "", {"a", "b"}), Difference("count", "x")]
    assert still(first, [Difference.of("strays", "", {"c"})]) == ()
    assert still(first, [Difference("count", "y")]) == (Difference("count", "y"),)
