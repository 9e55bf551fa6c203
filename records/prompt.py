"""A rendered prompt: what is sent to a model, and which file it came from."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Prompt:
    """The messages of one call, with the identity of the file that rendered them."""

    messages: tuple[Message, ...]
    name: str
    version: str
    digest: str
    """SHA-256 of the prompt file and of the parts it includes, first 16 hex digits."""
