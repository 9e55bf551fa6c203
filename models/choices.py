"""Probabilities over closed choices, from the log-probabilities of one first token."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from records.errors import ModelAnswerInvalid, ModelCannot

FLOOR = 1e-6
"""Taken for a choice outside the listed tokens, unless a listed one is rarer still: all listed ones are likelier."""
THIN_MASS = 0.01
"""Below this the choices share almost none of the model's belief; the ratio among them is then worth a note."""


@dataclass(frozen=True)
class Distribution:
    """Probabilities that sum to 1 over the choices, and what is odd about them (None: nothing)."""

    probabilities: Mapping[str, float]
    note: str | None


def check_choices(choices: Sequence[str]) -> None:
    """Raise ModelCannot unless there are two or more, all different, none the beginning of another."""
    shown = ", ".join(repr(choice) for choice in choices)
    if len(choices) < 2 or any(not choice.strip() or choice != choice.strip() for choice in choices):
        raise ModelCannot(f"choose() takes two or more choices without outer spaces, got {shown}.")
    for one in choices:
        if sum(other.startswith(one) for other in choices) > 1:
            raise ModelCannot(f"choose() reads one token, but {one!r} begins another of {shown}: use single letters.")


def distribution(choices: Sequence[str], first_token: Sequence[tuple[str, float]]) -> Distribution:
    """Renormalise the first token's probabilities over `choices`.

    A token counts for the one choice that begins with it (" Yes" and "Yes" both count for "Yes"); a token that begins
    two choices counts for none. Raises ModelAnswerInvalid when no choice is listed.
    """
    mass = dict.fromkeys(choices, 0.0)
    # Servers write -9999 for "unknown, but tiny": no information, so not listed.
    listed = [(token, math.exp(logprob)) for token, logprob in first_token if math.exp(logprob) > 0]
    for token, share in listed:
        word = token.strip()
        fitting = [choice for choice in choices if word and choice.startswith(word)]
        if len(fitting) == 1:
            mass[fitting[0]] += share
    total = sum(mass.values())
    if total <= 0:
        seen = ", ".join(repr(token) for token, _ in first_token[:5])
        raise ModelAnswerInvalid(
            f"None of the choices {', '.join(map(repr, choices))} is among the model's likeliest first tokens "
            f"({seen}). Say in the prompt that the answer is one of them and nothing else."
        )
    floor = min(FLOOR, *(share for _, share in listed))
    missing = [choice for choice in choices if mass[choice] <= 0]
    notes = [f"{choice!r} is not among the {len(listed)} likeliest tokens: taken as {floor:.0e}" for choice in missing]
    if total < THIN_MASS:
        notes.append(f"the choices hold {total:.1e} of the model's probability")
    filled = {choice: mass[choice] or floor for choice in choices}
    whole = sum(filled.values())
    return Distribution({choice: part / whole for choice, part in filled.items()}, "; ".join(notes) or None)
