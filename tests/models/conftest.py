"""A loopback server that plays a chat completions API, a tiny local model, and the default one when it is there."""

import json
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest

from records.prompt import Message, Prompt

Play = Callable[["Exchange"], None]
DEFAULT_MODEL_FILE = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"


class Exchange:
    """One request under way: what was asked, and ways to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        self.handler = handler
        self.body = body

    def refuse(self, status: int, error: object, **headers: str) -> None:
        """An error answer; `error` is the value under "error"."""
        content = json.dumps({"error": error}).encode()
        self.handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.send_header("Content-Length", str(len(content)))
        self.handler.end_headers()
        self.handler.wfile.write(content)

    def begin(self, content_type: str = "text/event-stream") -> None:
        """The head of a streamed answer; the end of the connection ends it."""
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", content_type)
        self.handler.send_header("Connection", "close")
        self.handler.end_headers()
        self.handler.close_connection = True

    def event(self, **parts: Any) -> None:
        """One chunk: `delta`, `finish_reason`, `logprobs` make a choice; `usage` stands alone."""
        chunk: dict[str, Any] = {
            "id": "x",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "m",
            "choices": [],
        }
        if "usage" in parts:
            chunk["usage"] = parts.pop("usage")
        else:
            chunk["choices"] = [{"index": 0, "delta": {}, "finish_reason": None, **parts}]
        self.handler.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.handler.wfile.flush()

    def end(self) -> None:
        self.handler.wfile.write(b"data: [DONE]\n\n")


def usage(read: int, written: int, **details: int) -> dict[str, Any]:
    """A usage block; `cached_tokens` and `cache_write_tokens` go with the input, `reasoning_tokens` with the output."""
    reasoning = details.pop("reasoning_tokens", 0)
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": details,
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def says(text: str, *, finish_reason: str = "stop", counted: dict[str, Any] | None = None) -> Play:
    """A whole answer in three pieces, with usage if it was asked for."""

    def play(exchange: Exchange) -> None:
        exchange.begin()
        third = len(text) // 3 + 1
        for start in range(0, len(text), third):
            exchange.event(delta={"content": text[start : start + third]})
        exchange.event(finish_reason=finish_reason)
        if exchange.body.get("stream_options", {}).get("include_usage"):
            exchange.event(usage=counted or usage(100, 20))
        exchange.end()

    return play


@dataclass
class ChatServer:
    """Plays one answer after another; a request too many gets a 418 that no retry follows."""

    base_url: str
    plays: list[Play] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    """Set at the end of a test: whoever plays dead may leave."""

    usage = staticmethod(usage)

    def refuses(self, status: int, error: object = "no", **headers: str) -> None:
        self.plays.append(lambda exchange: exchange.refuse(status, error, **headers))

    def says(self, text: str, **options: Any) -> None:
        self.plays.append(says(text, **options))

    def hangs(self) -> None:
        self.plays.append(lambda _: _wait(self.released))

    def breaks_off(self, text: str) -> None:
        """The connection ends in the middle of the answer."""

        def play(exchange: Exchange) -> None:
            exchange.begin()
            exchange.event(delta={"content": text})

        self.plays.append(play)


def _wait(released: threading.Event) -> None:
    released.wait(20)


@pytest.fixture
def chat_server() -> Iterator[ChatServer]:
    """A server on a free loopback port, stopped by its own handle."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.bodies.append(body)
            state.headers.append(dict(self.headers.items()))
            state.paths.append(self.path)
            number = len(state.bodies) - 1
            exchange = Exchange(self, body)
            if number < len(state.plays):
                state.plays[number](exchange)
            else:
                exchange.refuse(418, "no play left")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = ChatServer(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    state.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def prompt() -> Prompt:
    """A short prompt of a system and a user turn."""
    return Prompt((Message("system", "Be short."), Message("user", "Say it.")), "try", "1", "0123456789abcdef")


@pytest.fixture(scope="session")
def language_model_file() -> Path:
    """The default model in Rhyme's model folder (RHYME_HOME, else the user's data folder); skips when it is not there."""
    home = os.environ.get("RHYME_HOME")
    path = Path(home or platformdirs.user_data_dir("rhyme")) / "models" / DEFAULT_MODEL_FILE
    if not path.is_file():
        pytest.skip(f"{path} is not there: run `rhyme models pull`")
    return path


def wait_until(happened: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether `happened` became true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.02)
    return happened()


_CHAT_TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}</s>{% endfor %}<|assistant|>"


def _gguf_value(value: Any) -> tuple[int, bytes]:
    """GGUF's type number and bytes: strings, unsigned ints, floats, bools and lists of one of them."""
    if isinstance(value, bool):
        return 7, struct.pack("<?", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, str):
        raw = value.encode()
        return 8, struct.pack("<Q", len(raw)) + raw
    kinds, parts = zip(*map(_gguf_value, value), strict=True)
    # Token types are the one signed list of the format.
    kind = 5 if kinds[0] == 4 else kinds[0]
    return 9, struct.pack("<IQ", kind, len(parts)) + b"".join(parts)


def _write_gguf(path: Path, facts: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(facts))
    for key, value in facts.items():
        kind, raw = _gguf_value(value)
        head += _gguf_value(key)[1] + struct.pack("<I", kind) + raw
    data = b""
    for name, tensor in tensors.items():
        shape = tensor.shape[::-1]
        head += _gguf_value(name)[1] + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += tensor.astype("<f4").tobytes()
        data += bytes(-len(data) % 32)
    path.write_bytes(head + bytes(-len(head) % 32) + data)


@pytest.fixture(scope="session")
def tiny_model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A llama with one layer of random weights and a vocabulary of bytes: real enough for llama.cpp, half a second to load."""
    rng = np.random.default_rng(7)
    special = ["<unk>", "<s>", "</s>"]
    words = ["A", "B", "Yes", "No"]
    tokens = [*special, *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    wide, inner = 32, 64
    facts: dict[str, Any] = {
        "general.architecture": "llama",
        "llama.context_length": 2048,
        "llama.embedding_length": wide,
        "llama.block_count": 1,
        "llama.feed_forward_length": inner,
        "llama.attention.head_count": 2,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": wide // 2,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.scores": [0.0] * len(tokens),
        "tokenizer.ggml.token_type": [2, 3, 3, *[6] * 256, *[1] * len(words)],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.chat_template": _CHAT_TEMPLATE,
    }
    shapes = {
        "token_embd.weight": (len(tokens), wide),
        "output.weight": (len(tokens), wide),
        **{f"blk.0.attn_{part}.weight": (wide, wide) for part in ("q", "k", "v", "output")},
        "blk.0.ffn_gate.weight": (inner, wide),
        "blk.0.ffn_up.weight": (inner, wide),
        "blk.0.ffn_down.weight": (wide, inner),
    }
    tensors = {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}
    tensors |= {
        name: np.ones(wide) for name in ("output_norm.weight", "blk.0.attn_norm.weight", "blk.0.ffn_norm.weight")
    }
    path = tmp_path_factory.mktemp("models") / "tiny.gguf"
    _write_gguf(path, facts, tensors)
    return path
