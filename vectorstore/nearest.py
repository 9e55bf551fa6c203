"""The dense arm: the nearest events among those known at a time. Exact where a part of the index is knowable only in part or
small to look through, by Chroma where it is knowable as a whole; never fewer than asked for while there are as many."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorstore.index import EventIndex
from vectorstore.known import Known
from vectorstore.parts import Parts
from vectorstore.rows import LONE, EventRows

BASE, RECENT = 0, 1
"""The two sets of `Known`, by the place of their shelves."""

WIDEN = 4
"""So many times more are looked at when one story took the places of others."""

LOOK_AROUND_HITS, LOOK_AROUND_ROWS, LOOK_AROUND_KEPT = 10, 400, 64
"""Of the ten nearest that Chroma names, 400 events to either side are looked through, and the 64 nearest kept. At a million events
with bursts of up to 500 copies this found .983 of the ten nearest instead of .965, for 1.5 ms."""

AT_ONCE = 8
"""Parts that a server is asked for at one time."""

SIMILARITY_DIGITS = 6
"""Rounded to what float32 sums agree on whatever the order of adding: a scan and an index then rank alike."""


@dataclass(frozen=True)
class Near:
    """Events in order of similarity. Row numbers are those of the set."""

    shelf: NDArray[np.int64]
    """(n,) BASE or RECENT."""
    row: NDArray[np.int64]
    """(n,)"""
    similarity: NDArray[np.float64]
    """(n,) cosine, greatest first; of equal ones the event known later first."""
    complete: bool
    """Whether every knowable event is here."""
    strategy: str
    """How they were searched, for the curious and for tests."""

    def __len__(self) -> int:
        return len(self.row)

    def first(self, depth: int) -> "Near":
        """The nearest of them."""
        complete = self.complete and len(self) <= depth
        return Near(self.shelf[:depth], self.row[:depth], self.similarity[:depth], complete, self.strategy)


class NearestEvents:
    """Of one state of the memory."""

    def __init__(self, known: Known, parts: Parts, index: EventIndex) -> None:
        self.known = known
        self._parts = parts
        self._index = index

    def find(self, vector: NDArray[np.float32], as_of: int, depth: int, *, one_a_story: bool = False) -> Near:
        """Up to `depth` events known at `as_of` (epoch microseconds) nearest to the unit vector. `one_a_story`: of each
        story the nearest alone."""
        visible = self.known.visible(as_of)
        depth = min(depth, visible)
        if depth <= 0:
            none = np.zeros(0, dtype=np.int64)
            return Near(none, none, np.zeros(0), complete=True, strategy="nothing known yet")
        reach = depth
        while True:
            near = self._within(vector, as_of, reach, one_a_story=one_a_story)
            if near.complete or len(near) >= depth:
                return near.first(depth)
            reach = min(visible, reach * WIDEN)

    def _within(self, vector: NDArray[np.float32], as_of: int, reach: int, *, one_a_story: bool) -> Near:
        """The nearest `reach` of every part together, or all of them by story."""
        visible, recent = self.known.visible(as_of), np.arange(self.known.recent.visible(as_of))
        rows, asked, scanned = self._candidates(vector, as_of, reach)
        if len(rows) + len(recent) < reach:  # the graph is approximate, and a part may be in the making
            rows, asked, scanned = self._living(self.known.base.visible(as_of)), 0, visible
        shelf, row = np.repeat([BASE, RECENT], [len(rows), len(recent)]), np.concatenate([rows, recent])
        similarity = np.concatenate(
            [_cosines(self.known.base, rows, vector), _cosines(self.known.recent, recent, vector)]
        )
        known_at = np.concatenate([self.known.base.known_at[rows], self.known.recent.known_at[recent]])
        order = _order(similarity, known_at, len(row) if one_a_story else reach)
        if one_a_story:
            order = order[_firsts(self._stories(shelf[order], row[order]))]
        return Near(
            shelf[order], row[order], similarity[order], len(row) == visible, _strategy(asked, scanned + len(recent))
        )

    def similarities(self, places: Sequence[tuple[int, int]], vector: NDArray[np.float32]) -> list[float]:
        """Cosine with each event; `places`: (shelf, row)."""
        found = [0.0] * len(places)
        for shelf in (BASE, RECENT):
            here = [number for number, place in enumerate(places) if place[0] == shelf]
            rows = np.array([places[number][1] for number in here], dtype=np.int64)
            for number, cosine in zip(here, _cosines(self._set(shelf), rows, vector).tolist(), strict=True):
                found[number] = cosine
        return found

    def id_of(self, shelf: int, row: int) -> str:
        """The event's id."""
        return self._set(shelf).id_of(row)

    def _set(self, shelf: int) -> EventRows:
        return self.known.base if shelf == BASE else self.known.recent

    def _candidates(self, vector: NDArray[np.float32], as_of: int, depth: int) -> tuple[NDArray[np.int64], int, int]:
        """Rows of `base` that hold its nearest, parts asked, events looked through."""
        base, found, scanned = self.known.base, [np.zeros(0, dtype=np.int64)], 0
        asked: list[tuple[str, int, int, int]] = []
        for part in self._parts.all:
            until = self._parts.until(part)
            start = base.starting(part.known_from)
            end = base.starting(until) if until is not None else len(base)
            seen = min(end, base.visible(as_of))
            wanted = depth + (int(self.known.dead[start:end].sum()) if self.known.any_dead else 0)
            if seen <= start:
                continue
            if seen < end or not self._answers(part.known_from, until, as_of, wanted):
                found.append(_best_of(base, start, seen, vector, wanted))
                scanned += seen - start
            elif wanted < end - start:
                asked.append((part.collection, wanted, start, end))
            else:
                found.append(np.arange(start, end))
        rows = np.concatenate([*found, *self._asked(asked, vector)])
        return rows[~self.known.dead[rows]] if self.known.any_dead else rows, len(asked), scanned

    def _asked(
        self, parts: Sequence[tuple[str, int, int, int]], vector: NDArray[np.float32]
    ) -> list[NDArray[np.int64]]:
        """For each (collection, how many, first row, end of its rows) the rows that Chroma names. A server is asked for
        several at once: most of the time goes on the way."""

        def ask(part: tuple[str, int, int, int]) -> NDArray[np.int64]:
            collection, wanted, start, end = part
            rows = self.known.base.rows_of(self._index.nearest(collection, vector[None, :], wanted)[0])
            return np.unique(rows[(rows >= start) & (rows < end)])

        if not self._index.place.shared or len(parts) < 2:
            return [ask(part) for part in parts]
        with ThreadPoolExecutor(min(len(parts), AT_ONCE)) as threads:
            return list(threads.map(ask, parts))

    def _around(self, rows: NDArray[np.int64], vector: NDArray[np.float32], visible: int) -> NDArray[np.int64]:
        """What was known just before and after the nearest few. A story comes in a burst of copies, and a graph loses some of
        many that are nearly the same; but they lie side by side in time."""
        best = np.sort(rows[np.argsort(-(self.known.base.vectors[rows] @ vector))[:LOOK_AROUND_HITS]])
        around, end = [best], 0
        for row in best.tolist():
            start, end = max(end, row - LOOK_AROUND_ROWS), min(visible, row + LOOK_AROUND_ROWS + 1)
            if start < end:
                around.append(_best_of(self.known.base, start, end, vector, LOOK_AROUND_KEPT))
        return np.concatenate(around)

    def _answers(self, known_from: int, until: int | None, as_of: int, wanted: int) -> bool:
        """Whether Chroma may be asked for so many of a part that is known as a whole."""
        most = self._index.most_results
        return (most is None or wanted <= most) and self._all_recent_known(known_from, until, as_of)

    def _all_recent_known(self, known_from: int, until: int | None, as_of: int) -> bool:
        """Else Chroma's answer from the part would hold events of the future in the place of others."""
        recent = self.known.recent
        end = recent.starting(until) if until is not None else len(recent)
        return recent.visible(as_of) >= end or end == recent.starting(known_from)

    def _living(self, end: int) -> NDArray[np.int64]:
        return np.flatnonzero(~self.known.dead[:end])

    def _stories(self, shelf: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.int64]:
        """A code for each event's story; events that are a story of their own get one each."""
        codes = np.empty(len(row), dtype=np.int64)
        for number, rows in ((BASE, self.known.base), (RECENT, self.known.recent)):
            here = shelf == number
            codes[here] = rows.story[row[here]]
        lone = codes == LONE
        codes[lone] = -np.arange(1, lone.sum() + 1)
        return codes


