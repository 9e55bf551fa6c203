"""Where Chroma keeps the vectors: embedded in this process, on a server, or hosted. One client and one set of errors for all.

Embedded serves one process at a time, which must hold the folder's lock: Chroma itself has none, and two processes on one
folder lose vectors without an error. A server and the hosted service take any number of processes.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlsplit

import chromadb
import httpx
from chromadb.api.client import Client
from chromadb.config import DEFAULT_DATABASE, DEFAULT_TENANT, Settings

from records.errors import RhymeError, SettingsError, StoreCorrupt, StoreUnwritable
from vectorstore.chroma_failure import REMOTE_ERRORS, Failure, Trouble, failure_of, of_status

CONNECT_SECONDS = 5.0
"""A machine that is there answers a connection within this; one that is off or behind a firewall never does."""

ANSWER_SECONDS = 120.0
"""Longest silence before a request is given up. Chroma answers a write of 2,000 x 768 in 2 s, but loads an index of a
million vectors, and works off what it had only noted down, at the first query after a start."""

WRITE_BATCH = 2_000
"""Vectors handed over at once; Chroma's own limit is 5,461."""

PAYLOAD_BYTES = 40_000_000
"""A server refuses a request of more than 40 MiB; 2,000 vectors of 3,750 dimensions are as many."""

HOSTED_BATCH = 300
"""Records per write, and results per query, that Chroma's hosted service allows unless more was agreed
(docs.trychroma.com/cloud/quotas-limits)."""

HOSTED_URL = "https://api.trychroma.com"


@dataclass(frozen=True)
class EmbeddedPlace:
    """A folder that this process alone may use while it holds the folder's lock."""

    directory: Path

    @property
    def shared(self) -> bool:
        """Whether several processes may use the place at one time."""
        return False

    @property
    def name(self) -> str:
        """For messages."""
        return str(self.directory)


@dataclass(frozen=True)
class ServerPlace:
    """A Chroma server: `rhyme chroma`, `chroma run`, or a distributed Chroma. Raises SettingsError for a bad address or token."""

    url: str
    """http:// or https://, with the port unless it is 80 or 443, and a path if a proxy asks for one."""
    token: str | None = field(default=None, repr=False)
    """Sent as `Authorization: Bearer` and as `X-Chroma-Token`. None: no such header."""
    tenant: str = DEFAULT_TENANT
    database: str = DEFAULT_DATABASE
    answer_seconds: float = ANSWER_SECONDS

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", server_address(self.url))
        _check_token(self.token)

    @property
    def shared(self) -> bool:
        """Whether several processes may use the place at one time."""
        return True

    @property
    def name(self) -> str:
        """For messages."""
        return self.url

    @property
    def headers(self) -> dict[str, str]:
        """What proves who is asking."""
        return {"Authorization": f"Bearer {self.token}", "X-Chroma-Token": self.token} if self.token else {}


@dataclass(frozen=True)
class CloudPlace:
    """Chroma's hosted service. Raises SettingsError for a bad key."""

    api_key: str = field(repr=False)
    tenant: str | None = None
    """None: the one the key belongs to."""
    database: str | None = None
    """None: the only one the key may use."""
    url: str = HOSTED_URL
    answer_seconds: float = ANSWER_SECONDS

    def __post_init__(self) -> None:
        _check_token(self.api_key)

    @property
    def shared(self) -> bool:
        """Whether several processes may use the place at one time."""
        return True

    @property
    def name(self) -> str:
        """For messages."""
        return self.url

    @property
    def headers(self) -> dict[str, str]:
        """What proves who is asking."""
        return {"X-Chroma-Token": self.api_key}


ChromaPlace = EmbeddedPlace | ServerPlace | CloudPlace


def server_address(url: str) -> str:
    """The address without a closing slash. Raises SettingsError when it is none, or holds a password."""
    parts = urlsplit(url)
    try:
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a port that is no number
        usable = False
    if parts.username is not None or parts.password is not None:
        raise SettingsError(
            "The address of the Chroma server holds a user or password, which would be shown in messages. Leave it out and set "
            "RHYME_CHROMA_TOKEN."
        )
    if not usable or parts.query or parts.fragment:
        raise SettingsError(
            f"{url!r} is not the address of a Chroma server. Write it like http://127.0.0.1:8000 or https://chroma.example.org."
        )
    return url.rstrip("/")


def _check_token(token: str | None) -> None:
    if token is not None and not re.fullmatch(r"[!-~]+", token):
        raise SettingsError(
            "The token for Chroma holds a space, a line break or a letter outside ASCII, and cannot be sent. Set "
            "RHYME_CHROMA_TOKEN to the token alone."
        )


def open_client(place: ChromaPlace) -> Client:
    """A client of the place; close it. A server is asked for a sign of life first, so that one which is not there, or is
    another program, is found in seconds.

    Raises StoreUnreachable, StoreRefused, StoreMismatch; for an embedded place StoreCorrupt and StoreUnwritable.
    """
    with explained(place):
        if isinstance(place, EmbeddedPlace):
            place.directory.mkdir(parents=True, exist_ok=True)
            embedded = _settings(chroma_api_impl="chromadb.api.rust.RustBindingsAPI")
            return cast(Client, chromadb.PersistentClient(path=place.directory, settings=embedded))
        _look(place)
        client = _server_client(place) if isinstance(place, ServerPlace) else _hosted_client(place)
        _limit_waiting(client, place)
        return client


def write_batch(client: Client, dimensions: int = 768) -> int:
    """Vectors that may be handed to `upsert` or `delete` at once. Asks a server for its limit the first time."""
    by_size = PAYLOAD_BYTES // (dimensions * 6)  # 4 bytes a number, as base64, and the ids
    allowed = client.get_max_batch_size()
    hosted = HOSTED_BATCH if most_results(client) else WRITE_BATCH
    return max(1, min(WRITE_BATCH, by_size, hosted, allowed if allowed > 0 else WRITE_BATCH))


