"""How fast the memory takes in texts that it has to embed, against the embedder called directly."""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from records.database import Database
from records.embedder import Embedder
from records.event import Event
from vectorstore import EventMemory
from vectorstore.starter import DATA, EVENTS_FILE, read_events

ROUNDS = 3
"""The two ways take turns, so that a machine that gets busier slows both."""
TEXTS = 256


def throughput(embedder: Embedder, folder: Path, texts: int = TEXTS) -> dict[str, Any]:
    """Texts a second both ways (medians of the rounds), their ratio, and milliseconds of one question's embedding.

    The texts are the first of the starter events; each round adds them to a new memory under `folder`.
    """
    events = read_events(DATA / EVENTS_FILE)[:texts]
    summaries = [event.summary for event in events]
    embedder.embed(summaries[:8])  # the first call of a runtime plans its memory
    limit, reached = [], []
    for number in range(ROUNDS):
        begun = time.perf_counter()
        embedder.embed(summaries)
        limit.append(len(summaries) / (time.perf_counter() - begun))
        reached.append(_added(embedder, events, folder / f"round-{number}"))
    return {
        "embedder": embedder.name,
        "texts": len(summaries),
        "rounds": ROUNDS,
        "texts_per_second": round(median(reached), 1),
        "limit_texts_per_second": round(median(limit), 1),
        "share": round(median(a / b for a, b in zip(reached, limit, strict=True)), 3),
        "one_text_ms": round(_one_text_ms(embedder, summaries), 2),
    }


def _added(embedder: Embedder, events: Sequence[Event], folder: Path) -> float:
    folder.mkdir(parents=True)
    with (
        Database.open(folder / "rhyme.db") as database,
        EventMemory.open(folder / "events", database, embedder) as memory,
    ):
        begun = time.perf_counter()
        memory.add(events)
        return len(events) / (time.perf_counter() - begun)


def _one_text_ms(embedder: Embedder, summaries: Sequence[str]) -> float:
    taken = []
    for summary in summaries[:50]:
        begun = time.perf_counter()
        embedder.embed([summary])
        taken.append(1_000 * (time.perf_counter() - begun))
    return median(taken)
