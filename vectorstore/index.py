"""Event vectors in Chroma: nearest events by cosine, in parts cut by the time reactions became known.

Ids and vectors only: what an event is, and when it was known, the database says. Nothing is kept here that the database does
not have, so what is damaged is replaced, never repaired.

Embedded, Chroma 1.5 keeps what is written in its own SQLite first and writes its graph files in place once `SYNC_EVERY` rows
have gathered; a process killed in that moment leaves files it cannot load again (1 of 14 tries). `seal.py` says how that is
noticed.
"""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from chromadb.api.client import Client
from chromadb.api.models.Collection import Collection
from chromadb.errors import NotFoundError
from numpy.typing import NDArray

from records.database import EmbedderIdentity
from records.errors import StoreCorrupt, StoreError, StoreMismatch
from vectorstore.chroma_place import ChromaPlace, EmbeddedPlace, explained, most_results, open_client, write_batch
from vectorstore.seal import begin_writing, being_written, damage, end_writing, write_seal

KIND = "rhyme events"
"""Marks our collections in their metadata."""

SYNC_EVERY = 1_000
"""Rows Chroma gathers before it writes the graph: what it has gathered is inserted again at every start (about a second a
thousand), and each write is a moment in which a kill does damage."""

SEARCH_EFFORT = 800
"""Candidates the graph keeps while it searches (ef): eight times Chroma's default. At a million events with bursts 300 found .965
of the ten nearest; what `nearest.py` adds to it is said there."""

GENERATION = "index-"
BUILDING = "building-"


class PartGone(StoreError):
    """A collection is not there: another process has cut the index anew, or Chroma was emptied."""


