"""Rhyme's own memory in the benchmark: adding in one process, reopening and answering in another."""

import resource
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.memory.corpus import Corpus, Say
from evals.memory.memory_use import disk_mb, growth_mb, memory_use
from evals.memory.questions import Question
from evals.memory.scoring import answers, hybrid_levels, levels
from evals.memory.synthetic import CHUNK, World, row_of
from evals.memory.table_embedder import TableEmbedder
from evals.memory.truth import MIN_SIMILARITY, TOP
from records.database import Database
from vectorstore import EventMemory, Recall

DATABASE, INDEX = "rhyme.db", "events"


def add(corpus: Corpus, store: Path, say: Say) -> dict[str, Any]:
    """Fills a new store in chunks, the vectors given. Only `EventMemory.add` is timed."""
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir(parents=True)
    world = World(corpus.events, corpus.seed)
    rates = []
    seconds = cpu_seconds = 0.0
    with (
        Database.open(store / DATABASE) as database,
        EventMemory.open(store / INDEX, database, TableEmbedder(corpus)) as memory,
    ):
        for start in range(0, corpus.events, CHUNK):
            events = world.chunk_events(start)
            vectors = {event.id: row for event, row in zip(events, corpus.vectors[start : start + CHUNK], strict=True)}
            cpu_begun, begun = time.process_time(), time.perf_counter()
            memory.add(events, vectors=vectors)
            taken = time.perf_counter() - begun
            seconds += taken
            cpu_seconds += time.process_time() - cpu_begun
            rates.append(len(events) / taken)
            say(f"Rhyme: {start + len(events):,} of {corpus.events:,} added, {rates[-1]:,.0f} a second")
    return {
        "add_per_second": round(corpus.events / seconds, 1),
        "add_per_cpu_second": round(corpus.events / cpu_seconds, 1),
        "add_per_second_first": round(rates[0], 1),
        "add_per_second_last": round(rates[-1], 1),
        "add_peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1),
    }


def answer(corpus: Corpus, store: Path, say: Say) -> dict[str, Any]:
    """Reopens the store in this fresh process and asks everything twice: the dense arm alone, then the whole recall."""
    embedder = TableEmbedder(corpus)
    first, before = corpus.questions.asked[0], memory_use()
    cpu_begun, begun = time.process_time(), time.perf_counter()
    with (
        Database.open(store / DATABASE) as database,
        EventMemory.open(store / INDEX, database, embedder) as memory,
    ):
        opened = time.perf_counter() - begun
        _recall(memory, first)
        reopened, reopened_cpu = time.perf_counter() - begun, time.process_time() - cpu_begun
        after_first = memory_use()
        say("Rhyme: the dense arm …")
        dense = answers(lambda question, vector: _nearest(memory, question, vector), corpus.questions)
        say("Rhyme: the whole recall …")
        whole = answers(lambda question, _: _rows(_recall(memory, question)), corpus.questions)
        growth = growth_mb(before, memory_use())
    return {
        "selectivity": levels(dense, corpus.questions, corpus.truth, corpus.vectors),
        "hybrid": hybrid_levels(whole, corpus.questions, corpus.truth),
        **growth,
        "memory_after_first_recall_mb": growth_mb(before, after_first)["memory_mb"],
        "disk_mb": disk_mb(store),  # now: the first opening after an add may write what later ones read
        "open_seconds": round(opened, 3),
        "reopen_seconds": round(reopened, 3),
        "reopen_cpu_seconds": round(reopened_cpu, 3),
    }


def _nearest(memory: EventMemory, question: Question, vector: NDArray[np.float32]) -> Sequence[int]:
    return [row_of(identity) for identity, _ in memory.nearest(vector, question.as_of, TOP)]


def _recall(memory: EventMemory, question: Question) -> Recall:
    return memory.recall(
        question.text,
        question.as_of,
        TOP,
        event_type=question.event_type,
        tickers=(question.ticker,),
        min_similarity=MIN_SIMILARITY,
    )


def _rows(recall: Recall) -> Sequence[int]:
    return [row_of(precedent.event_id) for precedent in recall.precedents]


def per_event(figures: Mapping[str, Any], events: int) -> dict[str, float | None]:
    """Bytes of memory and disk an event."""
    return {
        "bytes_per_event_memory": round(1e6 * figures["memory_mb"] / events, 1),
        "bytes_per_event_disk": round(1e6 * figures["disk_mb"] / events, 1),
    }
