"""One address the user named → its bytes, without being turned against the machine or the network it runs on.

Each hop: the scheme, the port and the spelling of the host are checked; the name is resolved once; every address it
has must be allowed (see `addresses`); the connection goes to those very addresses, so a second answer of the name
server has no effect. Redirects are followed by hand and judged like the first address. Nothing is sent but a GET with
fixed headers and, for a feed, the server's own validators: no cookies, no credentials, no Referer. No proxy is used,
since a proxy would resolve the name itself.
robots.txt is not asked: it speaks to crawlers, and this is one page that a person asked for.
"""

import queue
import ssl
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpcore
import httpx

from feeds.addresses import Resolver, literal_address, refusal, system_resolver
from feeds.connection import Deadline, PinnedNetwork
from feeds.limits import Limits
from feeds.response import NO_VALIDATORS, Page, Validators, headers_of, read_body, redirect_target, refuse_status
from records.errors import SourceRefused, SourceUnreachable

NOT_MODIFIED = 304
_PORTS = frozenset({80, 443, 8000, 8080, 8443})  # where pages are served; others would make a port scanner of us
_HEADERS = (
    ("User-Agent", "Rhyme/0.1"),
    ("Accept-Language", "en, *;q=0.5"),
    ("Accept-Encoding", "gzip"),  # the one coding whose output we bound while decoding
    ("Connection", "close"),
)
_PAGES = "text/html, application/xhtml+xml, application/json;q=0.9, text/plain;q=0.9, */*;q=0.1"
_FEEDS = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
)


@dataclass(frozen=True)
class _Request:
    """What is asked of every hop."""

    accept: str
    limits: Limits
    feeds: bool = False
    validators: Validators = NO_VALIDATORS


@dataclass(frozen=True)
class _Unchanged:
    """The server's 304."""


@dataclass(frozen=True)
class _Target:
    """A checked address: what to ask for and where to connect."""

    url: httpx.URL
    addresses: tuple[str, ...]


