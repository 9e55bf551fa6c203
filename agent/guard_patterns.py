"""What text addressed to a language model says: patterns shipped as data (agent/data/addressed_v1.toml)."""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal, cast

from agent.anycase import Anycase, folded
from records.errors import SettingsError
from records.once import once

Kind = Literal["override", "role", "order", "form", "markup", "encoded", "noise", "task"]
"""What a passage tries: to void instructions, to give the model a role or speak as one, to order an answer, to fill our form, to
imitate our marks, to hide itself, to confuse, or to set a task that has nothing to do with news."""

FILE = "addressed_v1.toml"
ENOUGH = 1.1
"""Sum of the weights of different patterns from which a sentence is taken to address a model."""

SENTENCES_KEPT = 4_096
"""Sentences whose answer is kept: one comes again in the quotes of its own article, and in every article that a past event is
recalled for."""
_FIRST = 3
"""Letters by which an anchor within a word is looked up."""
WORDS_KEPT = 8_192
"""Words whose anchors are kept: one is looked at in every sentence that has it."""

_FOREIGN_HINT = re.compile(
    r"[\u0080-\uffff]|\b(?:ignor|vergiss|vergessen|missacht|antwort|schreib|setz|bewert|behandl|oubli|ne (?:tenez|suivez)|repond|"
    r"ecriv|mett|indiqu|attribu|olvid|haz caso|hagan|descart|desconsider|esque|dimentic|respond[ae]|rispondi|escrib|escrev|"
    r"scrivi|modelo|modello|negeer|vergeet|zapomnij|pomi|talimat|komut|kural|votre|deine|du bist|tu es|ahora|agora|ora sei)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Pattern:
    """One way to address a model."""

    name: str
    kind: Kind
    weight: float
    script: Literal["any", "latin", "other"]
    anchors: frozenset[str]
    expression: re.Pattern[str]
    """Of folded text."""

    def may_stand(self, present: frozenset[str], *, ascii_only: bool) -> bool:
        """Whether it may stand in a sentence; `present`: the anchors of any pattern that the sentence has."""
        if self.script == "other" and ascii_only:
            return False
        return not self.anchors or not self.anchors.isdisjoint(present)


@once
def patterns() -> tuple[Pattern, ...]:
    """All of them, those that are enough by themselves first. Raises SettingsError if the file is damaged."""
    file = resources.files("agent") / "data" / FILE
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        read = [
            Pattern(
                name=name,
                kind=cast(Kind, entry["kind"]),
                weight=float(entry["weight"]),
                script=entry["script"],
                anchors=frozenset(entry["anchors"]),
                expression=Anycase("".join(entry["parts"])).expression,
            )
            for name, entry in raw.items()
        ]
    except (OSError, ValueError, KeyError, TypeError, re.error) as error:
        raise SettingsError(
            f"The patterns {file.name} cannot be read ({error}). Restore them from the project."
        ) from error
    return tuple(sorted(read, key=lambda one: -one.weight))


@once
def _anchors() -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Those that stand within a word, by their first letters, and those that are too short for that or have a space in them."""
    every = sorted({anchor for one in patterns() for anchor in one.anchors})
    within = [one for one in every if len(one) >= _FIRST and " " not in one]
    by_first = {
        first: tuple(one for one in within if one.startswith(first)) for first in {one[:_FIRST] for one in within}
    }
    return by_first, tuple(one for one in every if one not in within)


def anchors_in(small: str) -> frozenset[str]:
    """The anchors of any pattern that `small`, a text in small letters, has."""
    whole = [anchor for anchor in _anchors()[1] if anchor in small]
    return frozenset(whole).union(*map(_anchors_of_word, small.split()))


@lru_cache(maxsize=WORDS_KEPT)
def _anchors_of_word(word: str) -> frozenset[str]:
    by_first, _ = _anchors()
    begun = [at for at in range(len(word) - _FIRST + 1) if word[at : at + _FIRST] in by_first]
    return frozenset(one for at in begun for one in by_first[word[at : at + _FIRST]] if word.startswith(one, at))


@lru_cache(maxsize=SENTENCES_KEPT)
def _to_be_tried(present: frozenset[str], ascii_only: bool) -> tuple[Pattern, ...]:
    return tuple(one for one in patterns() if one.may_stand(present, ascii_only=ascii_only))


@lru_cache(maxsize=SENTENCES_KEPT)
def addressed(sentence: str) -> Kind | None:
    """What `sentence` tries with a model; None if it does not address one."""
    small = folded(sentence)
    tried = _to_be_tried(anchors_in(small), sentence.isascii())
    if any(one.script == "latin" for one in tried) and not _FOREIGN_HINT.search(sentence):
        tried = tuple(one for one in tried if one.script != "latin")
    total, first = 0.0, None
    for one in tried:
        if one.expression.search(small) is not None:
            total += one.weight
            first = first or one.kind
            if total >= ENOUGH - 1e-9:
                return first
    return None
