"""Every failure as one answer: problem+json (RFC 9457) for programs, a page for people, with the same sentence."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from records.base import Record
from records.errors import (
    BudgetSpent,
    ModelAnswerInvalid,
    ModelError,
    ModelRefused,
    NotFound,
    RhymeError,
    SettingsError,
    SourceError,
    SourceUnreachable,
    StoreError,
    UsageError,
)

PROBLEM_JSON = "application/problem+json"
API = "/api/"
_log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[RhymeError], int], ...] = (
    (NotFound, 404),
    (UsageError, 400),
    (SourceUnreachable, 502),
    (SourceError, 422),
    (BudgetSpent, 503),
    (ModelAnswerInvalid, 502),
    (ModelRefused, 502),
    (ModelError, 503),
    (SettingsError, 503),
    (StoreError, 503),
)
"""The first that fits."""


def status_of_kind(kind: str) -> int:
    """As `status_of`, of an error that is known by its word only."""
    fitting = (status for of, status in _STATUS for one in (of, *_below(of)) if one.__new__(one).kind == kind)
    return next(fitting, 500)


def _below(kind: type[RhymeError]) -> list[type[RhymeError]]:
    return [deeper for one in kind.__subclasses__() for deeper in (one, *_below(one))]


class Fault(Record):
    """One field that cannot be used."""

    field: Annotated[str, Field(description="where it stands, such as `query.limit`")]
    message: str


class Problem(Record):
    """Why there is no other answer."""

    type: Annotated[str, Field(description="`urn:rhyme:problem:` and the kind")]
    title: Annotated[str, Field(description="the status in words")]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(description="what happened and what to do next")]
    instance: Annotated[str, Field(description="the path that was asked for")]
    kind: Annotated[str, Field(description="a stable word for programs")]
    errors: Annotated[tuple[Fault, ...], Field(description="the fields at fault; empty for other problems")] = ()


def status_of(error: RhymeError) -> int:
    """The HTTP status that says what can be done about it."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""Of RFC 9110: older Pythons have other words."""


def phrase(status: int) -> str:
    """A status in words."""
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def failure(
    request: Request,
    status: int,
    kind: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: tuple[Fault, ...] = (),
) -> Response:
    """The answer for whoever asked: a program below /api/, else a person."""
    title = phrase(status)
    if request.url.path.startswith(API):
        problem = Problem(
            type=f"urn:rhyme:problem:{kind}",
            title=title,
            status=status,
            detail=detail,
            instance=request.url.path,
            kind=kind,
            errors=errors,
        )
        return JSONResponse(
            problem.model_dump(mode="json"), status, headers=dict(headers or {}), media_type=PROBLEM_JSON
        )
    from terminal.web.rendering import page

    answer = page(request, "error.html", status=status, title=title, detail=detail, kind=kind)
    answer.headers.update(headers or {})
    return answer


def explained(request: Request, error: RhymeError) -> Response:
    """The answer for one of Rhyme's own errors."""
    status = status_of(error)
    headers = {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return failure(request, status, error.kind, str(error), headers=headers)


def add_handlers(app: FastAPI) -> None:
    """Has every failure of a route answered so."""
    app.add_exception_handler(RhymeError, _of_rhyme)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)


def _of_rhyme(request: Request, error: Exception) -> Response:
    assert isinstance(error, RhymeError)
    return explained(request, error)


_WORDS = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
}


def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    plain = HTTPStatus(status).phrase
    kind, words = _WORDS.get(status, (plain.lower().replace(" ", "_").replace("-", "_"), plain))
    detail = error.detail if error.detail and error.detail != plain else words
    return failure(request, status, kind, str(detail), headers=error.headers)


def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = tuple(_fault(one) for one in error.errors())
    detail = "; ".join(f"{one.field}: {one.message}" for one in faults[:5]) + ". Correct it and ask again."
    return failure(request, 422, "invalid_request", detail, errors=faults)


def _fault(one: Any) -> Fault:
    return Fault(field=".".join(str(part) for part in one["loc"]), message=str(one["msg"]))


class Unforeseen:
    """Answers for a fault of ours, inside of what gives every answer its headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. What has begun to be answered is broken off: half an answer must not look whole."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            if scope["type"] != "http" or begun:
                raise
            _log.error("a request failed", exc_info=error)
            detail = "This is a fault of Rhyme, not yours. The log of `rhyme serve` says more: please report it."
            await failure(Request(scope), 500, "internal_error", detail)(scope, receive, send)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: these statuses are problems, as the document of the API says."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {one: {"description": phrase(one), "content": {PROBLEM_JSON: schema}} for one in statuses}
