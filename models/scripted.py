"""The `scripted` provider: a model that says what it was told to say, for tests. The script must be used up exactly."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from models.chat_model import Ask, ChatModel, OnCall
from models.chat_model import Reply as ProviderReply
from models.interface import ToolCall
from models.wire import Completion, Usage
from records.errors import ModelError
from records.prompt import Prompt

Predicate = Callable[[Prompt], bool]


class ScriptMismatch(AssertionError):
    """The program asked something else, more or less than the script says."""


@dataclass(frozen=True)
class Reply:
    """Answers a `structured` or `write` call: a text, or a model instance sent as its JSON."""

    content: str | BaseModel
    purpose: str | None = None
    """The purpose the call must have; None takes any."""
    when: Predicate | None = None
    """Must hold of the prompt that was sent."""
    finish_reason: Literal["stop", "length"] = "stop"
    """`length` plays an answer that was cut off."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Of a turn in an exchange."""


@dataclass(frozen=True)
class Choice:
    """Answers a `choose` call with a probability for each choice."""

    probabilities: Mapping[str, float]
    purpose: str | None = None
    when: Predicate | None = None


@dataclass(frozen=True)
class Fail:
    """Raises `error` instead of answering."""

    error: ModelError
    purpose: str | None = None
    when: Predicate | None = None


Step = Reply | Choice | Fail


class ScriptedModel(ChatModel):
    """Plays its steps in order, through the same checking, repairing and recording as every other provider.

    A repair is a call of its own: a `Reply` that breaks the schema needs the next step to answer the repair.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        *,
        name: str = "script",
        profile: Literal["capable", "embedded"] = "capable",
        context_tokens: int = 8192,
        on_call: OnCall | None = None,
    ) -> None:
        super().__init__(
            name=name, provider="scripted", profile=profile, context_tokens=context_tokens, on_call=on_call
        )
        self._steps = list(steps)
        self._played = 0
        self.prompts: list[Prompt] = []
        """Every prompt received, in order, with the messages as sent: a repair shows its added turns."""

    def count_tokens(self, text: str) -> int:
        """Words: any fixed rule serves a test."""
        return len(text.split())

    def close(self) -> None:
        """Raise ScriptMismatch if steps are left."""
        left, self._steps = self._steps[self._played :], []
        self._played = 0
        if left:
            raise ScriptMismatch(f"The script was not used up: {len(left)} steps left, the next is {left[0]!r}.")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        # A failing test should show its own failure, not that the script was cut short by it.
        if kind is None:
            self.close()

    def _cost_usd(self, usage: Usage) -> float | None:  # noqa: ARG002
        return 0.0

    def _send(self, ask: Ask) -> ProviderReply:
        sent = Prompt(ask.messages, ask.prompt.name, ask.prompt.version, ask.prompt.digest)
        self.prompts.append(sent)
        step = self._next(ask, sent)
        if isinstance(step, Fail):
            raise step.error
        if isinstance(step, Choice):
            return ProviderReply(self._chosen(step, ask))
        text = step.content if isinstance(step.content, str) else step.content.model_dump_json()
        if ask.on_token:
            for piece in _pieces(text):
                ask.on_token(piece)
        done = Completion(text, step.finish_reason, usage=self._usage(ask, text), tool_calls=step.tool_calls)
        return ProviderReply(done)

    def _next(self, ask: Ask, sent: Prompt) -> Step:
        if self._played >= len(self._steps):
            raise ScriptMismatch(f"The script has no step {self._played + 1} for the call {ask.purpose!r}.")
        step = self._steps[self._played]
        self._played += 1
        if step.purpose is not None and step.purpose != ask.purpose:
            raise ScriptMismatch(f"Step {self._played} is for {step.purpose!r}, but the call is {ask.purpose!r}.")
        if isinstance(step, Choice) != bool(ask.choices) and not isinstance(step, Fail):
            called = "choose()" if ask.choices else "structured() or write()"
            raise ScriptMismatch(f"Step {self._played} is {step!r}, but {called} was called for {ask.purpose!r}.")
        if step.when is not None and not step.when(sent):
            last = sent.messages[-1].content
            raise ScriptMismatch(f"The prompt of step {self._played} ({ask.purpose!r}) is not as expected: {last!r}")
        return step

    def _chosen(self, step: Choice, ask: Ask) -> Completion:
        if set(step.probabilities) != set(ask.choices):
            raise ScriptMismatch(f"Step {self._played} gives {set(step.probabilities)}, asked were {set(ask.choices)}.")
        listed = tuple((choice, math.log(share)) for choice, share in step.probabilities.items() if share > 0)
        best = max(step.probabilities, key=lambda choice: step.probabilities[choice])
        return Completion(best, "length", first_token=listed, usage=self._usage(ask, best))

    def _usage(self, ask: Ask, text: str) -> Usage:
        return Usage(sum(self.count_tokens(message.content) for message in ask.messages), self.count_tokens(text))


def _pieces(text: str) -> list[str]:
    """`text` in pieces that join to it again, as a stream brings it."""
    return [text[start : start + 8] for start in range(0, len(text), 8)]
