"""kill −9 at random moments of adding, changing, removing and cutting parts: what was acknowledged is there, once, and recall
answers as a brute-force model does."""

import multiprocessing.context
import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from records.database import Database
from records.embedder import Embedder
from records.event import Event
from vectorstore import index, parts
from vectorstore.memory import EventMemory

HERE = Path(__file__).parent
RUNS = 13
"""Kills of one store; four stores make 52."""


@pytest.fixture(scope="module")
def kills(load_module: Callable[[Path], ModuleType]) -> ModuleType:
    return load_module(HERE / "kills.py")


@pytest.fixture(scope="module")
def processes(
    fork_server: "multiprocessing.context.ForkServerContext",
) -> Iterator["multiprocessing.context.ForkServerContext"]:
    """Starts processes that can load `kills`."""
    sys.path.insert(0, str(HERE))
    yield fork_server
    sys.path.remove(str(HERE))


@pytest.mark.parametrize(
    ("part_events", "seed"),
    [(10_000, 1), (60, 2), pytest.param(60, 3, marks=pytest.mark.long), pytest.param(25, 4, marks=pytest.mark.long)],
)
def test_killed_at_any_moment_the_memory_keeps_what_it_acknowledged(
    kills: ModuleType,
    processes: "multiprocessing.context.ForkServerContext",
    tmp_path: Path,
    make_embedder: Callable[..., Embedder],
    monkeypatch: pytest.MonkeyPatch,
    part_events: int,
    seed: int,
) -> None:
    monkeypatch.setattr(parts, "PART_EVENTS", part_events)
    monkeypatch.setattr(index, "SYNC_EVERY", 40)
    moments, embedder = random.Random(seed), make_embedder()
    for run in range(RUNS):
        arguments = (str(tmp_path), str(HERE / "hashing.py"), part_events, 100 * seed + run, 10_000 * run)
        _run_until_killed(
            processes.Process(target=kills.write_without_end, args=arguments),
            tmp_path,
            lines=moments.randrange(1, 8),
            then_seconds=moments.uniform(0, 0.05),
        )
        with (
            Database.open(tmp_path / "rhyme.sqlite3") as database,
            EventMemory.open(tmp_path / "memory", database, embedder) as memory,
        ):
            kept = {event.id: event for event in database.every_event()}
            acknowledged_is_kept(tmp_path / "acknowledged", set(kept))
            assert database.check() == []
            chroma_holds_each_event_once(memory, kept)
            recall_equals_brute_force(memory, database, kept, embedder, moments, kills)


def _lines(folder: Path) -> int:
    path = folder / "acknowledged"
    return path.read_text().count("\n") if path.exists() else 0


def _run_until_killed(
    child: "multiprocessing.process.BaseProcess", folder: Path, lines: int, then_seconds: float
) -> None:
    """Starts it and kills it the given time after it has acknowledged that many lines."""
    enough, deadline = _lines(folder) + lines, time.monotonic() + 60
    child.start()
    while _lines(folder) < enough:
        assert child.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    time.sleep(then_seconds)
    child.kill()
    child.join()


def acknowledged_is_kept(path: Path, kept: set[str]) -> None:
    there, either = set[str](), set[str]()
    for line in path.read_text().splitlines():
        sign, names = line[0], set(line[1:].split())
        if sign == "+":
            there |= names
        elif sign == "~":
            there -= names
            either |= names
        else:
            either -= names
    assert there <= kept
    unacknowledged = kept - there - either
    assert len(unacknowledged) <= 27 * RUNS  # at most the batch that each kill cut short


def chroma_holds_each_event_once(memory: EventMemory, kept: dict[str, Event]) -> None:
    held: list[str] = []
    for part in memory._upkeep.parts.all:
        held += memory._upkeep.index.ids(part.collection)
    assert sorted(held) == sorted(name for name, event in kept.items() if event.reaction is not None)


