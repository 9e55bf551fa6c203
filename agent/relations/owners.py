"""Whose a measure is: "A's profit" is the profit of the company that its sources tell of one."""

from collections.abc import Iterator, Sequence

from agent.anycase import Anycase
from agent.relations.lexicon import measures_in
from agent.relations.statements import Parties, parties_in

_OWNS = Anycase(
    r"(?:\s+(?:inc|corp|co|ltd|plc|group|ag|sa|nv)\.?)?(?:['’]s?)?\s+(?:(?:[\w.]+-(?:quarter|half|qtr|year)|quarter|quarterly|qtr|year|annual|half|full"
    r"|first|second|third|fourth|[q1-4]{2}|\d{4}|fiscal|net|adjusted|core|operating|pretax|record)\s+){0,4}"
)
"""Between a company and a measure that is its own."""
_OF = Anycase(r"\s+(?:at|of|for)\s+(?:[\w’']+\s+){0,2}")
"""Between a measure and the company it is of."""
_UNOWNED = frozenset({"outlook", "stock", "cost", "tax", "debt", "savings"})
"""Measures that one company has an opinion on or pays for another."""


def owner_faults(sentence: str, cited: Sequence[str], parties: Parties) -> list[str]:
    """Measures of `sentence` that it gives to a company though its sources tell of them of other companies alone."""
    faults = []
    for company, measure in dict.fromkeys(_owned(sentence, parties)):
        if measure in _UNOWNED:
            continue
        owners = {owner for one in cited for owner in _owners(one, measure, parties)}
        if owners and company not in owners:
            faults.append(f"it says of {company} what its sources say of {min(owners)}: {measure.replace('_', ' ')}")
    return faults


def _owned(sentence: str, parties: Parties) -> Iterator[tuple[str, str]]:
    """(company, measure) of each measure that stands right behind a company."""
    for _, end, company in parties_in(sentence, parties):
        for measure in measures_in(sentence):
            if measure.start() > end and _OWNS.fullmatch(sentence[end : measure.start()]):
                yield company, measure.lastgroup or ""


def _owners(sentence: str, name: str, parties: Parties) -> set[str]:
    """The companies that may own a measure there: all before it, and the one it is of."""
    found: set[str] = set()
    for measure in measures_in(sentence):
        if measure.lastgroup != name:
            continue
        named = parties_in(sentence, parties)
        before = [company for _, end, company in named if end <= measure.start()]
        found |= set(before[-1:])
        found |= {
            company
            for start, _, company in named
            if start > measure.end() and _OF.fullmatch(sentence[measure.end() : start])
        }
    return found
