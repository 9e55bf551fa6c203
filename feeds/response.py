"""What came back over HTTP → redirect, refusal or a page of bounded size."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message

import httpcore
import httpx

from feeds.limits import Limits, megabytes
from records.errors import SourceRefused, SourceUnreachable, SourceUnreadable

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({408, 421, 425, 429})  # the 4xx that another try may clear
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32  # zlib finds out which header it is
_UNREAD_TYPES = {
    "application/pdf": "a PDF, which isn't read yet: save its text (for example with pdftotext) and give the text file",
}
FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml"})
_A_FEED = "a feed, and one article is wanted here: give the address of one in it (docs/feeds.md: a whole feed)"
_LONGEST_VALIDATOR = 500  # characters; real ones have under 100
_UNREAD_FAMILIES = ("image/", "audio/", "video/", "font/", "model/")


@dataclass(frozen=True)
class Validators:
    """By which a server knows what its client has already (RFC 9110, 13); None: it named none."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The conditions of a request."""
        conditions = (("If-None-Match", self.etag), ("If-Modified-Since", self.last_modified))
        return [(name, value) for name, value in conditions if value]


NO_VALIDATORS = Validators()


@dataclass(frozen=True)
class Page:
    """A fetched document, still bytes."""

    url: str
    """The address that answered, after redirects, without a fragment."""
    content: bytes
    """Decompressed, at most `Limits.max_bytes`."""
    media_type: str | None
    """Lower case, without parameters; None when the server did not say."""
    charset: str | None
    """As the server named it; None when it did not."""
    validators: Validators = NO_VALIDATORS
    """What to send at the next request, so that it costs nothing when nothing has changed."""


def headers_of(response: httpcore.Response) -> Mapping[str, str]:
    """Header names in lower case; of a repeated one, all values joined by commas."""
    headers: dict[str, str] = {}
    for name, value in response.headers:
        key = name.decode("latin-1").lower()
        text = _decoded(value)
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def redirect_target(url: httpx.URL, status: int, headers: Mapping[str, str]) -> str | None:
    """The absolute address a redirect names; None for other answers. Raises SourceRefused or SourceUnreachable."""
    if status not in _REDIRECTS:
        return None
    location = headers.get("location", "").strip()
    if not location:
        raise SourceUnreachable(
            f"{url} answered {status} (moved) without saying where to. Open it in a browser and save the page."
        )
    try:
        return str(url.join(location))
    except (httpx.InvalidURL, ValueError) as error:
        raise SourceRefused(
            f"{url} redirects to {location!r}, which is no address: {error}. Give the final address."
        ) from error


def refuse_status(url: httpx.URL, status: int, headers: Mapping[str, str]) -> None:
    """Returns for an answer with a page in it; else raises SourceRefused or SourceUnreachable with what to do."""
    if status in (200, 203):
        return
    if status in (404, 410):
        gone = "has no page" if status == 404 else "no longer has a page"
        raise SourceRefused(
            f"The server {gone} at {url} (HTTP {status}). Check the address; old stories are often moved."
        )
    if status in (401, 402, 403, 407, 451):
        raise SourceRefused(
            f"The server refuses {url} (HTTP {status}): it wants a login, a subscription or a person at a browser. "
            "Save the page in your browser and give the file."
        )
    wait = headers.get("retry-after")
    if status in _TRANSIENT:
        when = f" The server names Retry-After: {wait[:40]}." if wait else ""
        raise SourceUnreachable(
            f"The server puts {url} off (HTTP {status}: too many or too early requests). Try again later.{when}",
            retry_after=wait,
        )
    if 400 <= status < 500:
        raise SourceRefused(
            f"The server refuses {url} (HTTP {status}). Check the address, or save the page and give the file."
        )
    if status >= 500:
        raise SourceUnreachable(
            f"The server of {url} fails at the moment (HTTP {status}). Try again later.", retry_after=wait
        )
    raise SourceUnreachable(
        f"The server answered {url} with HTTP {status} and no page. Open it in a browser and save the page."
    )


def read_body(
    url: httpx.URL, headers: Mapping[str, str], chunks: Iterable[bytes], limits: Limits, *, feeds: bool = False
) -> Page:
    """The page, read until it ends or passes `limits.max_bytes`. `feeds`: one is wanted too, not only an article.

    Raises SourceUnreadable, SourceUnreachable.
    """
    media_type, charset = _content_type(headers.get("content-type", ""))
    if media_type in FEED_TYPES and not feeds:
        raise SourceUnreadable(f"{url} is {_A_FEED}.")
    if media_type in _UNREAD_TYPES:
        raise SourceUnreadable(f"{url} is {_UNREAD_TYPES[media_type]}.")
    if media_type and media_type.startswith(_UNREAD_FAMILIES):
        raise SourceUnreadable(f"{url} is {media_type}, not text. Give the address of an article.")
    declared = headers.get("content-length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > limits.max_bytes:
        raise _too_large(url, megabytes(int(declared)), limits)
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding in ("gzip", "x-gzip", "deflate"):
        chunks = _inflated(chunks, limits.max_bytes + 1, url)
    elif coding not in ("", "identity"):
        raise SourceUnreadable(
            f"{url} is sent in the coding {coding[:40]!r}, which was not asked for. Save the page and give the file."
        )
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > limits.max_bytes:
            raise _too_large(url, f"more than {megabytes(limits.max_bytes)}", limits)
    return Page(str(url), bytes(content), media_type, charset, _validators(headers))


def _validators(headers: Mapping[str, str]) -> Validators:
    """Of a sane length: they are kept and sent back."""
    etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
    return Validators(_header(etag), _header(modified))


def _header(value: str) -> str | None:
    kept = value.strip()
    return kept if kept.isascii() and kept.isprintable() and 0 < len(kept) <= _LONGEST_VALIDATOR else None


def _inflated(chunks: Iterable[bytes], most: int, url: httpx.URL) -> Iterator[bytes]:
    """The decompressed stream in pieces, at most `most` bytes in all: a gzip bomb is never unfolded."""
    inflater, left, complete = zlib.decompressobj(_GZIP_OR_ZLIB), most, False
    try:
        for chunk in chunks:
            while chunk and left > 0 and not inflater.eof:
                piece = inflater.decompress(chunk, left)
                chunk, left = inflater.unconsumed_tail, left - len(piece)
                yield piece
            complete = inflater.eof
            if left <= 0 or complete:
                break
    except zlib.error as error:
        raise SourceUnreadable(
            f"{url} is compressed in a way that cannot be undone: {error}. Save the page and give the file."
        ) from error
    if not complete and left > 0:
        raise SourceUnreachable(
            f"The connection to {url} broke before the page was complete: its compressed data ends early. Try again."
        )


def _too_large(url: httpx.URL, size: str, limits: Limits) -> SourceUnreadable:
    return SourceUnreadable(
        f"{url} is too large: {size}, and at most {megabytes(limits.max_bytes)} are read as one article. Save the text "
        "that matters and give that file."
    )


def _content_type(value: str) -> tuple[str | None, str | None]:
    """("text/html", "utf-8") of a Content-Type header; None for what it lacks."""
    message = Message()
    message["content-type"] = value.partition(",")[0]
    media_type = message.get_content_type() if "/" in value else None
    charset = message.get_content_charset() if media_type else None
    return media_type, charset


def _decoded(value: bytes) -> str:
    """Header bytes as text: Location may hold raw UTF-8, and latin-1 takes any byte."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