class Fetcher:
    """Fetches pages over http and https."""

    def __init__(
        self,
        *,
        allow_private_addresses: bool = False,
        allowed_hosts: Collection[str] = (),
        timeout_seconds: float = 20.0,
        connect_seconds: float = 5.0,
        max_redirects: int = 5,
        resolver: Resolver = system_resolver,
        network: httpcore.NetworkBackend | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """A fetcher without state: one may serve many threads.

        allow_private_addresses: for an intranet; loopback and private ranges on any port. Metadata services and
            link-local addresses stay refused.
        allowed_hosts: "host:port" entries whose address is not judged, e.g. one internal news server. Redirects from
            there to elsewhere are.
        timeout_seconds: for everything, name look-up and redirects included.
        connect_seconds: for one connection attempt to one of a host's addresses.
        resolver, network: what names and connections go through; the system's own unless a test hands in others.
        ssl_context: None verifies against the usual certificate authorities.
        """
        self._allow_private = allow_private_addresses
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self._timeout_seconds = timeout_seconds
        self._connect_seconds = connect_seconds
        self._max_redirects = max_redirects
        self._resolver = resolver
        self._network = network or httpcore.SyncBackend()
        self._ssl_context = ssl_context

    def fetch(self, address: str, limits: Limits) -> Page:
        """The page behind `address`, redirects followed.

        Raises SourceRefused (address not allowed, 4xx), SourceUnreachable (name, connection, time-out, 429, 5xx) or
        SourceUnreadable (too large, a type that is no text).
        """
        found = self._follow(address, _Request(_PAGES, limits))
        assert found is not None
        return found

    def fetch_feed(self, address: str, limits: Limits, validators: Validators = NO_VALIDATORS) -> Page | None:
        """The feed or page behind `address`; None when it is unchanged since the answer the validators came with.

        Raises as `fetch`.
        """
        return self._follow(address, _Request(_FEEDS, limits, feeds=True, validators=validators))

    def _follow(self, address: str, request: _Request) -> Page | None:
        deadline = Deadline(self._timeout_seconds)
        url, seen = _parsed(address), set[str]()
        for _ in range(self._max_redirects + 1):
            if str(url) in seen:
                raise SourceRefused(
                    f"{address} redirects in a circle, back to {url}. Open it in a browser and save the page."
                )
            seen.add(str(url))
            with _translated(url, self._timeout_seconds):
                target = self._checked(url, deadline, came_from=address if len(seen) > 1 else None)
                answer = self._get(target, deadline, request)
            if isinstance(answer, _Unchanged):
                return None
            if isinstance(answer, Page):
                return answer
            url = answer
        raise SourceRefused(
            f"{address} redirects more than {self._max_redirects} times, the last time to {url}. Give the final "
            "address, or save the page in a browser and give the file."
        )

    def _checked(self, url: httpx.URL, deadline: Deadline, *, came_from: str | None) -> _Target:
        via = f" ({came_from} redirects there)" if came_from else ""
        if url.scheme not in ("http", "https"):
            raise SourceRefused(f"{url}{via} has the scheme {url.scheme!r}; only http and https are fetched.")
        if url.userinfo:
            raise SourceRefused(
                f"{_without_userinfo(url)}{via} carries a user name or password. Give the address without it."
            )
        port, host = _port(url), url.raw_host.decode("ascii")
        exempt = f"{'[' + host + ']' if ':' in host else host}:{port}" in self._allowed_hosts
        if not (exempt or self._allow_private or port in _PORTS):
            raise SourceRefused(
                f"{url}{via} names port {port}; pages are fetched from ports {', '.join(map(str, sorted(_PORTS)))}."
            )
        try:
            literal = literal_address(host)
        except ValueError as error:
            raise SourceRefused(
                f"{url}{via} names the host {host!r}, which is neither a name nor a plain IP address."
            ) from error
        addresses = (literal,) if literal else self._resolve(host, port, deadline)
        for address in addresses:
            reason = None if exempt else refusal(address, allow_private=self._allow_private)
            if reason:
                raise SourceRefused(
                    f"{url}{via} leads to {address}, {reason}: such addresses are not fetched, so that a link cannot "
                    "reach into your own network. If you trust it, save the page and give the file; an intranet can be "
                    "allowed with allow_private_addresses."
                )
        return _Target(url, addresses)

    def _resolve(self, host: str, port: int, deadline: Deadline) -> tuple[str, ...]:
        """Every address of `host`. In a thread of its own, because a name look-up cannot be given a time limit."""
        answers: queue.SimpleQueue[tuple[str, ...] | OSError] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(tuple(self._resolver(host, port)))
            except OSError as error:
                answers.put(error)
            except UnicodeError as error:  # a label the name system's own encoding refuses
                answers.put(OSError(str(error)))

        threading.Thread(target=ask, daemon=True, name="resolve").start()
        try:
            answer = answers.get(timeout=deadline.remaining())
        except queue.Empty as error:
            raise httpcore.ConnectTimeout("name look-up") from error
        if isinstance(answer, OSError) or not answer:
            raise SourceUnreachable(
                f"The host {host!r} has no address ({answer or 'empty answer'}). Check the spelling and the network."
            )
        return answer

    def _get(self, target: _Target, deadline: Deadline, request: _Request) -> Page | _Unchanged | httpx.URL:
        """The page, or the address it redirects to."""
        url = target.url
        core_url = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        network = PinnedNetwork(self._network, target.addresses, deadline, self._connect_seconds)
        context = (self._ssl_context or httpx.create_ssl_context()) if url.scheme == "https" else None
        fixed = [("Host", url.netloc.decode("ascii")), ("Accept", request.accept), *_HEADERS]
        headers = [*fixed, *request.validators.headers]
        with (
            httpcore.ConnectionPool(ssl_context=context, network_backend=network, retries=0) as pool,
            pool.stream("GET", core_url, headers=headers) as response,
        ):
            answer = headers_of(response)
            location = redirect_target(url, response.status, answer)
            if location is not None:
                return _parsed(location)
            if response.status == NOT_MODIFIED and request.validators.headers:
                return _Unchanged()
            refuse_status(url, response.status, answer)
            return read_body(url, answer, response.iter_stream(), request.limits, feeds=request.feeds)


def _parsed(address: str) -> httpx.URL:
    advice = "Give one like https://example.com/story."
    try:
        url = httpx.URL(address.strip()).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise SourceRefused(f"{address!r} is no address that can be fetched: {error}. {advice}") from error
    if not url.host or not 0 < _port(url) < 65_536:
        raise SourceRefused(f"{address!r} is no address that can be fetched: host or port are impossible. {advice}")
    return url


def _port(url: httpx.URL) -> int:
    return url.port if url.port is not None else {"http": 80, "https": 443}.get(url.scheme, 1)


def _without_userinfo(url: httpx.URL) -> str:
    return str(url.copy_with(username=None, password=None))


@contextmanager
def _translated(url: httpx.URL, timeout_seconds: float) -> Iterator[None]:
    """httpcore's errors as ours, with what to do next."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise SourceUnreachable(
            f"{url} did not deliver the page within {timeout_seconds:g} s. Try again later, or save the page in a "
            "browser and give the file."
        ) from error
    except httpcore.ConnectError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise SourceRefused(
                f"{url} shows a certificate that does not prove its name ({error}), so what it sends cannot be "
                "trusted. Check the address; if it is right, save the page in a browser and give the file."
            ) from error
        raise SourceUnreachable(
            f"No connection to {url}: {error}. Check the address and the network, or try again later."
        ) from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise SourceUnreachable(
            f"The connection to {url} broke before the page was complete: {error}. Try again."
        ) from error
