"""The ways of finding precedents that are compared. Candidate lists are exact; fusing, weighting and choosing are the product's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from evals.recall.pool import SEED, Pool
from vectorstore.fitted import Weights
from vectorstore.postings import Postings, Shelf, search
from vectorstore.ranking import Ask, Candidate, choose, score

DEPTH = 300
"""Length of each candidate list, if none is named: enough for 200 precedents after stories and companies are thinned out."""
MOST = 200
RANDOM_DAYS = 365
"""Random precedents are drawn from those known within a year before: alike in time, in nothing else."""
NOBODY = -1


@dataclass(frozen=True)
class Lists:
    """The two candidate lists of one query, as places in the pool, best first."""

    query: int
    dense: NDArray[np.int64]
    lexical: NDArray[np.int64]
    cosine: NDArray[np.float32]
    """(n,) to every event of the pool."""


@dataclass(frozen=True)
class Chosen:
    """What one arm answers to n queries."""

    places: NDArray[np.int64]
    """(n, MOST), best first; NOBODY where there are no more."""
    weights: NDArray[np.float64]
    """(n, MOST), what each says in a mean; 0 for NOBODY."""


class Finder:
    """Candidate lists over one pool; the lexical ones are the same for every embedder and found once."""

    def __init__(self, pool: Pool, depth: int = DEPTH) -> None:
        self.pool = pool
        self.depth = depth
        self.postings = Postings.build([pool.events[place].summary for place in pool.order])
        self._lexical: dict[int, NDArray[np.int64]] = {}

    def lexical(self, query: int) -> NDArray[np.int64]:
        """Places of the best by words, as the event memory searches them."""
        if query not in self._lexical:
            shelf = Shelf(self.postings, self.pool.visible(query), None)
            hits = search(self.pool.events[query].summary, [shelf], self.depth).hits
            self._lexical[query] = self.pool.order[np.array([hit.row for hit in hits], dtype=np.int64)]
        return self._lexical[query]

    def lists(self, query: int, matrix: NDArray[np.float32]) -> Lists:
        """Both lists; `matrix`: (n, dimensions) unit rows of the pool."""
        cosine = matrix @ matrix[query]
        theirs = self.pool.order[: self.pool.visible(query)]
        best = np.argsort(-cosine[theirs], kind="stable")[: self.depth]
        return Lists(query, theirs[best], self.lexical(query), cosine)

    def random(self, queries: Sequence[int]) -> Chosen:
        """Equal weights on events that are alike in time only."""
        generator = np.random.default_rng(SEED)
        places = np.full((len(queries), MOST), NOBODY, dtype=np.int64)
        for line, query in enumerate(queries):
            end = self.pool.visible(query)
            since = self.pool.stories.events[query].outcomes_until - timedelta(days=RANDOM_DAYS)
            start = int(np.searchsorted(self.pool.known, since.timestamp()))
            drawn = generator.permutation(np.arange(start, end))[:MOST]
            places[line, : len(drawn)] = self.pool.order[drawn]
        return Chosen(places, (places != NOBODY).astype(np.float64))


SectorOf = Callable[[str], str | None]


def ask_of(pool: Pool, query: int, sector_of: SectorOf, min_similarity: float = 0.0) -> Ask:
    """The question that the product would put for this event."""
    event, story = pool.events[query], pool.stories.events[query]
    return Ask(
        text=event.summary,
        as_of=story.outcomes_until,
        published_at=event.published_at,
        event_type=event.event_type,
        tickers=frozenset(event.tickers),
        exclude_story=event.story_id,
        exclude_ids=pool.own_story(query),
        min_similarity=min_similarity,
        sector=sector_of(event.tickers[0]),
        sector_of=sector_of,
    )


def candidates_of(pool: Pool, lists: Lists, *, dense: bool, lexical: bool) -> list[Candidate]:
    """The union of the lists asked for."""
    by_meaning = {int(place): rank for rank, place in enumerate(lists.dense)} if dense else {}
    by_words = {int(place): rank for rank, place in enumerate(lists.lexical)} if lexical else {}
    return [
        Candidate(
            pool.events[place],
            min(1.0, max(0.0, float(lists.cosine[place]))),
            by_meaning.get(place),
            by_words.get(place),
        )
        for place in dict.fromkeys([*by_meaning, *by_words])
    ]


def answer(
    pool: Pool,
    candidates: Sequence[Sequence[Candidate]],
    asks: Sequence[Ask],
    weights: Weights,
    k: int = MOST,
) -> Chosen:
    """What `ranking.choose` makes of each query's candidates."""
    chosen = [choose(theirs, ask, k, weights) for theirs, ask in zip(candidates, asks, strict=True)]
    return place_all(pool, chosen, asks, weights, k)


def place_all(
    pool: Pool, chosen: Sequence[Sequence[Candidate]], asks: Sequence[Ask], weights: Weights, k: int = MOST
) -> Chosen:
    """Each query's precedents in order, each weighing its own score."""
    place_of = {event.id: place for place, event in enumerate(pool.events)}
    places = np.full((len(asks), k), NOBODY, dtype=np.int64)
    said = np.zeros((len(asks), k))
    for line, (theirs, ask) in enumerate(zip(chosen, asks, strict=True)):
        for column, each in enumerate(theirs):
            places[line, column] = place_of[each.event.id]
            said[line, column] = score(each, ask, weights)
    return Chosen(places, said)
