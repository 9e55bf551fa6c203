"""One Chroma collection of event vectors in a folder of its own. Whoever opens it holds the folder's lock.

Chroma 1.5 keeps what is written in its own SQLite first and writes its graph files in place once `SYNC_EVERY` rows have
gathered; a process killed in that moment leaves files it cannot load again (1 of 14 tries). Nothing is kept here that the
database does not have, so a damaged folder is replaced by a new one, never repaired; see `seal.py` for how it is noticed.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings
from numpy.typing import NDArray

from records.database import EmbedderIdentity
from records.errors import StoreCorrupt, StoreError, StoreMismatch, StoreUnwritable
from vectorstore.seal import broken_seal, write_seal

KIND = "rhyme events"
"""Marks our collections in their metadata."""

SYNC_EVERY = 1_000
"""Rows Chroma gathers before it writes the graph: what it has gathered is inserted again at every start (about a second a
thousand), and each write is a moment in which a kill does damage."""

WRITE_BATCH = 2_000
"""Vectors handed over at once: under Chroma's limit of 5,461."""

GENERATION = "index-"
BUILDING = "building-"


class EventIndex:
    """Nearest events by cosine. Ids and vectors only: what an event is, and when it was known, the database says."""

    def __init__(self, client: Client, collection: Collection, path: Path) -> None:
        self._client = client
        self._collection = collection
        self._path = path

    @property
    def id(self) -> str:
        """Identifies the collection; a rebuilt one has another id."""
        return str(self._collection.id)

    @classmethod
    def open(cls, directory: Path, embedder: EmbedderIdentity) -> "EventIndex":
        """The newest index of the directory, or a new, empty one. Raises StoreMismatch when another embedder built it,
        StoreCorrupt, StoreUnwritable."""
        generations = _generations(directory)
        path = generations[-1] if generations else directory / f"{GENERATION}1"
        for stale in [*generations[:-1], *directory.glob(f"{BUILDING}*")]:
            shutil.rmtree(stale, ignore_errors=True)
        index = cls._open_at(path, embedder)
        broken = broken_seal(path)
        if broken is not None:  # before any query: Chroma loads the graph at the first one
            index.close()
            raise StoreCorrupt(_damaged(path, broken))
        return index

    @classmethod
    def rebuild(
        cls, directory: Path, embedder: EmbedderIdentity, batches: Iterator[tuple[list[str], NDArray[np.float32]]]
    ) -> "EventIndex":
        """A new index of the vectors, put in the old one's place only when it is complete."""
        generations = _generations(directory)
        number = int(generations[-1].name.removeprefix(GENERATION)) + 1 if generations else 1
        building, finished = directory / f"{BUILDING}{number}", directory / f"{GENERATION}{number}"
        shutil.rmtree(building, ignore_errors=True)
        index = cls._open_at(building, embedder)
        try:
            for event_ids, vectors in batches:
                index.upsert(event_ids, vectors)
        finally:
            index.close()
        building.rename(finished)
        for old in generations:
            shutil.rmtree(old, ignore_errors=True)
        return cls._open_at(finished, embedder)

    @classmethod
    def _open_at(cls, path: Path, embedder: EmbedderIdentity) -> "EventIndex":
        with explained(path):
            path.mkdir(parents=True, exist_ok=True)
            client = cast(Client, chromadb.PersistentClient(path=path, settings=_settings()))
            try:
                return cls(client, _collection(client, embedder, path), path)
            except BaseException:
                client.close()
                raise

    def close(self) -> None:
        """Lets go of the files; safe to call twice."""
        self._client.close()

    def settle(self) -> None:
        """Makes Chroma finish what it has been given and notes the files it leaves. Call it after writing, and after the
        first query of a newly opened index, which may write too."""
        with explained(self._path):
            probe = np.ones((1, int((self._collection.metadata or {})["dimensions"])), dtype=np.float32)
            self._collection.query(query_embeddings=probe, n_results=1, include=[])
            write_seal(self._path)

    def count(self) -> int:
        """Vectors held, as Chroma's own table says."""
        with explained(self._path):
            return self._collection.count()

    def ids(self) -> set[str]:
        """Every id held."""
        with explained(self._path):
            return set(self._collection.get(include=[])["ids"])

    def upsert(self, event_ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Adds or replaces; durable when it returns."""
        with explained(self._path):
            for start in range(0, len(event_ids), WRITE_BATCH):
                end = start + WRITE_BATCH
                self._collection.upsert(ids=list(event_ids[start:end]), embeddings=vectors[start:end])

    def delete(self, event_ids: Sequence[str]) -> None:
        """Removes; unknown ids are ignored."""
        with explained(self._path):
            for start in range(0, len(event_ids), WRITE_BATCH):
                self._collection.delete(ids=list(event_ids[start : start + WRITE_BATCH]))

    def nearest(self, vectors: NDArray[np.float32], limit: int) -> list[list[str]]:
        """For each row of (queries, dimensions), up to `limit` ids, nearest first; approximate."""
        with explained(self._path):
            found = self._collection.query(query_embeddings=vectors, n_results=limit, include=[])
            return [list(ids) for ids in found["ids"]]


def _settings() -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # Chroma would else read any .env where the program is started
        chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
        anonymized_telemetry=False,
        allow_reset=False,
    )


def _collection(client: Client, embedder: EmbedderIdentity, path: Path) -> Collection:
    name = f"events-{embedder.digest}"
    ours = {"kind": KIND, "embedder": embedder.name, "digest": embedder.digest, "dimensions": embedder.dimensions}
    collections = {each.name: each for each in client.list_collections()}
    if name in collections:
        found = dict(collections[name].metadata or {})
        if {key: found.get(key) for key in ("digest", "dimensions")} == {
            key: ours[key] for key in ("digest", "dimensions")
        }:
            return client.get_collection(name, embedding_function=None)
        raise StoreMismatch(mismatch(path.parent, [_described(found)], embedder))
    if collections:
        raise StoreMismatch(
            mismatch(path.parent, [_described(dict(each.metadata or {})) for each in collections.values()], embedder)
        )
    return client.create_collection(
        name,
        embedding_function=None,  # we hand in vectors; Chroma's default would download a model
        metadata=ours,
        configuration={"hnsw": {"space": "cosine", "sync_threshold": SYNC_EVERY}},
    )


def mismatch(directory: Path, builders: Sequence[str], embedder: EmbedderIdentity) -> str:
    """The message for a memory whose vectors another embedder made."""
    return (
        f"The event memory in {directory} was built with the embedder {', '.join(builders)}, and this run uses "
        f"{embedder.name} ({embedder.digest}): their vectors cannot be compared. Set the former embedder again, or embed all "
        "events anew with `rhyme precedents rebuild`; no event is lost by it."
    )


def _described(metadata: dict[str, Any]) -> str:
    return f"{metadata.get('embedder', 'of another program')} ({metadata.get('digest', 'no digest')})"


def _generations(directory: Path) -> list[Path]:
    found = [path for path in directory.glob(f"{GENERATION}*") if path.name.removeprefix(GENERATION).isdecimal()]
    return sorted(found, key=lambda path: int(path.name.removeprefix(GENERATION)))


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns whatever Chroma raises into Rhyme's errors."""
    try:
        yield
    except (StoreError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except OSError as error:
        raise StoreUnwritable(_unwritable(path, str(error))) from error
    except BaseException as error:  # Chroma's own errors, ValueError, and Rust panics, which are no Exception
        reason = " ".join(str(error).split())
        if any(sign in reason.lower() for sign in ("readonly", "read-only", "permission denied", "disk is full")):
            raise StoreUnwritable(_unwritable(path, reason)) from error
        raise StoreCorrupt(_damaged(path, reason[:300])) from error


def _damaged(path: Path, reason: str) -> str:
    return (
        f"The event index in {path} cannot be used ({reason}). Build it again from the database with `rhyme precedents "
        "rebuild`; no event is lost by it."
    )


def _unwritable(path: Path, reason: str) -> str:
    return (
        f"The event index in {path} cannot be written ({reason[:300]}). Free some space or make the folder writable for this "
        "user, or set another data folder."
    )
