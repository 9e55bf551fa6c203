"""What a recall answers, and its dense arm: nearest vectors among the events knowable at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from records.database import Database, KnownVectors, LexicalResult
from records.event import Precedent
from records.times import to_epoch
from vectorstore.index import EventIndex
from vectorstore.ranking import Ask, Candidate, choose, places
from vectorstore.reasons import why

POOL_FLOOR, POOL_PER_PRECEDENT = 60, 3
"""Candidates taken from each list: three for every precedent asked for leave room for stories, instruments and exclusions,
and 60 is where a reciprocal rank has fallen to half."""

WIDE_SHARE = 0.5
"""From this share of knowable events on, asking Chroma for more and dropping the unknowable beats a scan (measured at 100k
events: 3.8 ms against 5.8 at a share of .9; 14 ms against 0.2 at .1)."""

SPARE = 1.5
"""Asked for beyond the expected need: neighbours of one article cluster in time."""


@dataclass(frozen=True)
class Recall:
    """The precedents of one article as of one time."""

    precedents: tuple[Precedent, ...]
    """Best first, P1 to Pk."""
    status: Literal["found", "no_precedent"]
    searched: int
    """Events whose reaction was known at as_of."""
    strategy: str
    """How the vectors were searched, for the curious and for tests."""


SIMILARITY_DIGITS = 6
"""Rounded to what float32 sums agree on whatever the order of adding: a scan and an index then rank alike."""

NOTHING_KNOWN = "nothing known yet"


class Snapshot:
    """The vectors of one state of the store, and recalls from it. All of them in memory: 4 bytes a number, 1.5 kB an event
    of 384 dimensions."""

    def __init__(self, known: KnownVectors, held: int) -> None:
        """`held`: vectors in the index, those of events without a reaction included."""
        self.known = known
        self.held = held
        self._row_of = places(known.event_ids)

    def visible(self, as_of: datetime) -> int:
        """How many events had a known reaction: they are the first rows. Raises ValueError for a naive time."""
        return int(np.searchsorted(self.known.known_at, to_epoch(as_of), side="right"))

    def recall(self, database: Database, index: EventIndex, ask: Ask, vector: NDArray[np.float32], k: int) -> Recall:
        """Widens the pool until k precedents stand or every event similar enough has been looked at."""
        visible = self.visible(ask.as_of)
        if visible == 0 or k <= 0:
            return Recall((), "no_precedent", visible, NOTHING_KNOWN)
        depth = max(POOL_FLOOR, POOL_PER_PRECEDENT * k)
        chosen: list[Candidate] = []
        while True:
            rows, strategy = self.nearest(index, vector, visible, depth)
            lexical = database.lexical_search(ask.text, ask.as_of, depth)
            candidates = self._candidates(database, rows, ask, vector, lexical)
            chosen = choose(candidates, ask, k)
            exhausted = depth >= visible or self._similarity(rows[-1], vector) < ask.min_similarity
            if len(chosen) == k or exhausted:
                break
            depth = min(visible, depth * 4)
        precedents = tuple(_precedent(place, each, ask, lexical) for place, each in enumerate(chosen, start=1))
        return Recall(precedents, "found" if precedents else "no_precedent", visible, f"{strategy} + full text")

    def nearest(
        self, index: EventIndex, vector: NDArray[np.float32], visible: int, depth: int
    ) -> tuple[list[int], str]:
        """Up to `depth` rows below `visible`, most similar first (equal: the later known), and how they were found."""
        depth = min(depth, visible)
        share = visible / self.held
        if share >= WIDE_SHARE and depth < visible:
            wanted = int(depth / share * SPARE) + 1
            found = (self._row_of.get(event_id, visible) for event_id in index.nearest(vector[None, :], wanted)[0])
            rows = np.array(sorted(row for row in found if row < visible), dtype=np.int64)
            if len(rows) >= depth:
                best = _best(self.known.matrix[rows] @ vector, depth)
                return [int(row) for row in rows[best]], f"chroma, {wanted} nearest of {self.held}"
        best = _best(self.known.matrix[:visible] @ vector, depth)
        return [int(row) for row in best], f"exact scan of {visible}"

    def _similarity(self, row: int, vector: NDArray[np.float32]) -> float:
        return min(1.0, max(0.0, round(float(self.known.matrix[row] @ vector), SIMILARITY_DIGITS)))

    def _candidates(
        self, database: Database, rows: list[int], ask: Ask, vector: NDArray[np.float32], lexical: LexicalResult
    ) -> list[Candidate]:
        """Both lists joined; what is unknown at as_of or not similar enough is not even loaded."""
        dense = places([self.known.event_ids[row] for row in rows])
        by_words = places([hit.event_id for hit in lexical.hits])
        visible, similarities = self.visible(ask.as_of), dict[str, float]()
        for event_id in [*dense, *by_words]:
            row = self._row_of.get(event_id, visible)
            if row < visible and self._similarity(row, vector) >= ask.min_similarity:
                similarities[event_id] = self._similarity(row, vector)
        return [
            Candidate(event, similarities[event.id], dense.get(event.id), by_words.get(event.id))
            for event in database.events(list(similarities))
        ]


def _best(similarities: NDArray[np.float32], depth: int) -> NDArray[np.int64]:
    """Places of the `depth` greatest, greatest first; of equal ones the later, which is the event known later."""
    distances = -np.round(similarities, SIMILARITY_DIGITS)
    limit = np.partition(distances, depth - 1)[depth - 1]
    near = np.flatnonzero(distances <= limit)
    return near[np.lexsort((-near, distances[near]))][:depth]


def _precedent(place: int, candidate: Candidate, ask: Ask, lexical: LexicalResult) -> Precedent:
    event = candidate.event
    if event.reaction is None or event.reaction.known_at > ask.as_of:  # the promise of this room, kept to the last line
        raise AssertionError(f"event {event.id} was not knowable at {ask.as_of.isoformat()}")
    return Precedent(
        id=f"P{place}",
        event_id=event.id,
        summary=event.summary,
        event_type=event.event_type,
        tickers=event.tickers,
        published_at=event.published_at,
        similarity=candidate.similarity,
        why=why(
            event,
            query=ask.text,
            event_type=ask.event_type,
            tickers=sorted(ask.tickers),
            shared_terms=lexical.terms_by_event.get(event.id, ()),
            weights=lexical.weights,
            similarity=candidate.similarity,
        ),
        reaction=event.reaction,
    )
