"""What every place of Chroma promises: the same suite embedded, on a really started server, and hosted when one is named.

Each test makes collections of its own and deletes them.
"""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromadb.api.client import Client
from chromadb.api.models.Collection import Collection
from numpy.typing import NDArray

from records.errors import StoreCorrupt, StoreError
from vectorstore.chroma_place import (
    ChromaPlace,
    CloudPlace,
    EmbeddedPlace,
    ServerPlace,
    explained,
    most_results,
    open_client,
    write_batch,
)
from vectorstore.chroma_server import ChromaServer

METADATA = {"kind": "rhyme events", "embedder": "Größe-512 é", "digest": "00ff", "dimensions": 32, "weight": 0.25}
CONFIGURATION: Any = {"hnsw": {"space": "cosine", "sync_threshold": 1_000}}
MakeCollection = Callable[..., Collection]


@pytest.fixture(params=["embedded", "server", "hosted"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> ChromaPlace:
    if request.param == "embedded":
        return EmbeddedPlace(tmp_path / "chroma")
    if request.param == "hosted":
        hosted: ChromaPlace = request.getfixturevalue("hosted_place")
        return hosted
    server: ChromaServer = request.getfixturevalue("chroma_server")
    return ServerPlace(server.url)


@pytest.fixture
def client(place: ChromaPlace) -> Iterator[Client]:
    opened = open_client(place)
    yield opened
    opened.close()


@pytest.fixture
def make_collection(client: Client) -> Iterator[MakeCollection]:
    """A new collection of ours; deleted afterwards."""
    made: list[str] = []

    def make(**changes: Any) -> Collection:
        made.append(f"test-{uuid.uuid4().hex}")
        return client.create_collection(
            made[-1], embedding_function=None, metadata=METADATA, configuration=CONFIGURATION, **changes
        )

    yield make
    left = {each.name for each in client.list_collections()}
    for name in left.intersection(made):
        client.delete_collection(name)


def _vectors(rows: int, dimensions: int = 32, seed: int = 7) -> NDArray[np.float32]:
    found = np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def _write(client: Client, collection: Collection, ids: list[str], vectors: NDArray[np.float32]) -> None:
    batch = write_batch(client, vectors.shape[1])
    for start in range(0, len(ids), batch):
        collection.upsert(ids=ids[start : start + batch], embeddings=vectors[start : start + batch])


def _ids(client: Client, collection: Collection) -> list[str]:
    page = most_results(client)
    found: list[str] = []
    while True:
        answer = collection.get(include=[], limit=page, offset=len(found))["ids"]
        found += answer
        if page is None or len(answer) < page:
            return found


def _cosine_order(vectors: NDArray[np.float32], asked: NDArray[np.float32], limit: int) -> list[list[str]]:
    order = np.argsort(-(asked @ vectors.T), axis=1, kind="stable")[:, :limit]
    return [[str(row) for row in rows] for rows in order]


def test_the_metadata_and_the_configuration_come_back_as_they_were_given(
    client: Client, make_collection: MakeCollection, place: ChromaPlace
) -> None:
    made = make_collection()
    again = client.get_collection(made.name, embedding_function=None)
    assert dict(again.metadata or {}) == METADATA
    assert again.id == made.id
    kind = next(kind for kind in ("hnsw", "spann") if again.configuration.get(kind))  # a distributed Chroma has spann
    assert again.configuration[kind]["space"] == "cosine"  # type: ignore[literal-required]
    if isinstance(place, EmbeddedPlace):
        assert again.configuration["hnsw"]["sync_threshold"] == 1_000  # type: ignore[index]


def test_the_nearest_by_cosine_come_in_the_order_of_a_plain_calculation(
    client: Client, make_collection: MakeCollection
) -> None:
    collection, vectors = make_collection(), _vectors(200)
    _write(client, collection, [str(row) for row in range(200)], vectors)
    asked = _vectors(5, seed=8)
    found = collection.query(query_embeddings=asked, n_results=10, include=["distances"])
    assert [list(ids) for ids in found["ids"]] == _cosine_order(vectors, asked, 10)
    assert found["distances"] is not None
    expected = 1 - np.sort(asked @ vectors.T, axis=1)[:, ::-1][:, :10]
    assert np.abs(np.array(found["distances"]) - expected).max() < 1e-5


def test_an_id_written_again_is_replaced_and_a_deleted_one_is_found_no_more(
    client: Client, make_collection: MakeCollection
) -> None:
    collection, vectors = make_collection(), _vectors(4)
    _write(client, collection, ["a", "b", "c"], vectors[:3])
    collection.upsert(ids=["a"], embeddings=vectors[3:])
    collection.update(ids=["b", "absent"], embeddings=np.stack([vectors[0], vectors[1]]))
    collection.delete(ids=["c", "absent"])
    assert collection.count() == 2
    assert sorted(_ids(client, collection)) == ["a", "b"]
    found = collection.query(query_embeddings=vectors, n_results=1, include=[])["ids"]
    assert (found[0], found[3]) == (["b"], ["a"])


def test_two_thousand_vectors_go_in_and_every_id_comes_back_once(
    client: Client, make_collection: MakeCollection
) -> None:
    collection, vectors = make_collection(), _vectors(2_000, 384)
    _write(client, collection, [f"event-{row:05}" for row in range(2_000)], vectors)
    assert collection.count() == 2_000
    assert sorted(_ids(client, collection)) == [f"event-{row:05}" for row in range(2_000)]


def test_ids_in_any_script_come_back_unchanged(client: Client, make_collection: MakeCollection) -> None:
    ids = [
        "日本銀行:2020-01-01",
        "caf\u00e9",
        "cafe\u0301",  # the same letters composed in another way
        "a/b?c=d&e#f",
        "'; drop table x; --",
        "🚀",
        " space ",
        "x" * 100,
    ]
    collection, vectors = make_collection(), _vectors(len(ids))
    _write(client, collection, ids, vectors)
    assert sorted(_ids(client, collection)) == sorted(ids)
    assert collection.query(query_embeddings=vectors, n_results=1, include=[])["ids"] == [[each] for each in ids]
    collection.delete(ids=ids[1:2])
    assert set(ids) - set(_ids(client, collection)) == {ids[1]}


def test_two_clients_that_make_one_collection_at_once_get_the_same_one(client: Client, place: ChromaPlace) -> None:
    name = f"test-{uuid.uuid4().hex}"
    others = [open_client(place) for _ in range(2)]
    try:
        with ThreadPoolExecutor(2) as pool:
            made = list(
                pool.map(
                    lambda each: each.get_or_create_collection(
                        name, embedding_function=None, metadata=METADATA, configuration=CONFIGURATION
                    ),
                    others,
                )
            )
        assert made[0].id == made[1].id
        assert [each.name for each in client.list_collections()].count(name) == 1
        made[0].upsert(ids=["a"], embeddings=_vectors(1))
        made[1].upsert(ids=["b"], embeddings=_vectors(1))
        assert sorted(_ids(others[1], made[0])) == ["a", "b"]
    finally:
        client.delete_collection(name)
        for each in others:
            each.close()


def test_a_collection_deleted_is_listed_no_more_and_the_others_stay(
    client: Client, make_collection: MakeCollection
) -> None:
    kept, gone = make_collection(), make_collection()
    kept.upsert(ids=["a"], embeddings=_vectors(1))
    client.delete_collection(gone.name)
    names = {each.name for each in client.list_collections()}
    assert kept.name in names
    assert gone.name not in names
    assert kept.count() == 1


def test_what_was_written_is_there_for_the_next_client(
    place: ChromaPlace, client: Client, make_collection: MakeCollection
) -> None:
    collection, vectors = make_collection(), _vectors(30)
    _write(client, collection, [str(row) for row in range(30)], vectors)
    other = open_client(place)
    try:
        again = other.get_collection(collection.name, embedding_function=None)
        assert again.count() == 30
        assert again.query(query_embeddings=vectors[9:10], n_results=1, include=[])["ids"] == [["9"]]
    finally:
        other.close()


def test_work_on_a_deleted_collection_is_an_error_of_ours_that_says_what_to_do(
    place: ChromaPlace, client: Client, make_collection: MakeCollection
) -> None:
    collection = make_collection()
    client.delete_collection(collection.name)
    with pytest.raises(StoreCorrupt, match="rhyme memory reindex"), explained(place):
        collection.count()


def test_a_vector_of_another_length_is_an_error_of_ours(place: ChromaPlace, make_collection: MakeCollection) -> None:
    collection = make_collection()
    collection.upsert(ids=["a"], embeddings=_vectors(1))
    with pytest.raises(StoreError, match="dimension"), explained(place):
        collection.upsert(ids=["b"], embeddings=_vectors(1, 33))
    assert collection.count() == 1


def test_a_place_says_whether_several_processes_may_use_it(place: ChromaPlace) -> None:
    assert place.shared == (not isinstance(place, EmbeddedPlace))


def test_a_batch_stays_under_what_the_place_takes_at_once(client: Client, place: ChromaPlace) -> None:
    hosted = isinstance(place, CloudPlace)
    assert write_batch(client, 768) == (300 if hosted else 2_000)
    assert write_batch(client, 4_096) * 4_096 * 4 * 4 / 3 < 40 * 2**20
    assert most_results(client) == (300 if hosted else None)


def test_the_client_of_the_hosted_service_writes_and_reads_in_pieces_that_it_allows(
    chroma_server: ChromaServer,
) -> None:
    place = CloudPlace("a-key", url=chroma_server.url)  # it finds tenant and database by the key
    client = open_client(place)
    collection = client.create_collection(f"test-{uuid.uuid4().hex}", embedding_function=None, metadata=METADATA)
    try:
        assert (write_batch(client, 32), most_results(client), place.shared) == (300, 300, True)
        _write(client, collection, [str(row) for row in range(700)], _vectors(700))
        assert sorted(_ids(client, collection), key=int) == [str(row) for row in range(700)]
    finally:
        client.delete_collection(collection.name)
        client.close()
