"""What stands before every page and every part of the API. It lets through what it could look up and what may pass, else it answers
itself; `request.state` then has `user` and `csrf`, the hidden field of the visitor's forms."""

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from records.access import LOCAL, Visitor
from records.errors import RhymeError
from terminal.web.access import cookies, proofs, rules
from terminal.web.access.audit import Note
from terminal.web.limits import Buckets
from terminal.web.problems import API, explained, failure

if TYPE_CHECKING:
    from terminal.web.site import Site

LARGEST_BODY = 1_048_576
"""Bytes: a question, a form or a list of ids; whole articles come by feeds and files."""
BURST_SECONDS = 10
"""How long one may ask at twice the steady rate after a rest."""


class Gate:
    """One of an application."""

    def __init__(self, app: ASGIApp, site: "Site") -> None:
        self._app = app
        self._site = site
        per_minute, questions = site.settings.web_requests_per_minute, site.settings.web_questions_per_minute
        self._requests = Buckets(per_minute, per_minute * BURST_SECONDS / 60)
        self._questions = Buckets(questions, questions)
        self._local_form = proofs.form_token(proofs.new_secret())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        request.state.user, request.state.csrf = None, None
        try:
            refused = await self._admit(request)
        except RhymeError as error:
            refused = explained(request, error)
        if refused is not None:
            await refused(scope, receive, send)
            return
        if request.method in rules.SAFE:
            await self._app(scope, receive, send)
        else:
            await self._change(request, scope, receive, send)

    async def _admit(self, request: Request) -> Response | None:
        """None: it may go on."""
        policy, path = self._site.policy, request.url.path
        is_open = policy.open_now()
        if is_open is None and not rules.is_open(path):
            is_open = await anyio.to_thread.run_sync(policy.is_open)
        if not policy.host_is_ours(request, is_open=bool(is_open)):
            detail = "The request names a host that is not this site's. Open the address that `rhyme serve` printed."
            return failure(request, 421, "wrong_host", detail)
        visitor = await self._visitor(request, is_open=bool(is_open))
        if isinstance(visitor, Response):
            return visitor
        request.state.user = visitor
        return self._limited(request, visitor) or self._allowed(request, visitor)

    async def _visitor(self, request: Request, *, is_open: bool) -> Visitor | Response | None:
        """None: no one knows who; a response: what was shown is worth nothing."""
        access, now = self._site.access, self._site.clock()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            visitor = await anyio.to_thread.run_sync(lambda: access().of_token(proofs.digest(token.strip()), now))
            if visitor is not None:
                return visitor
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            detail = "This token is unknown, has expired or was revoked. Make another with `rhyme users token add`."
            return failure(request, 401, "invalid_token", detail, headers=headers)
        secret = cookies.session_of(request, secure=self._site.policy.is_secure(request))
        if secret is not None and not (is_open or request.url.path.startswith("/static/")):
            visitor = await anyio.to_thread.run_sync(lambda: access().of_session(proofs.digest(secret), now))
            if visitor is not None:
                request.state.csrf = proofs.form_token(secret)
                return visitor
        if is_open:
            request.state.csrf = self._local_form
            return LOCAL
        return None

    def _limited(self, request: Request, visitor: Visitor | None) -> Response | None:
        address = request.client.host if request.client else "unknown"
        key = address if visitor is None or visitor is LOCAL else f"user {visitor.name}"
        wait = self._requests.take(key)
        if wait == 0 and rules.asks_the_model(request.method, request.url.path):
            wait = self._questions.take(key)
        if wait == 0:
            return None
        detail = f"That is more than is let through at once. Ask again in {wait} s."
        return failure(request, 429, "too_many_requests", detail, headers={"Retry-After": str(wait)})

    def _allowed(self, request: Request, visitor: Visitor | None) -> Response | None:
        path = request.url.path
        if visitor is None and not rules.is_open(path):
            if path.startswith(API) or request.method not in rules.SAFE:
                headers = {"WWW-Authenticate": "Bearer"}
                detail = "Sign in, or give a token: `Authorization: Bearer TOKEN` (`rhyme users token add`)."
                return failure(request, 401, "sign_in_needed", detail, headers=headers)
            asked = path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/sign-in?next={quote(asked, safe='')}", HTTPStatus.SEE_OTHER)
        if visitor is not None and rules.needed_role(request.method, path) == "write" and visitor.role != "write":
            detail = "You may read here, not change. Ask whoever looks after this site for the role `write`."
            return failure(request, 403, "role_needed", detail)
        return None

    async def _change(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        """One that changes something: its body read, its origin proven, and noted."""
        body = await _whole(receive, LARGEST_BODY)
        note = Note(self._site, request)
        if body is None:
            refused: Response | None = failure(
                request, 413, "too_large", f"The body is over {LARGEST_BODY:,} bytes. Send less at once."
            )
        else:
            request.state.body = body
            refused = await self._forged(request, scope, body)
        again = _replayed(body or b"", receive)
        if refused is not None:
            await refused(scope, again, note.watching(send))
        else:
            await self._app(scope, again, note.watching(send))
        await note.keep()

    async def _forged(self, request: Request, scope: Scope, body: bytes) -> Response | None:
        """The answer to what another site's page made a browser send; None: it was not."""
        detail = "This did not come from a page of this site. Open the page again and try once more."
        user: Visitor | None = request.state.user
        if user is not None and user.token_id is not None:
            return None  # a browser sends no such header by itself
        if self._site.policy.is_from_elsewhere(request):
            return failure(request, 403, "wrong_origin", detail)
        wanted = request.state.csrf
        if wanted is None or (request.url.path.startswith(API) and not self._needs_field(request)):
            return None
        given = request.headers.get("x-csrf-token")
        if given is None:
            given = await _field(scope, body)
        if given is None or not proofs.same(given, wanted):
            return failure(request, 403, "stale_form", detail)
        return None

    def _needs_field(self, request: Request) -> bool:
        """Whether a request to the API must show it: one with a cookie of which the browser does not say whose page made it."""
        says = "origin" in request.headers or "sec-fetch-site" in request.headers
        return not says and request.state.user is not LOCAL


async def _whole(receive: Receive, most: int) -> bytes | None:
    """The body; None: it is larger, or the sender left."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the body once more, then what follows it."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _field(scope: Scope, body: bytes) -> str | None:
    """The hidden field of a form; None: there is none."""
    copy = Request(dict(scope), _replayed(body, _nothing))
    if not copy.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        return None
    form = await copy.form()
    given = form.get("csrf")
    return given if isinstance(given, str) else None


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
