"""One attempt at one chat completion over the official client: a streamed request in, its pieces put together out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import openai
from openai.types import CompletionUsage

from models.event_stream import Values, events
from models.interface import OnToken, ToolCall
from models.retry import StreamBroken
from records.errors import ModelRefused


@dataclass(frozen=True)
class Usage:
    """Tokens of one request, as billed."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    """Part of `input_tokens` read from the provider's cache."""
    cache_write_tokens: int = 0
    """Part of `input_tokens` newly written to it."""
    reasoning_tokens: int = 0
    """Part of `output_tokens` that is no visible text."""


@dataclass(frozen=True)
class Completion:
    """What one request gave back."""

    text: str
    finish_reason: str
    refusal: str = ""
    """The model's own words when it declined; empty otherwise."""
    first_token: tuple[tuple[str, float], ...] = ()
    """The likeliest first tokens with their log-probabilities, the chosen one among them; empty if none were sent."""
    usage: Usage | None = None
    """None when the server did not report it."""
    tool_calls: tuple[ToolCall, ...] = ()


OnHeaders = Callable[[Mapping[str, str]], None]
"""Receives the headers of an answer as it begins."""


def complete(
    client: openai.OpenAI,
    request: Mapping[str, Any],
    on_token: OnToken | None,
    on_headers: OnHeaders | None = None,
) -> Completion:
    """Send `request` (arguments of `chat.completions.create`) as a stream and gather it.

    Raises the client's own errors, StreamBroken when the stream ends without a finish reason, and ModelRefused when the
    answer is no event stream at all.
    """
    gathered = _Gathered(on_token)
    with _streamed(client, request) as stream:
        if on_headers:
            on_headers(stream.response.headers)
        _require_event_stream(stream.response.headers.get("content-type", ""))
        for values in _values(stream):
            gathered.take(values, stream)
    return gathered.completion()


class _Gathered:
    """What the chunks of a stream have said so far."""

    def __init__(self, on_token: OnToken | None) -> None:
        self._on_token = on_token
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._first_token: tuple[tuple[str, float], ...] = ()
        self._finish_reason: str | None = None
        self._usage: CompletionUsage | None = None
        self._wanted: dict[int, dict[str, str]] = {}

    def take(self, values: Sequence[object], stream: openai.Stream[object]) -> None:
        """Chunks more. Raises the client's error for one that is an error."""
        for chunk in map(_object, values):
            if error := chunk.get("error"):
                raise _error_inside(stream, error)
            if told := chunk.get("usage"):
                self._usage = CompletionUsage.construct(**told)
            # the usage chunk and Azure's first (prompt filter) chunk carry no choice
            for choice in (chunk.get("choices") or ())[:1]:
                self._choice(_object(choice))

    def _choice(self, choice: Mapping[str, Any]) -> None:
        delta = _object(choice.get("delta"))
        if content := delta.get("content"):
            self._texts.append(content)
            if self._on_token:
                self._on_token(content)
        if refusal := delta.get("refusal"):
            self._refusals.append(refusal)
        for part in delta.get("tool_calls") or ():
            _gather(self._wanted, _object(part))
        if (logprobs := choice.get("logprobs")) is not None and not self._first_token:
            self._first_token = _first_token(_object(logprobs))
        if reason := choice.get("finish_reason"):
            self._finish_reason = reason

    def completion(self) -> Completion:
        """All of it. Raises StreamBroken when no reason of its end came."""
        if self._finish_reason is None:
            raise StreamBroken
        calls = tuple(ToolCall(one["id"], one["name"], one["arguments"]) for _, one in sorted(self._wanted.items()))
        said = "".join(self._texts), self._finish_reason, "".join(self._refusals)
        return Completion(*said, self._first_token, usage_of(self._usage), calls)


def _gather(wanted: dict[int, dict[str, str]], part: Mapping[str, Any]) -> None:
    """Adds a piece of a tool call: the first names it, the others go on with its arguments."""
    one = wanted.setdefault(int(part.get("index") or 0), {"id": "", "name": "", "arguments": ""})
    function = _object(part.get("function"))
    one["id"] = part.get("id") or one["id"]
    one["name"] = function.get("name") or one["name"]
    one["arguments"] += function.get("arguments") or ""


def _streamed(client: openai.OpenAI, request: Mapping[str, Any]) -> openai.Stream[object]:
    """The stream as plain JSON. By `chat.completions.create` every token would be built into an object of the client's, which
    takes a tenth of a millisecond: more than all else that is done for an article in bulk."""
    asked = dict(request)
    extra = asked.pop("extra_body", None) or {}
    body = {**asked, **extra, "stream": True}
    return client.post("/chat/completions", cast_to=object, body=body, stream=True, stream_cls=openai.Stream[object])


def _values(stream: openai.Stream[object]) -> Iterator[Sequence[object]]:
    """The JSON values of the stream, to the end of the answer. The client itself stops at [DONE], before the end, and so loses the
    connection: the next call would have to make a new one, with its handshakes."""
    done = False
    try:
        for event in events(stream):
            if done:
                continue
            if isinstance(event, Values):
                done = event.done
                yield event.values
            elif event.data.startswith("[DONE]"):
                done = True
            else:
                yield [event.json()]
    except openai.APIConnectionError:
        if not done:  # else the answer is whole
            raise


def _error_inside(stream: openai.Stream[object], error: object) -> openai.APIError:
    """As the client makes one of an `error` event."""
    message = error.get("message") if isinstance(error, Mapping) else None
    said = message if isinstance(message, str) and message else "An error occurred during streaming"
    return openai.APIError(said, request=stream.response.request, body=error)


def _object(value: object) -> Mapping[str, Any]:
    """A JSON object; an empty one for null."""
    if isinstance(value, dict):  # first, and by its own type: this is asked several times a token
        return value
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ModelRefused(
            f"The server sent {str(value)[:80]!r} inside a stream where a part of a chat completion was expected. Check the base "
            "URL and the server's log."
        )
    return value


def _first_token(logprobs: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """The likeliest first tokens with their log-probabilities, the chosen one first; () if this part has none."""
    content = logprobs.get("content")
    if not content:
        return ()
    token = content[0]
    listed = {entry["token"]: entry["logprob"] for entry in token.get("top_logprobs") or ()}
    return tuple({token["token"]: token["logprob"], **listed}.items())


def usage_of(usage: CompletionUsage | None) -> Usage | None:
    """The provider's count as ours."""
    if usage is None:
        return None
    read = usage.prompt_tokens_details
    written = usage.completion_tokens_details
    return Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        cached_tokens=min((read.cached_tokens or 0) if read else 0, usage.prompt_tokens),
        cache_write_tokens=(read.cache_write_tokens or 0) if read else 0,
        reasoning_tokens=(written.reasoning_tokens or 0) if written else 0,
    )


def _require_event_stream(content_type: str) -> None:
    if not content_type.startswith("text/event-stream"):
        raise ModelRefused(
            f"The server answered with {content_type or 'no content type'} where a chat completion stream was "
            "expected. Check the base URL: an OpenAI-compatible one usually ends in /v1."
        )
