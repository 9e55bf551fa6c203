"""A process of its own that adds events to a shared memory and recalls at the same time, checking each answer.

Arguments: the server's address, the database file, the memory's folder, the name of the embedder, a letter, how many events.
"""

import runpy
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from records.database import Database
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType
from vectorstore.chroma_place import ServerPlace
from vectorstore.memory import EventMemory

START = datetime(2020, 1, 1, tzinfo=UTC)
BATCH = 40


def _event(letter: str, number: int) -> Event:
    published = START + timedelta(days=number / 10)
    reaction = Reaction(
        ticker=f"T{number}",
        window="one_session",
        session_on=published.date(),
        abnormal_return=0.01,
        sigma=0.02,
        z=0.5,
        known_at=published + timedelta(days=1),
    )
    return Event(
        id=f"{letter}{number}",
        summary=f"word{letter}{number} word{number % 7} copper",
        published_at=published,
        event_type=EventType.GUIDANCE,
        tickers=(f"T{number}",),
        reaction=reaction,
    )


def vector_of(event_id: str) -> NDArray[np.float32]:
    """A direction of its own, so that no two events are equally near."""
    row = np.random.default_rng(list(event_id.encode())).normal(size=64).astype(np.float32)
    return row / np.float32(np.linalg.norm(row))


def main() -> None:
    """Every answer holds the newest event, nothing from the future and nothing twice; whatever the other processes do."""
    url, database, folder, name, letter, count = sys.argv[1:]
    embedder = runpy.run_path(str(Path(__file__).with_name("hashing.py")))["HashingEmbedder"](name)
    events = [_event(letter, number) for number in range(int(count))]
    with (
        Database.open(Path(database)) as opened,
        EventMemory.open(Path(folder), opened, embedder, place=ServerPlace(url)) as memory,
    ):
        for start in range(0, len(events), BATCH):
            batch = events[start : start + BATCH]
            assert memory.add(batch, vectors={each.id: vector_of(each.id) for each in batch}).added == len(batch)
            newest = batch[-1]
            assert newest.reaction is not None
            as_of = newest.reaction.known_at
            near = [event_id for event_id, _ in memory.nearest(vector_of(newest.id), as_of, 8)]
            assert near[0] == newest.id, near
            assert len(set(near)) == 8
            assert all(each.reaction is not None and each.reaction.known_at <= as_of for each in opened.events(near))
            recalled = memory.recall("word3 copper", as_of, 5, min_similarity=0.0).precedents
            assert len({each.event_id for each in recalled}) == 5
            assert all(each.reaction.known_at <= as_of for each in recalled)


if __name__ == "__main__":
    main()
