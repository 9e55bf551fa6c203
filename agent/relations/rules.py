"""Relations that need no figure: which way a measure went, what was expected, who bought whom, what was denied."""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from agent.anycase import Anycase
from agent.relations.lexicon import (
    ACQUIRED_BY,
    ACQUISITION,
    DENIAL,
    DIRECTION,
    EXPECTATION,
    EXPECTED_AT_ALL,
    TAKEOVER,
    WORDS_KEPT,
    denies,
    directions_in,
    hard_denials_in,
    measures_in,
)
from agent.relations.moves import opposite_moves, unmoved
from agent.relations.owners import owner_faults
from agent.relations.roles import exchanged
from agent.relations.statements import Parties, parties_in
from agent.relations.subjects import agent_faults, subject_faults

_STOP = frozenset(
    "the a an of in on at to for and or its his her their with by from as is was were are be has have had said says will would that"
    " this it which who after than more not no did does do company inc corp co ltd plc over about also new year quarter".split()
)
_ENOUGH = 0.34
"""Share of a sentence's words that a cited sentence must have to be the one it tells."""
_BARELY = 0.2
"""Share from which one tells of a measure that both name."""
_TOGETHER_WORDS = 4
_WORD = re.compile(r"[a-z][a-z-]+|\d[\d.,]*")
_ENDING = re.compile(r"(?:ations?|ments?|ings?|ies|ied|ed|es|s|e|y)$")


def relation_faults(
    sentence: str, cited: Sequence[str], parties: Parties, proven: Collection[str] = frozenset()
) -> list[str]:
    """What `sentence` says of relations against the `cited` sentences; empty where they do not tell otherwise.

    `proven`: measures and directions ("up", "down") that a figure of the sentence has in what is cited.
    """
    shares = _shares(sentence, cited) if _relates(sentence, cited, parties) else []
    telling = _telling(shares)
    in_figures = _CHANGE_IN_FIGURES.search(sentence) is not None
    return [
        *([] if in_figures else _direction_faults(sentence, [one for share, one in shares if share >= _BARELY])),
        *([] if in_figures else opposite_moves(sentence, telling, cited)),
        *unmoved(sentence, telling, cited),
        *_expectation_faults(sentence, cited, telling),
        *_deal_faults(sentence, cited, parties),
        *subject_faults(sentence, cited, parties),
        *agent_faults(sentence, cited, parties),
        *owner_faults(sentence, cited, parties),
        *_denial_faults(sentence, cited, telling),
        *exchanged(sentence, telling, cited, parties, proven),
    ]


def _relates(sentence: str, cited: Sequence[str], parties: Parties) -> bool:
    """Whether there is anything for which a telling sentence is asked: few sentences of figures alone have it."""
    return (
        bool(directions_in(sentence) or measures_in(sentence) or _expectations(sentence))
        or bool(parties_in(sentence, parties))
        or any(hard_denials_in(one) for one in (sentence, *cited))
    )


@lru_cache(maxsize=4_096)
def _words(text: str) -> frozenset[str]:
    return frozenset([_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP])


@lru_cache(maxsize=WORDS_KEPT)
def _stem(word: str) -> str:
    return _ENDING.sub("", word) if len(word) > 4 else word.removesuffix("s")


def _shares(sentence: str, cited: Sequence[str]) -> list[tuple[float, str]]:
    """Of the words of `sentence`, the share that each cited sentence has; which way it went is what is to be found out."""
    mine = _words(sentence) - {word for one in directions_in(sentence) for word in _words(one.group())}
    return [(len(mine & _words(one)) / len(mine), one) for one in cited] if mine else []


def _telling(shares: Sequence[tuple[float, str]]) -> list[str]:
    """The cited sentences that tell of the same."""
    best = max((share for share, _ in shares), default=0.0)
    return [one for share, one in shares if share >= max(_ENOUGH, best - 0.15)]


@lru_cache(maxsize=4_096)
def _moves(sentence: str) -> tuple[tuple[str, int], ...]:
    return tuple(_each_move(sentence))


_AIMED = Anycase(r"\s+(?:targets?|forecasts?|guidance|outlook|estimates?|views?)\b")
"""After a measure: what was moved is the aim, not the measure."""


_OF_ITSELF = Anycase(
    r"rises?|rose|falls?|fell|jump(?:s|ed)?|slump(?:s|ed)?|drop(?:s|ped)?|climb(?:s|ed)?|grew|slid|sank|soar(?:s|ed)?"
)
"""Verbs without an object."""
_PARTS = re.compile(r"[;,]|\b(?:and|but|as|on|while|after|despite|due|by)\b")
"""Between a measure and a direction that is not its own."""
_WITHIN = Anycase(r"\s+(?:in|of)\b")


