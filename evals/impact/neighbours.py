"""The most similar past events of many events at once, each as of its own day: exact, in blocks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_all_start_methods, get_context

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from evals.impact.events import Measured

SAME_STORY = timedelta(days=8)
"""A company's events within a week tell one story: none is a precedent of another."""
BLOCK = 256
NOBODY = -1

Similar = Callable[[NDArray[np.int64], int], NDArray[np.float32]]
"""(places of queries, n) → (queries, n) similarities to the first n events of the store's order."""


@dataclass(frozen=True)
class Neighbours:
    """For each query up to K places of past events, most similar first; NOBODY where there are no more."""

    queries: NDArray[np.int64]
    places: NDArray[np.int32]
    """(queries, K)."""
    similarity: NDArray[np.float32]
    """(queries, K), 0 for NOBODY."""


def known_order(data: Measured) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Places of the events by the time their outcome was known, and those times (epoch seconds), ascending."""
    known = np.array([reaction.known_at.timestamp() for reaction in data.reactions])
    order = np.argsort(known, kind="stable")
    return order, known[order]


def nearest(data: Measured, queries: NDArray[np.int64], similar: Similar, k: int, *, workers: int = 2) -> Neighbours:
    """The k most similar events whose outcome was known before the query's day, not of its own story.

    `workers` processes share the blocks where the system can fork; the answer does not depend on their number.
    """
    order, known = known_order(data)
    search = _Search(
        order=order,
        visible=np.searchsorted(
            known, [data.events[place].outcomes_until.timestamp() for place in queries], side="right"
        ),
        tickers=np.unique([event.ticker for event in data.events], return_inverse=True)[1],
        days=np.array([event.day.toordinal() for event in data.events]),
        queries=queries,
        similar=similar,
        k=k,
    )
    starts = range(0, len(queries), BLOCK)
    if workers > 1 and len(starts) > workers and "fork" in get_all_start_methods():
        with _shared(search), get_context("fork").Pool(workers) as pool:
            blocks = pool.map(_block_of_shared, starts, chunksize=1)
    else:
        blocks = [search.block(start) for start in starts]
    if not blocks:
        return Neighbours(queries, np.zeros((0, k), dtype=np.int32), np.zeros((0, k), dtype=np.float32))
    return Neighbours(queries, np.concatenate([one for one, _ in blocks]), np.concatenate([two for _, two in blocks]))


@dataclass(frozen=True)
class _Search:
    order: NDArray[np.int64]
    visible: NDArray[np.int64]
    tickers: NDArray[np.int64]
    days: NDArray[np.int64]
    queries: NDArray[np.int64]
    similar: Similar
    k: int

    def block(self, start: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Places and similarities of one block of queries, (BLOCK, k) each."""
        queries, visible = self.queries[start : start + BLOCK], self.visible[start : start + BLOCK]
        places = np.full((len(queries), self.k), NOBODY, dtype=np.int32)
        similarity = np.zeros((len(queries), self.k), dtype=np.float32)
        reach = int(visible.max(initial=0))
        if not reach:
            return places, similarity
        scores = self.similar(queries, reach)
        for line, query in enumerate(queries):
            theirs = self.order[: int(visible[line])]
            mine = scores[line, : len(theirs)]
            near = self.days[theirs] > self.days[query] - SAME_STORY.days
            mine[near & (self.tickers[theirs] == self.tickers[query])] = 0.0
            best = _best(mine, self.k)
            places[line, : len(best)] = theirs[best]
            similarity[line, : len(best)] = mine[best]
        return places, similarity


_SHARED: list[_Search] = []
"""What forked workers find: a closure over matrices cannot be sent to them."""


@contextmanager
def _shared(search: _Search) -> Iterator[None]:
    _SHARED.append(search)
    try:
        yield
    finally:
        _SHARED.pop()


def _block_of_shared(start: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    return _SHARED[-1].block(start)


def _best(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Places of the k greatest positive scores, greatest first; equal ones in order of place."""
    if len(scores) > k:
        limit = np.partition(scores, len(scores) - k)[len(scores) - k]
        near = np.flatnonzero(scores >= limit)
    else:
        near = np.arange(len(scores))
    near = near[scores[near] > 0]
    return near[np.lexsort((near, -scores[near]))][:k]


def lexical(rows: sparse.csr_matrix, data: Measured) -> Similar:
    """Cosines of TF-IDF rows, (n, terms) over all events of `data`."""
    order, _ = known_order(data)
    stored = rows[order].T.tocsr()

    def similar(queries: NDArray[np.int64], count: int) -> NDArray[np.float32]:
        result: NDArray[np.float32] = (rows[queries] @ stored)[:, :count].toarray()
        return result

    return similar


def dense(matrix: NDArray[np.float32], data: Measured) -> Similar:
    """Cosines of unit vectors, (n, dimensions) over all events of `data`."""
    order, _ = known_order(data)
    stored = np.ascontiguousarray(matrix[order].T)

    def similar(queries: NDArray[np.int64], count: int) -> NDArray[np.float32]:
        return np.asarray(matrix[queries] @ stored[:, :count])

    return similar
