"""A started Chroma server: many writers, sudden death, one owner of a folder, and no process left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from records.errors import StoreError, StoreLocked, StoreUnreachable, StoreUnwritable, UsageError
from vectorstore.chroma_place import ServerPlace, explained, open_client, write_batch
from vectorstore.chroma_server import ChromaServer, is_loopback

DIMENSIONS = 16

WRITER = """
import sys
import numpy as np
from vectorstore.chroma_place import ServerPlace, open_client
url, collection, writer = sys.argv[1:]
client = open_client(ServerPlace(url))
vectors = np.random.default_rng(int(writer)).normal(size=(1_000, 16)).astype(np.float32)
into = client.get_or_create_collection(collection, embedding_function=None, configuration={"hnsw": {"space": "cosine"}})
for start in range(0, 1_000, 50):
    into.upsert(ids=[f"{writer}-{row}" for row in range(start, start + 50)], embeddings=vectors[start : start + 50])
"""

STARTER = """
import sys, time
from pathlib import Path
from vectorstore.chroma_server import ChromaServer
server = ChromaServer.start(Path(sys.argv[1]))
print(server.url, server.pid, flush=True)
time.sleep(600)
"""


def _vectors(rows: int, seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(rows, DIMENSIONS)).astype(np.float32)


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.long
def test_three_processes_write_at_once_and_nothing_is_lost(chroma_server: ChromaServer) -> None:
    name = f"test-{uuid.uuid4().hex}"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, chroma_server.url, name, str(writer)]) for writer in range(3)
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    client = open_client(ServerPlace(chroma_server.url))
    collection = client.get_collection(name, embedding_function=None)
    expected = {f"{writer}-{row}" for writer in range(3) for row in range(1_000)}
    assert collection.count() == 3_000
    assert set(collection.get(include=[])["ids"]) == expected
    asked = np.concatenate([_vectors(1_000, writer)[::100] for writer in range(3)])  # each is found by its own vector
    found = collection.query(query_embeddings=asked, n_results=1, include=[])["ids"]
    assert [ids[0] for ids in found] == [f"{writer}-{row}" for writer in range(3) for row in range(0, 1_000, 100)]
    client.delete_collection(name)
    client.close()


def test_what_a_killed_server_had_acknowledged_is_there_when_it_is_started_again(tmp_path: Path) -> None:
    server = ChromaServer.start(tmp_path)
    vectors, acknowledged = _vectors(5_000, 0), []
    client = open_client(ServerPlace(server.url))
    collection = client.create_collection(
        "events", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
    )
    enough = threading.Event()

    def write() -> None:
        try:
            for row in range(5_000):
                collection.upsert(ids=[str(row)], embeddings=vectors[row : row + 1])
                acknowledged.append(row)
                if row == 150:
                    enough.set()
        except Exception:  # noqa: BLE001 - the server is killed under it
            enough.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert enough.wait(60)
    server.kill()
    writer.join()
    client.close()
    assert 150 < len(acknowledged) < 5_000
    with ChromaServer.start(tmp_path) as again:
        assert again.cut_short
        client = open_client(ServerPlace(again.url))
        collection = client.get_collection("events", embedding_function=None)
        kept = collection.get(include=[])["ids"]
        assert {str(row) for row in acknowledged} <= set(kept)
        assert (
            len(kept) == len(set(kept)) <= len(acknowledged) + 1
        )  # one may have been written but not yet acknowledged
        found = collection.query(query_embeddings=vectors[:100], n_results=1, include=[])["ids"]
        assert [ids[0] for ids in found] == [str(row) for row in range(100)]
        client.close()
    with ChromaServer.start(tmp_path) as once_more:
        assert not once_more.cut_short


def test_the_full_batch_of_the_default_embedder_goes_through(chroma_server: ChromaServer) -> None:
    client = open_client(ServerPlace(chroma_server.url))
    collection = client.create_collection(f"test-{uuid.uuid4().hex}", embedding_function=None)
    vectors = np.random.default_rng(0).normal(size=(2_000, 768)).astype(np.float32)
    assert write_batch(client, 768) == 2_000
    collection.upsert(ids=[str(row) for row in range(2_000)], embeddings=vectors)
    assert collection.count() == 2_000
    client.delete_collection(collection.name)
    client.close()


def test_a_stopped_server_leaves_no_process_and_no_lock_and_the_client_is_told(tmp_path: Path) -> None:
    with ChromaServer.start(tmp_path / "data") as server:
        place = ServerPlace(server.url)
        client = open_client(place)
        assert not _gone(server.pid)
        with pytest.raises(Timeout):
            FileLock(tmp_path / "data" / "lock", timeout=0).acquire()
    server.stop()  # twice is fine
    assert _gone(server.pid)
    FileLock(tmp_path / "data" / "lock", timeout=0).acquire()
    with pytest.raises(StoreUnreachable, match="rhyme chroma"), explained(place):
        client.list_collections()
    client.close()


def test_a_server_leaves_when_the_one_who_started_it_is_killed(tmp_path: Path) -> None:
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    url, pid = starter.stdout.readline().split()
    open_client(ServerPlace(url)).close()
    starter.kill()
    starter.wait()
    starter.stdout.close()
    lock = FileLock(tmp_path / "lock", timeout=60)
    lock.acquire()  # as long as the server has the folder, nobody else gets it
    lock.release()
    with pytest.raises(StoreUnreachable):
        open_client(ServerPlace(url))
    while not _gone(int(pid)):  # nobody of ours can wait for it; the test's own time limit ends this
        time.sleep(0.05)


def test_a_folder_in_use_is_refused_by_whoever_uses_it(tmp_path: Path, chroma_server: ChromaServer) -> None:
    with pytest.raises(StoreLocked, match="another `rhyme chroma`"):
        ChromaServer.start(chroma_server.directory)
    with FileLock(tmp_path / "lock"), pytest.raises(StoreLocked, match="--path"):
        ChromaServer.start(tmp_path)


def test_an_index_inside_an_open_event_memory_is_refused(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock"), pytest.raises(StoreLocked):
        ChromaServer.start(tmp_path / "index-1")


def test_a_port_in_use_and_a_foreign_host_are_refused_by_name(tmp_path: Path, chroma_server: ChromaServer) -> None:
    port = int(chroma_server.url.rpartition(":")[2])
    with pytest.raises(UsageError, match=rf"port {port} of 127\.0\.0\.1.*--port 0"):
        ChromaServer.start(tmp_path, port=port)
    with pytest.raises(UsageError, match="no address of this machine"):
        ChromaServer.start(tmp_path, host="no such host")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnwritable, match="--path"):
        ChromaServer.start(tmp_path / "file" / "chroma")


def test_a_server_that_ends_by_itself_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    with ChromaServer.start(tmp_path) as server:
        os.kill(server.pid, signal.SIGTERM)
        with pytest.raises(StoreError, match=r"ended by itself.*SIGTERM"):
            server.wait()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_a_loopback_address_counts_as_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_any_other_address_counts_as_reachable_from_outside(host: str) -> None:
    assert not is_loopback(host)
