"""Recallable events as columns, in the order their reactions became known, so that "known by then" is a prefix.

A copy of what the database says, kept in files that are mapped into memory: what scans and full text need is there at once
after a start, whatever the size. Files are written once and never changed; a damaged or foreign set is built again.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from records.errors import StoreCorrupt
from vectorstore.postings import Postings

LAYOUT = 1
"""Number of the file layout; files of another one are built anew."""

MANIFEST = "manifest.json"
_COLUMNS = ("ids", "by_id", "known_at", "story", "vectors")

LONE = 0
"""The story code of an event that is a story of its own."""


@dataclass(frozen=True)
class EventRows:
    """N events. Safe to read from several threads."""

    ids: NDArray[np.bytes_]
    """(N,) event ids in UTF-8."""
    by_id: NDArray[np.int32]
    """(N,) row numbers in the order of ids."""
    known_at: NDArray[np.int64]
    """(N,) epoch microseconds, ascending; equal times by event id."""
    story: NDArray[np.int64]
    """(N,) equal for events of one story; LONE: a story of its own."""
    vectors: NDArray[np.float32]
    """(N, dimensions), rows of norm 1."""
    postings: Postings

    def __len__(self) -> int:
        return len(self.known_at)

    @classmethod
    def empty(cls, dimensions: int) -> "EventRows":
        """No event."""
        return cls.of([], np.zeros(0, dtype=np.int64), [], np.zeros((0, dimensions), dtype=np.float32), [])

    @classmethod
    def of(
        cls,
        ids: Sequence[str],
        known_at: NDArray[np.int64],
        stories: Sequence[str | None],
        vectors: NDArray[np.float32],
        summaries: Sequence[str],
    ) -> "EventRows":
        """All in the order of `known_at`, then id."""
        encoded = np.array([event_id.encode() for event_id in ids] or np.zeros(0, dtype="S1"), dtype=np.bytes_)
        codes = np.array([story_code(story) for story in stories], dtype=np.int64)
        by_id = np.argsort(encoded, kind="stable").astype(np.int32)
        return cls(encoded, by_id, known_at, codes, vectors, Postings.build(summaries))

    def visible(self, as_of: int) -> int:
        """How many first rows were known at `as_of` (epoch microseconds)."""
        return int(np.searchsorted(self.known_at, as_of, side="right"))

    def starting(self, known_from: int) -> int:
        """The first row known at `known_from` (epoch microseconds) or later."""
        return int(np.searchsorted(self.known_at, known_from, side="left"))

    def rows_of(self, event_ids: Sequence[str]) -> NDArray[np.int64]:
        """(len(event_ids),) row of each; -1: not here."""
        if not event_ids or not len(self):
            return np.full(len(event_ids), -1, dtype=np.int64)
        encoded = [event_id.encode() for event_id in event_ids]
        wanted = np.array(encoded, dtype=self.ids.dtype)  # of another width, numpy would convert all the ids first
        fits = np.array([len(each) for each in encoded]) <= self.ids.dtype.itemsize
        places = np.searchsorted(self.ids, wanted, sorter=self.by_id)
        rows = self.by_id[np.minimum(places, len(self) - 1)].astype(np.int64)
        return np.where(fits & (places < len(self)) & (self.ids[rows] == wanted), rows, -1)

    def id_of(self, row: int) -> str:
        """The event's id."""
        return bytes(self.ids[row]).decode()

    def save(self, directory: Path, revision: int) -> None:
        """Into a directory, the manifest last: it vouches for the rest. Raises OSError."""
        directory.mkdir(parents=True, exist_ok=True)
        for name in _COLUMNS:
            if not (directory / f"{name}.npy").exists():  # the vectors may have been written there piece by piece
                np.save(directory / f"{name}.npy", getattr(self, name), allow_pickle=False)
        self.postings.save(directory / "words")
        (directory / MANIFEST).write_text(json.dumps({"layout": LAYOUT, "revision": revision, "rows": len(self)}))

    @classmethod
    def open(cls, directory: Path) -> "tuple[EventRows, int]":
        """The rows, memory-mapped, and the revision of the database that they show. Raises StoreCorrupt."""
        try:
            manifest = json.loads((directory / MANIFEST).read_text())
            # as plain arrays: numpy's own class for mapped files makes every look at them several times slower
            columns = {name: np.asarray(np.load(directory / f"{name}.npy", mmap_mode="r")) for name in _COLUMNS}
            rows = cls(postings=Postings.open(directory / "words"), **columns)
            revision, layout, count = (int(manifest[name]) for name in ("revision", "layout", "rows"))
        except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
            raise StoreCorrupt(f"The copy of the events in {directory} cannot be used ({error}).") from error
        sizes = {len(column) for column in columns.values()} | {len(rows.postings)}
        if layout != LAYOUT or sizes != {count}:
            raise StoreCorrupt(f"The copy of the events in {directory} is torn: its columns have {sorted(sizes)} rows.")
        return rows, revision


def story_code(story: str | None) -> int:
    """A number for a story; LONE for none."""
    if story is None:
        return LONE
    return int.from_bytes(hashlib.blake2b(story.encode(), digest_size=8).digest(), "big", signed=True) or 1
