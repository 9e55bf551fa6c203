"""The stored members that new articles are compared with: read once, kept with their sketches while they still stand."""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from threading import Lock

from records.database.stories import StoryRow, StoryShelf
from vectorstore.threads.sketch import Sketch, sketch

CACHED = 4_096
"""Members kept: the last hours of a busy feed, some 20 kB each."""


@dataclass(frozen=True)
class Stored:
    """A member as it is in the database, and as it is compared."""

    row: StoryRow
    sketch: Sketch


class MemberCache:
    """What is kept from one transaction to the next. Safe to use from several threads."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._stored: OrderedDict[int, Stored] = OrderedDict()
        self._placed: OrderedDict[str, Sketch] = OrderedDict()

    def placed(self, new: Sketch) -> None:
        """Spares the sketch of an article that was placed just now, for when it is a member."""
        with self._guard:
            self._placed[new.article.id] = new
            if len(self._placed) > CACHED:
                self._placed.popitem(last=False)

    def known(self, number: int) -> Stored | None:
        """A member as it was last read; it may have been learnt of since."""
        with self._guard:
            found = self._stored.get(number)
            if found is not None:
                self._stored.move_to_end(number)
            return found

    def stored(self, row: StoryRow) -> Stored:
        """A member as it was read now."""
        with self._guard:
            placed = self._placed.pop(row.article.id, None)
        known = Stored(row, placed if placed is not None and _is_of(placed, row) else _sketched(row))
        with self._guard:
            self._stored[row.number] = known
            if len(self._stored) > CACHED:
                self._stored.popitem(last=False)
        return known


class Members:
    """Members within one transaction, which holds the write lock: what was looked at once in it stands to its end."""

    def __init__(self, shelf: StoryShelf, cache: MemberCache) -> None:
        self._shelf = shelf
        self._cache = cache
        self._current: dict[int, Stored] = {}

    def of(self, numbers: Collection[int]) -> dict[int, Stored]:
        """By number."""
        new = [number for number in numbers if number not in self._current]
        known = {number: found for number in new if (found := self._cache.known(number)) is not None}
        for number, stamp in self._shelf.stamps(known).items():
            if known[number].row.stamp == stamp:
                self._current[number] = known[number]
        for number, row in self._shelf.rows([one for one in new if one not in self._current]).items():
            self._current[number] = self._cache.stored(row)
        return {number: self._current[number] for number in numbers}


def _is_of(placed: Sketch, row: StoryRow) -> bool:
    """Whether the sketch of a text says what is kept of it: the article may have been kept before, at another time."""
    return (
        placed.article == row.article
        and placed.tickers == frozenset(row.tickers)
        and placed.event_type == row.event_type
        and placed.vector is None
        and row.vector is None
    )


def _sketched(row: StoryRow) -> Sketch:
    return sketch(row.article, tickers=row.tickers, event_type=row.event_type, vector=row.vector, embedder=row.embedder)
