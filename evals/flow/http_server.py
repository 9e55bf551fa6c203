"""A small HTTP server on loopback: a table of routes over uvicorn, nothing in between."""

import json
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import uvicorn

KEPT_OPEN_SECONDS = 600
"""As a provider does: a connection that the server closes in the moment it is used again looks like a fault."""


@dataclass(frozen=True)
class Request:
    """One request, whole."""

    method: str
    path: str
    parameters: Mapping[str, str]
    """What stands in the path in place of the route's {names}."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    gone: Callable[[], Awaitable[None]] = field(repr=False)
    """Returns when the client has left."""

    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return json.loads(self.body)


class Aborted(Exception):
    """Raised in a route to end the connection where it stands."""


class Reply:
    """The answer to one request, whole or in pieces."""

    def __init__(self, send: Callable[[Any], Awaitable[None]]) -> None:
        self._send = send

    async def json(self, value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """A whole answer of JSON."""
        content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        await self.whole(content, "application/json", status=status, headers=headers)

    async def whole(
        self, content: bytes, content_type: str, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """A whole answer of bytes."""
        await self.begin(content_type, status=status, headers={**(headers or {}), "content-length": str(len(content))})
        await self._send({"type": "http.response.body", "body": content})

    async def error(
        self, status: int, message: str, *, kind: str, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """An error in OpenAI's form."""
        told = {"error": {"message": message, "type": kind, "param": None, "code": code}}
        await self.json(told, status=status, headers=headers)

    async def begin(self, content_type: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """The head of an answer in pieces."""
        named = {"content-type": content_type, **(headers or {})}
        coded = [(name.encode(), value.encode()) for name, value in named.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": coded})

    async def piece(self, content: bytes) -> None:
        """One more piece."""
        await self._send({"type": "http.response.body", "body": content, "more_body": True})

    async def end(self) -> None:
        """No more pieces."""
        await self._send({"type": "http.response.body", "body": b""})


Handler = Callable[[Request, Reply], Awaitable[None]]


@dataclass(frozen=True)
class Route:
    """What answers a method at a path; `{name}` in the path stands for anything without a slash."""

    method: str
    path: str
    handler: Handler


class Application:
    """Routes as an ASGI application."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._plain: dict[tuple[str, str], Handler] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Handler]] = []
        for route in routes:
            if "{" in route.path:
                pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(route.path)))
                self._patterns.append((route.method, pattern, route.handler))
            else:
                self._plain[route.method, route.path] = route.handler

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        reply = Reply(send)
        handler, parameters = self._find(scope["method"], scope["path"])
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        query = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode()).items()}
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(scope["method"], scope["path"], parameters, query, headers, body, gone)
        if handler is None:
            what = f"Unknown request URL: {scope['method']} {scope['path']}."
            await reply.error(404, what, kind="invalid_request_error", code="unknown_url")
            return
        await handler(request, reply)

    def _find(self, method: str, path: str) -> tuple[Handler | None, dict[str, str]]:
        if (handler := self._plain.get((method, path))) is not None:
            return handler, {}
        for known, pattern, handler in self._patterns:
            if known == method and (match := pattern.fullmatch(path)):
                return handler, match.groupdict()
        return None, {}


def loopback_socket(port: int) -> socket.socket:
    """A listening place on loopback; 0: any free port. Raises OSError."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a killed server's old connections may linger
    listening.bind(("127.0.0.1", port))
    listening.listen(2_048)  # who connects before the server accepts waits and is not refused
    return listening


def server_of(application: Application) -> uvicorn.Server:
    """Serves until its `should_exit` is set or a signal says so; whoever is being answered then is cut off."""
    return uvicorn.Server(
        uvicorn.Config(
            application,
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEPT_OPEN_SECONDS,
            timeout_graceful_shutdown=0,
        )
    )
