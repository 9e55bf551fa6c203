"""An answer in words → sentences with their citations, each held against what it cites. Code, not a model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from agent.chat.working import workings_in
from agent.named import name_faults
from agent.quoted import quotations_of, stands_verbatim
from agent.relations import relation_faults
from agent.sentences import split_sentences
from agent.values import supports, supports_day, supports_period, values_of
from records.chat import AnswerSentence, DroppedSentence

CANNOT = ("I don't know from what I have", "I can't do that")
"""How a sentence begins that says no: it states no fact and cites nothing."""

_FORETELLS = re.compile(
    r"\b(?:will|shall|going to|is (?:set|likely|bound|expected|poised) to|should)\b[^.]{0,40}?\b"
    r"(?:rise|fall|gain|drop|climb|rally|slump|jump|plunge|outperform|underperform|go (?:up|down)|be worth|"
    r"close (?:at|above|below|higher|lower)|double|halve|recover|rebound)\b",
    re.IGNORECASE,
)
_ADVISES = re.compile(
    r"\b(?:you (?:should|must|ought to)|i(?:'d| would)? (?:recommend|advise|suggest))\b[^.]{0,60}?\b"
    r"(?:buy|sell|hold|short|add|trim)",
    re.IGNORECASE,
)
_CLAIMS_A_DEED = re.compile(
    r"\b(?:i|we)(?: have|'ve)? (?:now |just )?(?:bought|sold|placed|purchased|sent|e-?mailed|posted|executed|submitted|cancell?ed|"
    r"transferred|deleted)\b|\b(?:order|trade|e-?mail|payment|transfer)s?\b[^.]{0,60}?\b(?:was|were|has been|have been|is|are) "
    r"(?:now )?(?:placed|sent|executed|submitted|made|cancell?ed|done)\b",
    re.IGNORECASE,
)
"""What the chat never does: it tells no future, advises nothing and has done nothing. Others may have, in what is cited."""
_CITATION = re.compile(r"\s*\[((?:[a-z]+:[^\[\]\s,;]+(?:[ ]?[,;][ ]?)?)+)\]")
_MARKUP = re.compile(r"[*_`#>]+|^\s*[-•]\s+", re.MULTILINE)


@dataclass(frozen=True)
class Checked:
    """An answer after the check."""

    sentences: tuple[AnswerSentence, ...]
    dropped: tuple[DroppedSentence, ...]

    @property
    def text(self) -> str:
        """The sentences that stood, joined."""
        return " ".join(one.text for one in self.sentences)

    @property
    def says_no(self) -> bool:
        """Whether nothing is stated."""
        return not any(one.support for one in self.sentences)


def check_answer(answer: str, retrieved: Mapping[str, str], question: str, on: date) -> Checked:
    """`retrieved`: id → the text that a tool gave for it. `question` may lend names, never figures. `on`: the day asked as of."""
    stood, dropped = [], []
    for text, support in parse(answer):
        faults = faults_of(text, support, retrieved, question, on)
        if faults:
            dropped.append(DroppedSentence(text=text, faults=tuple(faults)))
        else:
            stood.append(AnswerSentence(text=text, support=support))
    return Checked(tuple(stood), tuple(dropped))


def parse(answer: str) -> list[tuple[str, tuple[str, ...]]]:
    """(sentence, ids) in order. The ids in brackets belong to the sentence they stand in or after."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for line in answer.splitlines():
        for piece in _pieces(line):
            ids = tuple(
                one for match in _CITATION.finditer(piece) for one in re.split(r"[ ]?[,;][ ]?", match[1]) if one
            )
            text = " ".join(_MARKUP.sub("", _CITATION.sub("", piece)).split())
            if not re.search(r"\w", text):
                if ids and found:
                    found[-1] = (found[-1][0], tuple(dict.fromkeys((*found[-1][1], *ids))))
                continue
            found.append((text, tuple(dict.fromkeys(ids))))
    return found


def _pieces(line: str) -> list[str]:
    """Sentences, with the brackets that follow a full stop still theirs."""
    moved = re.sub(r"([.!?])((?:\s*\[[a-z]+:[^\[\]]+\])+)", r"\2\1", line)
    return [text for _, text in split_sentences(moved)]


def faults_of(text: str, support: tuple[str, ...], retrieved: Mapping[str, str], question: str, on: date) -> list[str]:
    """Why one sentence does not stand on what it cites; empty: it does."""
    if text.startswith(CANNOT) and not values_of(text, on).figures:
        return []
    if not support:
        return ["it cites nothing"]
    unknown = [name for name in support if name not in retrieved]
    if unknown:
        return [f"it cites {', '.join(unknown)}, which was not retrieved"]
    cited = "\n".join(retrieved[name] for name in support)
    known, said = values_of(cited, on), values_of(text, on)
    workings = workings_in(text)
    faults = [f"“{one.text}” does not come out so" for one in workings if not one.holds]
    faults += [
        f"the figure “{one.text}” is not in what it cites"
        for one in said.figures
        if not supports(known, one) and not any(work.holds and work.covers(one.start) for work in workings)
    ]
    faults += [f"the date “{one.text}” is not in what it cites" for one in said.days if not supports_day(known, one)]
    faults += [
        f"the period “{one.text}” is not in what it cites" for one in said.periods if not supports_period(known, one)
    ]
    faults += [
        f"the quotation “{one}” is not in what it cites"
        for one in quotations_of(text)
        if not stands_verbatim(one, cited)
    ]
    faults += [
        why
        for pattern, why in (
            (_FORETELLS, "it foretells a move, which nothing that it cites does"),
            (_ADVISES, "it advises, which nothing that it cites does"),
            (_CLAIMS_A_DEED, "it says that something was done, which nothing that it cites says"),
        )
        if (said_so := pattern.search(text)) and not _said_there(said_so[0], cited)
    ]
    faults += name_faults(text, cited, question, cited, ())
    return faults + relation_faults(text, [one for _, one in split_sentences(cited)], {})


def _said_there(words: str, cited: str) -> bool:
    return " ".join(words.lower().split()) in " ".join(cited.lower().split())
