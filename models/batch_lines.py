"""A batch's files, line by line: requests out, answers and errors back.

The forms are those of https://developers.openai.com/api/docs/guides/batch.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import openai
from openai.types.chat import ChatCompletion
from pydantic import ValidationError

from models.retry import RETRIED_STATUS, SPENT_QUOTA_CODES
from models.wire import Completion, usage_of

PATH: Final = "/v1/chat/completions"
UNREADABLE = "unreadable_answer"
"""Our code for an answer with status 200 that is no chat completion."""


@dataclass(frozen=True)
class LineError:
    """Why a request of a batch has no answer."""

    message: str
    code: str | None = None
    type: str | None = None
    param: str | None = None

    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps(self.__dict__, ensure_ascii=False)

    @classmethod
    def of(cls, value: object) -> "LineError":
        """From a provider's error object, or from what is kept."""
        parts: Mapping[str, Any] = value if isinstance(value, Mapping) else {"message": str(value)}
        texts = {name: None if parts.get(name) is None else str(parts[name]) for name in ("code", "type", "param")}
        return cls(str(parts.get("message") or "no reason was given"), **texts)


@dataclass(frozen=True)
class AnswerLine:
    """What came back for one request."""

    custom_id: str
    status_code: int | None
    """Of its answer; None: it was not tried."""
    completion: Completion | None
    error: LineError | None
    """Set exactly when there is no completion."""


def request_line(custom_id: str, body: str) -> bytes:
    """One line of the file that is sent; `body`: the request as JSON."""
    head = json.dumps({"custom_id": custom_id, "method": "POST", "url": PATH}, separators=(",", ":"))
    return f'{head[:-1]},"body":{body}}}\n'.encode()


def answer_line(text: str) -> AnswerLine | None:
    """A line of an output or error file; None for one that names no request."""
    try:
        data = json.loads(text)
        custom_id = data["custom_id"]
    except (ValueError, KeyError, TypeError):
        return None
    response, error = data.get("response"), data.get("error")
    if not isinstance(response, Mapping):
        return AnswerLine(custom_id, None, None, LineError.of(error))
    status, body = int(response.get("status_code") or 0), response.get("body")
    if status != 200:
        told = body.get("error", body) if isinstance(body, Mapping) else body
        return AnswerLine(custom_id, status, None, LineError.of(told or error))
    completion = _completion(body)
    if completion is None:
        unreadable = LineError("the answer is no chat completion", code=UNREADABLE)
        return AnswerLine(custom_id, status, None, unreadable)
    return AnswerLine(custom_id, status, completion, None)


def worth_another_batch(status_code: int | None, error: LineError) -> bool:
    """Whether the same request may be answered in another batch: it was not tried, or what stopped it may pass."""
    if status_code is None or error.code in SPENT_QUOTA_CODES or error.type in SPENT_QUOTA_CODES:
        return True
    return status_code in RETRIED_STATUS or not 400 <= status_code < 500


def status_error(status_code: int, error: LineError, url: str) -> openai.APIStatusError:
    """The client's error for a refused line: what a request sent by itself would have raised."""
    kinds: dict[int, type[openai.APIStatusError]] = {400: openai.BadRequestError, 422: openai.UnprocessableEntityError}
    response = httpx2.Response(status_code, request=httpx2.Request("POST", url))
    kind = kinds.get(status_code, openai.APIStatusError)
    return kind(error.message, response=response, body=dict(error.__dict__))


def _completion(body: object) -> Completion | None:
    try:
        done = ChatCompletion.model_validate(body)
        choice = done.choices[0]
    except (ValidationError, IndexError):
        return None
    first_token: tuple[tuple[str, float], ...] = ()
    if choice.logprobs and choice.logprobs.content:
        token = choice.logprobs.content[0]
        listed = {entry.token: entry.logprob for entry in token.top_logprobs or ()}
        first_token = tuple({token.token: token.logprob, **listed}.items())
    message = choice.message
    return Completion(
        message.content or "", choice.finish_reason, message.refusal or "", first_token, usage_of(done.usage)
    )
