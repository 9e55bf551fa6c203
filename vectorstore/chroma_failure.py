"""What went wrong in Chroma, read from whatever its client, httpx or its Rust side raised, and what a person can do about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import httpx
from chromadb import __version__, errors
from chromadb.errors import ChromaError

from records.errors import (
    StoreCorrupt,
    StoreError,
    StoreMismatch,
    StoreRefused,
    StoreUnreachable,
    StoreUnwritable,
)


class Trouble(StrEnum):
    """One member per thing to do next."""

    UNREACHABLE = "nothing answers at the address"
    CERTIFICATE = "the certificate is not trusted"
    SLOW = "no answer in time"
    BROKEN_OFF = "the connection broke"
    BUSY = "too many requests, or the service is down"
    REFUSED = "the token is wrong or missing"
    NO_DATABASE = "no such tenant or database"
    GONE = "no such collection"
    OTHER_VERSION = "another version of Chroma"
    QUOTA = "a limit of the account"
    TOO_LARGE = "more than the server takes at once"
    UNWRITABLE = "the disk is full or read-only"
    DAMAGED = "the files are damaged"
    OTHER = "anything else"


@dataclass(frozen=True)
class Failure:
    """`reason`: Chroma's own words on one line, at most `REASON_LENGTH` characters."""

    trouble: Trouble
    reason: str


REASON_LENGTH = 300

_UNWRITABLE = ("readonly", "read-only", "permission denied", "disk is full", "no space left", "disk i/o error")
_DAMAGED = ("hnsw", "malformed", "corrupt", "not a database", "panic", "backfill", "compaction")
_TYPE_TROUBLE: dict[type[ChromaError], Trouble] = {
    errors.ChromaAuthError: Trouble.REFUSED,
    errors.AuthorizationError: Trouble.REFUSED,
    errors.QuotaError: Trouble.QUOTA,
    errors.RateLimitError: Trouble.BUSY,
    errors.VersionMismatchError: Trouble.OTHER_VERSION,
    errors.InvalidHTTPVersion: Trouble.OTHER_VERSION,
    errors.BatchSizeExceededError: Trouble.TOO_LARGE,
    errors.InvalidArgumentError: Trouble.OTHER,  # its words may hold a sign of damage, such as "hnsw", without any
    errors.InvalidDimensionException: Trouble.OTHER,
}
_STATUS_TROUBLE = {
    401: Trouble.REFUSED,
    402: Trouble.QUOTA,
    403: Trouble.REFUSED,
    407: Trouble.REFUSED,
    413: Trouble.TOO_LARGE,
    422: Trouble.QUOTA,  # Chroma's hosted service names the limit that was passed
    429: Trouble.BUSY,
    502: Trouble.BUSY,
    503: Trouble.BUSY,
    504: Trouble.BUSY,
}


def failure_of(error: BaseException) -> Failure:
    """Reads the error and what it was raised from: Chroma's client often hides the cause behind a ValueError."""
    chain = list(_chain(error))
    reason = next((words for each in chain if (words := " ".join(str(each).split()))), type(error).__name__)
    found = (trouble for each in chain if (trouble := _trouble(each)) is not None)
    return Failure(next(found, None) or _by_words(reason), reason[:REASON_LENGTH])


