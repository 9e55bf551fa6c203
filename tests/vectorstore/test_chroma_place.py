"""How a place is named and reached, and what a person is told when it cannot be."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import numpy as np
import pytest
from chromadb import errors

from records.errors import (
    SettingsError,
    StoreCorrupt,
    StoreError,
    StoreMismatch,
    StoreRefused,
    StoreUnreachable,
    StoreUnwritable,
)
from vectorstore.chroma_failure import REMOTE_ERRORS, Trouble, failure_of, of_status
from vectorstore.chroma_place import CloudPlace, EmbeddedPlace, ServerPlace, explained, most_results, open_client
from vectorstore.chroma_server import ChromaServer

TOKEN = "s3cr3t-t0ken"
HEARTBEAT = json.dumps({"nanosecond heartbeat": 1})
Answer = Callable[[BaseHTTPRequestHandler], tuple[int, str]]


@contextmanager
def _answering(answer: Answer, headers: dict[str, str] | None = None) -> Iterator[str]:
    """A server on this machine that answers every request as told; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            status, text = answer(self)
            body = text.encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _reply  # noqa: N815 - named by the standard library

        def log_message(self, *_: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _passing_on(to: str) -> Answer:
    """What a proxy does that serves Chroma under the path /chroma."""

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, str]:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        path = request.path.removeprefix("/chroma")
        kind = {"Content-Type": "application/json"}
        passed = httpx.request(request.command, to + path, content=body, headers=kind, trust_env=False)
        return passed.status_code, passed.text

    return answer


def _asking_for_the_token(inner: Answer) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> tuple[int, str]:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            request.rfile.read(int(request.headers.get("Content-Length") or 0))
            return 401, f"who is {request.headers.get('Authorization')}?"
        return inner(request)

    return answer


def _told(place: ServerPlace | CloudPlace, kind: type[StoreError]) -> str:
    with pytest.raises(StoreError) as caught:
        open_client(place).close()
    assert type(caught.value) is kind
    return str(caught.value)


def test_a_closed_port_is_an_error_at_once_that_says_how_to_start_a_server() -> None:
    with _answering(lambda _: (200, "")) as url:
        pass
    message = _told(ServerPlace(url), StoreUnreachable)
    assert message.startswith(f"The Chroma server at {url} cannot be reached")
    assert "Start it with `rhyme chroma`, or correct RHYME_CHROMA" in message


def test_a_server_that_never_answers_is_given_up_after_the_time_set() -> None:
    silent = threading.Event()
    with _answering(lambda _: (silent.wait(60), (200, ""))[1]) as url:
        assert "gave no answer within 0.2 seconds" in _told(ServerPlace(url, answer_seconds=0.2), StoreUnreachable)
        silent.set()


def test_a_server_that_falls_silent_later_is_given_up_too(chroma_server: ChromaServer) -> None:
    silent, through = threading.Event(), _passing_on(chroma_server.url)
    woken = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, str]:
        if silent.is_set():
            woken.wait(60)
        return through(request)

    with _answering(answer) as url:
        place = ServerPlace(url, answer_seconds=3)
        client = open_client(place)
        silent.set()
        with pytest.raises(StoreUnreachable, match="gave no answer within 3 seconds"), explained(place):
            client.count_collections()
        woken.set()
        client.close()


def test_a_proxy_with_a_token_and_a_path_of_its_own_is_passed(chroma_server: ChromaServer) -> None:
    with _answering(_asking_for_the_token(_passing_on(chroma_server.url))) as url:
        client = open_client(ServerPlace(f"{url}/chroma/", TOKEN))
        collection = client.get_or_create_collection("through-a-proxy", embedding_function=None)
        collection.upsert(ids=["a"], embeddings=np.ones((1, 4), dtype=np.float32))
        assert collection.count() == 1
        client.delete_collection("through-a-proxy")
        client.close()


