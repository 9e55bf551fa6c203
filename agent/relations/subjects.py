"""Who does what: the company that a sentence begins with is the one that does so in what it cites."""

import re
from collections.abc import Sequence
from functools import lru_cache

from agent.anycase import Anycase
from agent.relations.lexicon import MEASURE, WORDS_KEPT
from agent.relations.statements import Parties, parties_in

_HEAD_WORDS = 4
"""A company after more words than this is no subject."""
_WORD = re.compile(r"[a-z][a-z-]+|\d[\d.,]*")
_LETTERS, _FOUR_LETTERS = re.compile(r"[a-z]{2,}"), re.compile(r"[a-z]{4,}")
_SMALL = re.compile(r"[a-z][\w-]*")
_ENDING = re.compile(r"(?:ling|ing|led|ed|es|s|e)$")
_OBLIQUE = Anycase(
    r"\b(?:of|by|for|from|with|in|at|to|on|against|after|as|over|than|and|&|rival|versus)\s+(?:the\s+)?$"
)
_LISTED = re.compile(r"^(?:['’]s)?\s*(?:,|/|(?:[\w.&-]+\s+){0,2}(?:and|&)\s+[A-Z])")
_PASSIVE = Anycase(r"\bby\b|\b(?:be|been|being|is|are|was|were)\s+\w+(?:ed|en|ught)\b")
_BY = re.compile(r"\b(?P<verb>[a-z]{2,}(?:ed|en|ught)|sold|made|paid)\s+by\s+(?:the\s+)?(?=[A-Z])")
_EMPTY = frozenset(
    """
    inc corp corporation co company ltd plc group holdings ag sa nv the a an its their his on said says say has have had is are was
    were be to of in will would that it monday tuesday wednesday thursday friday saturday sunday january february march april may
    june july august september october november december and for with at as by from
    """.split()
)
_AFTER = 4
"""Words after a company that tell what it does."""
_OBJECT = re.compile(
    r"\b(?:of|for|from|with|in|at|to|on|against|by|than|rival|peer|buy|buying|acquire|acquiring|purchase|bought|sue|sues|sued)\s+"
    r"(?:(?:the|its|smaller|larger|fellow|rival|peer|u\.s\.|[\w.-]+-(?:listed|based)|\w*makers?)\s+){0,4}$",
    re.IGNORECASE,
)
"""Before a company that something is done to: what follows is told of another."""


_CLAUSE = Anycase(r"\b(?:after|as|while|but|helps?|lets?|makes?)\s+(?:the\s+)?$")
"""Before the head of a later clause."""
_SAME = 2


def subject_faults(sentence: str, cited: Sequence[str], parties: Parties) -> list[str]:
    """The company at the head of `sentence`, where cited sentences have another one in its place and none has it so."""
    mine = _subject(sentence, parties)
    if _PASSIVE.search(sentence):
        return []
    faults = [] if mine is None else _exchanged(*mine, sentence, cited, parties)
    return faults or _clause_faults(sentence, cited, parties)


def _clause_faults(sentence: str, cited: Sequence[str], parties: Parties) -> list[str]:
    """Of companies at the head of a later clause: another one does the very same in the sources, in two words."""
    faults = []
    for start, end, company in parties_in(sentence, parties):
        if not _CLAUSE.search(sentence[:start]) or len(does := _does(sentence, end)) < _SAME:
            continue
        told = [
            (other, _does(one, stop))
            for one in cited
            for begin, stop, other in parties_in(one, parties)
            if not _OBJECT.search(one[:begin])
        ]
        alike = {other for other, words in told if words and words[0] == does[0] != "" and does[1] in words[1:]}
        if alike and company not in alike and not any(other == company and does[0] in words for other, words in told):
            faults.append(f"it says of {company} what its sources say of {min(alike)}")
    return faults


