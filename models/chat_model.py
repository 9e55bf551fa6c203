"""What every provider shares: ask, check, repair once, record. A provider adds only how one question is sent."""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from models.choices import check_choices, distribution
from models.gate import Errand, Gate, OpenGate, TokenBound
from models.interface import Answer, Exchange, OnRestart, OnToken, Turned
from models.schema import SchemaViolation, repair_messages, validate_answer
from models.wire import Completion, Usage
from records.analysis import ModelCall
from records.errors import ModelAnswerInvalid, ModelCannot, ModelRefused
from records.prompt import Message, Prompt
from records.spending import Outcome

Schema = TypeVar("Schema", bound=BaseModel)
OnCall = Callable[[ModelCall], None]
"""Receives the record of every call as it ends, also of those whose answer turns out invalid."""

_HEAD_CHARACTERS = 300
"""How much of a bad answer an error message shows."""


@dataclass(frozen=True)
class Ask:
    """One question to a provider."""

    prompt: Prompt
    messages: tuple[Message, ...]
    purpose: str
    max_output_tokens: int
    schema: type[BaseModel] | None = None
    choices: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    on_token: OnToken | None = None
    on_restart: OnRestart | None = None
    exchange: Exchange | None = None
    """In place of the messages: a conversation with tools."""


def _nothing() -> None:
    """There is no place to keep it."""


@dataclass(frozen=True)
class Reply:
    """What came back for one Ask, and how."""

    completion: Completion
    attempts: int = 1
    fallback: str | None = None
    cache_hit: bool = False
    keep: Callable[[], None] = _nothing
    """Keeps the answer for the next time; to be called when it proved to be of use."""


