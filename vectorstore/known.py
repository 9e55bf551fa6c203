"""Which events can be recalled, kept in step with the database: a large unchanging set on disk, and what is newer in memory."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from records.database import ChangedEvent, Database, EmbedderIdentity
from records.errors import StoreCorrupt
from vectorstore.postings import Shelf
from vectorstore.rows import EventRows

COMPACT_FLOOR, COMPACT_SHARE = 5_000, 10
"""The set on disk is written anew when what is newer exceeds 5,000 events and a tenth of it: seldom, and a start reads little."""

READ_BATCH = 20_000
SAMPLE = 64
"""Rows compared with the database at opening."""
ROUNDING = 1e-5
"""Of float32, between a vector read alone and the same read among others."""

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Known:
    """The recallable events at one revision of the database: `base`, less its `dead` rows, and `recent`."""

    base: EventRows
    recent: EventRows
    dead: NDArray[np.bool_]
    """(len(base),) replaced by a row of `recent`, or gone."""
    revision: int

    def __len__(self) -> int:
        return len(self.base) - int(self.dead.sum()) + len(self.recent)

    @cached_property
    def any_dead(self) -> bool:
        """Whether any row of `base` does not count."""
        return bool(self.dead.any())

    @property
    def dimensions(self) -> int:
        """Of the vectors."""
        return int(self.base.vectors.shape[1])

    def visible(self, as_of: int) -> int:
        """How many were known at `as_of` (epoch microseconds)."""
        rows = self.base.visible(as_of)
        dead = int(self.dead[:rows].sum()) if self.any_dead else 0
        return rows - dead + self.recent.visible(as_of)

    def shelves(self, as_of: int) -> list[Shelf]:
        """For full text: 0 is `base`, 1 is `recent`."""
        dead = self.dead if self.any_dead else None
        return [
            Shelf(self.base.postings, self.base.visible(as_of), dead),
            Shelf(self.recent.postings, self.recent.visible(as_of), None),
        ]


class KnownEvents:
    """The recallable events of one database and embedder, in a folder. One user of the folder at a time; see `refresh`."""

    def __init__(self, directory: Path, database: Database, embedder: EmbedderIdentity) -> None:
        self._directory = directory
        self._database = database
        self._embedder = embedder
        self._newer: dict[str, ChangedEvent] = {}
        self._gone: set[str] = set()
        self._known: Known | None = None

    def refresh(self, revision: int | None = None, on_progress: OnProgress | None = None) -> Known:
        """The events as the database has them at `revision` (None: now) or later; costs next to nothing when nothing was written.
        Raises StoreError."""
        if self._known is None:
            self._known = self._opened() or self._built(on_progress)
        if revision is None or revision < self._known.revision:
            revision = self._database.revision()
        if revision < self._known.revision:  # another, or an older, database
            self._known = self._built(on_progress)
        elif revision > self._known.revision:
            self._known = self._updated(self._known)
            newer = len(self._known.recent) + int(self._known.dead.sum())
            if newer > max(COMPACT_FLOOR, len(self._known.base) // COMPACT_SHARE):
                self._known = self._built(on_progress)
        return self._known

    def pass_over(self, before: int, revision: int) -> None:
        """What was written after the revision `before` up to `revision` is nothing that can be recalled."""
        if self._known is not None and self._known.revision == before:
            self._known = replace(self._known, revision=revision)

    def peek(self) -> Known | None:
        """The newest set on disk with what is newer in the database, unproven, nothing built; None: there is none. Raises
        StoreCorrupt when it is damaged or of another database."""
        sets = self._sets()
        if not sets:
            return None
        base, revision = EventRows.open(sets[-1])
        if revision > self._database.revision() or base.vectors.shape[1] != self._embedder.dimensions:
            raise StoreCorrupt(f"The copy of the events in {sets[-1]} is of another, or a newer, database.")
        self.forget()
        nothing = EventRows.empty(self._embedder.dimensions), np.zeros(len(base), dtype=bool)
        known = self._updated(Known(base, *nothing, revision))
        self.forget()
        return known

    def forget(self) -> None:
        """Lets go of the files; the next refresh opens them again."""
        self._known = None
        self._newer.clear()
        self._gone.clear()

    def remove(self) -> None:
        """Deletes the folder."""
        self.forget()
        shutil.rmtree(self._directory, ignore_errors=True)

    def rebuild(self, on_progress: OnProgress | None = None) -> Known:
        """Writes the set on disk anew from the database. Raises StoreError."""
        self._known = self._built(on_progress)
        return self._known

    def _opened(self) -> Known | None:
        """The newest set on disk with what is newer in the database; None if there is none that fits the database."""
        for path in reversed(self._sets()):
            try:
                base, revision = EventRows.open(path)
            except StoreCorrupt:
                continue
            if revision > self._database.revision() or base.vectors.shape[1] != self._embedder.dimensions:
                continue
            known = Known(base, EventRows.empty(self._embedder.dimensions), np.zeros(len(base), dtype=bool), revision)
            known = self._updated(known)
            if self._fits(known):
                return known
            self.forget()
        return None

    def _updated(self, known: Known) -> Known:
        """`known` with what was written since."""
        changes = self._database.changes(self._embedder, known.revision)
        recallable = [event for event in changes.events if event.known_at is not None and event.vector is not None]
        now = {
            **dict.fromkeys((*(event.id for event in changes.events), *changes.removed)),
            **{event.id: event for event in recallable},
        }
        standing = {name for name, row in zip(now, known.base.rows_of(list(now)).tolist(), strict=True) if row >= 0}
        moved = bool(recallable)
        for name, event in now.items():
            moved |= self._newer.pop(name, None) is not None
            if event is not None:
                self._gone.discard(name)
                self._newer[name] = event
            elif name in standing and name not in self._gone:
                self._gone.add(name)
                moved = True
        if not moved:  # as after most analyses, whose events have no outcome yet
            return replace(known, revision=changes.revision)
        dead = np.zeros(len(known.base), dtype=bool)
        rows = known.base.rows_of([*self._newer, *self._gone])
        dead[rows[rows >= 0]] = True
        return Known(known.base, self._recent(), dead, changes.revision)

    def _recent(self) -> EventRows:
        events = sorted(self._newer.values(), key=lambda event: (event.known_at or 0, event.id))
        if not events:
            return EventRows.empty(self._embedder.dimensions)
        return EventRows.of(
            [event.id for event in events],
            np.array([event.known_at for event in events], dtype=np.int64),
            [event.story_id for event in events],
            np.stack([event.vector for event in events if event.vector is not None]),
            [event.summary for event in events],
        )

    def _fits(self, known: Known) -> bool:
        """Whether the counts agree and a sample of rows is what the database has."""
        if len(known) != self._database.count_vectors(self._embedder, known=True):
            return False
        living = np.flatnonzero(~known.dead)
        rows = (
            living[np.linspace(0, len(living) - 1, min(SAMPLE, len(living))).astype(np.int64)]
            if len(living)
            else living
        )
        ids = [known.base.id_of(row) for row in rows]
        stored = self._database.get_embeddings(self._embedder, ids)
        return all(
            event_id in stored and np.allclose(stored[event_id], known.base.vectors[row], atol=ROUNDING)
            for event_id, row in zip(ids, rows, strict=True)
        )

    def _built(self, on_progress: OnProgress | None) -> Known:
        """A new set on disk; the former ones are deleted."""
        self.forget()
        former = self._sets()
        self._directory.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix="building-", dir=self._directory))
        try:
            revision = self._write(building, on_progress)
            base, _ = EventRows.open(self._put_in_place(building))
        finally:
            shutil.rmtree(building, ignore_errors=True)
        for old in former:
            shutil.rmtree(old, ignore_errors=True)
        known = Known(base, EventRows.empty(self._embedder.dimensions), np.zeros(len(base), dtype=bool), revision)
        return known if revision == self._database.revision() else self._updated(known)

    def _put_in_place(self, building: Path) -> Path:
        """Another process on this machine may be building too: each gets a number of its own."""
        while True:
            sets = self._sets()
            number = int(sets[-1].name.removeprefix("rows-")) + 1 if sets else 1
            try:
                return building.rename(self._directory / f"rows-{number}")
            except OSError:
                if not (self._directory / f"rows-{number}").exists():
                    raise

    def _write(self, directory: Path, on_progress: OnProgress | None) -> int:
        listed = self._database.known_events(self._embedder)
        total, place = len(listed.numbers), np.argsort(listed.numbers)
        ordered = listed.numbers[place]
        vectors = _matrix(directory / "vectors.npy", (total, self._embedder.dimensions))
        done = 0
        for numbers, matrix in self._database.stream_vectors(self._embedder, READ_BATCH):
            here, rows = _places(ordered, place, numbers)
            vectors[rows] = matrix[here]
            done += len(rows)
            if on_progress is not None:
                on_progress(done, 2 * total)
        summaries = [""] * total
        for page in self._database.stream_summaries(READ_BATCH):
            here, rows = _places(ordered, place, np.array([number for number, _ in page], dtype=np.int64))
            for at, row in zip(np.flatnonzero(here), rows, strict=True):
                summaries[row] = page[at][1]
        if on_progress is not None:
            on_progress(2 * total, 2 * total)
        EventRows.of(listed.ids, listed.known_at, listed.stories, vectors, summaries).save(directory, listed.revision)
        return listed.revision

    def _sets(self) -> list[Path]:
        found = [path for path in self._directory.glob("rows-*") if path.name.removeprefix("rows-").isdecimal()]
        return sorted(found, key=lambda path: int(path.name.removeprefix("rows-")))


def _matrix(path: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    """A file to be filled: a million vectors are larger than the rest of the process."""
    if shape[0] == 0:  # an empty file cannot be mapped
        return np.zeros(shape, dtype=np.float32)
    return open_memmap(path, mode="w+", dtype=np.float32, shape=shape)


def _places(
    ordered: NDArray[np.int64], place: NDArray[np.int64], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which of `numbers` are among the rows, and the rows of those. `ordered`: the rows' numbers, sorted by `place`."""
    if not len(ordered):
        return np.zeros(len(numbers), dtype=bool), np.zeros(0, dtype=np.int64)
    at = np.minimum(np.searchsorted(ordered, numbers), len(ordered) - 1)
    here = ordered[at] == numbers
    return here, place[at[here]]
