"""One attempt at one chat completion over the official client: a streamed request in, its pieces put together out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import openai
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk

from models.interface import OnToken
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
    texts: list[str] = []
    refusals: list[str] = []
    first_token: tuple[tuple[str, float], ...] = ()
    finish_reason: str | None = None
    usage: CompletionUsage | None = None
    with client.chat.completions.create(**request, stream=True) as stream:
        if on_headers:
            on_headers(stream.response.headers)
        _require_event_stream(stream.response.headers.get("content-type", ""))
        for event in stream:
            chunk = cast(ChatCompletionChunk, event)
            usage = chunk.usage or usage
            # The usage chunk and Azure's first (prompt filter) chunk carry no choice.
            for choice in chunk.choices[:1]:
                if choice.delta.content:
                    texts.append(choice.delta.content)
                    if on_token:
                        on_token(choice.delta.content)
                if choice.delta.refusal:
                    refusals.append(choice.delta.refusal)
                if not first_token and choice.logprobs and choice.logprobs.content:
                    token = choice.logprobs.content[0]
                    listed = {entry.token: entry.logprob for entry in token.top_logprobs or ()}
                    first_token = tuple({token.token: token.logprob, **listed}.items())
                finish_reason = choice.finish_reason or finish_reason
    if finish_reason is None:
        raise StreamBroken
    return Completion("".join(texts), finish_reason, "".join(refusals), first_token, _usage(usage))


def _usage(usage: CompletionUsage | None) -> Usage | None:
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
