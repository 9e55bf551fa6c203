"""The copy of the events on disk against the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from records.database import Database, EmbedderIdentity, RecallableEvents
from records.errors import StoreCorrupt
from vectorstore import known as known_events
from vectorstore.difference import SAMPLE, Difference
from vectorstore.known import ROUNDING, Known
from vectorstore.postings import Postings
from vectorstore.rows import story_code

TRIES = 5
"""How often the two are read again because a writer came between; what then differs is found out by a second look."""


@dataclass(frozen=True)
class CopyCheck:
    """What was found in the copy."""

    differences: tuple[Difference, ...]
    rows: int | None
    """Events of the copy; None: there is none."""
    sampled: int
    """Vectors compared."""


@dataclass(frozen=True)
class _Columns:
    """N events by id."""

    ids: NDArray[np.bytes_]
    known_at: NDArray[np.int64]
    story: NDArray[np.int64]

    def sorted(self, width: int) -> "_Columns":
        ids = self.ids.astype(f"S{width}")
        order = np.argsort(ids, kind="stable")
        return _Columns(ids[order], self.known_at[order], self.story[order])


def check_copy(database: Database, embedder: EmbedderIdentity, directory: Path) -> CopyCheck:
    """Changes nothing. `directory`: the copy's. Raises StoreError."""
    copy = known_events.KnownEvents(directory, database, embedder)
    try:
        for _ in range(TRIES):
            known, listed = copy.peek(), database.known_events(embedder)
            if known is None or known.revision == listed.revision:
                break
    except StoreCorrupt as error:
        return CopyCheck((Difference("copy_damaged", str(error)),), 0, 0)
    if known is None:
        return CopyCheck((), None, 0)
    found = [*_columns_differ(known, listed)]
    missing = {event_id for each in found if each.kind == "copy_missing" for event_id in each.ids}
    sample = [name for name in _spread(listed.ids) if name not in missing]
    found += _vectors_differ(database, embedder, known, sample)
    found += _words_differ(database, known, sample)
    return CopyCheck(tuple(found), len(known), len(sample))


def _columns_differ(known: Known, listed: RecallableEvents) -> Iterator[Difference]:
    copy, truth = _of_copy(known), _of_database(listed)
    width = max(copy.ids.dtype.itemsize, truth.ids.dtype.itemsize, 1)
    copy, truth = copy.sorted(width), truth.sorted(width)
    for kind, ids, text in (
        ("copy_missing", np.setdiff1d(truth.ids, copy.ids), "The copy on disk lacks {count} events ({ids})."),
        ("copy_strays", np.setdiff1d(copy.ids, truth.ids), "The copy on disk holds {count} events too many ({ids})."),
    ):
        if len(ids):
            yield Difference.of(kind, text, _names(ids))
    _, here, there = np.intersect1d(copy.ids, truth.ids, return_indices=True)
    late = copy.ids[here][copy.known_at[here] != truth.known_at[there]]
    if len(late):
        text = "In the copy on disk {count} events became known at another time ({ids})."
        yield Difference.of("copy_times", text, _names(late))
    elif (np.diff(known.base.known_at) < 0).any():
        yield Difference("copy_times", "The copy on disk is not in order of time.")
    other = copy.ids[here][copy.story[here] != truth.story[there]]
    if len(other):
        yield Difference.of(
            "copy_stories", "In the copy on disk {count} events are of another story ({ids}).", _names(other)
        )


def _of_copy(known: Known) -> _Columns:
    living = ~known.dead
    return _Columns(
        *(
            np.concatenate([getattr(known.base, name)[living], getattr(known.recent, name)])
            for name in ("ids", "known_at", "story")
        )
    )


def _of_database(listed: RecallableEvents) -> _Columns:
    ids = np.array([event_id.encode() for event_id in listed.ids] or np.zeros(0, dtype="S1"), dtype=np.bytes_)
    return _Columns(ids, listed.known_at, np.array([story_code(each) for each in listed.stories], dtype=np.int64))


def _vectors_differ(
    database: Database, embedder: EmbedderIdentity, known: Known, sample: list[str]
) -> Iterator[Difference]:
    kept = database.get_embeddings(embedder, sample)
    held = dict(zip(sample, known.base.rows_of(sample), strict=True))
    differing = [
        name
        for name, vector in kept.items()
        if held[name] >= 0
        and not known.dead[held[name]]
        and not np.allclose(vector, known.base.vectors[held[name]], atol=ROUNDING)
    ]
    if differing:
        text = f"In the copy on disk {{count}} of {len(sample):,} vectors looked at are not those of the database ({{ids}})."
        yield Difference.of("copy_vectors", text, differing)


def _words_differ(database: Database, known: Known, sample: list[str]) -> Iterator[Difference]:
    """By the number of words that the full text index has of each."""
    lengths, differing = known.base.postings.lengths, []
    events = database.events(sample)
    expected = Postings.build(event.summary for event in events).lengths
    for event, words, row in zip(events, expected, known.base.rows_of([event.id for event in events]), strict=True):
        if row >= 0 and not known.dead[row] and lengths[row] != words:
            differing.append(event.id)
    if differing:
        text = (
            f"In the copy on disk the words of {{count}} of {len(sample):,} texts looked at are not theirs ({{ids}})."
        )
        yield Difference.of("copy_words", text, differing)


def _spread(ids: tuple[str, ...]) -> list[str]:
    if not ids:
        return []
    places = np.unique(np.linspace(0, len(ids) - 1, min(SAMPLE, len(ids))).astype(np.int64))
    return [ids[place] for place in places]


def _names(ids: NDArray[np.bytes_]) -> list[str]:
    return [bytes(each).decode() for each in ids]
