"""What every provider shares: ask, check, repair once, record. A provider adds only how one question is sent."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from pydantic import BaseModel

from models.choices import check_choices, distribution
from models.interface import Answer, OnToken
from models.schema import SchemaViolation, repair_messages, validate_answer
from models.wire import Completion, Usage
from records.analysis import ModelCall
from records.errors import ModelAnswerInvalid, ModelCannot, ModelRefused
from records.prompt import Message, Prompt

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


@dataclass(frozen=True)
class Reply:
    """What came back for one Ask, and how."""

    completion: Completion
    attempts: int = 1
    fallback: str | None = None


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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.provider: Literal["openai", "local", "scripted"] = provider
        self.profile: Literal["capable", "embedded"] = profile
        self.context_tokens = context_tokens
        self._on_call = on_call
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
        completion, call = self._ask(ask, repaired=False)
        try:
            return Answer(_value(schema, completion, max_output_tokens), (call,))
        except SchemaViolation as violation:
            messages = repair_messages(prompt.messages, completion.text, violation)
        second, repair_call = self._ask(replace(ask, messages=messages), repaired=True)
        try:
            return Answer(_value(schema, second, max_output_tokens), (call, repair_call))
        except SchemaViolation as violation:
            raise ModelAnswerInvalid(
                f"{self._who()} answered {purpose!r} with something that is no {schema.__name__}, also after being "
                f"told what was wrong: {violation}. The answer began: {_head(second.text)}. Try again, or choose a "
                "more capable model."
            ) from violation

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
        completion, call = self._ask(ask, repaired=False)
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
        return Answer(text, (call,))

    def _ask(self, ask: Ask, *, repaired: bool) -> tuple[Completion, ModelCall]:
        reply, seconds = self._timed(ask)
        return reply.completion, self._recorded(
            reply, ask.prompt, ask.purpose, seconds, repaired=repaired, messages=ask.messages
        )

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
        usage = done.usage or Usage(self._estimated_input(messages or prompt.messages), self.count_tokens(done.text))
        call = ModelCall(
            purpose=purpose,
            provider=self.provider,
            model=self.name,
            prompt=f"{prompt.name}@{prompt.version}",
            prompt_digest=prompt.digest,
            input_tokens=usage.input_tokens,
            cached_tokens=usage.cached_tokens,
            output_tokens=usage.output_tokens,
            tokens_estimated=done.usage is None,
            cost_usd=self._cost_usd(usage),
            seconds=seconds,
            attempts=reply.attempts,
            repaired=repaired,
            fallback=reply.fallback,
        )
        if self._on_call:
            self._on_call(call)
        return call

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


def _thinking(completion: Completion) -> str:
    hidden = completion.usage.reasoning_tokens if completion.usage else 0
    return f" ({hidden} more went into reasoning)" if hidden else ""


def _head(text: str) -> str:
    shown = text.strip()[:_HEAD_CHARACTERS]
    return repr(shown) + ("…" if len(text.strip()) > _HEAD_CHARACTERS else "")
