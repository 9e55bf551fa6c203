"""Exchanged roles: a figure, a company, a measure or a direction that stands where its source has another one.

What surrounds a word tells its role. Where the cited text has a conflicting word in the same surroundings, and the word itself in
no surroundings as like, the sentence has put the one for the other.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise

from agent.relations.lexicon import DENIAL, WORDS_KEPT, directions_in, measures_conflict, measures_in
from agent.relations.statements import ASIDE, Parties, Statement, parties_in
from agent.values import supports_figure

_WORD = re.compile(r"[a-z][a-z-]+|\d[\d.,]*")
_ENDING = re.compile(r"(?:ing|ed|es|s)$")
_LISTED = re.compile(r"(?:\s*,)?\s+(?:(?:and|or)\s+)?(?:[\w-]+\s+)?")
_AND_ANOTHER = re.compile(r"(?:['’]s)?\s+(?:[\w.&-]+\s+){0,2}(?:and|&)\s+[A-Z]")
_ANOTHER_AND = re.compile(r"\b(?:and|&)\s+(?:[A-Z][\w.&-]*\s+){0,1}$")
_WINDOW = 5
"""Words before and after that tell a role."""
_LEAST = 3
"""Words that the surroundings must share."""
_MARGIN = 2
"""So many more than with the word's own place in the source."""
_EMPTY = frozenset(
    "the a an of in on and or its his her their as was were are be has have had said says that it which about some nearly almost"
    " more than million billion percent pct mln bln inc corp co ltd plc".split()
)


@dataclass(frozen=True)
class _Slot:
    label: str
    around: frozenset[str]
    next_to: frozenset[str]
    """The words right before and right after."""


_Slots = Callable[[str], Sequence[_Slot]]


def crossed_figures(said: Sequence[Statement], known: Sequence[Statement]) -> list[str]:
    """Pairs of like figures that every source sentence with both has the other way round."""
    faults = []
    for one, two in combinations(said, 2):
        if one.figure.kind != two.figure.kind or one.figure.number == two.figure.number:
            continue
        mine = (_around_figure(one), _around_figure(two))
        votes = [
            _is_crossed(mine, (_around_figure(theirs_one), _around_figure(theirs_two)))
            for theirs_one, theirs_two in _together(one, two, known)
        ]
        if votes and all(votes):
            faults.append(f"“{one.figure.text}” and “{two.figure.text}” have each other's part in what it cites")
    return faults


def _together(one: Statement, two: Statement, known: Sequence[Statement]) -> Iterator[tuple[Statement, Statement]]:
    firsts = [theirs for theirs in known if supports_figure(theirs.figure, one.figure)]
    seconds = [theirs for theirs in known if supports_figure(theirs.figure, two.figure)] if firsts else []
    return ((first, second) for first in firsts for second in seconds if first.sentence == second.sentence)


def _around_figure(statement: Statement) -> frozenset[str]:
    start = statement.start
    return _around(statement.sentence, start, start + statement.figure.end - statement.figure.start)


def _is_crossed(mine: tuple[frozenset[str], frozenset[str]], theirs: tuple[frozenset[str], frozenset[str]]) -> bool:
    straight = len(mine[0] & theirs[0]) + len(mine[1] & theirs[1])
    return len(mine[0] & theirs[1]) + len(mine[1] & theirs[0]) >= straight + _MARGIN


def exchanged(
    sentence: str, telling: Sequence[str], cited: Sequence[str], parties: Parties, proven: Collection[str]
) -> list[str]:
    """Directions, measures and companies of `sentence` in whose place the telling sentences have another; the `proven` are not
    asked again."""

    kinds: tuple[tuple[_Slots, Callable[[str, str], bool], str], ...] = (
        (_directions, _opposite, "it says “{}”; what it cites says “{}” there"),
        (_measures, measures_conflict, "it speaks of {}; what it cites speaks of {} there"),
        (lambda text: _companies(text, parties), str.__ne__, "it says of {} what its sources say of {}"),
    )
    faults = []
    for slots, conflict, message in kinds:
        mine = [slot for slot in slots(sentence) if slot.label.removesuffix("er") not in proven]
        if mine:
            faults += _faults(mine, telling, cited, slots, conflict, message)
    return faults


def _faults(
    mine: Sequence[_Slot],
    telling: Sequence[str],
    cited: Sequence[str],
    slots: _Slots,
    conflict: Callable[[str, str], bool],
    message: str,
) -> list[str]:
    faults = []
    theirs = [slot for one in telling for slot in slots(one)]
    for slot in mine:
        best, label = max(
            (
                (len(slot.around & one.around), one.label)
                for one in theirs
                if conflict(one.label, slot.label) and slot.next_to & one.next_to
            ),
            default=(0, ""),
        )
        if best < _LEAST:
            continue
        everywhere = (one for text in cited for one in slots(text) if not conflict(one.label, slot.label))
        if best >= max((len(slot.around & one.around) for one in everywhere), default=0) + _MARGIN:
            faults.append(message.format(_shown(slot.label), _shown(label)))
    return faults


def _shown(label: str) -> str:
    return {"uper": "higher", "downer": "lower"}.get(label, label.replace("_", " "))


@lru_cache(maxsize=4_096)
def _directions(sentence: str) -> tuple[_Slot, ...]:
    """Verbs and comparatives apart: "prices rise costs fall" and "higher prices lower costs" are one."""
    return tuple(
        _slot(f"{match.lastgroup}{'er' if match.group() in ('higher', 'lower') else ''}", sentence, *match.span())
        for match in directions_in(sentence)
        if not DENIAL.search(sentence[max(0, match.start() - 24) : match.start()])
    )


def _opposite(one: str, other: str) -> bool:
    return {one, other} in _OPPOSITES


_OPPOSITES = ({"up", "down"}, {"uper", "downer"})


@lru_cache(maxsize=4_096)
def _measures(sentence: str) -> tuple[_Slot, ...]:
    """Those of a list ("profit and revenue") and those set aside ("excluding charges") are left out."""
    found = measures_in(sentence)
    listed = {
        match
        for first, second in pairwise(found)
        if _LISTED.fullmatch(sentence[first.end() : second.start()])
        for match in (first, second)
    }
    return tuple(
        _slot(match.lastgroup or "", sentence, *match.span())
        for match in found
        if match not in listed and not ASIDE.search(sentence[: match.start()])
    )


def _companies(sentence: str, parties: Parties) -> list[_Slot]:
    """Those of a list ("A and B said") are left out: their order says nothing."""
    return [
        _slot(company, sentence, start, end)
        for start, end, company in parties_in(sentence, parties)
        if not _AND_ANOTHER.match(sentence[end:]) and not _ANOTHER_AND.search(sentence[:start])
    ]


@lru_cache(maxsize=4_096)
def _around(sentence: str, start: int, end: int) -> frozenset[str]:
    return _slot("", sentence, start, end).around


def _slot(label: str, sentence: str, start: int, end: int) -> _Slot:
    before = [f"<{word}" for word in _content(sentence[:start])[-_WINDOW:]]
    after = [f">{word}" for word in _content(sentence[end:])[:_WINDOW]]
    return _Slot(label, frozenset(before + after), frozenset(before[-1:] + after[:1]))


def _content(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in _EMPTY]


@lru_cache(maxsize=WORDS_KEPT)
def _stem(word: str) -> str:
    return _ENDING.sub("", word)
