"""How the index is cut by time, and what is written to which part.

A part holds the events whose reaction became known in one stretch of time. Of a question as of some time every earlier part is
knowable as a whole, and is asked without any filter; only the part that the time falls into must be looked through. Chroma's
own filter costs 6 seconds among half a million events where it keeps nine in ten; without it a part answers in 1.4 ms.
"""

import secrets
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from records.database import Database, EmbedderIdentity, IndexPart
from vectorstore.index import EventIndex, PartGone, collection_prefix

PART_EVENTS = 200_000
"""Events of a part. Asking one costs about 3 ms, a larger one hardly more; looking through one costs a tenth of a millisecond per
thousand events. At a million events parts of 65,536 took 46 ms where all or nearly all was known: fifteen graphs to ask."""

BEGINNING = -(2**62)
"""Before every time there is: where the first part starts."""

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Contents:
    """The ids of one part, as three see it."""

    expected: set[str]
    """Of embedded events whose reaction became known in its time."""
    marked: set[str]
    """Of those the database has noted as given to it."""
    held: set[str]
    """Of those that Chroma has."""


class Parts:
    """The parts of one embedder's index: which there are, and writing to them. The database says which parts there are, so
    that several processes agree; one that finds a part gone reads them again."""

    def __init__(self, database: Database, index: EventIndex, embedder: EmbedderIdentity) -> None:
        self._database = database
        self._index = index
        self._embedder = embedder
        self.all: tuple[IndexPart, ...] = ()
        """In order of time; the first starts at BEGINNING."""
        self._ids: dict[str, str] = {}  # collection → Chroma's id of it

    def load_present(self) -> tuple[IndexPart, ...]:
        """Reads the parts from the database and makes nothing; returns those whose collection Chroma has not got."""
        self.all, present = self._database.index_parts(self._embedder), self._index.names()
        self._ids = {p.collection: self._index.create(p.collection) for p in self.all if p.collection in present}
        return tuple(part for part in self.all if part.collection not in present)

    def load(self) -> None:
        """Reads the parts from the database, the first time makes one, and sees that Chroma has their collections."""
        parts = self._database.index_parts(self._embedder)
        if not parts:
            self._database.replace_index_parts(self._embedder, [], [self._named(BEGINNING)])
            parts = self._database.index_parts(self._embedder)
        self._ids = {part.collection: self._index.create(part.collection) for part in parts}
        self.all = parts

    def until(self, part: IndexPart) -> int | None:
        """Where the next part starts; None: this is the last."""
        place = self.all.index(part)
        return self.all[place + 1].known_from if place + 1 < len(self.all) else None

    def of(self, known_at: int) -> IndexPart:
        """The part of events known at that time."""
        return self.all[bisect_right([part.known_from for part in self.all], known_at) - 1]

    def catch_up(self, on_progress: OnProgress | None = None, most: int | None = None) -> int:
        """Gives Chroma what it is not marked to hold, the earliest first; returns how many, `most` at most. Another process
        may cut a part meanwhile."""
        done = 0
        while True:
            waiting = self._database.waiting_for_index(self._embedder, list(self._ids.values()))
            waiting = waiting if most is None else waiting[: most - done]
            if not waiting:
                return done
            try:
                done += self._hand_over(waiting, on_progress)
            except PartGone:
                self.load()

    def strays(self, part: IndexPart) -> set[str]:
        """Ids that Chroma holds in the part and the database does not mark as there."""
        marked = self._database.events_indexed(self._embedder, self._ids[part.collection])
        return self._index.ids(part.collection) - marked

    def contents(self, part: IndexPart) -> "Contents":
        """Read in the order in which a writer's unfinished work looks least like a difference."""
        marked = self._database.events_indexed(self._embedder, self._ids[part.collection])
        held = self._index.ids(part.collection)
        listed = self._database.known_between(self._embedder, part.known_from, self.until(part))
        return Contents({event_id for event_id, _ in listed}, marked, held)

    def marked(self, part: IndexPart) -> int:
        """Events that the database marks as held by the part."""
        return self._database.count_indexed(self._embedder, self._ids[part.collection])

    def sample(self, part: IndexPart, size: int) -> list[str]:
        """Ids of events marked as held by the part, spread evenly."""
        return self._database.sample_indexed(self._embedder, self._ids[part.collection], size)

    def put(self, part: IndexPart, event_ids: Sequence[str]) -> None:
        """Writes these events' vectors into the part, in place of what it holds of them."""
        self._put(part, [(event_id, 0) for event_id in event_ids], 0, len(event_ids), None)

    def unmark(self, part: IndexPart, event_ids: Sequence[str]) -> None:
        """Notes that the part does not hold them; those that another one holds stay noted there."""
        marked = self._database.events_indexed(self._embedder, self._ids[part.collection])
        self._database.mark_indexed(self._embedder, sorted(marked.intersection(event_ids)), None)

    def refill(self, part: IndexPart) -> None:
        """Puts newly filled collections in the place of a damaged one."""
        listed = self._database.known_between(self._embedder, part.known_from, self.until(part))
        self._put_in_place(part, self._cut(part.known_from, listed))
        self._index.settle()

    def take_away(self, event_ids: Sequence[str]) -> None:
        """Removes from whichever part holds them."""
        for part in self.all:
            with self._index.writing(part.collection):
                self._index.delete(part.collection, event_ids)

    def fill_anew(self, index: EventIndex, on_progress: OnProgress | None = None) -> None:
        """Writes everything into an empty index, cut evenly, and makes its parts the ones in force."""
        listed = self._database.known_between(self._embedder, BEGINNING, None)
        cut, former = self._cut(BEGINNING, listed), self._database.index_parts(self._embedder)
        done, ids = 0, dict[str, str]()
        for part, events in cut:
            ids[part.collection] = index.create(part.collection)
            done = self._write(index, part, events, (done, len(listed)), on_progress)
        self._database.replace_index_parts(self._embedder, former, [part for part, _ in cut])
        for part, events in cut:
            self._database.mark_indexed(self._embedder, events, ids[part.collection])

    def _hand_over(self, waiting: Sequence[tuple[str, int]], on_progress: OnProgress | None) -> int:
        done = 0
        while done < len(waiting):
            known_at = waiting[done][1]
            part, room, latest = self._room_for(self.of(known_at), known_at)
            until = self.until(part)
            end = done + room if until is None else min(done + room, bisect_left(waiting, until, key=itemgetter(1)))
            end = end if latest is None else min(end, bisect_right(waiting, latest, key=itemgetter(1)))
            done = self._put(part, waiting[done:end], done, len(waiting), on_progress)
        return done

    def _put(
        self,
        part: IndexPart,
        events: Sequence[tuple[str, int]],
        done: int,
        total: int,
        on_progress: OnProgress | None,
    ) -> int:
        ids_of_events = [event_id for event_id, _ in events]
        with self._index.writing(part.collection):
            for ids, vectors in self._database.vector_batches(self._embedder, ids_of_events, self._index.batch):
                self._index.upsert(part.collection, ids, vectors)
                self._database.mark_indexed(self._embedder, ids, self._ids[part.collection])
                if on_progress is not None:
                    on_progress(min(done + len(ids), total), total)
        return done + len(events)

    def _room_for(self, part: IndexPart, known_at: int) -> tuple[IndexPart, int, int | None]:
        """Where an event known at that time goes, how many more go there, and the latest of those if there is one. A new last
        part, when the last is full and all in it was known earlier; a part grown to twice its size is cut first."""
        held, latest = self.marked(part), None
        if part == self.all[-1] and held >= PART_EVENTS:
            newest = self._database.newest_indexed(self._embedder, self._ids[part.collection])
            if newest is not None and newest < known_at:
                self._database.replace_index_parts(self._embedder, [], [self._named(known_at)])
                self.load()
                return self.of(known_at), PART_EVENTS, None
            latest = newest  # a full part still takes what was known before its end
        if held >= 2 * PART_EVENTS:
            if not self._split(part):
                return part, PART_EVENTS, None
            return self._room_for(self.of(known_at), known_at)
        return part, PART_EVENTS - held if held < PART_EVENTS else 2 * PART_EVENTS - held, latest

    def _split(self, part: IndexPart) -> bool:
        """Puts evenly cut parts in the place of one. False when it cannot be cut: all in it was known at one moment."""
        listed = self._database.known_between(self._embedder, part.known_from, self.until(part))
        cut = self._cut(part.known_from, listed)
        if len(cut) > 1:
            self._put_in_place(part, cut)
        return len(cut) > 1

    def _put_in_place(self, part: IndexPart, cut: Sequence[tuple[IndexPart, list[str]]]) -> None:
        """Until the new ones are complete the old one serves."""
        total, ids = sum(len(events) for _, events in cut), dict[str, str]()
        for new, events in cut:
            ids[new.collection] = self._index.create(new.collection)
            self._write(self._index, new, events, (0, total), None)
        if not self._database.replace_index_parts(self._embedder, [part], [new for new, _ in cut]):
            for new, _ in cut:  # another process was faster
                self._index.drop(new.collection)
        else:
            for new, events in cut:
                self._database.mark_indexed(self._embedder, events, ids[new.collection])
            self._index.drop(part.collection)
        self.load()

    def _cut(self, known_from: int, listed: Sequence[tuple[str, int]]) -> list[tuple[IndexPart, list[str]]]:
        """Parts of PART_EVENTS, each beginning where the time changes, with their events. `listed`: by time."""
        starts = [0]
        for place in range(1, len(listed)):
            if place - starts[-1] >= PART_EVENTS and listed[place][1] > listed[place - 1][1]:
                starts.append(place)
        edges = [*starts, len(listed)]
        return [
            (self._named(known_from if start == 0 else listed[start][1]), [each[0] for each in listed[start:end]])
            for start, end in zip(starts, edges[1:], strict=True)
        ]

    def _write(
        self,
        index: EventIndex,
        part: IndexPart,
        events: Sequence[str],
        progress: tuple[int, int],
        on_progress: OnProgress | None,
    ) -> int:
        done, total = progress
        with index.writing(part.collection):
            for ids, vectors in self._database.vector_batches(self._embedder, events, index.batch):
                index.upsert(part.collection, ids, vectors)
                done += len(ids)
                if on_progress is not None:
                    on_progress(done, total)
        return done

    def _named(self, known_from: int) -> IndexPart:
        return IndexPart(known_from, f"{collection_prefix(self._embedder)}{secrets.token_hex(6)}")