class EventIndex:
    """The collections of one embedder."""

    def __init__(self, client: Client, place: ChromaPlace, embedder: EmbedderIdentity) -> None:
        self.place = place
        self._client = client
        self._embedder = embedder
        self._batch = 0
        self._handles: dict[str, Collection] = {}

    @classmethod
    def open(cls, place: ChromaPlace, embedder: EmbedderIdentity) -> "EventIndex":
        """What is there; an embedded place holds generations, of which the newest counts. Raises StoreCorrupt,
        StoreUnwritable, StoreUnreachable, StoreRefused."""
        if not isinstance(place, EmbeddedPlace):
            return cls(open_client(place), place, embedder)
        generations = _generations(place.directory)
        path = generations[-1] if generations else place.directory / f"{GENERATION}1"
        for stale in [*generations[:-1], *place.directory.glob(f"{BUILDING}*")]:
            shutil.rmtree(stale, ignore_errors=True)
        inner = EmbeddedPlace(path)
        index = cls(open_client(inner), inner, embedder)
        found = damage(path)
        if found is not None:  # before any query: Chroma loads the graph at the first one
            suspects = being_written(path)
            if found.segments is None or not found.segments <= _segments(path, suspects):
                index.close()
                raise StoreCorrupt(_damaged(path, found.reason))
            index._drop_suspects(suspects)
        return index

    def _drop_suspects(self, suspects: set[str]) -> None:
        """Empties the collections that were being written when a process was killed, another embedder's too: the database
        fills them again."""
        with explained(self.place):
            present = set(self._listed())
        for collection in suspects & present:
            self.drop(collection)
        if isinstance(self.place, EmbeddedPlace):
            write_seal(self.place.directory)
            end_writing(self.place.directory)

    @classmethod
    def building(cls, place: EmbeddedPlace, embedder: EmbedderIdentity) -> "EventIndex":
        """An empty index beside the present generation, to be filled and then put in its place by `finish_building`."""
        generations = _generations(place.directory)
        number = int(generations[-1].name.removeprefix(GENERATION)) + 1 if generations else 1
        path = EmbeddedPlace(place.directory / f"{BUILDING}{number}")
        shutil.rmtree(path.directory, ignore_errors=True)
        return cls(open_client(path), path, embedder)

    def finish_building(self) -> "EventIndex":
        """Puts this index in the place of the former generations, and opens it there."""
        if not isinstance(self.place, EmbeddedPlace):
            return self
        path = self.place.directory
        self.close()
        former = _generations(path.parent)
        path.rename(path.parent / path.name.replace(BUILDING, GENERATION))
        for old in former:
            shutil.rmtree(old, ignore_errors=True)
        return EventIndex.open(EmbeddedPlace(path.parent), self._embedder)

    def close(self) -> None:
        """Lets go of the files or the connection; safe to call twice."""
        self._handles.clear()
        self._client.close()

    @property
    def most_results(self) -> int | None:
        """Neighbours that may be asked for at once; None: any number."""
        return most_results(self._client)

    @property
    def batch(self) -> int:
        """Vectors handed over at once."""
        if not self._batch:
            with explained(self.place):
                self._batch = write_batch(self._client, self._embedder.dimensions)
        return self._batch

    def names(self) -> set[str]:
        """Collections of this embedder. Raises StoreError subclasses, as every method."""
        with explained(self.place):
            return {name for name in self._listed() if name.startswith(collection_prefix(self._embedder))}

    def foreign(self) -> dict[str, str]:
        """Other embedders whose events are here: digest → 'name (digest)'."""
        with explained(self.place):
            found = [dict(each.metadata or {}) for each in self._all()]
        return {
            str(each.get("digest")): _described(each)
            for each in found
            if each.get("digest") != self._embedder.digest and each.get("kind") == KIND
        }

    def create(self, collection: str) -> str:
        """Makes sure that the collection is there; returns its id. Raises StoreMismatch if another embedder made it."""
        with explained(self.place):
            try:
                handle = self._client.get_collection(collection, embedding_function=None)
            except NotFoundError:
                handle = self._client.get_or_create_collection(
                    collection,
                    embedding_function=None,  # we hand in vectors; Chroma's default would download a model
                    metadata=self._metadata(),
                    configuration={
                        "hnsw": {"space": "cosine", "sync_threshold": SYNC_EVERY, "ef_search": SEARCH_EFFORT}
                    },
                )
        found = dict(handle.metadata or {})
        if any(found.get(name) != self._metadata()[name] for name in ("digest", "dimensions")):
            raise StoreMismatch(mismatch(self.place.name, [_described(found)], self._embedder))
        self._handles[collection] = handle
        return str(handle.id)

    def drop(self, collection: str) -> None:
        """Deletes the collection, if it is there."""
        self._handles.pop(collection, None)
        with explained(self.place):
            try:
                self._client.delete_collection(collection)
            except NotFoundError:
                return

    @contextmanager
    def writing(self, collection: str) -> Iterator[None]:
        """Around every change of a collection: a kill in between puts this collection in doubt and no other."""
        if isinstance(self.place, EmbeddedPlace):
            with explained(self.place):
                begin_writing(self.place.directory, collection)
        yield
        self.settle(collection)

    def unsettled(self) -> set[str]:
        """Collections whose last change was cut short; what Chroma was given is not lost."""
        return being_written(self.place.directory) & self.names() if isinstance(self.place, EmbeddedPlace) else set()

    def settle(self, *collections: str) -> None:
        """Embedded: makes Chroma finish what it has been given and notes the files it leaves."""
        if not isinstance(self.place, EmbeddedPlace):
            return
        probe = np.ones((1, self._embedder.dimensions), dtype=np.float32)
        for collection in collections:
            handle = self._handle(collection)
            with self._explained(collection):
                handle.query(query_embeddings=probe, n_results=1, include=[])
        with explained(self.place):
            write_seal(self.place.directory)
            end_writing(self.place.directory)

    def count(self, collection: str) -> int:
        """Vectors held, as Chroma's own table says."""
        handle = self._handle(collection)
        with self._explained(collection):
            return handle.count()

    def ids(self, collection: str) -> set[str]:
        """Every id held."""
        handle, found = self._handle(collection), set[str]()
        page = self.most_results
        with self._explained(collection):
            while True:
                ids = handle.get(include=[], limit=page, offset=len(found) if page else None)["ids"]
                found.update(ids)
                if page is None or len(ids) < page:
                    return found

    def vectors(self, collection: str, event_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """What Chroma holds for these ids."""
        handle = self._handle(collection)
        with self._explained(collection):
            got = handle.get(ids=list(event_ids), include=["embeddings"])
            matrix = np.asarray(got["embeddings"], dtype=np.float32)
            return dict(zip(got["ids"], matrix, strict=True))

    def upsert(self, collection: str, event_ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Adds or replaces; durable when it returns."""
        handle = self._handle(collection)
        with self._explained(collection):
            for start in range(0, len(event_ids), self.batch):
                end = start + self.batch
                handle.upsert(ids=list(event_ids[start:end]), embeddings=vectors[start:end])

    def delete(self, collection: str, event_ids: Sequence[str]) -> None:
        """Removes; unknown ids are ignored."""
        handle = self._handle(collection)
        with self._explained(collection):
            for start in range(0, len(event_ids), self.batch):
                handle.delete(ids=list(event_ids[start : start + self.batch]))

    def nearest(self, collection: str, vectors: NDArray[np.float32], limit: int) -> list[list[str]]:
        """For each row of (queries, dimensions), up to `limit` ids, nearest first; approximate."""
        handle = self._handle(collection)
        with self._explained(collection):
            found = handle.query(query_embeddings=vectors, n_results=limit, include=[])
            return [list(ids) for ids in found["ids"]]

    def _handle(self, collection: str) -> Collection:
        if collection not in self._handles:
            with self._explained(collection):
                self._handles[collection] = self._client.get_collection(collection, embedding_function=None)
        return self._handles[collection]

    def _explained(self, collection: str) -> "_Explained":
        return _Explained(self.place, collection, self._handles)

    def _metadata(self) -> dict[str, Any]:
        embedder = self._embedder
        return {"kind": KIND, "embedder": embedder.name, "digest": embedder.digest, "dimensions": embedder.dimensions}

    def _all(self) -> list[Any]:
        found: list[Any] = []
        page = self.most_results or 1_000
        while True:
            some = list(self._client.list_collections(limit=page, offset=len(found)))
            found += some
            if len(some) < page:
                return found

    def _listed(self) -> Iterator[str]:
        return (str(each.name) for each in self._all())


class _Explained:
    """`explained`, with a collection that is gone told apart."""

    def __init__(self, place: ChromaPlace, collection: str, handles: dict[str, Collection]) -> None:
        self._inner = explained(place)
        self._place, self._collection, self._handles = place, collection, handles

    def __enter__(self) -> None:
        self._inner.__enter__()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool | None:
        if isinstance(error, NotFoundError):
            self._handles.pop(self._collection, None)
            raise PartGone(f"The collection {self._collection} is not in {self._place.name} any more.") from error
        return self._inner.__exit__(kind, error, trace)


def collection_prefix(embedder: EmbedderIdentity) -> str:
    """How the names of an embedder's collections begin."""
    return f"events-{embedder.digest[:16]}-"


def _segments(path: Path, collections: set[str]) -> frozenset[str]:
    """The folders in which Chroma keeps these collections' graphs, as its own tables say."""
    query = "SELECT s.id, c.name FROM segments s JOIN collections c ON c.id = s.collection"
    try:
        with closing(sqlite3.connect(f"file:{path / 'chroma.sqlite3'}?mode=ro", uri=True)) as connection:
            return frozenset(segment for segment, name in connection.execute(query) if name in collections)
    except sqlite3.Error:
        return frozenset()


def mismatch(place: str, builders: Sequence[str], embedder: EmbedderIdentity) -> str:
    """The message for a memory whose vectors another embedder made."""
    return (
        f"The event memory in {place} was built with the embedder {', '.join(builders)}, and this run uses "
        f"{embedder.name} ({embedder.digest}): their vectors cannot be compared. Set the former embedder again, or embed all "
        "events anew with `rhyme memory reindex`; no event is lost by it."
    )


def _described(metadata: dict[str, Any]) -> str:
    return f"{metadata.get('embedder', 'of another program')} ({metadata.get('digest', 'no digest')})"


def _generations(directory: Path) -> list[Path]:
    found = [path for path in directory.glob(f"{GENERATION}*") if path.name.removeprefix(GENERATION).isdecimal()]
    return sorted(found, key=lambda path: int(path.name.removeprefix(GENERATION)))


def _damaged(path: Path, reason: str) -> str:
    return (
        f"The event index in {path} cannot be used ({reason}). Build it again from the database with `rhyme memory reindex`; "
        "no event is lost by it."
    )