@pytest.mark.parametrize("token", [None, "wr0ng-t0ken"])
def test_a_refused_token_is_an_error_that_does_not_show_it(token: str | None, chroma_server: ChromaServer) -> None:
    with _answering(_asking_for_the_token(_passing_on(chroma_server.url))) as url:
        message = _told(ServerPlace(url, token), StoreRefused)
    assert "RHYME_CHROMA_TOKEN" in message
    assert "wr0ng" not in message


def test_no_token_is_shown_by_a_place_or_by_an_error_with_its_traceback() -> None:
    server, cloud = ServerPlace("http://127.0.0.1:1", TOKEN), CloudPlace(TOKEN)
    assert TOKEN not in repr((server, cloud, server.name, cloud.name))
    for place in (server, cloud):
        with pytest.raises(StoreRefused) as caught, explained(place):
            raise ValueError(f"bad header {TOKEN}")
        assert TOKEN not in str(caught.value)
        assert caught.value.__cause__ is None  # a traceback would print its words
        assert caught.value.__suppress_context__


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "schlüssel", ""])
def test_a_token_that_cannot_be_sent_is_refused_unshown(token: str) -> None:
    for make in (lambda: ServerPlace("http://127.0.0.1:1", token), lambda: CloudPlace(token)):
        with pytest.raises(SettingsError, match="RHYME_CHROMA_TOKEN") as caught:
            make()
        assert not token or token not in str(caught.value)


def test_a_tenant_or_database_that_does_not_exist_is_named(chroma_server: ChromaServer) -> None:
    for place in (ServerPlace(chroma_server.url, tenant="nobody"), ServerPlace(chroma_server.url, database="a b/c")):
        message = _told(place, StoreRefused)
        assert f"no database {place.database!r} of a tenant {place.tenant!r}" in message
        assert "docs/chroma.md" in message


def test_a_server_from_before_version_1_is_a_mismatch() -> None:
    with _answering(lambda request: (200, HEARTBEAT) if "/v1/" in request.path else (404, "")) as url:
        assert "another version" in _told(ServerPlace(url), StoreMismatch)


def test_another_program_at_the_address_is_no_chroma_server() -> None:
    with _answering(lambda _: (200, "<html>welcome</html>")) as url:
        assert "what answers there is no Chroma server: status 200" in _told(ServerPlace(url), StoreUnreachable)
    with _answering(lambda _: (301, ""), {"Location": "https://chroma.example.org/"}) as url:
        assert "sends one on to https://chroma.example.org/" in _told(ServerPlace(url), StoreUnreachable)


def test_a_service_that_is_down_for_a_moment_says_try_again() -> None:
    with _answering(lambda _: (503, "upstream")) as url:
        assert "Try again in a minute" in _told(ServerPlace(url), StoreUnreachable)


def test_more_than_the_server_takes_at_once_is_refused_by_name(chroma_server: ChromaServer) -> None:
    place = ServerPlace(chroma_server.url)
    client = open_client(place)
    collection = client.create_collection("too-much", embedding_function=None)
    try:
        with pytest.raises(StoreRefused, match="takes no request of this size"), explained(place):
            collection.upsert(ids=[str(row) for row in range(800)], embeddings=np.ones((800, 10_240), dtype=np.float32))
    finally:
        client.close()
        fresh = open_client(place)  # the connection of a refused request may end with it
        fresh.delete_collection("too-much")
        fresh.close()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1:8000",
        "ftp://127.0.0.1",
        "http://",
        "http://h:port",
        "http://h:99999",
        "http://h/?a=b",
        "http://h/#a",
    ],
)
def test_what_is_no_address_of_a_server_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(SettingsError, match=r"http://127\.0\.0\.1:8000"):
        ServerPlace(address)


def test_a_password_in_the_address_is_refused_unshown() -> None:
    with pytest.raises(SettingsError, match="RHYME_CHROMA_TOKEN") as caught:
        ServerPlace("http://ann:hunter2@127.0.0.1:8000")
    assert "hunter2" not in str(caught.value)


