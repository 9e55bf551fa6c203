"""What a text says of each of its figures: the measure it belongs to, which way it went, whose it is and of which period."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.relations.lexicon import DIRECTION, MEASURE, measures_conflict
from agent.sentences import split_sentences
from agent.values import Figure, Period, Values

Parties = Mapping[str, str]
"""A word of a company's name, lower case → the company."""

_WITHIN_WORDS = 9
"""A direction or a measure farther away than this belongs to something else."""
_LINK = re.compile(
    r"^\s*(?:(?:of|in|increase|rise|decline|drop|fall|growth|gain|jump|decrease|reduction|improvement|surge|slump|plunge|higher|lower|net|total|adjusted|annual"
    r"|quarterly|full-year|record|organic|comparable|same-store|operating|core|the|its|their|overall|consolidated|global|[a-z]+-quarter|per|a|share|diluted"
    r"|non-gaap|gaap)\s+){0,5}$",
    re.IGNORECASE,
)
_JOINED = re.compile(r"^\s*(?:[\w-]+\s+){0,2}$")
"""Between a measure and its figure: "of", "was about", "rose"."""
_ASIDE = re.compile(
    r"(?:\b(?:excluding|excludes?|before|net\s+of|without|except)\s+(?:[\w-]+\s+){0,5}|\bafter-|\b(?:hit|charge|impact|blow|drag|boost|benefit)\s+(?:to|against|on|for)\s+)$",
    re.IGNORECASE,
)
"""Before a measure that the figure is not of: "excluding charges", "a hit to earnings of"."""
_COMPARED = re.compile(
    r"\b(?:compared?\s+(?:to|with)|comparison\s+to|versus|vs\.?|from|over|than|against|relative\s+to)\s+(?:[^\s;]+\s+){0,8}?$",
    re.IGNORECASE,
)
"""Before a period that is only compared with."""
_PER_SHARE = frozenset({"eps", "profit", "loss", "dividend", "operating", "cash_flow"})
_AFTER = re.compile(
    r"^\s*(?:(?:year-over-year|sequential|annual|quarterly|organic|[a-z]+-quarter|net)\s+)?$", re.IGNORECASE
)


@dataclass(frozen=True)
class Statement:
    """One figure with its surroundings; None where the text does not tell."""

    figure: Figure
    sentence: str
    measure: str | None
    direction: int | None
    """1 up, −1 down."""
    periods: tuple[Period, ...]
    """Those its sentence names."""
    party: str | None
    """The company named last before it, if no like figure stands between."""
    parties: frozenset[str]
    """All companies of its sentence."""
    like: int
    """How many figures of its kind its sentence has."""


def statements_of(text: str, values: Values, parties: Parties) -> list[Statement]:
    """One statement a figure, small numbers in words included, in order."""
    figures = sorted((*values.figures, *values.few), key=lambda one: one.start)
    found = []
    for span, sentence in split_sentences(text):
        inside = [one for one in figures if span.start <= one.start < span.end]
        if not inside:
            continue
        periods = tuple(
            one
            for one in values.periods
            if span.start <= one.start < span.end
            and not _COMPARED.search(text[max(span.start, one.start - 90) : one.start])
        )
        named = parties_in(sentence, parties)
        for one in inside:
            found.append(_statement(one, span.start, sentence, inside, periods, named))
    return found


def parties_in(sentence: str, parties: Parties) -> list[tuple[int, str]]:
    """(place, company) of each naming, in order."""
    found = []
    for match in re.finditer(r"[\w&.-]*\w", sentence):
        company = parties.get(match.group().lower().removesuffix("'s").removesuffix("’s"))
        if company:
            found.append((match.start(), company))
    return found


def _statement(
    figure: Figure,
    offset: int,
    sentence: str,
    inside: Sequence[Figure],
    periods: tuple[Period, ...],
    named: Sequence[tuple[int, str]],
) -> Statement:
    start, end = figure.start - offset, figure.end - offset
    like = [one for one in inside if one.kind == figure.kind]
    before = [(place, company) for place, company in named if place < start]
    party = None
    if before and not any(before[-1][0] < one.start - offset < start for one in like):
        party = before[-1][1]
    return Statement(
        figure,
        sentence,
        _measure(sentence, start, end, figure.per),
        _direction(sentence, start, end, figure),
        periods,
        party,
        frozenset(company for _, company in named),
        len(like),
    )


def _measure(sentence: str, start: int, end: int, per: str | None) -> str | None:
    before = [
        match
        for match in MEASURE.finditer(sentence, 0, start)
        if ";" not in sentence[match.end() : start] and not _ASIDE.search(sentence[: match.start()])
    ]
    after = MEASURE.search(sentence, end)
    if before and _JOINED.match(sentence[before[-1].end() : start]):
        found = before[-1].lastgroup
    elif after and _LINK.match(sentence[end : after.start()]):
        found = after.lastgroup
    elif before and len(sentence[before[-1].end() : start].split()) <= _WITHIN_WORDS:
        found = before[-1].lastgroup
    else:
        found = None
    return None if per == "share" and found not in _PER_SHARE else found


def _direction(sentence: str, start: int, end: int, figure: Figure) -> int | None:
    changes = figure.kind in ("percent", "points", "multiple") or re.search(
        r"\b(?:to|by|from)\s+\D{0,14}$", sentence[:start]
    )
    if not changes:
        return None
    after = DIRECTION.search(sentence, end)
    if after and _AFTER.match(sentence[end : after.start()]):
        return _sense(after)
    before = [match for match in DIRECTION.finditer(sentence, 0, start) if _reaches(sentence, match, start)]
    if before:
        return _sense(before[-1])
    return figure.sign or None


def _reaches(sentence: str, match: re.Match[str], start: int) -> bool:
    between = sentence[match.end() : start]
    if ";" in between or len(between.split()) > _WITHIN_WORDS or MEASURE.search(between.removesuffix(" ")):
        return bool(re.match(r"\s+(?:in|of)\s", between)) and len(between.split()) <= _WITHIN_WORDS
    return match.group().lower() not in ("up", "down") or len(between.split()) <= 3


def _sense(match: re.Match[str]) -> int:
    return 1 if match.lastgroup == "up" else -1


def contradiction(known: Statement, said: Statement) -> str | None:
    """Why `known` cannot carry `said` though its figure does; None if nothing speaks against it."""
    if measures_conflict(known.measure, said.measure):
        return f"there it is of {_named(known.measure)}, not of {_named(said.measure)}"
    if known.direction and said.direction and known.direction != said.direction:
        return "there it goes the other way"
    if _other_period(known, said):
        return f"there it is of {known.periods[0].text}"
    if _other_party(known, said):
        return f"there it is of {known.party}"
    return None


def _named(measure: str | None) -> str:
    return (measure or "").replace("_", " ")


def _other_period(known: Statement, said: Statement) -> bool:
    if not known.periods or not said.periods:
        return False
    theirs = {(one.part[0], one.part) for one in known.periods}
    kinds = {kind for kind, _ in theirs}
    ours = {(one.part[0], one.part) for one in said.periods if one.part[0] in kinds}
    if not ours:
        return False
    if not ours & theirs:
        return True
    years = {one.year for one in known.periods if one.year}
    mine = {one.year for one in said.periods if one.year}
    return bool(years and mine and not years & mine)


def _other_party(known: Statement, said: Statement) -> bool:
    if known.party is None or said.party is None or known.party == said.party:
        return False
    if said.party not in known.parties:
        return len(known.parties) == 1 and len(said.parties) == 1
    return min(known.like, said.like) >= 2 and min(len(known.parties), len(said.parties)) >= 2
