"""What a recall answers, and how: two arms, one pool, ranked."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from records.database import Database
from records.event import Precedent
from records.taxonomy import EventType
from records.times import to_epoch
from vectorstore.contrasts import Contrast
from vectorstore.nearest import Near, NearestEvents
from vectorstore.postings import LexicalRanking, search
from vectorstore.ranking import Ask, Candidate, choose
from vectorstore.reasons import why

POOL_FLOOR, POOL_PER_PRECEDENT = 60, 3
"""Candidates taken from each list: three for every precedent asked for leave room for stories, instruments and exclusions,
and 60 is where a reciprocal rank has fallen to half."""

WIDEN = 4
"""So many times more are taken when the pool did not hold k precedents."""

NOTHING_KNOWN = "nothing known yet"


class RecallOptions(TypedDict, total=False):
    """What may be said of the article beside its text, as `EventMemory.recall` explains it; for those who only pass it on."""

    event_type: EventType | None
    tickers: Collection[str]
    published_at: datetime | None
    exclude_story: str | None
    exclude_ids: Collection[str]


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
    min_similarity: float
    """Cosine from which an event counted as a precedent."""
    snapshot: str = ""
    """Of the store that was searched, as `EventMemory.snapshot`."""


Place = tuple[int, int]
"""Shelf and row of an event."""


class Question:
    """One recall: the article, its vector, and the memory as it is now."""

    def __init__(self, nearest: NearestEvents, database: Database, ask: Ask, vector: NDArray[np.float32]) -> None:
        self._nearest = nearest
        self._database = database
        self._ask = ask
        self._vector = vector
        self._as_of = to_epoch(ask.as_of)

    def answer(self, k: int) -> Recall:
        """Widens the pool until k precedents stand or every event similar enough has been looked at."""
        visible = self._nearest.known.visible(self._as_of)
        depth = max(POOL_FLOOR, POOL_PER_PRECEDENT * k)
        while True:
            near = self._nearest.find(self._vector, self._as_of, depth, one_a_story=True)
            lexical = search(self._ask.text, self._nearest.known.shelves(self._as_of), depth)
            chosen = choose(self._candidates(near, lexical), self._ask, k)
            if len(chosen) == k or self._exhausted(near):
                break
            depth = min(visible, depth * WIDEN)
        shared = self._shared([each.event.id for each in chosen], lexical)
        contrast = Contrast(self._ask, lexical.weights)
        precedents = tuple(
            self._precedent(place, each, lexical, contrast, terms)
            for place, (each, terms) in enumerate(zip(chosen, shared, strict=True), start=1)
        )
        status: Literal["found", "no_precedent"] = "found" if precedents else "no_precedent"
        return Recall(precedents, status, visible, f"{near.strategy} + full text", self._ask.min_similarity)

    def _exhausted(self, near: Near) -> bool:
        """Nothing farther can become a precedent."""
        return near.complete or _cut(float(near.similarity[-1])) < self._ask.min_similarity

    def _candidates(self, near: Near, lexical: LexicalRanking) -> list[Candidate]:
        """Both lists joined; what is not similar enough is not even loaded."""
        enough = _uncut(self._ask.min_similarity)
        near_places = list(zip(near.shelf.tolist(), near.row.tolist(), strict=True))
        similarity = dict(zip(near_places, near.similarity.tolist(), strict=True))
        unmeasured = [place for place in lexical.places if place not in similarity]
        similarity.update(zip(unmeasured, self._nearest.similarities(unmeasured, self._vector), strict=True))
        dense = {place: rank for rank, place in enumerate(near_places) if similarity[place] >= enough}
        by_words = {place: rank for rank, place in enumerate(lexical.places) if similarity[place] >= enough}
        wanted = {self._nearest.id_of(*place): place for place in dict.fromkeys((*dense, *by_words))}
        events = self._database.events(list(wanted))
        admitted = [event for event in events if self._ask.admits is None or self._ask.admits(event)]
        held = set(wanted.values()) - {wanted[event.id] for event in admitted}
        if held:  # what may not speak takes no place in a list either
            dense, by_words = _without(held, near_places), _without(held, lexical.places)
        return [
            Candidate(event, _cut(similarity[place]), dense.get(place), by_words.get(place))
            for event in admitted
            for place in [wanted[event.id]]
        ]

    def _precedent(
        self,
        number: int,
        candidate: Candidate,
        lexical: LexicalRanking,
        contrast: Contrast,
        shared_terms: tuple[str, ...],
    ) -> Precedent:
        event, ask = candidate.event, self._ask
        if (
            event.reaction is None or event.reaction.known_at > ask.as_of
        ):  # the promise of this room, kept to the last line
            raise AssertionError(f"event {event.id} was not knowable at {ask.as_of.isoformat()}")
        return Precedent(
            id=f"P{number}",
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
                shared_terms=shared_terms,
                weights=lexical.weights,
                similarity=candidate.similarity,
            ),
            differs=contrast.differs(event),
            reaction=event.reaction,
            source=ask.capped_with(event) if ask.capped_with is not None else None,
        )

    def _shared(self, event_ids: Sequence[str], lexical: LexicalRanking) -> list[tuple[str, ...]]:
        """The words that each has in common with the question; the later copy of an event counts."""
        known = self._nearest.known
        recent, base = known.recent.rows_of(event_ids), known.base.rows_of(event_ids)
        return [
            newer if row >= 0 else older
            for row, newer, older in zip(
                recent.tolist(), lexical.terms_of(1, recent), lexical.terms_of(0, base), strict=True
            )
        ]


def _without(held: Collection[Place], places: Iterable[Place]) -> dict[Place, int]:
    """The rank of each place that is not held."""
    return {place: rank for rank, place in enumerate(place for place in places if place not in held)}


def _uncut(least: float) -> float:
    """From which cosine on the cut one is at least so much."""
    return least if 0 < least <= 1 else math.inf if least > 1 else -math.inf


def _cut(similarity: float) -> float:
    return min(1.0, max(0.0, similarity))
