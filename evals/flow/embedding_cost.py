"""What embedding took of a run's processor time: the run's own texts embedded once more, one at a time as the run did."""

import time
from dataclasses import dataclass

from agent.analyze import event_of, recall_text
from records.analysis import Analysis
from records.database import Database
from records.embedder import Embedder

SAMPLE = 150
"""Texts embedded to know the time of one."""


@dataclass(frozen=True)
class EmbeddingCost:
    """Processor time of embedding."""

    texts: int
    """Embedded by the run: the questions to the memory and the events, each text once, however often it came."""
    cpu_ms_per_text: float

    @property
    def cpu_seconds(self) -> float:
        """Of the whole run."""
        return self.texts * self.cpu_ms_per_text / 1_000


def embedding_cost(database: Database, embedder: Embedder) -> EmbeddingCost:
    """Of the analyses in the database. Raises StoreError, ModelError."""
    ids = [line.id for line in database.recent_analyses(limit=10_000_000)]
    texts: set[str] = set()
    sample: list[str] = []
    for one in ids:
        analysis = database.load_analysis(one)
        asked = _asked(analysis)
        texts |= asked
        if asked and len(sample) < SAMPLE:
            sample.append(recall_text(analysis.article, analysis.reading))
    if not sample:
        return EmbeddingCost(0, 0.0)
    embedder.embed(sample[:1])
    before = time.process_time()
    for text in sample:
        embedder.embed([text])
    return EmbeddingCost(len(texts), 1_000 * (time.process_time() - before) / len(sample))


def _asked(analysis: Analysis) -> set[str]:
    """Texts embedded for it: a worker's embedder remembers the question when it comes to the event."""
    event = event_of(analysis)
    asked = {event.summary} if event is not None else set()
    if analysis.precedent_status in ("found", "no_precedent"):
        asked.add(recall_text(analysis.article, analysis.reading))
    return asked