def test_chromas_own_variables_and_files_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chroma_server: ChromaServer
) -> None:
    (tmp_path / ".env").write_text("CHROMA_SERVER_HOST=elsewhere.example.org\nANONYMIZED_TELEMETRY=true\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHROMA_SERVER_HOST", "elsewhere.example.org")
    monkeypatch.setenv("CHROMA_SERVER_HTTP_PORT", "1")
    monkeypatch.setenv("CHROMA_CLIENT_AUTH_PROVIDER", "chromadb.auth.token_authn.TokenAuthClientProvider")
    monkeypatch.setenv("CHROMA_CLIENT_AUTH_CREDENTIALS", "abc")
    for place in (ServerPlace(chroma_server.url), EmbeddedPlace(tmp_path / "chroma")):
        client = open_client(place)
        assert client.get_settings().anonymized_telemetry is False
        assert client.count_collections() >= 0
        assert most_results(client) is None  # nor does it take the client for the hosted one
        client.close()


def test_an_embedded_place_that_cannot_be_made_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnwritable, match="set another data folder"):
        open_client(EmbeddedPlace(tmp_path / "file"))


def test_an_embedded_place_with_broken_files_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreCorrupt, match="rhyme memory reindex"):
        open_client(EmbeddedPlace(tmp_path))


def test_our_own_errors_and_a_stop_pass_unchanged() -> None:
    place = ServerPlace("http://127.0.0.1:1")
    for thrown in (
        StoreMismatch("as it was"),
        SettingsError("as it was"),
        KeyboardInterrupt("as it was"),
        MemoryError(),
    ):
        with pytest.raises(type(thrown)) as caught, explained(place):
            raise thrown
        assert caught.value is thrown


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (errors.ChromaAuthError("no"), Trouble.REFUSED),
        (errors.AuthorizationError("no"), Trouble.REFUSED),
        (errors.QuotaError("300 records"), Trouble.QUOTA),
        (errors.RateLimitError("slow down"), Trouble.BUSY),
        (errors.VersionMismatchError("1 and 2"), Trouble.OTHER_VERSION),
        (errors.BatchSizeExceededError("6000"), Trouble.TOO_LARGE),
        (errors.NotFoundError("Tenant [x] not found"), Trouble.NO_DATABASE),
        (errors.NotFoundError("Collection [x] does not exist"), Trouble.GONE),
        (errors.InvalidArgumentError("hnsw: bad value"), Trouble.OTHER),
        (errors.InternalError("Error creating hnsw segment reader: Nothing found on disk"), Trouble.DAMAGED),
        (errors.InternalError("error returned from database: (code: 13) database or disk is full"), Trouble.UNWRITABLE),
        (errors.InternalError("attempt to write a readonly database"), Trouble.UNWRITABLE),
        (Exception("Quota exceeded: number of records"), Trouble.QUOTA),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"), Trouble.CERTIFICATE),
        (httpx.ConnectTimeout("timed out"), Trouble.UNREACHABLE),
        (httpx.RemoteProtocolError("Server disconnected"), Trouble.BROKEN_OFF),
        (ValueError("anything"), Trouble.OTHER),
    ],
)
def test_each_failure_of_chroma_is_read_for_what_to_do_next(error: Exception, trouble: Trouble) -> None:
    assert failure_of(error).trouble is trouble


def test_a_cause_hidden_behind_a_value_error_is_found() -> None:
    hidden = ValueError("Could not connect to tenant x. Are you sure it exists?")
    hidden.__context__ = httpx.ReadTimeout("timed out")  # as when raised while that one was handled
    assert failure_of(hidden).trouble is Trouble.SLOW


def test_every_failure_has_a_message_that_says_what_to_do() -> None:
    assert set(REMOTE_ERRORS) == set(Trouble)
    assert of_status(204, "") is None
    assert [of_status(status, "x").trouble for status in (401, 413, 422, 429)] == [  # type: ignore[union-attr]
        Trouble.REFUSED,
        Trouble.TOO_LARGE,
        Trouble.QUOTA,
        Trouble.BUSY,
    ]