def _exchanged(company: str, end: int, sentence: str, cited: Sequence[str], parties: Parties) -> list[str]:
    does = _does(sentence, end)
    if not does:
        return []
    others = set()
    for one in cited:
        theirs = _subject(one, parties)
        for start, stop, named in parties_in(one, parties):
            told = _does(one, stop)
            if (
                named == company
                and told
                and not _OBJECT.search(one[:start])
                and (told[0] == does[0] != "" or (theirs == (named, stop) and _agree(does, told)))
            ):
                return []
        if theirs and theirs[0] != company and not _PASSIVE.search(one) and _tells(does, one, theirs[1]):
            others.add(theirs[0])
    return [f"it says of {company} what its sources say of {other}" for other in sorted(others)[:1]]


def agent_faults(sentence: str, cited: Sequence[str], parties: Parties) -> list[str]:
    """A company that did something ("approved by A") by the words of `sentence`, where its sources tell of the deed without it."""
    faults = []
    for match in _BY.finditer(sentence):
        named = [company for start, _, company in parties_in(sentence[match.end() :], parties) if start <= 4]
        verb = _root(match["verb"])
        telling = [one for one in cited if any(_root(word) == verb for word in _FOUR_LETTERS.findall(one.lower()))]
        if named and telling and not any(_acts(one, named[0], verb, parties) for one in cited):
            faults.append(f"it says that {named[0]} did it (“{match.group().strip()}”); what it cites does not")
    return faults


def _acts(sentence: str, company: str, verb: str, parties: Parties) -> bool:
    """Whether the deed stands within a few words after the company, or right before "by" and the company."""
    found = parties_in(sentence, parties)
    for place, (start, end, named) in enumerate(found):
        if named != company:
            continue
        until = next((other for other, _, name in found[place + 1 :] if name != company), len(sentence))
        before = _LETTERS.findall(sentence[:start].lower())[-_AFTER:]
        after = _LETTERS.findall(sentence[end:until].lower())[: 2 * _AFTER]
        if any(_root(word) == verb for word in after) or (
            "by" in before and any(_root(word) == verb for word in before)
        ):
            return True
    return False


def _root(word: str) -> str:
    return {"bought": "buy", "sold": "sell", "made": "make", "paid": "pay"}.get(word.lower(), word.lower()[:5])


def _subject(sentence: str, parties: Parties) -> tuple[str, int] | None:
    found = parties_in(sentence, parties)
    if not found:
        return None
    start, end, company = found[0]
    before = sentence[:start]
    if len(_SMALL.findall(before)) > _HEAD_WORDS or _OBLIQUE.search(before) or _LISTED.match(sentence[end:]):
        return None
    return company, end


def _does(sentence: str, end: int, most: int = _AFTER) -> list[str]:
    words = [word for word in _WORD.findall(sentence[end:].lower()) if word not in _EMPTY][:most]
    if words and MEASURE.fullmatch(words[0]):
        words.insert(0, "")  # "A's revenue": that others have revenue, too, is no contradiction
    return [_stem(word) for word in words]


_IRREGULAR = {
    "sold": "sell", "bought": "buy", "made": "make", "paid": "pay", "took": "take", "taken": "take", "won": "win", "rose": "rise",
    "fell": "fall", "grew": "grow", "said": "say", "began": "begin", "gave": "give", "held": "hold", "sought": "seek",
}  # fmt: skip


@lru_cache(maxsize=WORDS_KEPT)
def _stem(word: str) -> str:
    return _ENDING.sub("", _IRREGULAR.get(word, word))


def _tells(does: Sequence[str], sentence: str, end: int) -> bool:
    """Whether a company does the same there: in the words right after it, or in three of those that follow."""
    return _agree(does, _does(sentence, end)) or len(set(does) & set(_does(sentence, end, 3 * _AFTER)) - {""}) > _SAME


def _agree(one: Sequence[str], other: Sequence[str]) -> bool:
    """The same first word, or two in common."""
    if not one or not other:
        return False
    return (one[0] == other[0] and len(one[0]) > 2) or len((set(one) & set(other)) - {""}) >= 2
