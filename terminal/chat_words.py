"""What a chat shows in one line, on a terminal and on a page."""

from collections.abc import Mapping
from typing import Any

from records.chat import ChatAnswer, ChatProvenance
from terminal.plain import plain

SHOWN = 160
"""Characters of a lookup's arguments that are shown."""


def asked_words(arguments: Mapping[str, Any]) -> str:
    """The arguments of a lookup; what is left open is left out."""
    given = ", ".join(f"{name}={value}" for name, value in arguments.items() if value not in (None, [], ""))
    return plain(given)[:SHOWN]


def numbered(answer: ChatAnswer) -> dict[str, int]:
    """What is cited, with its number: 1, 2, … in the order of the sentences."""
    names = dict.fromkeys(name for one in answer.sentences for name in one.support)
    return {name: place for place, name in enumerate(names, 1)}


def spent_line(spent: ChatProvenance) -> str:
    """Which model, and what it took."""
    cost = "cost unknown" if spent.cost_usd is None else f"{spent.cost_usd:.4f} USD"
    tokens = f"{spent.input_tokens:,} + {spent.output_tokens:,} tokens"
    return f"{plain(spent.model)} · {spent.calls} calls · {tokens} · {spent.seconds:.1f} s · {cost}"
