"""OpenAI's embeddings, from a server on loopback."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from models.embedding import EmbedderSpec, open_embedder
from models.embedding_openai import OpenAIEmbedder
from models.openai_provider import Endpoint
from models.retry import RetryPolicy
from records.errors import ModelError, ModelMissing, ModelRefused, ModelUnavailable, SettingsError


def vector_of(text: str) -> list[float]:
    """Three numbers that tell texts apart, not of norm 1."""
    return [float(len(text)), float(sum(text.encode()) % 97), 1.0]


@dataclass
class Server:
    """Answers each request by the next of `answers`, or properly."""

    base_url: str
    answers: list[tuple[int, Any]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.bodies.append(body)
            state.keys.append(self.headers["Authorization"])
            rows = [{"object": "embedding", "index": i, "embedding": vector_of(t)} for i, t in enumerate(body["input"])]
            proper = {
                "object": "list",
                "model": "m",
                "data": rows[::-1],
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
            }
            status, answer = state.answers.pop(0) if state.answers else (200, proper)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    state = Server(f"http://127.0.0.1:{httpd.server_port}/v1")
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    httpd.shutdown()
    httpd.server_close()
    thread.join()


Open = Callable[..., OpenAIEmbedder]


@pytest.fixture
def embedder(server: Server) -> Iterator[Open]:
    made: list[OpenAIEmbedder] = []

    def make(name: str = "own-model", dimensions: int | None = 3) -> OpenAIEmbedder:
        endpoint = Endpoint(server.base_url, SecretStr("sk-test-123456"))
        made.append(
            OpenAIEmbedder(
                endpoint, name=name, dimensions=dimensions, retry=RetryPolicy(attempts=2, sleep=lambda _: None)
            )
        )
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_vectors_come_back_in_the_order_of_the_texts_with_norm_one(server: Server, embedder: Open) -> None:
    texts = ["a", "bb", "ccc"]
    vectors = embedder().embed(texts)  # the server answers in reverse order, by index
    expected = np.array([vector_of(text) for text in texts])
    assert vectors == pytest.approx(expected / np.linalg.norm(expected, axis=1, keepdims=True), abs=1e-6)
    assert vectors.dtype == np.float32
    assert server.bodies[0]["encoding_format"] == "float"
    assert server.keys == ["Bearer sk-test-123456"]


def test_many_texts_go_in_several_requests(server: Server, embedder: Open) -> None:
    texts = [f"text {number}" for number in range(1_100)]
    vectors = embedder().embed(texts)
    assert [len(body["input"]) for body in server.bodies] == [512, 512, 76]
    assert [text for body in server.bodies for text in body["input"]] == texts
    assert vectors.shape == (1_100, 3)


def test_long_texts_are_cut_and_share_a_request_only_within_its_limit(server: Server, embedder: Open) -> None:
    embedder().embed(["news " * 9_000] * 30)
    assert [len(body["input"]) for body in server.bodies] == [24, 6]  # 24 × 8,191 tokens are under 200,000
    assert {len(text.split()) for body in server.bodies for text in body["input"]} == {8_191}


def test_no_texts_ask_nothing(server: Server, embedder: Open) -> None:
    assert embedder().embed([]).shape == (0, 3)
    assert server.bodies == []


def test_shorter_vectors_are_asked_for_only_of_models_that_can(server: Server, embedder: Open) -> None:
    embedder("text-embedding-3-small", 3).embed(["a"])
    embedder("own-model", 3).embed(["a"])
    assert server.bodies[0]["dimensions"] == 3
    assert "dimensions" not in server.bodies[1]


def test_transient_failure_is_tried_again_and_then_given_up(server: Server, embedder: Open) -> None:
    server.answers = [(503, {"error": "busy"})]
    assert embedder().embed(["a"]).shape == (1, 3)
    server.answers = [(503, {"error": "busy"})] * 2
    with pytest.raises(ModelUnavailable, match="after 2 tries"):
        embedder().embed(["a"])


def test_refusal_is_not_tried_again_and_hides_the_key(server: Server, embedder: Open) -> None:
    server.answers = [(401, {"error": {"message": "bad key sk-test-123456"}})]
    with pytest.raises(ModelRefused, match="HTTP 401") as caught:
        embedder().embed(["a"])
    assert "sk-test-123456" not in str(caught.value)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"object": "embedding", "index": 0, "embedding": [1.0, 2.0]}], "length"),
        ([], "no vectors|sent 0 vectors"),
        ([{"object": "embedding", "index": 1, "embedding": [1.0, 2.0, 3.0]}], "sent 1 vectors"),
        ([{"object": "embedding", "index": 0, "embedding": [0.0, 0.0, 0.0]}], "without a direction"),
    ],
)
def test_answer_that_is_no_set_of_vectors_is_an_error(
    server: Server, embedder: Open, rows: list[Any], said: str
) -> None:
    server.answers = [
        (200, {"object": "list", "model": "m", "data": rows, "usage": {"prompt_tokens": 1, "total_tokens": 1}})
    ]
    with pytest.raises(ModelError, match=said):
        embedder().embed(["a"])


def test_digest_tells_model_length_and_foreign_server_apart() -> None:
    key = SecretStr("sk-test-123456")
    own, elsewhere = Endpoint(api_key=key), Endpoint("http://127.0.0.1:9/v1", key)
    digests = {
        OpenAIEmbedder(own, name="text-embedding-3-small").digest,
        OpenAIEmbedder(own, name="text-embedding-3-small", dimensions=512).digest,
        OpenAIEmbedder(own, name="text-embedding-3-large").digest,
        OpenAIEmbedder(elsewhere, name="text-embedding-3-small").digest,
    }
    assert len(digests) == 4


def test_unknown_vector_length_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match="embedding_dimensions"):
        OpenAIEmbedder(Endpoint(api_key=SecretStr("k")), name="own-model")


def test_missing_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="OPENAI_API_KEY"):
        open_embedder(EmbedderSpec("openai:text-embedding-3-small", tmp_path))


def test_remote_name_opens_a_remote_embedder(server: Server, tmp_path: Path) -> None:
    spec = EmbedderSpec("openai:own-model", tmp_path, endpoint=Endpoint(server.base_url), dimensions=3)
    embedder = open_embedder(spec)
    assert (embedder.name, embedder.dimensions) == ("own-model", 3)
    assert embedder.embed(["a"]).shape == (1, 3)
    assert server.keys == ["Bearer no-key"]
