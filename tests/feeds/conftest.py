"""A real server on loopback whose answers each test writes itself."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from feeds import Fetcher

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that refuse the certificate or hang up are what some tests are about."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Site:
    """Routes by path; unknown paths answer 404. `requests` keeps (path, headers) of everything asked."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.routes: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append((self.path, dict(self.headers)))
                route = site.routes.get(self.path)
                try:
                    if route is None:
                        self.send_error(404)
                    else:
                        route(self)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the client has hung up, which some tests are about

            def log_message(self, *_: object) -> None:
                pass

        self.server = Server((address, 0), Handler)
        self.host = f"{address}:{self.server.server_port}"
        self.origin = f"http://{self.host}"

    @contextmanager
    def running(self) -> Iterator["Site"]:
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            self.server.shutdown()
            self.server.server_close()
            thread.join(5)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site().running() as running:
        yield running


@pytest.fixture
def fetcher(site: Site) -> Fetcher:
    """May reach the test's own server and nothing else on this machine."""
    return Fetcher(allowed_hosts={site.host}, timeout_seconds=5)


@pytest.fixture
def reply() -> Callable[..., Answer]:
    """Makes a route: `reply(b"…", content_type="text/html", status=200, **headers)`."""

    def make(body: bytes = b"", content_type: str | None = "text/html", status: int = 200, **headers: str) -> Answer:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            if content_type is not None:
                handler.send_header("Content-Type", content_type)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            if "Content_Length" not in headers:
                handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        return answer

    return make


@pytest.fixture
def load(fetcher: Fetcher) -> Callable[..., object]:
    """`load_article` at a fixed time."""
    from feeds import load_article

    def run(source: object, **options: object) -> object:
        return load_article(str(source), **{"stdin": None, "fetcher": fetcher, "clock": lambda: NOW, **options})

    return run
