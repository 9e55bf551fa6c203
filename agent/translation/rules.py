"""What a translation must keep of its English sentence, as far as code can tell; every doubt is a fault, and the English is shown.

Figures, dates and names stand in marks (`marks.py`). Here: each mark once, alike ones in their order, no digit of the translator's
own; the direction, the denial and the multiples in words; the language itself, the length, and what no output may carry
(addresses, markup, orders).
"""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from agent.anycase import Anycase
from agent.guard_output import fault_of
from agent.relations.lexicon import DOWN, UP
from agent.translation.languages import Language
from agent.translation.marks import MARK, Marked
from agent.values import values_of
from feeds.language import detect_language

_UP = Anycase(
    rf"\b(?:{UP}|up|positive\w*|above|beat\w*|top(?:s|ped)|exceed\w*|surpass\w*"
    r"|better|stronger|more than|greater|larger|upgrad\w*|faster|quick\w*|widen\w*)\b"
)
_DOWN = Anycase(
    rf"\b(?:{DOWN}|down|negative\w*|below|miss(?:es|ed|ing)?|worse|weaker|less than|fewer|smaller|loss(?:es)?"
    r"|downgrad\w*|weak|slow\w*|narrow\w*)\b"
)
_DENIAL = Anycase(r"\b(?:not|never|no|none|nothing|nobody|neither|nor|without|cannot|\w+n['’]t)\b")
_SOFT_DENIAL = Anycase(
    r"\b(?:fail\w*|lack\w*|only|rather than|instead|refus\w*|den(?:y|ies|ied)|declin\w*|exclud\w*|avoid\w*|stop\w*|halt\w*"
    r"|few|little|hardly|barely|yet to|absent|absence|ban\w*|block\w*|reject\w*|in\w+able"
    r"|un(?:able|likely|changed|certain|clear|affected|available|known))\b"
)
"""What another language may well say with a denial, or without one where English has one."""
_SHORTEST, _LONGEST = 0.7, 1.8
"""Length of a translation as a share of the English, marks left out: .9 to 1.6 in the pairs of evals/translation."""
_ROOM = 12
"""Characters of a short sentence that are no matter."""
_END = re.compile(r"[.!?…][\"'”’»)\]]*\s*$")
_NEAR = 15
"""Words between two figures up to which their order tells which is which: "2 of 9", "to 7 %, from 5 %"."""


def faults_of(source: Marked, written: str, to: Language, others: Iterable[str]) -> list[str]:
    """Why `written`, with its marks, cannot stand for `source`; empty when it can. `others`: names of the article that the sentence
    does not have."""
    faults = list(_marks(source, written))
    if faults:
        return faults
    bare = MARK.sub(" ", written)
    if re.search(r"\d", bare):
        faults.append("it has a figure of its own")
    shown = source.filled(written)
    faults += [f"it names {name}" for name in others if _has(shown, name)]
    faults += _sense(source, bare, to)
    size = (len(bare), len(source.without_names()))
    if not size[1] * _SHORTEST - _ROOM <= size[0] <= size[1] * _LONGEST + _ROOM:
        faults.append("it says much more or much less")
    if not _END.search(shown):
        faults.append("it is no whole sentence")
    if shown == source.source or detect_language(bare) not in (to.code, None):
        faults.append(f"it is not in {to.name}")
    fault = fault_of(shown)
    return [*faults, fault] if fault else faults


def _marks(source: Marked, written: str) -> Iterable[str]:
    found = [int(number) for number in MARK.findall(written)]
    counts = Counter(found)
    for number in range(1, len(source.forms) + 1):
        if counts[number] != 1:
            yield f"[[{number}]] stands {'nowhere' if not counts[number] else 'more than once'} in it"
    unknown = sorted(number for number in counts if not 1 <= number <= len(source.forms))
    if unknown:
        yield f"there is no [[{unknown[0]}]]"
    if "[[" in MARK.sub("", written) or "]]" in MARK.sub("", written):
        yield "it has a broken mark"
    order = {number: place for place, number in enumerate(found)}
    for first, second in _told_together(source):
        if order.get(first, 0) > order.get(second, 0):
            yield f"[[{first}]] and [[{second}]] have changed places"


def _told_together(source: Marked) -> Iterable[tuple[int, int]]:
    """Figures of one kind, one soon after the other: which is which is told by their order."""
    places = list(MARK.finditer(source.text))
    for first, second in pairwise(places):
        one, other = (source.forms[int(mark[1]) - 1] for mark in (first, second))
        between = source.text[first.end() : second.start()].split()
        if one.kind != "name" and one.kind.partition(" ")[0] == other.kind.partition(" ")[0] and len(between) <= _NEAR:
            yield int(first[1]), int(second[1])


def _sense(source: Marked, bare: str, to: Language) -> Iterable[str]:
    """Direction, denial and multiples in words."""
    english = source.without_names()
    up, down = _UP.search(english) is not None, _DOWN.search(english) is not None
    rises, falls = to.up.search(bare) is not None, to.down.search(bare) is not None
    if (up or down) and ((falls and not down) or (rises and not up)):
        yield "it goes another way"
    denied, denies = (sum(1 for _ in words.finditer(text)) for words, text in ((_DENIAL, english), (to.denial, bare)))
    spare = 1 if _SOFT_DENIAL.search(english) else 0
    if denies < denied - spare or denies > denied + spare:
        yield "it leaves out a denial" if denies < denied else "it denies what the English does not"
    for figure in values_of(source.source).figures:
        word = to.fractions.get(round(figure.number * 100)) if figure.spelled else None
        if word is not None and not word.search(bare):
            yield f"“{figure.text}” is not in it"


def _has(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
