"""The event memory over every place of Chroma: its answers are the same, embedded, on a server, and hosted when one is named.

Each test's embedder has a name of its own, so that its collections are its own; they are deleted afterwards.
"""

import runpy
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from records.database import Database, EmbedderIdentity
from records.embedder import Embedder
from records.errors import StoreUnreachable
from records.event import Event
from vectorstore.chroma_place import ChromaPlace, EmbeddedPlace, ServerPlace
from vectorstore.chroma_server import ChromaServer
from vectorstore.index import EventIndex
from vectorstore.memory import EventMemory

START = datetime(2020, 1, 1, tzinfo=UTC)
LATER = START + timedelta(days=1_000)
WORDS = "copper strike output forecast merger union Chile recall bank tariff Acme cut".split()
WRITER = Path(__file__).with_name("memory_writer.py")
MakeEvent = Callable[..., Event]
Vectors = dict[str, NDArray[np.floating]]


@dataclass(frozen=True)
class Kept:
    """Where one test's memory is."""

    folder: Path
    database: Database
    embedder: Embedder
    place: ChromaPlace

    def open(self, *, rebuild: bool = False) -> EventMemory:
        return EventMemory.open(self.folder, self.database, self.embedder, place=self.place, rebuild=rebuild)

    @property
    def identity(self) -> EmbedderIdentity:
        return EmbedderIdentity(self.embedder.name, self.embedder.digest, self.embedder.dimensions)

    def collections(self) -> dict[str, set[str]]:
        """The ids in each collection of this embedder, as Chroma itself has them."""
        index = EventIndex.open(self.place, self.identity)
        try:
            return {name: index.ids(name) for name in index.names()}
        finally:
            index.close()

    def empty(self) -> None:
        """Deletes the collections behind the memory's back."""
        index = EventIndex.open(self.place, self.identity)
        try:
            for name in index.names():
                index.drop(name)
        finally:
            index.close()


@pytest.fixture(params=["embedded", "server", "hosted"])
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, database: Database, make_embedder: Callable[..., Embedder]
) -> Iterator[Kept]:
    place: ChromaPlace = EmbeddedPlace(tmp_path / "memory")
    if request.param == "server":
        place = ServerPlace(request.getfixturevalue("chroma_server").url)
    elif request.param == "hosted":
        place = request.getfixturevalue("hosted_place")
    found = Kept(tmp_path / "memory", database, make_embedder(f"hashing-{uuid.uuid4().hex}"), place)
    yield found
    if place.shared:
        found.empty()


def _events(make_event: MakeEvent, count: int) -> list[Event]:
    random = np.random.default_rng(5)
    return [
        make_event(f"e{n}", f"{' '.join(random.choice(WORDS, 4))} number{n}", day=n, instrument=f"T{n % 30}")
        for n in range(count)
    ]


def _vectors(events: list[Event]) -> Vectors:
    """A direction of its own for each event, so that no two are equally near."""
    rows = np.random.default_rng(6).normal(size=(len(events), 64))
    return {each.id: row / np.linalg.norm(row) for each, row in zip(events, rows, strict=True)}


def _nearest_by_hand(events: list[Event], vectors: Vectors, asked: NDArray[np.floating], as_of: datetime) -> list[str]:
    """The ten nearest of those known at that time, by a plain calculation."""
    known = [each.id for each in events if each.reaction is not None and each.reaction.known_at <= as_of]
    kept = (
        np.stack([vectors[each] for each in known]).astype(np.float16).astype(np.float32)
    )  # as the database keeps them
    return [known[row] for row in np.argsort(-(kept @ asked))[:10]]


def _asked(memory: EventMemory, text: str, as_of: datetime = LATER, k: int = 5) -> list[str]:
    return [each.event_id for each in memory.recall(text, as_of, k, min_similarity=0.0).precedents]