class ChatModel(ABC):
    """Implements `LanguageModel` over a provider's `_send`."""

    def __init__(
        self,
        *,
        name: str,
        provider: Literal["openai", "local", "scripted"],
        profile: Literal["capable", "embedded"],
        context_tokens: int,
        on_call: OnCall | None = None,
        gate: Gate | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.provider: Literal["openai", "local", "scripted"] = provider
        self.profile: Literal["capable", "embedded"] = profile
        self.context_tokens = context_tokens
        self._on_call = on_call
        self._gate: Gate = gate or OpenGate()
        self._monotonic = monotonic

    @abstractmethod
    def _send(self, ask: Ask) -> Reply:
        """One answer, retries included. Raises ModelError subclasses only."""

    @abstractmethod
    def _cost_usd(self, usage: Usage) -> float | None:
        """US dollars of one call; None if the price is unknown."""

    @abstractmethod
    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, exact or estimated as the provider can."""

    @abstractmethod
    def close(self) -> None:
        """Release what the provider holds; safe to call twice."""

    def __enter__(self) -> "ChatModel":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.close()

    def structured(
        self,
        prompt: Prompt,
        schema: type[Schema],
        *,
        purpose: str,
        max_output_tokens: int,
        on_token: OnToken | None = None,
    ) -> Answer[Schema]:
        """See `LanguageModel.structured`. After a retry or a repair the text on `on_token` starts again.

        Raises ModelAnswerInvalid, ModelRefused, ModelUnavailable, ModelCannot.
        """
        ask = Ask(prompt, prompt.messages, purpose, max_output_tokens, schema, on_token=on_token)
        first, call = self._ask(ask, repaired=False)
        try:
            value = _value(schema, first.completion, max_output_tokens)
        except SchemaViolation as violation:
            messages = repair_messages(prompt.messages, first.completion.text, violation)
        else:
            first.keep()
            return Answer(value, (call,))
        reply, repair_call = self._ask(replace(ask, messages=messages), repaired=True)
        second = reply.completion
        try:
            value = _value(schema, second, max_output_tokens)
        except SchemaViolation as violation:
            raise ModelAnswerInvalid(
                f"{self._who()} answered {purpose!r} with something that is no {schema.__name__}, also after being "
                f"told what was wrong: {violation}. The answer began: {_head(second.text)}. Try again, or choose a "
                "more capable model."
            ) from violation
        first.keep()
        reply.keep()
        return Answer(value, (call, repair_call))

    def choose(self, prompt: Prompt, choices: Sequence[str], *, purpose: str) -> Answer[Mapping[str, float]]:
        """See `LanguageModel.choose`. Raises ModelCannot, ModelAnswerInvalid, ModelRefused, ModelUnavailable."""
        check_choices(choices)
        reply, seconds = self._timed(Ask(prompt, prompt.messages, purpose, max_output_tokens=1, choices=tuple(choices)))
        if not reply.completion.first_token:
            self._recorded(reply, prompt, purpose, seconds)
            raise ModelCannot(
                f"{self._who()} sends no log-probabilities, which choosing among {', '.join(map(repr, choices))} "
                "needs. Use a model that has them (reasoning models do not), or the capable profile, which does not "
                "choose."
            )
        try:
            shares = distribution(choices, reply.completion.first_token)
        except ModelAnswerInvalid:
            self._recorded(reply, prompt, purpose, seconds)
            raise
        reply.keep()
        noted = replace(reply, fallback="; ".join(filter(None, (reply.fallback, shares.note))) or None)
        return Answer(shares.probabilities, (self._recorded(noted, prompt, purpose, seconds),))

    def write(
        self,
        prompt: Prompt,
        *,
        purpose: str,
        max_output_tokens: int,
        stop: Sequence[str] = (),
        on_token: OnToken | None = None,
    ) -> Answer[str]:
        """See `LanguageModel.write`. A text cut off at the limit, or none, is ModelAnswerInvalid: half a text misleads."""
        ask = Ask(prompt, prompt.messages, purpose, max_output_tokens, stop=tuple(stop), on_token=on_token)
        reply, call = self._ask(ask, repaired=False)
        completion = reply.completion
        text = completion.text.strip()
        if completion.finish_reason == "length":
            raise ModelAnswerInvalid(
                f"{self._who()} was cut off at {max_output_tokens} tokens while writing "
                f"{purpose!r}{_thinking(completion)}. The text began: {_head(text)}. Allow more tokens or ask for less."
            )
        if not text:
            raise ModelAnswerInvalid(
                f"{self._who()} wrote nothing for {purpose!r}. Try again, or choose another model."
            )
        reply.keep()
        return Answer(text, (call,))

    def converse(
        self,
        exchange: Exchange,
        prompt: Prompt,
        *,
        purpose: str,
        max_output_tokens: int,
        on_token: OnToken | None = None,
        on_restart: OnRestart | None = None,
    ) -> Turned:
        """See `ConversingModel.converse`. A turn that was cut off, or is empty, is ModelAnswerInvalid."""
        told = tuple(Message(_role(one), json.dumps(one, ensure_ascii=False)) for one in exchange.messages)
        ask = Ask(prompt, told, purpose, max_output_tokens, on_token=on_token, on_restart=on_restart, exchange=exchange)
        reply, call = self._ask(ask, repaired=False)
        done = reply.completion
        if done.finish_reason == "length" or not (done.text.strip() or done.tool_calls):
            raise ModelAnswerInvalid(
                f"{self._who()} gave no whole turn for {purpose!r} in {max_output_tokens} tokens{_thinking(done)}. It began: "
                f"{_head(done.text)}. Allow more tokens, or ask for less."
            )
        reply.keep()
        return Turned(done.text.strip(), done.tool_calls, call)

    def _errand(
        self, ask: Ask, request: Mapping[str, Any], identity: str, bound: Callable[[], TokenBound] | None
    ) -> Errand:
        """The request as it passes the gate."""
        return Errand(
            provider=self.provider,
            model=self.name,
            identity=identity,
            request=request,
            prompt=ask.prompt,
            purpose=ask.purpose,
            bound=bound,
            price=self._cost_usd,
            counted=lambda done: self._usage_of(done, ask.messages),
            judged=lambda done: judged(ask, done),
            judges_whole=ask.schema is not None,
        )

    def _ask(self, ask: Ask, *, repaired: bool) -> tuple[Reply, ModelCall]:
        reply, seconds = self._timed(ask)
        return reply, self._recorded(reply, ask.prompt, ask.purpose, seconds, repaired=repaired, messages=ask.messages)

    def _timed(self, ask: Ask) -> tuple[Reply, float]:
        started = self._monotonic()
        reply = self._send(ask)
        seconds = self._monotonic() - started
        completion = reply.completion
        if completion.refusal or completion.finish_reason == "content_filter":
            self._recorded(reply, ask.prompt, ask.purpose, seconds)
            why = f": {_head(completion.refusal)}" if completion.refusal else " (its content filter stopped the answer)"
            raise ModelRefused(
                f"{self._who()} declined to answer {ask.purpose!r}{why}. Repeating it is useless: change the text or "
                "the model."
            )
        return reply, seconds

    def _recorded(
        self,
        reply: Reply,
        prompt: Prompt,
        purpose: str,
        seconds: float,
        *,
        repaired: bool = False,
        messages: tuple[Message, ...] | None = None,
    ) -> ModelCall:
        done = reply.completion
        usage = Usage(0, 0) if reply.cache_hit else self._usage_of(done, messages or prompt.messages)
        call = ModelCall(
            purpose=purpose,
            provider=self.provider,
            model=self.name,
            prompt=f"{prompt.name}@{prompt.version}",
            prompt_digest=prompt.digest,
            input_tokens=usage.input_tokens,
            cached_tokens=usage.cached_tokens,
            output_tokens=usage.output_tokens,
            tokens_estimated=done.usage is None and not reply.cache_hit,
            cost_usd=0.0 if reply.cache_hit else self._cost_usd(usage),
            seconds=seconds,
            attempts=reply.attempts,
            repaired=repaired,
            cache_hit=reply.cache_hit,
            fallback=reply.fallback,
        )
        if self._on_call:
            self._on_call(call)
        return call

    def _usage_of(self, done: Completion, messages: tuple[Message, ...]) -> Usage:
        return done.usage or Usage(self._estimated_input(messages), self.count_tokens(done.text))

    def _estimated_input(self, messages: tuple[Message, ...]) -> int:
        # About four tokens frame each chat message and three open the answer in the o200k and cl100k chat formats.
        return sum(self.count_tokens(message.content) + 4 for message in messages) + 3

    def _who(self) -> str:
        return f"The {self.provider} model {self.name}"


def _value(schema: type[Schema], completion: Completion, max_output_tokens: int) -> Schema:
    try:
        return validate_answer(schema, completion.text)
    except SchemaViolation as violation:
        if completion.finish_reason != "length":
            raise
        cut = f"the answer was cut off at {max_output_tokens} tokens{_thinking(completion)}: write less"
        raise SchemaViolation((cut, *violation.faults)) from violation


def judged(ask: Ask, done: Completion) -> Outcome:
    """Whether an answer is of use to who asked."""
    if done.refusal or done.finish_reason == "content_filter":
        return Outcome.DECLINED
    if ask.schema is not None:
        try:
            validate_answer(ask.schema, done.text)
        except SchemaViolation:
            return Outcome.UNUSABLE
        return Outcome.ANSWERED
    if ask.choices:
        return Outcome.ANSWERED if done.first_token else Outcome.UNUSABLE
    return (
        Outcome.ANSWERED
        if (done.text.strip() or done.tool_calls) and done.finish_reason != "length"
        else Outcome.UNUSABLE
    )


def _role(message: Mapping[str, Any]) -> Literal["system", "user", "assistant"]:
    """Of a message as it is counted: what a tool said is read like what a person said."""
    role = message.get("role")
    return role if role in ("system", "assistant") else "user"


def _thinking(completion: Completion) -> str:
    hidden = completion.usage.reasoning_tokens if completion.usage else 0
    return f" ({hidden} more went into reasoning)" if hidden else ""


def _head(text: str) -> str:
    shown = text.strip()[:_HEAD_CHARACTERS]
    return repr(shown) + ("…" if len(text.strip()) > _HEAD_CHARACTERS else "")
