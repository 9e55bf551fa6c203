"""What a language model is to the rest of Rhyme: messages and a schema in, a validated answer and its record out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

from records.analysis import ModelCall
from records.prompt import Message, Prompt

__all__ = [
    "Answer",
    "Exchange",
    "LanguageModel",
    "Message",
    "OnRestart",
    "OnToken",
    "Prompt",
    "Schema",
    "ToolCall",
    "Turned",
]

Schema = TypeVar("Schema", bound=BaseModel)
Value = TypeVar("Value")

OnToken = Callable[[str], None]
"""Receives each piece of text as the model writes it."""
OnRestart = Callable[[], None]
"""Told when a try broke off and the text begins anew: what the try before had written is void."""


@dataclass(frozen=True)
class Answer(Generic[Value]):
    """A validated value and the record of the call or calls behind it (two when it was repaired)."""

    value: Value
    calls: tuple[ModelCall, ...]


@dataclass(frozen=True)
class ToolCall:
    """A tool that the model wants called."""

    id: str
    """The provider's name of the call, which its answer must bear."""
    name: str
    arguments: str
    """JSON as the model wrote it: not yet known to be valid."""


@dataclass(frozen=True)
class Exchange:
    """A conversation with tools, in the form of the chat completions protocol: plain JSON, which a provider sends as it is."""

    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Turned:
    """The model's turn in an exchange: text, tools it wants called, or both."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    call: ModelCall


class LanguageModel(Protocol):
    """One model behind one interface. Every method raises a ModelError subclass, never a foreign exception."""

    name: str
    provider: Literal["openai", "local", "scripted"]
    profile: Literal["capable", "embedded"]
    """`embedded` models get short constrained calls; `capable` ones the whole schema in one call."""
    context_tokens: int

    def structured(
        self,
        prompt: Prompt,
        schema: type[Schema],
        *,
        purpose: str,
        max_output_tokens: int,
        on_token: OnToken | None = None,
    ) -> Answer[Schema]:
        """An instance of `schema`. An answer that breaks it is repaired once, then ModelAnswerInvalid."""
        ...

    def choose(self, prompt: Prompt, choices: Sequence[str], *, purpose: str) -> Answer[Mapping[str, float]]:
        """Probability of each choice as the whole next answer, from the first token's log-probabilities; they sum to 1.

        Choices must differ in their first token (single letters, "Yes"/"No"). Raises ModelCannot without log-probabilities.
        """
        ...

    def write(
        self,
        prompt: Prompt,
        *,
        purpose: str,
        max_output_tokens: int,
        stop: Sequence[str] = (),
        on_token: OnToken | None = None,
    ) -> Answer[str]:
        """Free text, stripped."""
        ...

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` by the model's own tokenizer, or tiktoken's estimate for a remote one."""
        ...

    def close(self) -> None:
        """Release the process or connection; safe to call twice."""
        ...


class ConversingModel(Protocol):
    """A model that takes turns and calls tools. Raises ModelError subclasses only."""

    name: str
    context_tokens: int

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
        """The next turn. `prompt`: the file that the exchange's system message was made from, for the record. Raises ModelCannot
        when the model does not call tools."""
        ...
