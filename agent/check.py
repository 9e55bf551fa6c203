"""The check: every figure, date, ticker and name of a sentence stands in what the sentence cites. Code, not a model."""

import re
from collections.abc import Mapping

from agent.evidence import Evidence
from agent.values import supports, supports_day, values_of
from records.analysis import Claim, Explanation, Sentence
from records.reading import Span

_CAPITALISED = re.compile(r"(?<![\w&.-])[A-Z][\w&’'.-]*\w")
_SENTENCE_START = re.compile(r"^\W*[A-Z][\w’'-]*")
_TICKER = re.compile(r"(?:\(|\$|\bticker\s)\^?([A-Z]{1,5}(?:\.[A-Z])?)\b")
_WORD = re.compile(r"[^\W_]+")
_COMMON = frozenset(
    """
    january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday us u.s uk eu american european british chinese
    """.split()
)
"""Capitalised words that name no company and no person."""


def check(explanation: Explanation, evidence: Evidence) -> tuple[Claim, ...]:
    """One claim a sentence, in order; a sentence with any fault is `dropped` and says why."""
    texts = evidence.texts()
    return tuple(_claim(sentence, evidence, texts) for sentence in explanation.sentences)


def faults_of(sentence: Sentence, evidence: Evidence, texts: Mapping[str, str]) -> list[str]:
    """What the sentence says that its citations do not; empty when all of it stands there."""
    if not sentence.support:
        return ["it cites nothing"]
    unknown = [name for name in sentence.support if name not in texts]
    if unknown:
        return [f"it cites {', '.join(unknown)}, which does not exist"]
    cited = " \n".join(texts[name] for name in sentence.support)
    known, said = values_of(cited), values_of(sentence.text)
    faults = [
        f"the figure “{figure.text}” is not in what it cites" for figure in said.figures if not supports(known, figure)
    ]
    faults += [f"the date “{day.text}” is not in what it cites" for day in said.days if not supports_day(known, day)]
    return faults + _name_faults(sentence.text, cited, evidence)


def _name_faults(text: str, cited: str, evidence: Evidence) -> list[str]:
    allowed = _words(cited) | _words(evidence.body) | _COMMON
    for candidate in evidence.candidates:
        allowed |= _words(f"{candidate.name} {candidate.instrument.name} {candidate.instrument.ticker}")
    unknown_tickers = [ticker for ticker in _TICKER.findall(text) if not _words(ticker) <= allowed]
    faults = [f"the ticker “{ticker}” is not in what it cites" for ticker in unknown_tickers]
    rest = _SENTENCE_START.sub("", text.strip(), count=1)
    names = [name for name in _CAPITALISED.findall(rest) if not _words(name) <= allowed and name not in unknown_tickers]
    return faults + [
        f"the name “{name}” is neither in the article nor in what it cites" for name in dict.fromkeys(names)
    ]


def _words(text: str) -> set[str]:
    words = {word.lower() for word in _WORD.findall(text.replace("’s", "").replace("'s", ""))}
    return words | {word.lower().strip(".") for word in text.split()}


def _claim(sentence: Sentence, evidence: Evidence, texts: Mapping[str, str]) -> Claim:
    faults = faults_of(sentence, evidence, texts)
    facts = {fact.id: fact.span for fact in evidence.reading.facts}
    spans: tuple[Span, ...] = tuple(facts[name] for name in sentence.support if name in facts)
    return Claim(
        text=sentence.text,
        support=sentence.support,
        spans=spans,
        verdict="dropped" if faults else "supported",
        faults=tuple(faults),
    )
