"""What a text says of each of its figures: the measure it belongs to, which way it went, whose it is and of which period."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agent.anycase import Anycase
from agent.relations.lexicon import (
    MEASURE,
    denies,
    directions_in,
    hard_denials_in,
    measures_conflict,
    measures_in,
)
from agent.sentences import split_sentences
from agent.values import Day, Figure, Kind, Period, Values

Parties = Mapping[str, str]
"""Words by which a company is named, lower case → the company."""

_WITHIN_WORDS = 9
"""A direction or a measure farther away than this belongs to something else."""
_LINK = Anycase(
    r"^\s*(?:(?:of|in|increase|rise|decline|drop|fall|growth|gain|jump|decrease|reduction|improvement|surge|slump|plunge|higher|lower|net|total|adjusted|annual"
    r"|quarterly|full-year|record|organic|comparable|same-store|operating|core|the|its|their|overall|consolidated|global|[a-z]+-quarter|per|a|share|diluted"
    r"|non-gaap|gaap)\s+){0,5}$"
)
_JOINED = re.compile(r"^\s*(?:[\w-]+\s+){0,2}$")
"""Between a measure and its figure: "of", "was about", "rose"."""
ASIDE = Anycase(
    r"(?:\b(?:excluding|excludes?|before|net\s+of|without|except)\s+(?:[\w-]+\s+){0,5}|\bafter-|\b(?:hit|charge|impact|blow|drag|boost|benefit)\s+(?:to|against|on|for)\s+)$"
)
"""Before a measure that the figure is not of: "excluding charges", "a hit to earnings of"."""
COMPARED = Anycase(
    r"\b(?:compared?\s+(?:to|with)|comparison\s+to|versus|vs\.?|from|over|than|against|relative\s+to)\s+(?:[^\s;]+\s+){0,8}?$"
)
"""Before a period that is only compared with."""
_PER_SHARE = frozenset({"eps", "profit", "loss", "dividend", "operating", "cash_flow"})
_NEVER_PER_SHARE = frozenset({"revenue", "orders", "debt", "capex", "production", "ebitda", "savings"})
_AFTER = Anycase(
    r"^\s*(?:(?!(?:on|and|as|to|from|with|after|while|but|by|than|in|of|for|at|the|despite|amid|helped|due)\s)[\w-]+\s+){0,2}$"
)
_BESIDE_WORDS = 2
"""A direction so near before a figure is its own, whatever follows."""


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
    years: frozenset[int] = frozenset()
    """Those its sentence names and does not merely compare with."""
    denied: bool = False
    """A denial stands before it in its sentence."""
    denies: bool = False
    """Its sentence denies something somewhere."""
    start: int = 0
    """Place of the figure in its sentence."""
    before: frozenset[str] = frozenset()
    """Companies named before it in its sentence."""


class Telling:
    """A figure of a text; what the text says of it is found out when it is first asked for."""

    __slots__ = ("_group", "_statement", "figure")

    def __init__(self, figure: Figure, group: "_Group") -> None:
        self.figure = figure
        self._group = group
        self._statement: Statement | None = None

    @property
    def statement(self) -> Statement:
        """What the text says of the figure."""
        if self._statement is None:
            self._statement = _statement(self.figure, self._group.surroundings())
        return self._statement


def tellings_of(text: str, values: Values, parties: Parties) -> list[Telling]:
    """One a figure, small numbers in words included, in order."""
    figures = sorted((*values.figures, *values.few), key=lambda one: one.start)
    found: list[Telling] = []
    for span, sentence in split_sentences(text) if figures else ():
        inside = [one for one in figures if span.start <= one.start < span.end]
        group = _Group(sentence, span.start, inside, values, parties)
        found += [Telling(one, group) for one in inside]
    return found


def statements_of(text: str, values: Values, parties: Parties) -> list[Statement]:
    """One statement a figure, small numbers in words included, in order."""
    return [one.statement for one in tellings_of(text, values, parties)]


@dataclass
class _Group:
    """The figures of one sentence, which begins at `start` in a text with these `values`."""

    sentence: str
    start: int
    figures: Sequence[Figure]
    values: Values
    parties: Parties
    _around: "_Surroundings | None" = None

    def surroundings(self) -> "_Surroundings":
        """What stands in the sentence, read once."""
        if self._around is None:
            named = parties_in(self.sentence, self.parties)
            self._around = _Surroundings.of(self.sentence, self.start, self.figures, self.values, named)
        return self._around


@dataclass(frozen=True)
class _Surroundings:
    """One sentence with what stands in it; `start` is its place in the text."""

    sentence: str
    start: int
    figures: Sequence[Figure]
    periods: tuple[Period, ...]
    years: frozenset[int]
    named: Sequence[tuple[int, int, str]]

    @classmethod
    def of(
        cls, sentence: str, start: int, inside: Sequence[Figure], values: Values, named: Sequence[tuple[int, int, str]]
    ) -> "_Surroundings":
        def own(one: Period | Day) -> bool:
            at = one.start - start
            return 0 <= at < len(sentence) and not COMPARED.search(sentence[max(0, at - 90) : at])

        periods = tuple(one for one in values.periods if own(one))
        dated: tuple[Day | Period, ...] = (*values.days, *values.periods)
        years = frozenset(one.year for one in dated if one.year and own(one))
        return cls(sentence, start, inside, periods, years, named)


def parties_in(sentence: str, parties: Parties) -> list[tuple[int, int, str]]:
    """(start, end, company) of each naming, in order; the longest name wins."""
    return list(_named_in(sentence, tuple(parties.items()))) if parties else []


@lru_cache(maxsize=1_024)
def _named_in(sentence: str, parties: tuple[tuple[str, str], ...]) -> tuple[tuple[int, int, str], ...]:
    small = sentence.lower()
    places = sorted((start, -len(name), company) for name, company in parties for start in _places(name, small))
    found: list[tuple[int, int, str]] = []
    for start, length, company in places:
        if not found or start >= found[-1][1]:
            found.append((start, start - length, company))
    return tuple(found)


def _places(name: str, small: str) -> Iterator[int]:
    """Where `name` stands as a word: found by hand, as an expression would have to be compiled for each article."""
    start = small.find(name)
    while start >= 0:
        end = start + len(name)
        if not (_in_word(small[start - 1 : start]) or _in_word(small[end : end + 1])):
            yield start
        start = small.find(name, start + 1)


def _in_word(letter: str) -> bool:
    return letter.isalnum() or letter in ("_", "-")


def _statement(figure: Figure, around: _Surroundings) -> Statement:
    sentence = around.sentence
    start, end = figure.start - around.start, figure.end - around.start
    like = [one for one in around.figures if one.kind == figure.kind]
    before = [(place, company) for place, _, company in around.named if place < start]
    party = None
    if before and not any(before[-1][0] < one.start - around.start < start for one in like):
        party = before[-1][1]
    return Statement(
        figure,
        sentence,
        _measure(sentence, start, end, figure.per),
        _direction(sentence, start, end, figure.kind, figure.sign),
        around.periods,
        party,
        frozenset(company for *_, company in around.named),
        len(like),
        around.years,
        any(_bears_on(sentence[match.end() : start]) for match in _before(hard_denials_in(sentence), start)),
        denies(sentence),
        start,
        frozenset(company for _, company in before),
    )


def _before(matches: Sequence[re.Match[str]], start: int) -> Iterator[re.Match[str]]:
    """The last first."""
    return (match for match in reversed(matches) if match.end() <= start)


def _after(matches: Sequence[re.Match[str]], end: int) -> re.Match[str] | None:
    return next((match for match in matches if match.start() >= end), None)


def _bears_on(between: str) -> bool:
    """Whether a denial bears on a figure after these words: not over a semicolon, nor out of brackets that end before it."""
    ended = between.count(")") > between.count("(")
    return not ended and ";" not in between and len(between.split()) <= _WITHIN_WORDS


@lru_cache(maxsize=4_096)
def _measure(sentence: str, start: int, end: int, per: str | None) -> str | None:
    before = next(
        (
            match
            for match in _before(measures_in(sentence), start)
            if ";" not in sentence[match.end() : start] and not ASIDE.search(sentence[: match.start()])
        ),
        None,
    )
    after = _after(measures_in(sentence), end)
    if before and _JOINED.match(sentence[before.end() : start]):
        found = before.lastgroup
    elif after and _LINK.match(sentence[end : after.start()]):
        found = after.lastgroup
    elif before and len(sentence[before.end() : start].split()) <= _WITHIN_WORDS:
        found = before.lastgroup
    else:
        found = None
    return None if per == "share" and found not in _PER_SHARE | _NEVER_PER_SHARE else found


@lru_cache(maxsize=4_096)
def _direction(sentence: str, start: int, end: int, kind: Kind, sign: int) -> int | None:
    if sign:
        return sign
    changes = kind in ("percent", "points", "multiple") or _MOVED_BY.search(sentence[:start])
    if not changes:
        return None
    before = next(
        (match for match in _before(directions_in(sentence), start) if _reaches(sentence, match, start)), None
    )
    if before and len(sentence[before.end() : start].split()) <= _BESIDE_WORDS:
        return _sense(before)
    after = _after(directions_in(sentence), end)
    if after and _AFTER.match(sentence[end : after.start()]):
        return _sense(after)
    return _sense(before) if before else None


_MOVED_BY = re.compile(r"\b(?:to|by|from)\s+\D{0,14}$")
"""Before a figure that a change went to or came from."""
_IN_OR_OF = re.compile(r"\s+(?:in|of)\s")
_OBJECT = Anycase(r"\s+(?:(?!(?:and|but|while|as|on|with|after|despite)\s)[\w-]+\s+){0,3}$")
_BY = Anycase(r"\s+(?:by|to|from)\s+(?:[a-z]+\s+){0,2}$")
"""Around the measure in "cut its operating margin by 120 basis points"."""


def _reaches(sentence: str, match: re.Match[str], start: int) -> bool:
    between = sentence[match.end() : start]
    measure = MEASURE.search(between)
    if measure and _OBJECT.match(between[: measure.start()]) and _BY.match(between[measure.end() :]):
        return True
    if ";" in between or len(between.split()) > _WITHIN_WORDS or measure:
        return bool(_IN_OR_OF.match(between)) and len(between.split()) <= _WITHIN_WORDS
    return match.group().lower() not in ("up", "down") or len(between.split()) <= 3


def _sense(match: re.Match[str]) -> int:
    return 1 if match.lastgroup == "up" else -1


def contradiction(known: Statement, said: Statement) -> str | None:
    """Why `known` cannot carry `said` though its figure does; None if nothing speaks against it."""
    per_share = known.figure.per == "share"
    theirs = None if per_share and known.measure in _NEVER_PER_SHARE else known.measure
    negative = -1 in (known.figure.sign, said.figure.sign) and "loss" in (theirs, said.measure)
    if measures_conflict(theirs, said.measure) and not negative:
        return f"there it is of {_named(theirs)}, not of {_named(said.measure)}"
    if per_share and said.measure in _NEVER_PER_SHARE:
        return f"there it is per share, not {_named(said.measure)}"
    if known.direction and said.direction and known.direction != said.direction:
        return "there it goes the other way"
    if _other_period(known, said):
        return f"there it is of {known.periods[0].text}"
    if known.years and said.years and not known.years & said.years:
        return f"there it is of {', '.join(str(year) for year in sorted(known.years))}"
    if _other_party(known, said):
        return f"there it is of {known.party}"
    if said.denied and not known.denies:
        return "there it is not denied"
    if known.denied and not said.denies:
        return "there it is denied"
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
    return not ours & theirs


def _other_party(known: Statement, said: Statement) -> bool:
    if known.party is None or said.party is None or known.party == said.party:
        return False
    if said.party not in known.parties:
        return len(known.parties) == 1 and len(said.parties) == 1
    if said.figure.kind in ("percent", "points", "multiple") and said.party not in known.before:
        return True  # "A's profit rose 5 percent on sales to B" tells nothing of B's profit
    return min(known.like, said.like) >= 2 and min(len(known.parties), len(said.parties)) >= 2