def of_status(status: int, text: str) -> Failure | None:
    """The failure an HTTP answer tells of; None for 2xx."""
    reason = " ".join(text.split())[:REASON_LENGTH] or f"status {status}"
    if 200 <= status < 300:
        return None
    if status == 404 and re.search(r"tenant|database", reason, re.I):
        return Failure(Trouble.NO_DATABASE, reason)
    return Failure(_STATUS_TROUBLE.get(status) or _by_words(reason), reason)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, then what it was raised from or during."""
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen:
        seen.add(id(now))
        yield now
        now = now.__cause__ or now.__context__


def _trouble(error: BaseException) -> Trouble | None:
    """What the type alone says; None where it says nothing."""
    if isinstance(error, httpx.ConnectError) and "certificate" in str(error).lower():
        return Trouble.CERTIFICATE
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol | httpx.ProxyError):
        return Trouble.UNREACHABLE
    if isinstance(error, httpx.TimeoutException):
        return Trouble.SLOW
    if isinstance(error, httpx.TransportError):
        return Trouble.BROKEN_OFF
    if isinstance(error, httpx.HTTPStatusError):
        return _STATUS_TROUBLE.get(error.response.status_code)
    if isinstance(error, errors.NotFoundError):
        return Trouble.NO_DATABASE if re.match(r"(tenant|database)\b", str(error), re.I) else Trouble.GONE
    return _TYPE_TROUBLE.get(type(error)) if isinstance(error, ChromaError) else None


def _by_words(reason: str) -> Trouble:
    words = reason.lower()
    if any(sign in words for sign in _UNWRITABLE):
        return Trouble.UNWRITABLE
    if "quota" in words:
        return Trouble.QUOTA
    if any(sign in words for sign in _DAMAGED):
        return Trouble.DAMAGED
    return Trouble.OTHER


REMOTE_ERRORS: dict[Trouble, tuple[type[StoreError], str]] = {
    Trouble.UNREACHABLE: (StoreUnreachable, "{where} cannot be reached ({reason}). {start}."),
    Trouble.CERTIFICATE: (
        StoreUnreachable,
        "the certificate of {where} is not trusted ({reason}). If it is your own, name its authority's file in SSL_CERT_FILE.",
    ),
    Trouble.SLOW: (
        StoreUnreachable,
        "{where} gave no answer within {seconds:g} seconds ({reason}). Try again; if it stays so, look at the load of its machine.",
    ),
    Trouble.BROKEN_OFF: (
        StoreUnreachable,
        "the connection to {where} broke off ({reason}). Nothing that was acknowledged is lost: try again. {start} if it stays so.",
    ),
    Trouble.BUSY: (StoreUnreachable, "{where} is overloaded or down for a moment ({reason}). Try again in a minute."),
    Trouble.REFUSED: (
        StoreRefused,
        "{where} refused the token, or asks for one ({reason}). Correct RHYME_CHROMA_TOKEN, and make sure it may use the database.",
    ),
    Trouble.NO_DATABASE: (
        StoreRefused,
        "{where} has no database {database!r} of a tenant {tenant!r} ({reason}). Correct RHYME_CHROMA_TENANT and "
        "RHYME_CHROMA_DATABASE, or make the database; docs/chroma.md shows how.",
    ),
    Trouble.GONE: (
        StoreCorrupt,
        "{where} does not have the collection of these events any more ({reason}). If another Rhyme has just rebuilt "
        "it, try again; else build it with `rhyme memory reindex`; no event is lost by it.",
    ),
    Trouble.OTHER_VERSION: (
        StoreMismatch,
        "{where} is of another version than this client, Chroma {client} ({reason}). Start the server with `rhyme chroma`, or "
        "install a server of the same version.".replace("{client}", __version__),
    ),
    Trouble.QUOTA: (
        StoreRefused,
        "{where} refused it because of a limit of the account ({reason}). Raise the limit there, or keep fewer events.",
    ),
    Trouble.TOO_LARGE: (
        StoreRefused,
        "{where} takes no request of this size ({reason}). If a proxy stands before it, let it pass bodies of 40 MB.",
    ),
    Trouble.UNWRITABLE: (
        StoreUnwritable,
        "{where} cannot write ({reason}). Free some space on its machine, or make its folder writable for its user.",
    ),
    Trouble.DAMAGED: (
        StoreCorrupt,
        "{where} cannot use the event index ({reason}). Build it again from the database with `rhyme memory reindex`; no event "
        "is lost by it.",
    ),
    Trouble.OTHER: (StoreRefused, "{where} did not do what was asked ({reason}). Its own log says more."),
}
"""What a server's failure becomes, and the message: to be filled with where, reason, start, tenant, database, seconds."""
