"""The languages an analysis can be shown in, with the words by which a translation is held against its English sentence."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from agent.anycase import Anycase
from records.errors import UsageError

HOME = "en"
"""What analyses are written and checked in."""


@dataclass(frozen=True)
class Language:
    """One language; patterns match whole words in any case."""

    code: str
    """ISO 639-1."""
    name: str
    """In English, as prompts and pages call it."""
    up: Anycase
    down: Anycase
    denial: Anycase
    fractions: dict[int, Anycase]
    """Multiples and fractions in words, by their value times 100."""


@cache
def languages() -> dict[str, Language]:
    """All that an analysis can be translated into, by code."""
    read = tomllib.loads((resources.files("agent") / "data" / "languages_v1.toml").read_text(encoding="utf-8"))
    return {
        code: Language(
            code=code,
            name=words["name"],
            up=_whole_words(words["up"]),
            down=_whole_words(words["down"]),
            denial=_whole_words(words["denial"]),
            fractions={int(value): _whole_words([pattern]) for value, pattern in words["fractions"].items()},
        )
        for code, words in read.items()
    }


def language(code: str) -> Language:
    """Raises UsageError for a language that nothing can be translated into."""
    found = languages().get(code)
    if found is None:
        raise UsageError(
            f"There is no translation into {code!r}. Choose one of {', '.join((HOME, *languages()))} for `output_language`."
        )
    return found


def _whole_words(patterns: list[str]) -> Anycase:
    return Anycase(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)")
