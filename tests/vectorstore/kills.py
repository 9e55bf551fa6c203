"""Processes that write to a memory without end, to be killed. In a module of its own, so that a fork server can load it."""

import os
import random
import runpy
from datetime import UTC, datetime, timedelta
from pathlib import Path

from records.database import Database
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType
from vectorstore import index, parts
from vectorstore.memory import EventMemory

START = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = ("copper", "strike", "mine", "union", "refinery", "tariff", "smelter", "output", "export", "nickel", "port")


def event(name: str, rng: random.Random) -> Event:
    """Three words known at one of a thousand hours."""
    known_at = START + timedelta(hours=rng.randrange(1_000))
    reaction = Reaction(
        ticker=rng.choice("ABCDEF") * 3,
        window="one_session",
        session_on=known_at.date(),
        abnormal_return=0.01,
        sigma=0.02,
        z=0.5,
        known_at=known_at,
    )
    return Event(
        id=name,
        summary=f"{' '.join(rng.sample(WORDS, 3))} {name}",
        event_type=EventType.SUPPLY_PRODUCTION,
        published_at=known_at - timedelta(days=1),
        reaction=reaction if rng.random() < 0.9 else None,
    )


def settings(part_events: int) -> None:
    """Small parts and frequent writing of graph files: the dangerous moments come often."""
    parts.PART_EVENTS = part_events
    index.SYNC_EVERY = 40


def write_without_end(folder: str, hashing: str, part_events: int, seed: int, first: int) -> None:
    """Adds, changes and removes; notes in `acknowledged` what was done once it was done: "+ids" or "-ids" a line."""
    settings(part_events)
    rng = random.Random(seed)
    embedder = runpy.run_path(hashing)["HashingEmbedder"]()
    number, mine = first, list[str]()
    with (
        Database.open(Path(folder) / "rhyme.sqlite3") as database,
        EventMemory.open(Path(folder) / "memory", database, embedder, wait_seconds=30) as memory,
        (Path(folder) / "acknowledged").open("a") as told,
    ):
        while True:
            if mine and rng.random() < 0.15:
                gone = rng.sample(mine, min(3, len(mine)))
                told.write(f"~{' '.join(gone)}\n")  # from now on either answer is right
                told.flush()
                memory.remove(gone)
                mine = [name for name in mine if name not in gone]
                told.write(f"-{' '.join(gone)}\n")
            else:
                changed = rng.sample(mine, min(2, len(mine)))
                names = [f"e{number + place}" for place in range(rng.choice((1, 7, 25)))]
                number += len(names)
                memory.add([event(name, rng) for name in [*names, *changed]])
                mine += names
                told.write(f"+{' '.join(names)}\n")
            told.flush()
            os.fsync(told.fileno())


def add_tens_without_end(folder: str, hashing: str, seed: int) -> None:
    """Adds batches of ten to a memory of one part; notes in `acknowledged` the ids of each once it was added."""
    index.SYNC_EVERY = 40
    rng, start = random.Random(seed), START
    embedder = runpy.run_path(hashing)["HashingEmbedder"]()
    reaction = Reaction(
        ticker="ACME",
        window="one_session",
        session_on=start.date(),
        abnormal_return=0.01,
        sigma=0.02,
        z=0.5,
        known_at=start + timedelta(days=1),
    )
    with (
        Database.open(Path(folder) / "rhyme.sqlite3") as database,
        EventMemory.open(Path(folder) / "memory", database, embedder, wait_seconds=30) as memory,
        (Path(folder) / "acknowledged").open("a") as told,
    ):
        while True:
            names = [f"{rng.getrandbits(128):032x}" for _ in range(10)]
            texts = [" ".join(["Copper", *(name[at : at + 3] for at in range(0, 12, 3)), "fell"]) for name in names]
            memory.add(
                [
                    Event(id=name, summary=text, event_type=EventType.GUIDANCE, published_at=start, reaction=reaction)
                    for name, text in zip(names, texts, strict=True)
                ]
            )
            told.write(f"{' '.join(names)}\n")
            told.flush()
            os.fsync(told.fileno())