def most_results(client: Client) -> int | None:
    """Results that one `query` or `get` may ask for; None: as many as there are."""
    return HOSTED_BATCH if client.get_settings().chroma_client_auth_provider else None


def _settings(**more: Any) -> Settings:
    """Chroma's settings. Whatever it would else read from the environment is named, so that Rhyme's own settings rule."""
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # Chroma would else read any .env where the program is started
        anonymized_telemetry=False,
        allow_reset=False,
        chroma_client_auth_provider=None,
        chroma_server_headers=None,
        chroma_server_ssl_verify=None,
        **more,
    )


def _server_client(place: ServerPlace) -> Client:
    secure = place.url.startswith("https")
    port = urlsplit(place.url).port or (443 if secure else 80)
    settings = _settings(chroma_server_host=place.url, chroma_server_http_port=port)
    client = chromadb.HttpClient(
        host=place.url,  # a whole address: Chroma then takes port and path from it
        port=port,
        ssl=secure,
        headers=place.headers,
        settings=settings,
        tenant=place.tenant,
        database=place.database,
    )
    return cast(Client, client)


def _hosted_client(place: CloudPlace) -> Client:
    parts = urlsplit(place.url)
    secure = parts.scheme == "https"
    client = chromadb.CloudClient(
        tenant=place.tenant,
        database=place.database,
        api_key=place.api_key,
        settings=_settings(),
        cloud_host=parts.hostname or "",
        cloud_port=parts.port or (443 if secure else 80),
        enable_ssl=secure,
    )
    return cast(Client, client)


def _limit_waiting(client: Client, place: ServerPlace | CloudPlace) -> None:
    """Chroma's client waits for ever and has no setting for it."""
    session = cast(httpx.Client, client._server._session)  # type: ignore[attr-defined]
    session.timeout = _patience(place)


def _patience(place: ServerPlace | CloudPlace) -> httpx.Timeout:
    return httpx.Timeout(place.answer_seconds, connect=min(CONNECT_SECONDS, place.answer_seconds))


def _look(place: ServerPlace | CloudPlace) -> None:
    """Asks for a sign of life and for the database, with a time limit, before Chroma's client asks without one."""
    with httpx.Client(headers=place.headers, timeout=_patience(place)) as http:
        answer = http.get(f"{place.url}/api/v2/heartbeat")
        if answer.status_code in (401, 403, 429, 503):
            _check_answer(place, answer)
        if not _beats(answer):
            old = _beats(http.get(f"{place.url}/api/v1/heartbeat"))
            raise _remote_error(place, _STRANGER_OF_OLD if old else _stranger(answer))
        if place.tenant and place.database:
            tenant, database = quote(place.tenant, safe=""), quote(place.database, safe="")
            _check_answer(place, http.get(f"{place.url}/api/v2/tenants/{tenant}/databases/{database}"))


_STRANGER_OF_OLD = Failure(Trouble.OTHER_VERSION, "it speaks the interface of Chroma before 1.0")


def _stranger(answer: httpx.Response) -> Failure:
    moved = (
        f"it sends one on to {answer.headers.get('location')}" if answer.is_redirect else f"status {answer.status_code}"
    )
    return Failure(Trouble.UNREACHABLE, f"what answers there is no Chroma server: {moved}")


def _check_answer(place: ServerPlace | CloudPlace, answer: httpx.Response) -> None:
    failure = of_status(answer.status_code, answer.text)
    if failure is not None:
        raise _remote_error(place, failure)


def _beats(answer: httpx.Response) -> bool:
    try:
        return answer.status_code == 200 and "nanosecond heartbeat" in answer.json()
    except (ValueError, TypeError):
        return False


@contextmanager
def explained(place: ChromaPlace) -> Iterator[None]:
    """Turns whatever Chroma and httpx raise into Rhyme's errors, which say what to do next and hold no secret."""
    try:
        yield
    except (RhymeError, MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # Chroma's own errors, ValueError, OSError, and Rust panics, which are no Exception
        if isinstance(place, EmbeddedPlace):
            raise _embedded_error(place, error) from error
        raise _remote_error(place, failure_of(error)) from None  # a traceback would print the cause's words unmasked


def _embedded_error(place: EmbeddedPlace, error: BaseException) -> RhymeError:
    failure = failure_of(error)
    if isinstance(error, OSError) or failure.trouble is Trouble.UNWRITABLE:
        return StoreUnwritable(
            f"The event index in {place.directory} cannot be written ({failure.reason}). Free some space or make the folder "
            "writable for this user, or set another data folder."
        )
    return StoreCorrupt(
        f"The event index in {place.directory} cannot be used ({failure.reason}). Build it again from the database with `rhyme "
        "memory reindex`; no event is lost by it."
    )


def _remote_error(place: ServerPlace | CloudPlace, failure: Failure) -> RhymeError:
    kind, words = REMOTE_ERRORS[failure.trouble]
    secret = place.token if isinstance(place, ServerPlace) else place.api_key
    reason = failure.reason.replace(secret, "********") if secret else failure.reason
    hosted = isinstance(place, CloudPlace)
    where = f"Chroma's hosted service at {place.name}" if hosted else f"the Chroma server at {place.name}"
    start = (
        "Check this machine's network, and whether the service is up"
        if hosted
        else "Start it with `rhyme chroma`, or correct RHYME_CHROMA"
    )
    text = words.format(
        where=where,
        reason=reason,
        start=start,
        tenant=place.tenant,
        database=place.database,
        seconds=place.answer_seconds,
    )
    return kind(text[:1].upper() + text[1:])
