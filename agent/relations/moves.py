"""What went up or down, whatever it is: "a fall in drilling activity", "lower costs", "shares rose", "cut its outlook"."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from agent.anycase import Anycase
from agent.relations.lexicon import DENIAL, DOWN, UP, WORDS_KEPT, directions_in

_IN_OR_OF = re.compile(r"\s+(?:in|of)\s+(?!\d)")
_ENDING = re.compile(r"(?:ies|es|s)$")
_BEFORE_NOUN = Anycase(
    r"^(?:higher|lower|rising|falling|increased|reduced|declining|growing|improved|weakened|rais(?:ed|ing))$"
)
_MAKES = Anycase(
    r"^(?:rais|cut|boost|lower|reduc|lift|hik|increas|slash|trim|upp|decreas|improv|expand|eas)(?:es?|ed|s|ing|ting|ming)?$"
)
_UPWARD = Anycase(
    rf"\b(?:{UP}|up\w*|strong\w*|better|best|beat\w*|bullish|doubl\w*|tripl\w*|add(?:s|ed)?|record|recover\w*|positive\w*|more|above"
    r"|upgrad\w*|top(?:s|ped)|robust|exceed\w*|high\w*|hot|return\w*|rebound\w*|swung?|great\w*|larg\w*|addition\w*|extend\w*|optimis\w*)\b"
)
_DOWNWARD = Anycase(
    rf"\b(?:{DOWN}|down\w*|weak\w*|worse\w*|miss\w*|slow\w*|collaps\w*|below|loss\w*|hurt\w*|negative\w*|less|few\w*|hit|soft\w*|halv\w*"
    r"|small\w*|narrow\w*|low\w*|pressur\w*|erod\w*|bearish|cautious\w*|warn\w*|save\w*|saving\w*|retir\w*|easing|pa(?:y|id)\s+down|minus|tighten\w*"
    r"|improv\w*|eliminat\w*|remov\w*|lay\w*|job|restructur\w*|clos\w*|end\w*|limit\w*|away)\b"
)
"""Words of any kind that go one way."""
_LOOSE = frozenset({"growth", "up", "down"})
"""Words that are part of too much else: "growth plans", "up next"."""
_OF_MINDS = Anycase(
    r"\s+(?:[\w'’-]+\s+){0,2}(?:concerns?|questions?|fears?|doubts?|hopes?|alarms?|stakes|money|funds?|capital)\b"
)
"""After "raises": nothing that goes up."""
_WORDS = re.compile(r"[a-z][a-z-]+")
_BREAK = Anycase(
    r"[,;:()]|\b(?:and|but|as|while|after|despite|due|by|with|on|amid|because|that|which|to|from|for|than|at)\b"
)
_EMPTY = frozenset(
    "the a an its their his her our this that these those said says company also further sharply slightly quarterly annual net"
    " total year quarter first second third fourth full percent pct million billion about some most more less be been being was"
    " were is are has have had will would may could can did does do not edge edges"
    " edged end ends ended close closes closed open opens opened finish finishes trade trades traded push pushes pushed drag drags"
    " dragged send sends sent".split()
)
_VAGUE = frozenset("number level rate demand percentage pace range total amount part result results value".split())
"""Heads that name nothing by themselves: the word before them has to agree, too."""


def opposite_moves(sentence: str, telling: Sequence[str], cited: Sequence[str]) -> list[str]:
    """Moves of `sentence` that the telling sentences have the other way, and no cited one as it has."""
    faults = []
    everywhere = [move for one in cited for move in _moves(one)]
    for head, mate, sense in dict.fromkeys(_moves(sentence)):
        alike = [theirs for theirs in everywhere if theirs[0] == head and theirs[2] == sense]
        against = [
            theirs
            for one in telling
            for theirs in _moves(one)
            if theirs[0] == head and theirs[2] == -sense and (mate == theirs[1] or not (mate or head in _VAGUE))
        ]
        if against and not alike:
            way = "up" if sense > 0 else "down"
            faults.append(f"it says that {f'{mate} {head}'.strip()} went {way}; what it cites says the contrary")
    return faults


def unmoved(sentence: str, telling: Sequence[str], cited: Sequence[str]) -> list[str]:
    """Directions of `sentence` for which nothing that it cites goes that way, while what tells of the same goes the other."""
    faults = []
    for match in directions_in(sentence):
        if match.group() in _LOOSE or _OF_MINDS.match(sentence, match.end()):
            continue
        if DENIAL.search(sentence[max(0, match.start() - 24) : match.start()]):
            continue
        own, other = (_UPWARD, _DOWNWARD) if match.lastgroup == "up" else (_DOWNWARD, _UPWARD)
        if not any(own.search(one) for one in cited) and any(other.search(one) for one in telling):
            faults.append(f"it says “{sentence[match.start() : match.end()]}”; nothing that it cites goes that way")
    return faults


@lru_cache(maxsize=4_096)
def _moves(sentence: str) -> tuple[tuple[str, str, int], ...]:
    return tuple(_each(sentence))


def _each(sentence: str) -> Iterator[tuple[str, str, int]]:
    """(head, the word before it, direction) of what each word of direction speaks of."""
    found = directions_in(sentence)
    for place, match in enumerate(found):
        if DENIAL.search(sentence[max(0, match.start() - 24) : match.start()]):
            continue
        start = found[place - 1].end() if place else 0
        end = found[place + 1].start() if place + 1 < len(found) else len(sentence)
        words = _object(match.group(), sentence[start : match.start()], sentence[match.end() : end])
        if words:
            yield _stem(words[-1]), _stem(words[-2]) if len(words) > 1 else "", 1 if match.lastgroup == "up" else -1


def _object(word: str, before: str, after: str) -> list[str]:
    of = _IN_OR_OF.match(after)
    if of:
        return _content(_BREAK.split(after[of.end() :])[0])[:2]
    if _BEFORE_NOUN.match(word) or _MAKES.match(word):
        follows = _content(_BREAK.split(after)[0])[:3]
        if follows:
            return follows[:2]
    return _content(_BREAK.split(before)[-1])[-2:]


def _content(text: str) -> list[str]:
    return [word for word in _WORDS.findall(text.lower()) if word not in _EMPTY and len(word) > 2]


@lru_cache(maxsize=WORDS_KEPT)
def _stem(word: str) -> str:
    return _ENDING.sub("", word)