@pytest.mark.parametrize("days", [10_000, 150, 12])
@pytest.mark.parametrize("sooner", [timedelta(0), timedelta(microseconds=1)])
def test_the_nearest_known_at_a_time_are_those_of_a_plain_calculation(
    kept: Kept, make_event: MakeEvent, days: int, sooner: timedelta
) -> None:
    events, as_of = _events(make_event, 300), START + timedelta(days=days) - sooner
    vectors = _vectors(events)
    with kept.open() as memory:
        memory.add(events, vectors=vectors)
    with kept.open() as memory:  # only what was there at opening is asked of Chroma
        asked = np.random.default_rng(8).normal(size=64).astype(np.float32)
        asked /= np.linalg.norm(asked)
        found = [event_id for event_id, _ in memory.nearest(asked, as_of, 10)]
        assert found == _nearest_by_hand(events, vectors, asked, as_of)
        strategy = memory.recall("copper strike in Chile", as_of, 2, min_similarity=0.0).strategy
        assert strategy.startswith("chroma" if days > 300 else "exact scan")


def test_a_reopened_memory_is_the_one_that_was_closed(kept: Kept, make_event: MakeEvent) -> None:
    with kept.open() as memory:
        memory.add(_events(make_event, 120))
        before = (memory.snapshot, _asked(memory, "bank merger cut"))
    with kept.open() as memory:
        assert (memory.report.indexed, memory.report.rebuilt) == (0, None)
        assert (memory.snapshot, _asked(memory, "bank merger cut")) == before
        assert memory.add(_events(make_event, 120)).unchanged == 120
    held = kept.collections()
    assert sorted(each for ids in held.values() for each in ids) == sorted(f"e{n}" for n in range(120))


def test_removed_corrected_and_settled_events_are_so_in_chroma_too(kept: Kept, make_event: MakeEvent) -> None:
    with kept.open() as memory:
        memory.add([*_events(make_event, 60), make_event("e60", "zinc smelter flooded", lag=None)])
        assert _asked(memory, "zinc smelter flooded", k=1) != ["e60"]
        memory.add([make_event("e60", "zinc smelter flooded", lag=1)])
        assert memory.remove(["e7", "e8", "absent"]) == 2
        memory.add([make_event("e9", "nickel prices doubled overnight", day=9)])
    with kept.open() as memory:
        assert _asked(memory, "nickel prices doubled overnight", k=1) == ["e9"]
        assert _asked(memory, "zinc smelter flooded", k=1) == ["e60"]
        assert not {"e7", "e8"} & set(_asked(memory, "copper", k=60))
    held = kept.collections()
    assert sorted(each for ids in held.values() for each in ids) == sorted(
        f"e{n}" for n in range(61) if n not in (7, 8)
    )


def test_a_rebuilt_memory_answers_as_before_and_leaves_nothing_behind(kept: Kept, make_event: MakeEvent) -> None:
    with kept.open() as memory:
        memory.add(_events(make_event, 120))
    with kept.open() as memory:
        before = _asked(memory, "tariff on copper output")
    former = set(kept.collections())
    with kept.open(rebuild=True) as memory:
        assert memory.report.rebuilt is not None
        assert _asked(memory, "tariff on copper output") == before
    held = kept.collections()
    assert not former & set(held)
    assert sorted(each for ids in held.values() for each in ids) == sorted(f"e{n}" for n in range(120))
    with kept.open() as memory:
        assert memory.report.rebuilt is None  # whole, though it was asked right after it was built
        assert _asked(memory, "tariff on copper output") == before


def test_an_emptied_chroma_is_filled_again_from_the_database(kept: Kept, make_event: MakeEvent) -> None:
    with kept.open() as memory:
        memory.add(_events(make_event, 60))
    with kept.open() as memory:
        before = _asked(memory, "bank merger cut")
    kept.empty()
    with kept.open() as memory:
        assert memory.report.indexed == 60 or memory.report.rebuilt is not None
        assert _asked(memory, "bank merger cut") == before
    assert sum(map(len, kept.collections().values())) == 60


