"""The `openai` provider: OpenAI, Azure OpenAI and any server that speaks their chat completions, by the official
client."""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal
from urllib.parse import urlsplit

import openai
import tiktoken
from pydantic import SecretStr

from models.chat_model import Ask, ChatModel, OnCall, Reply
from models.cost import PriceTable
from models.dialect import STEPS_DOWN, Dialect, Limit, refuses_logprobs
from models.gate import Gate, Passage, TokenBound
from models.masking import masked_url
from models.refusals import translated
from models.retry import RetryPolicy, call_with_retries
from models.token_counts import tokens_of, tokens_of_json
from models.tokenizer_tables import encoding
from models.wire import Completion, Usage, complete
from records.errors import ModelCannot, ModelMissing, SettingsError

OPENAI_URL = "https://api.openai.com/v1"
_LISTED_TOKENS = 20
"""The most the API lists per position."""
_REASONS = re.compile(r"^(?:o\d|gpt-(?:[5-9]|\d\d))")
_UNKNOWN_CONTEXT_TOKENS = 8192
"""Assumed where neither settings nor price table say: the least that current chat servers offer."""


@dataclass(frozen=True)
class Endpoint:
    """Where a model is served. The key never shows in a repr or message."""

    base_url: str = field(default=OPENAI_URL, repr=False)
    api_key: SecretStr | None = None
    api_version: str | None = None
    """Set for Azure's dated API; the model's name is then the deployment's."""

    @property
    def is_openai(self) -> bool:
        """Whether OpenAI's own price list holds here: OpenAI itself or Azure."""
        host = urlsplit(self.base_url).hostname or ""
        return (
            host == "api.openai.com"
            or host.endswith((".api.openai.com", ".openai.azure.com"))
            or bool(self.api_version)
        )

    @property
    def identity(self) -> str:
        """Who answers here, without user and password."""
        return f"{masked_url(self.base_url)} {self.api_version or ''}".strip()

    def shown(self) -> str:
        """The address for messages, without user and password."""
        return masked_url(self.base_url)


@dataclass(frozen=True)
class Reasoning:
    """How a reasoning model thinks before it writes."""

    effort: str | None = None
    """Sent as it is; None leaves the server's default."""
    headroom_tokens: int = 4096
    """Added to the output limit of a reasoning model, whose hidden tokens count against it."""