def _best_of(rows: EventRows, start: int, end: int, vector: NDArray[np.float32], depth: int) -> NDArray[np.int64]:
    """The `depth` nearest of a stretch, and all that equal the last of them."""
    similarity = rows.vectors[start:end] @ vector
    if depth >= len(similarity):
        return np.arange(start, end)
    limit = np.partition(similarity, len(similarity) - depth)[len(similarity) - depth]
    return np.flatnonzero(similarity >= limit - 10**-SIMILARITY_DIGITS) + start


def _cosines(rows: EventRows, places: NDArray[np.int64], vector: NDArray[np.float32]) -> NDArray[np.float64]:
    if not len(places):
        return np.zeros(0)
    cosines: NDArray[np.float64] = (rows.vectors[places] @ vector).astype(np.float64)
    return np.round(cosines, SIMILARITY_DIGITS)


def _order(similarity: NDArray[np.float64], known_at: NDArray[np.int64], depth: int) -> NDArray[np.int64]:
    """Places of the `depth` greatest, greatest first; of equal ones the event known later."""
    if depth < len(similarity):
        limit = np.partition(similarity, len(similarity) - depth)[len(similarity) - depth]
        near = np.flatnonzero(similarity >= limit)
    else:
        near = np.arange(len(similarity))
    return near[np.lexsort((near, -known_at[near], -similarity[near]))][:depth]


def _firsts(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of the first of each code, in order."""
    return np.sort(np.unique(codes, return_index=True)[1])


def _strategy(asked: int, scanned: int) -> str:
    return f"chroma, {asked} parts; exact scan of {scanned}" if asked else f"exact scan of {scanned}"
