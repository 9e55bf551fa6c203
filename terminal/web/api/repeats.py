"""Idempotency keys: a request that is sent again, since no one knows whether it arrived, is done once and answered twice."""

import hashlib
import logging
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from records.database.visitor_shelf import KeptAnswer
from records.errors import RhymeError
from terminal.web.problems import explained, failure

if TYPE_CHECKING:
    from terminal.web.site import Site

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_log = logging.getLogger(__name__)


class Repeats:
    """For what changes something below a path and carries the header. The gate has read the body."""

    def __init__(self, app: ASGIApp, site: "Site", below: str) -> None:
        self._app = app
        self._site = site
        self._below = below

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        keyed = scope["type"] == "http" and scope["method"] in _CHANGES and scope["path"].startswith(self._below)
        key = Headers(scope=scope).get(HEADER) if keyed else None
        if key is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await self._known(request, key)
        except RhymeError as error:
            answer = explained(request, error)
        if answer is not None:
            await answer(scope, receive, send)
            return
        await self._first(request, key, receive, send)

    async def _known(self, request: Request, key: str) -> Response | None:
        """The answer to a request that is not the first with its key."""
        if not _KEY.fullmatch(key):
            return failure(
                request, 400, "bad_idempotency_key", f"{HEADER} is 1 to 255 printable characters, no spaces."
            )
        shelf, owner, digest = self._site.database.visitor_shelf, request.state.user.name, _digest(request)
        kept = await anyio.to_thread.run_sync(shelf.begin_request, owner, key, digest, self._site.clock())
        if kept is None:
            return None
        if kept.request != digest:
            detail = "This key came with another request before. Give each request a key of its own."
            return failure(request, 422, "idempotency_key_reused", detail)
        if kept.status is None:
            detail = "The first request with this key is being worked on. Ask again in a while."
            return failure(request, 409, "still_working", detail, headers={"Retry-After": "2"})
        headers = {"Idempotency-Replayed": "true"} | ({"Content-Type": kept.content_type} if kept.content_type else {})
        return Response(kept.body or b"", kept.status, headers=headers)

    async def _first(self, request: Request, key: str, receive: Receive, send: Send) -> None:
        heard = _Heard(send, lambda answer: self._keep(request, key, answer), _digest(request))
        try:
            await self._app(request.scope, receive, heard.send)
        finally:
            await heard.end()

    async def _keep(self, request: Request, key: str, answer: KeptAnswer | None) -> None:
        shelf, owner = self._site.database.visitor_shelf, request.state.user.name
        try:
            await anyio.to_thread.run_sync(shelf.end_request, owner, key, answer)
        except RhymeError as error:
            _log.error("an answer could not be kept for its key: %s", error)


class _Heard:
    """An answer that is remembered, and kept before its end is sent: whoever has it whole may send the request again at once."""

    def __init__(self, send: Send, keep: Callable[[KeptAnswer | None], Awaitable[None]], digest: str) -> None:
        self._send = send
        self._keep = keep
        self._digest = digest
        self._status = 0
        self._type: str | None = None
        self._body = bytearray()
        self._ended = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._type = Headers(raw=message["headers"]).get("content-type")
        elif not self._streams:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._end(self._answer())
        await self._send(message)

    async def end(self) -> None:
        """After an answer that never ended, or cannot be given again."""
        await self._end(None)

    async def _end(self, answer: KeptAnswer | None) -> None:
        if not self._ended:
            self._ended = True
            await self._keep(answer)

    @property
    def _streams(self) -> bool:
        return (self._type or "").startswith("text/event-stream")

    def _answer(self) -> KeptAnswer | None:
        """None: it may end otherwise the next time."""
        if self._status in (409, 429) or self._status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
        return KeptAnswer(self._digest, self._status, self._type, bytes(self._body))


def _digest(request: Request) -> str:
    whole = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    whole.update(request.state.body)
    return whole.hexdigest()
