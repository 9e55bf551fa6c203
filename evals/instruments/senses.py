"""Decides how far a name can be trusted alone: found from word lists and from how often it meant the company in dated news."""

from typing import Literal

from evals.instruments.lexicon import Lexicon
from evals.instruments.naming import FormKind

Sense = Literal["name", "short", "mostly_name", "word", "legal"]
"""`name`: means the company wherever it stands. `short`: its distinctive first word, unless another name runs on from it.
`mostly_name`: an everyday word, place or person too, but in the news chiefly the company. `word`: needs its context. `legal`: so
common that only 'Time Inc' or '(NYSE: TIME)' means the company."""

_MEASURED = 8
"""Stories from which a measured precision is believed."""
_DEAD_SHORT = 0.2
"""A short form that meant the company in fewer of its stories is not offered."""
_DEAD_CORE = 0.1
"""An everyday word that is a company's whole name but meant it in fewer of its stories."""
_RARELY = 0.4
"""The same for a very common word: 'News', 'Total', 'Power'."""
_CHIEFLY = 0.6
"""An everyday word that meant the company in this share of its stories is chiefly its name in the news."""
_DOUBTED = {"core": 0.25, "short": 0.5}
"""A distinctive name below this share is often something else: a unit, a fund, a namesake. Untagged mentions are misses here."""
_WELL_KNOWN_USD = 2e9
"""Market value from which a company's whole name of several everyday words ('Super Micro Computer') is known as a name."""
_VERY_COMMON = 100
"""Small-letter uses from which a word is no company's short form: 'First', 'Capital', 'House'."""
_FEW_LETTERS = 3
"""Shorter words are as often abbreviations of something else."""


_CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october "
    "november december spring summer autumn winter today tomorrow".split()
)


def sense(key: tuple[str, ...], kind: FormKind, measurable: bool, worth_usd: float, lexicon: Lexicon) -> Sense | None:
    """The sense of a form, or None if it is not worth offering.

    `measurable`: its company was listed, and tagged, when the stories were written.
    """
    letters = sum(len(word) for word in key)
    single = len(key) == 1
    if (single and key[0].isdigit()) or (kind == "short" and letters <= _FEW_LETTERS):
        return None
    if single and key[0] in _CALENDAR:
        return "legal" if kind == "core" else None
    everyday = lexicon.everyday(key) or (single and letters <= _FEW_LETTERS)
    counts = lexicon.names[key]
    precision = counts.precision if measurable and counts.stories >= _MEASURED else None
    if kind == "short":
        found = _short_sense(key, everyday, measurable, precision, lexicon)
        return "short" if found == "name" and single else found
    if not single:
        distinctive = worth_usd >= _WELL_KNOWN_USD or not all(lexicon.common(word) for word in key)
        return _long_sense(everyday, distinctive, precision)
    if everyday:
        return _word_sense(lexicon.small[key[0]], precision)
    return (
        "name" if precision is None or precision >= _DOUBTED["core"] else "word" if precision < _DEAD_CORE else "short"
    )


def _short_sense(
    key: tuple[str, ...], everyday: bool, measurable: bool, precision: float | None, lexicon: Lexicon
) -> Sense | None:
    counts = lexicon.names[key]
    if precision is not None:
        if precision < _DEAD_SHORT or (everyday and len(key) == 1 and lexicon.small[key[0]] >= _VERY_COMMON):
            return None
        if everyday:
            return "mostly_name" if precision >= _CHIEFLY else "word"
        return "name" if precision >= _DOUBTED["short"] else "word"
    if everyday and len(key) == 1:
        return "word" if key[0] in lexicon.listed and lexicon.small[key[0]] < _VERY_COMMON else None
    if everyday:
        return "word"
    if counts.stories > 0:
        return "name" if measurable and counts.precision >= _DOUBTED["short"] else "word"
    return "name"


def _long_sense(everyday: bool, distinctive: bool, precision: float | None) -> Sense:
    if not everyday:
        return "name" if precision is None or precision >= _DOUBTED["core"] else "mostly_name"
    if precision is None:
        return "mostly_name" if distinctive else "word"
    return "mostly_name" if precision >= _DOUBTED["core"] else "word"


def _word_sense(small: int, precision: float | None) -> Sense:
    if precision is None:
        return "legal" if small >= _VERY_COMMON else "word"
    if precision < _DEAD_CORE or (precision < _RARELY and small >= _VERY_COMMON):
        return "legal"
    return "mostly_name" if precision >= _CHIEFLY else "word"
