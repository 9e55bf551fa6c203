"""What stands between a provider and its server: every try of every call passes a gate.

A provider sends one exact request through one passage, with as many tries as its retry policy allows. The gate in full is
`models.gateway`; without one (`OpenGate`) tries go straight through.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from models.wire import Completion, OnHeaders, Usage
from records.prompt import Prompt
from records.spending import Outcome

Send = Callable[[OnHeaders | None], Completion]
"""Sends the request once; raises what the client raises."""


@dataclass(frozen=True)
class TokenBound:
    """Tokens that one try can take."""

    expected_input: int
    """By the best tokenizer at hand: what a rate limit counts."""
    most_input: int
    """No tokenizer makes more of it: what a budget counts."""
    output: int
    """The limit sent with the request."""


@dataclass(frozen=True)
class Errand:
    """One exact request and what must be known of it on the way."""

    provider: str
    model: str
    identity: str
    """Who would answer: the server's address, or the model file's digest. Part of a kept answer's key."""
    request: Mapping[str, Any]
    prompt: Prompt
    purpose: str
    bound: Callable[[], TokenBound] | None
    """Counted when it is asked for. None: nobody bills or limits this model."""
    price: Callable[[Usage], float | None]
    """US dollars of a usage; None if the price is not known."""
    counted: Callable[[Completion], Usage]
    """Tokens of an answer: the server's count, or ours where it is silent."""
    judged: Callable[[Completion], Outcome]
    """Whether the answer is of use."""
    judges_whole: bool = False
    """Nobody who asked will find fault with an answer that is judged to be of use: it can be kept at once."""


class Passage(Protocol):
    """The way of one errand."""

    def kept(self) -> Completion | None:
        """The answer kept from an earlier time, which costs nothing."""
        ...

    def attempt(self, send: Send) -> Completion:
        """One try. Raises what `send` raises; BudgetSpent or ModelUnavailable where it may not be sent."""
        ...

    def keep(self) -> None:
        """Keeps the answer: it proved to be of use."""
        ...

    def waited(self) -> float:
        """Seconds spent so far waiting for a turn."""
        ...


class Gate(Protocol):
    """Lets errands through."""

    def passage(self, errand: Errand) -> Passage:
        """A way for one errand."""
        ...


class OpenGate:
    """Keeps nothing, limits nothing, counts nothing."""

    def passage(self, errand: Errand) -> Passage:  # noqa: ARG002
        return _Straight()


class _Straight:
    def kept(self) -> Completion | None:
        return None

    def attempt(self, send: Send) -> Completion:
        return send(None)

    def keep(self) -> None:
        return None

    def waited(self) -> float:
        return 0.0