def _each_move(sentence: str) -> Iterator[tuple[str, int]]:
    """(measure, direction) of each measure with a direction beside it and no denial before that."""
    measures = measures_in(sentence)
    for match in directions_in(sentence):
        sense = 1 if match.lastgroup == "up" else -1
        if DENIAL.search(sentence[max(0, match.start() - 24) : match.start()]):
            continue
        near = []
        for measure in measures:
            first, last = sorted((match.span(), measure.span()))
            between = sentence[first[1] : last[0]]
            if DIRECTION.search(between) or _AIMED.match(sentence, measure.end()):
                continue
            if measure.start() > match.start() and _OF_ITSELF.fullmatch(match.group()) and not _WITHIN.match(between):
                continue  # "prices rise costs fall": what rises stands before
            if first[1] <= last[0] and len(between.split()) <= _TOGETHER_WORDS and not _PARTS.search(between):
                near.append((len(between), measure.lastgroup or ""))
        if near:
            yield min(near)[1], sense


_CHANGE_IN_FIGURES = Anycase(
    r"\d\s?(?:%|per\s?cent|pct|percentage|basis|bps)|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty)\s+per\s?cent"
    r"|\bdoubl|\btripl|\bhalv|fold\b"
)


def _direction_faults(sentence: str, telling: Sequence[str]) -> list[str]:
    """Of a sentence without a change in figures: that is held against the figure's own direction."""
    known = [move for one in telling for move in _moves(one)]
    faults = []
    for measure, sense in dict.fromkeys(_moves(sentence)):
        senses = {theirs for name, theirs in known if name == measure}
        if senses == {-sense}:
            named, way = measure.replace("_", " "), "up" if sense > 0 else "down"
            faults.append(f"it says that {named} went {way}; what it cites says the contrary")
    return faults


def _expectation_faults(sentence: str, cited: Sequence[str], telling: Sequence[str]) -> list[str]:
    said = _expectations(sentence)
    if not said:
        return []
    if not any(EXPECTED_AT_ALL.search(one) for one in cited):
        return ["what it cites says nothing of expectations"]
    known = {sense for one in telling for _, sense in _expectations(one)}
    known = known or {sense for one in cited for _, sense in _expectations(one)}
    opposite = {"above": "below", "below": "above"}
    senses = {sense for _, sense in said}
    if (
        len(senses) == 1
        and known
        and not senses & known
        and opposite.get(next(iter(senses))) in known
        and len(known) == 1
    ):
        return [f"it says “{said[0][0]}”; what it cites says the contrary of expectations"]
    return []


def _expectations(sentence: str) -> list[tuple[str, str]]:
    found = []
    for match in EXPECTATION.finditer(sentence):
        sense = match.lastgroup or ""
        if not DENIAL.search(sentence[max(0, match.start() - 16) : match.start()]):
            found.append((sentence[match.start() : match.end()], sense))
    return found


def _deals(sentence: str, parties: Parties) -> Iterator[tuple[str, str]]:
    """(buyer, bought) where both are known companies beside the verb."""
    named = [(place, company) for place, _, company in parties_in(sentence, parties)]
    if len({company for _, company in named}) < 2:
        return
    for pattern, passive in ((ACQUISITION, False), (ACQUIRED_BY, True)):
        for match in pattern.finditer(sentence):
            if not passive and re.match(r"(?:back|by)\b", sentence[match.end() :]):
                continue
            before = [company for place, company in named if place < match.start()]
            after = [company for place, company in named if match.end() <= place <= match.end() + 60]
            if before and after and before[-1] != after[0]:
                yield (after[0], before[-1]) if passive else (before[-1], after[0])
    for match in TAKEOVER.finditer(sentence):
        before = [company for place, company in named if place < match.start()]
        after = [company for place, company in named if match.end() <= place <= match.end() + 20]
        if before and after and before[-1] != after[0]:
            yield before[-1], after[0]


def _deal_faults(sentence: str, cited: Sequence[str], parties: Parties) -> list[str]:
    said = dict.fromkeys(_deals(sentence, parties))
    known = {deal for one in cited for deal in _deals(one, parties)} if said else set()
    return [
        f"it says that {buyer} buys {bought}; what it cites says the contrary"
        for buyer, bought in said
        if (bought, buyer) in known and (buyer, bought) not in known
    ]


def _denial_faults(sentence: str, cited: Sequence[str], telling: Sequence[str]) -> list[str]:
    faults = []
    denials = hard_denials_in(sentence)
    denying = bool(denials) and any(denies(one) for one in cited)
    for match in denials:
        verb = _stem(match["verb"].lower())
        says = [one for one in telling if verb in _words(one) or verb in _STOP]
        if not denying:
            faults.append(f"it denies (“{sentence[match.start() : match.end()]}”) what its sources do not deny")
        elif says and not any(denies(one) for one in says):
            faults.append(f"it denies (“{sentence[match.start() : match.end()]}”) what its sources say")
    if not denies(sentence) and telling:
        faults += _undenied(sentence, telling)
    return faults


def _undenied(sentence: str, telling: Sequence[str]) -> list[str]:
    """A verb that every telling sentence denies and this one does not."""
    denied = [match for one in telling for match in hard_denials_in(one)]
    mine = _words(sentence)
    for match in denied:
        verb = _stem(match["verb"].lower())
        if (
            len(verb) > 3
            and verb in mine
            and verb not in _STOP
            and all(_denies(one, verb) for one in telling if verb in _words(one))
        ):
            return [f"its sources deny that (“{match.group()}”)"]
    return []


def _denies(sentence: str, verb: str) -> bool:
    return any(_stem(match["verb"].lower()) == verb for match in hard_denials_in(sentence))
