"""ETags: who has an answer already is told so in place of getting it again."""

import hashlib
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

JSON = "application/json"
REVALIDATED = "private, no-cache"
"""May be kept by who got it, but asked for again each time it is used."""


class Revalidation:
    """For GET below a path; answers other than JSON with status 200, such as streams, pass untouched."""

    def __init__(self, app: ASGIApp, below: str) -> None:
        self._app = app
        self._below = below

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(self._below):
            await self._app(scope, receive, send)
            return
        held = _Held(Headers(scope=scope).get("if-none-match", ""), send)
        await self._app(scope, receive, held.take)


class _Held:
    """An answer that waits for its end, so that its digest is known before its head is sent."""

    def __init__(self, known: str, send: Send) -> None:
        self._known = known
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            plain_json = Headers(raw=message["headers"]).get("content-type", "").startswith(JSON)
            if message["status"] == HTTPStatus.OK and plain_json:
                self._start = message
                return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._end(self._start, bytes(self._body))

    async def _end(self, start: Message, body: bytes) -> None:
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = MutableHeaders(raw=start["headers"])
        headers["ETag"], headers["Cache-Control"] = tag, REVALIDATED
        if _matches(self._known, tag):
            del headers["content-length"], headers["content-type"]
            start, body = {**start, "status": HTTPStatus.NOT_MODIFIED.value}, b""
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})


def _matches(known: str, tag: str) -> bool:
    """By the weak comparison of RFC 9110, 13.1.2."""
    given = {one.strip().removeprefix("W/") for one in known.split(",")}
    return tag in given or "*" in given