@pytest.fixture
def served(
    tmp_path: Path, database: Database, make_embedder: Callable[..., Embedder]
) -> Iterator[tuple[Kept, list[ChromaServer]]]:
    """A memory on a server of its own, which the test may end; the list holds the one that is running."""
    running = [ChromaServer.start(tmp_path / "chroma")]
    yield Kept(tmp_path / "memory", database, make_embedder(), ServerPlace(running[0].url)), running
    for server in running:
        server.stop()


def test_a_memory_outlives_a_restart_of_its_server(
    served: tuple[Kept, list[ChromaServer]], make_event: MakeEvent, tmp_path: Path
) -> None:
    kept, running = served
    events = _events(make_event, 40)
    vectors = _vectors(events)
    asked = vectors["e3"].astype(np.float32)
    with kept.open() as memory:
        memory.add(events, vectors=vectors)
    with kept.open() as memory:
        before = memory.nearest(asked, LATER, 5)
        assert before[0][0] == "e3"
        running[0].stop()
        with pytest.raises(StoreUnreachable, match="rhyme chroma"):
            memory.nearest(asked, LATER, 5)
        running[0] = ChromaServer.start(tmp_path / "chroma", port=_port(running[0]))
        assert memory.nearest(asked, LATER, 5) == before
        assert memory.add([make_event("new", "nickel prices doubled", day=50)]).added == 1


def test_what_a_memory_acknowledged_is_there_when_its_server_was_killed(
    served: tuple[Kept, list[ChromaServer]], make_event: MakeEvent, tmp_path: Path
) -> None:
    kept, running = served
    events, acknowledged = _events(make_event, 400), 0
    vectors = _vectors(events)
    with kept.open() as memory, suppress(StoreUnreachable):
        for start in range(0, 400, 20):
            if start == 200:
                running[0].kill()
            memory.add(events[start : start + 20], vectors=vectors)
            acknowledged = start + 20
    assert acknowledged == 200
    running[0] = ChromaServer.start(tmp_path / "chroma", port=_port(running[0]))
    with kept.open() as memory:
        written = events[: kept.database.count_events()]
        assert len(written) in (200, 220)  # the batch that broke off stands in the database, or does not
        assert memory.report.indexed == len(written) - 200
        asked = vectors["e199"].astype(np.float32)
        found = [event_id for event_id, _ in memory.nearest(asked, LATER, 10)]
        assert found == _nearest_by_hand(written, vectors, asked, LATER)
    assert sum(map(len, kept.collections().values())) == len(written)


def _port(server: ChromaServer) -> int:
    return int(server.url.rpartition(":")[2])


@pytest.mark.long
def test_processes_that_add_and_recall_at_once_lose_nothing(
    chroma_server: ChromaServer, tmp_path: Path, make_embedder: Callable[..., Embedder]
) -> None:
    """Two with one home folder and a third with its own, as on another machine; one database and one server for all."""
    name, database = f"hashing-{uuid.uuid4().hex}", tmp_path / "rhyme.sqlite3"
    homes = {"a": tmp_path / "home", "b": tmp_path / "home", "c": tmp_path / "elsewhere"}
    writers = [
        subprocess.Popen(
            [sys.executable, str(WRITER), chroma_server.url, str(database), str(folder), name, letter, "120"]
        )
        for letter, folder in homes.items()
    ]
    assert [writer.wait(200) for writer in writers] == [0, 0, 0]
    vector_of = runpy.run_path(str(WRITER))["vector_of"]
    expected = sorted(f"{letter}{number}" for letter in homes for number in range(120))
    with Database.open(database) as opened:
        kept = Kept(homes["a"], opened, make_embedder(name), ServerPlace(chroma_server.url))
        assert sorted(each for ids in kept.collections().values() for each in ids) == expected
        events, vectors = opened.events(expected), {each: vector_of(each) for each in expected}
        with kept.open() as memory:
            assert memory.report.indexed == 0
            for asked in (vectors["a3"], vectors["b70"], vectors["c119"]):
                found = [event_id for event_id, _ in memory.nearest(asked, LATER, 10)]
                assert found == _nearest_by_hand(events, vectors, asked, LATER)
        kept.empty()