def recall_equals_brute_force(
    memory: EventMemory,
    database: Database,
    kept: dict[str, Event],
    embedder: Embedder,
    rng: random.Random,
    kills: ModuleType,
) -> None:
    vectors = database.get_embeddings(memory._upkeep.identity, list(kept))
    for _ in range(5):
        as_of = kills.START + timedelta(hours=rng.randrange(-1, 1_050))
        query = embedder.embed([" ".join(rng.sample(kills.WORDS, 4))])[0]
        known = [e for e in kept.values() if e.reaction is not None and e.reaction.known_at <= as_of]
        cosines = sorted((round(float(vectors[event.id] @ query), 5) for event in known), reverse=True)
        found = memory.nearest(query, as_of, 10)
        assert len(found) == min(10, len(known))
        assert [cosine for _, cosine in found] == pytest.approx(cosines[:10], abs=2e-5)
        assert len({name for name, _ in found}) == len(found)
        assert {name for name, _ in found} <= {event.id for event in known}
        deep = memory.nearest(query, as_of, len(kept) + 1)
        assert {name for name, _ in deep} == {event.id for event in known}


def test_killed_while_adding_whole_batches_are_kept_and_the_graph_finds_them(
    kills: ModuleType,
    processes: "multiprocessing.context.ForkServerContext",
    tmp_path: Path,
    make_embedder: Callable[..., Embedder],
) -> None:
    moments, embedder = random.Random(7), make_embedder()
    for run in range(3):
        _run_until_killed(
            processes.Process(target=kills.add_tens_without_end, args=(str(tmp_path), str(HERE / "hashing.py"), run)),
            tmp_path,
            lines=moments.randrange(1, 20),
            then_seconds=moments.uniform(0, 0.05),
        )
        with (
            Database.open(tmp_path / "rhyme.sqlite3") as database,
            EventMemory.open(tmp_path / "memory", database, embedder) as memory,
        ):
            kept = {event.id: event for event in database.every_event()}
            assert set((tmp_path / "acknowledged").read_text().split()) <= set(kept), f"run {run}"
            assert len(kept) % 10 == 0  # whole batches
            assert database.check() == []
            recall = memory.recall(
                "Copper output fell", kills.START + timedelta(days=9), len(kept) + 1, min_similarity=0.0
            )
            assert {precedent.event_id for precedent in recall.precedents} == set(kept)
            chroma_holds_each_event_once(memory, kept)
            (part,) = memory._upkeep.parts.all
            names = sorted(kept)
            vectors = database.get_embeddings(memory._upkeep.identity, names)
            found = memory._upkeep.index.nearest(part.collection, np.stack([vectors[name] for name in names]), 3)
            hits = sum(name in near for name, near in zip(names, found, strict=True))
            assert hits >= 0.98 * len(kept)  # the graph is approximate


def test_a_cut_part_is_recalled_through_chroma_as_by_brute_force(
    kills: ModuleType, tmp_path: Path, make_embedder: Callable[..., Embedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts larger than what is asked for, so that Chroma answers."""
    monkeypatch.setattr(parts, "PART_EVENTS", 400)
    rng, embedder = random.Random(5), make_embedder()
    np.testing.assert_equal(embedder.dimensions, 64)
    with (
        Database.open(tmp_path / "rhyme.sqlite3") as database,
        EventMemory.open(tmp_path / "memory", database, embedder) as memory,
    ):
        for start in range(0, 3_000, 300):
            memory.add([kills.event(f"e{start + place}", rng) for place in range(300)])
        assert len(memory._upkeep.parts.all) > 3
        kept = {event.id: event for event in database.every_event()}
        chroma_holds_each_event_once(memory, kept)
        recall_equals_brute_force(memory, database, kept, embedder, rng, kills)
        recall = memory.recall("copper strike mine", kills.START + timedelta(hours=900), 5, min_similarity=0.0)
        assert recall.strategy.startswith("chroma, ")
