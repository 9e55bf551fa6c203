"""The check of translations graded on written pairs: how many faithful ones it lets pass, how many altered ones it stops.

The pairs were written for this, fifteen sentences as analyses have them, in six languages, not by professional translators, and
the rules were read beside them (data/pairs_v1.jsonl); eight sentences more were written when the rules were done and graded once
before anything was mended (data/unseen_v1.jsonl). No model's translations are among them.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from agent.translation.languages import Language, languages
from agent.translation.marks import Marked, marked
from agent.translation.rules import faults_of
from evals.track_record_shape import Estimate
from evals.translation.alter import altered
from evals.wilson import wilson


@dataclass(frozen=True)
class Pair:
    """One English sentence, the names in it, and its translations by language."""

    english: str
    names: tuple[str, ...]
    translations: dict[str, str]


@dataclass
class Grades:
    """Counts over all pairs."""

    faithful: int = 0
    refused: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    """(language, translation, why) of faithful ones that the check did not let pass."""
    altered: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)
    missed: defaultdict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    """By kind: (language, altered translation) that passed."""


SETS = ("pairs_v1", "unseen_v1")


def pairs(name: str) -> list[Pair]:
    """A shipped set of pairs."""
    lines = (resources.files("evals.translation") / "data" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Pair(row["english"], tuple(row["names"]), {code: row[code] for code in languages()})
        for row in map(json.loads, lines)
    ]


def grade(name: str, check: Callable[[Marked, str, Language, list[str]], list[str]] = faults_of) -> Grades:
    """Every pair of the set `name` in every language, as it is and altered."""
    grades = Grades()
    every = pairs(name)
    names = {name for pair in every for name in pair.names}
    for pair in every:
        others = sorted(name for name in names if name not in pair.english)
        for code, to in languages().items():
            _grade(grades, pair, to, others, check, code)
    return grades


def _grade(
    grades: Grades,
    pair: Pair,
    to: Language,
    others: list[str],
    check: Callable[[Marked, str, Language, list[str]], list[str]],
    code: str,
) -> None:
    source, good = marked(pair.english, pair.names, code), pair.translations[code]
    grades.faithful += 1
    if faults := check(source, good, to, others):
        grades.refused.append((code, good, tuple(faults)))
    for kind, wrong in altered(source, good, code, pair.translations, others[0]):
        grades.altered[kind] += 1
        if check(source, wrong, to, others):
            grades.caught[kind] += 1
        else:
            grades.missed[kind].append((code, wrong))


def to_json() -> dict[str, Any]:
    """Rates of every set with 95 % intervals, and every faithful translation that was refused."""
    return {"languages": sorted(languages()), "sets": {name: _set(name, grade(name)) for name in SETS}}


def _set(name: str, grades: Grades) -> dict[str, Any]:
    return {
        "sentences": len(pairs(name)),
        "translations": grades.faithful,
        "metrics": dict(_rate("false_alarm_rate", len(grades.refused), grades.faithful)),
        "caught": {
            kind: {"n": n, **dict(_rate("share", grades.caught[kind], n))} for kind, n in sorted(grades.altered.items())
        },
        "refused": [
            {"language": code, "translation": text, "faults": list(faults)} for code, text, faults in grades.refused
        ],
    }


def _rate(name: str, hits: int, n: int) -> Iterator[tuple[str, float | None]]:
    found: Estimate = wilson(hits, n)
    yield from ((name, found.value), (f"{name}_low", found.low), (f"{name}_high", found.high))