class OpenAIModel(ChatModel):
    """One model at one endpoint."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str,
        prices: PriceTable | None,
        profile: Literal["capable", "embedded"] = "capable",
        context_tokens: int | None = None,
        timeout_seconds: float = 120.0,
        reasoning: Reasoning | None = None,
        retry: RetryPolicy | None = None,
        on_call: OnCall | None = None,
        gate: Gate | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`prices` None means the price is unknown; `timeout_seconds` is the longest silence of the server.

        Raises SettingsError for an address that is no http(s) URL, ModelMissing where a key is needed and absent.
        """
        _check(endpoint, name)
        price = prices.find(name) if prices else None
        super().__init__(
            name=name,
            provider="openai",
            profile=profile,
            context_tokens=context_tokens or (price.up_to_input_tokens if price else _UNKNOWN_CONTEXT_TOKENS),
            on_call=on_call,
            gate=gate,
            monotonic=monotonic,
        )
        self._endpoint = endpoint
        self._price = price
        self._retry = retry or RetryPolicy()
        self._reasoning = reasoning or Reasoning()
        self._reasons = bool(_REASONS.match(name)) and "chat" not in name and self._reasoning.effort != "none"
        # Older compatible servers know only max_tokens; OpenAI's newer models only max_completion_tokens.
        limit: Limit = "max_completion_tokens" if endpoint.is_openai else "max_tokens"
        self._dialect = Dialect(limit=limit, temperature=not self._reasons)
        self._client = client_of(endpoint, timeout_seconds)

    def __repr__(self) -> str:
        return f"OpenAIModel({self.name!r} at {self._endpoint.shown()})"

    def count_tokens(self, text: str) -> int:
        """tiktoken's count: exact for OpenAI's models, an estimate for others."""
        return tokens_of(text, self._tokenizer)

    @cached_property
    def _tokenizer(self) -> tiktoken.Encoding:
        return _encoding(self.name)

    def close(self) -> None:
        """Close the connections; safe to call twice."""
        self._client.close()

    def _cost_usd(self, usage: Usage) -> float | None:
        return self._price.cost_usd(usage) if self._price else None

    def _send(self, ask: Ask) -> Reply:
        attempts = 0
        for _ in range(STEPS_DOWN + 1):
            dialect = self._dialect
            request = self._request(ask, dialect)
            passage = self._gate.passage(
                self._errand(ask, request, self._endpoint.identity, partial(self._bound, request, dialect.limit))
            )
            if (kept := passage.kept()) is not None:
                return self._from_cache(kept, ask)

            def attempt(request: dict[str, Any] = request, passage: Passage = passage) -> Completion:
                nonlocal attempts
                attempts += 1
                if attempts > 1 and ask.on_restart:
                    ask.on_restart()
                return passage.attempt(lambda heard: complete(self._client, request, ask.on_token, heard))

            try:
                done = call_with_retries(attempt, self._retry, target=self._who(), waited=passage.waited)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                self._adapt(ask, error)
            except openai.APIError as error:
                raise translated(error, who=self._who(), key=self._endpoint.api_key) from error
            else:
                return Reply(_cut(done.result, ask.stop), attempts, _given_up(self._dialect, ask), keep=passage.keep)
        raise ModelCannot(f"{self._who()} refused every form of the request: {self._dialect.notes}.")

    def _from_cache(self, kept: Completion, ask: Ask) -> Reply:
        if ask.on_token and kept.text:
            ask.on_token(kept.text)
        return Reply(_cut(kept, ask.stop), fallback=_given_up(self._dialect, ask), cache_hit=True)

    def _bound(self, request: Mapping[str, Any], limit: Limit) -> TokenBound:
        """What one try can take: the messages, the schema and what frames them, and the output limit."""
        text = json.dumps(
            [request["messages"], request.get("response_format"), request.get("tools")], ensure_ascii=False
        )
        framing = 16 * (len(request["messages"]) + 1)
        expected = tokens_of_json(text, self._tokenizer) + framing
        # Another server's tokenizer is not ours to know, but none makes more tokens than there are bytes.
        most = expected if self._endpoint.is_openai else len(text.encode()) + framing
        return TokenBound(expected, most, int(request[limit]))

    def _adapt(self, ask: Ask, error: openai.APIStatusError) -> None:
        """Step the dialect down, for this and later calls, or raise what the refusal means."""
        if ask.choices and refuses_logprobs(error):
            raise ModelCannot(
                f"{self._who()} has no log-probabilities, which choosing among {', '.join(map(repr, ask.choices))} "
                "needs. Use the capable profile, which does not choose, or a model that does not reason."
            ) from error
        humbler = self._dialect.without(error)
        if humbler is None:
            raise translated(error, who=self._who(), key=self._endpoint.api_key) from error
        self._dialect = humbler

    def _request(self, ask: Ask, dialect: Dialect) -> dict[str, Any]:
        messages, extra = (ask.messages, {}) if ask.schema is None else dialect.format_of(ask.schema, ask.messages)
        told: Sequence[Mapping[str, Any]] = [{"role": message.role, "content": message.content} for message in messages]
        if ask.exchange is not None:
            told = ask.exchange.messages
            extra = {"tools": list(ask.exchange.tools)} if ask.exchange.tools else {}
        headroom = self._reasoning.headroom_tokens if self._reasons and not ask.choices else 0
        request: dict[str, Any] = {
            "model": self.name,
            "messages": list(told),
            dialect.limit: ask.max_output_tokens + headroom,
            **extra,
        }
        if dialect.temperature:
            request["temperature"] = 0
        if dialect.usage:
            request["stream_options"] = {"include_usage": True}
        if self._reasoning.effort:
            request["reasoning_effort"] = self._reasoning.effort
        if ask.choices:
            request |= {"logprobs": True, "top_logprobs": _LISTED_TOKENS}
        if ask.stop and dialect.stop:
            # The API takes at most four; the rest are cut after the answer.
            request["stop"] = list(ask.stop[:4])
        return request

    def _who(self) -> str:
        return f"The openai model {self.name} at {self._endpoint.shown()}"


def _check(endpoint: Endpoint, name: str) -> None:
    parts = urlsplit(endpoint.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"The base URL {endpoint.shown()!r} is no http(s) address. Set one such as {OPENAI_URL}.")
    if endpoint.is_openai and not (endpoint.api_key and endpoint.api_key.get_secret_value()):
        raise ModelMissing(
            f"No key for {name} at {endpoint.shown()}. Set OPENAI_API_KEY, or use the embedded model: `rhyme models "
            "pull`."
        )


def client_of(endpoint: Endpoint, timeout_seconds: float) -> openai.OpenAI:
    """The official client for it, which tries once: the retry policy is ours."""
    # An explicit placeholder: without one the client would take OPENAI_API_KEY and send it to somebody else's server.
    key = endpoint.api_key.get_secret_value() if endpoint.api_key else "no-key"
    timeout = openai.Timeout(timeout_seconds, connect=min(10.0, timeout_seconds))
    if endpoint.api_version:
        return openai.AzureOpenAI(
            azure_endpoint=endpoint.base_url,
            api_version=endpoint.api_version,
            api_key=key,
            max_retries=0,
            timeout=timeout,
        )
    return openai.OpenAI(base_url=endpoint.base_url, api_key=key, max_retries=0, timeout=timeout)


def _given_up(dialect: Dialect, ask: Ask) -> str | None:
    return dialect.fallback(structured=ask.schema is not None, stopped=bool(ask.stop))


def _cut(completion: Completion, stop: tuple[str, ...]) -> Completion:
    ends = [completion.text.find(word) for word in stop if word in completion.text]
    if not ends:
        return completion
    return Completion(
        completion.text[: min(ends)], "stop", completion.refusal, completion.first_token, completion.usage
    )


def _encoding(model: str) -> tiktoken.Encoding:
    try:
        older = tiktoken.encoding_name_for_model(model) == "cl100k_base"
    except KeyError:
        older = False
    # o200k_base: OpenAI's chat models since gpt-4o, and close enough for others' English.
    return encoding("cl100k_base" if older else "o200k_base")
