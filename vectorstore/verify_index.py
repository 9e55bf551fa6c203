"""Chroma against the database, part by part."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from records.database import Database, EmbedderIdentity, IndexPart
from vectorstore.difference import SAMPLE, Difference, Say, named
from vectorstore.index import EventIndex, PartGone
from vectorstore.parts import Parts
from vectorstore.self_queries import SELF_QUERIES, unfound

CLOSE = 1e-3
"""Cosine distance up to which two copies of a vector are the same: the database keeps float16, Chroma float32."""


@dataclass(frozen=True)
class IndexCheck:
    """What was found in Chroma."""

    differences: tuple[Difference, ...]
    waiting: int
    """Events not yet given to Chroma."""
    sampled: int
    """Vectors compared."""


class IndexVerifier:
    """Of one open index."""

    def __init__(self, database: Database, embedder: EmbedderIdentity, index: EventIndex) -> None:
        self._database = database
        self._embedder = embedder
        self._index = index
        self.parts = Parts(database, index, embedder)

    def check(self, say: Say, suspects: Collection[Difference] = ()) -> IndexCheck:
        """Changes nothing. `suspects`: found before; their vectors are looked at again. Raises StoreError."""
        gone = self.parts.load_present()
        differences, waiting, sampled = [self._gone(part) for part in gone], 0, 0
        for number, part in enumerate(self.parts.all, start=1):
            if part in gone:
                continue
            say(f"Comparing part {number} of {len(self.parts.all)} …")
            also = [event_id for each in suspects if each.part == part for event_id in each.ids]
            try:
                with self._index.writing(part.collection):  # Chroma may write its files when it is merely asked
                    found = self._part(part, also)
            except PartGone:  # another process cut it meanwhile
                continue
            differences += found.differences
            waiting, sampled = waiting + found.waiting, sampled + found.sampled
        differences += self._abandoned()
        self._index.settle()
        if not self.parts.all:
            waiting = self._database.count_vectors(self._embedder, known=True)
        return IndexCheck(tuple(differences), waiting, sampled)

    def differing(self, part: IndexPart, event_ids: Iterable[str]) -> set[str]:
        """Those of the events whose vector in Chroma is not the database's."""
        ids, found = list(event_ids), set[str]()
        for start in range(0, len(ids), self._index.batch):
            some = ids[start : start + self._index.batch]
            kept, held = (
                self._database.get_embeddings(self._embedder, some),
                self._index.vectors(part.collection, some),
            )
            found.update(name for name in kept.keys() & held.keys() if not _same(kept[name], held[name]))
        return found

    def _part(self, part: IndexPart, also: Sequence[str]) -> IndexCheck:
        where = named(part, self.parts.until(part))
        contents = self.parts.contents(part)
        sample = list(dict.fromkeys([*self.parts.sample(part, SAMPLE), *also]))
        sample = [event_id for event_id in sample if event_id in contents.held]
        found = [
            *_ids_differ(where, part, contents.expected, contents.marked, contents.held),
            *self._count_differs(where, part, len(contents.held)),
            *self._vectors_differ(where, part, sample),
        ]
        return IndexCheck(tuple(found), len(contents.expected - contents.marked), len(sample))

    def _vectors_differ(self, where: str, part: IndexPart, sample: Sequence[str]) -> Iterator[Difference]:
        differing = self.differing(part, sample)
        if differing:
            text = f"In {where} {{count}} of {len(sample):,} vectors looked at are not those of the database ({{ids}})."
            yield Difference.of("vectors_differ", text, differing, part)
            return
        lost = unfound(self._database, self._embedder, self._index, part.collection, sample[:SELF_QUERIES])
        if lost:
            text = f"In {where} {{count}} events are not found by their own vectors ({{ids}}): its graph is damaged."
            found = Difference.of("not_found", text, lost, part)
            yield Difference(found.kind, found.text, part=part)

    def _count_differs(self, where: str, part: IndexPart, held: int) -> Iterator[Difference]:
        counted = self._index.count(part.collection)
        if counted != held:
            yield Difference("count", f"In {where} Chroma counts {counted:,} vectors and lists {held:,}.", part=part)

    def _gone(self, part: IndexPart) -> Difference:
        where = named(part, self.parts.until(part))
        listed = self._database.known_between(self._embedder, part.known_from, self.parts.until(part))
        return Difference.of(
            "part_gone", f"Chroma has not got {where}, {{count}} events ({{ids}}).", [each[0] for each in listed], part
        )

    def _abandoned(self) -> Iterator[Difference]:
        """Collections that are no part. The count is in the id: one that is being filled is another the next time."""
        for name in sorted(self._index.names() - {part.collection for part in self.parts.all}):
            try:
                ids = {f"{name}, {self._index.count(name):,} vectors"}
            except PartGone:
                continue
            yield Difference.of("abandoned", "Chroma holds a collection that belongs to no part ({ids}).", ids)


def _ids_differ(
    where: str, part: IndexPart, expected: set[str], marked: set[str], held: set[str]
) -> Iterator[Difference]:
    kinds = {
        "strays": (held - expected, "holds {count} events that do not belong there ({ids})."),
        "missing": ((marked & expected) - held, "lacks {count} events that it was given ({ids})."),
        "misplaced": (marked - expected - held, "is noted to hold {count} events that do not belong there ({ids})."),
    }
    for kind, (ids, text) in kinds.items():
        if ids:
            yield Difference.of(kind, f"{where[:1].upper()}{where[1:]} {text}", ids, part)


def _same(
    kept: "np.ndarray[tuple[int], np.dtype[np.float32]]", held: "np.ndarray[tuple[int], np.dtype[np.float32]]"
) -> bool:
    norm = float(np.linalg.norm(held))
    return norm > 0 and float(kept @ held) / norm > 1 - CLOSE
