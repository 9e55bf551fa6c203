"""The check: figures with their roles, dates, names and quotations of a sentence stand in what it cites. Code, not a model."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache

from agent.evidence import Evidence, Passage
from agent.named import name_faults
from agent.quoted import quotations_of, stands_verbatim
from agent.relations import (
    Parties,
    PeriodsNamed,
    Statement,
    Telling,
    contradiction,
    crossed_figures,
    period_faults,
    periods_named,
    relation_faults,
    statements_of,
    tellings_of,
    unnamed_period_faults,
)
from agent.sentences import sentences_of, split_sentences
from agent.values import Day, Figure, Period, Values, same_day, same_period, supports_day, supports_figure, values_of
from records.analysis import Claim, Explanation, Ground, Sentence
from records.reading import Span


class _Cited:
    """One cited passage with what it says: its figures, dates and periods are read when they are first asked for."""

    passage: Passage
    context: str
    """The passage within its whole sentences: relations are read there, figures in the passage alone."""
    offset: int
    """Where the passage begins in `context`."""
    sentences: tuple[str, ...]
    """Of `context`."""

    def __init__(self, passage: Passage, body: str, published_on: date | None, parties: Parties) -> None:
        self.passage = passage
        self.context, self.offset = _in_whole_sentences(passage, body)
        self.sentences = sentences_of(self.context)
        self._dated = published_on if passage.start is not None else None
        self._parties = parties
        self._tellings: list[Telling] | None = None

    @cached_property
    def _values(self) -> Values:
        return values_of(self.context, self._dated)

    @property
    def days(self) -> list[Day]:
        """Of the passage."""
        return [one for one in self._values.days if self._inside(one)]

    @property
    def periods(self) -> tuple[Period, ...]:
        """Of `context`."""
        return self._values.periods

    def statements(self, said: Sequence[Statement]) -> list[Statement]:
        """Of those figures within the passage that carry one of `said`; no other can have a part in their faults."""
        if self._tellings is None:
            tellings = tellings_of(self.context, self._values, self._parties)
            self._tellings = [one for one in tellings if self._inside(one.figure)]
        return [
            one.statement for one in self._tellings if any(supports_figure(one.figure, ours.figure) for ours in said)
        ]

    def _inside(self, one: Figure | Day) -> bool:
        return self.offset <= one.start and one.end <= self.offset + len(self.passage.text) + 1

    def ground(self, words: str, start: int, end: int) -> Ground:
        """`start`, `end`: in `context`."""
        passage = self.passage
        if passage.start is None:
            return Ground(words=words, source=passage.source, field=passage.field)
        place = passage.start - self.offset
        return Ground(words=words, source=passage.source, span=Span(start=place + start, end=place + end))


_HEADLINE_CHARACTERS = 300
"""No headline is longer: what comes as one is a text without one."""


class Checker:
    """Holds sentences against one evidence; each passage is read once."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._passages: dict[str, list[Passage]] = {}
        for passage in evidence.passages():
            self._passages.setdefault(passage.source, []).append(passage)
        self._parties = parties_of(evidence)
        self._instruments = [
            f"{one.name} {one.instrument.name} {one.instrument.ticker}" for one in evidence.candidates
        ] + [f"{one.name} {one.ticker or ''}" for one in evidence.reading.mentions]
        self._headline = evidence.body.partition("\n\n")[0][:_HEADLINE_CHARACTERS]
        self._read: dict[str, list[_Cited]] = {}

    def claim(self, sentence: Sentence) -> Claim:
        """The sentence with its verdict, its faults and where each of its figures, dates and quotations stands."""
        faults, grounds = self._examine(sentence)
        spans = (one.passage for one in self._cited(sentence.support))
        return Claim(
            text=sentence.text,
            support=sentence.support,
            spans=tuple(Span(start=one.start, end=one.start + len(one.text)) for one in spans if one.start is not None),
            grounds=tuple(grounds),
            verdict="dropped" if faults else "supported",
            faults=tuple(faults),
        )

    def faults(self, sentence: Sentence) -> list[str]:
        """What the sentence says that its citations do not; empty when all of it stands there."""
        return self._examine(sentence)[0]

    def _examine(self, sentence: Sentence) -> tuple[list[str], list[Ground]]:
        if not sentence.support:
            return ["it cites nothing"], []
        unknown = [name for name in sentence.support if name not in self._passages]
        if unknown:
            return [f"it cites {', '.join(unknown)}, which does not exist"], []
        cited = self._cited(sentence.support)
        said = values_of(sentence.text, self._evidence.published_on)
        grounds: list[Ground] = []
        proven: set[str] = set()
        statements = statements_of(sentence.text, said, self._parties)
        faults = self._value_faults(sentence.text, said, statements, cited, grounds, proven)
        faults += _quotation_faults(sentence.text, cited, grounds)
        told = " \n".join(one.context for one in cited)
        faults += name_faults(sentence.text, told, self._headline, self._evidence.body, self._instruments)
        sentences = [text for one in cited for text in one.sentences]
        return list(dict.fromkeys(faults + relation_faults(sentence.text, sentences, self._parties, proven))), grounds

    def _value_faults(
        self,
        text: str,
        said: Values,
        statements: Sequence[Statement],
        cited: Sequence[_Cited],
        grounds: list[Ground],
        proven: set[str],
    ) -> list[str]:
        """Of its figures, dates and periods; what it does not have is not looked for in what it cites."""
        known = [(one, one.statements(statements)) for one in cited] if statements else []
        faults = _figure_faults([one for one in statements if one.figure not in said.few], known, grounds, proven)
        if said.days or said.periods:
            faults += _time_faults(said, cited, self._told, grounds)
        if said.periods:
            faults += period_faults(text, said.periods, [one.periods for one in cited], self._periods)
        if any(one.periods for one in statements):
            theirs = [statement for _, found in known for statement in found]
            faults += unnamed_period_faults(statements, theirs, self._periods)
        return faults

    @cached_property
    def _periods(self) -> PeriodsNamed:
        """Those of the whole article."""
        return periods_named(self._evidence.body)

    @cached_property
    def _told(self) -> Values:
        """The dates and periods of the headline, and the article's own date: a sentence may name them whatever it cites."""
        on = self._evidence.published_on
        told = values_of(self._headline, on)
        own = (Day(on.year, on.month, on.day, f"{on:%Y-%m-%d}", on.weekday()),) if on else ()
        return Values((), (*told.days, *own), told.periods)

    def _cited(self, support: Sequence[str]) -> list[_Cited]:
        for name in support:
            if name not in self._read:
                body, on = self._evidence.body, self._evidence.published_on
                self._read[name] = [_Cited(one, body, on, self._parties) for one in self._passages.get(name, ())]
        return [one for name in support for one in self._read[name]]


def check(explanation: Explanation, evidence: Evidence) -> tuple[Claim, ...]:
    """One claim a sentence, in order; a sentence with any fault is `dropped` and says why."""
    checker = Checker(evidence)
    return tuple(checker.claim(sentence) for sentence in explanation.sentences)


def parties_of(evidence: Evidence) -> Parties:
    """Each name, and each word that names one company of the article alone → that company."""
    owners: dict[str, set[str]] = {}
    for one in evidence.candidates:
        for name in (one.name, one.instrument.name):
            owners.setdefault(name.lower(), set()).add(one.instrument.name)
        for word in _telling_words(f"{one.name} {one.instrument.name}"):
            owners.setdefault(word, set()).add(one.instrument.name)
    for mention in evidence.reading.mentions:
        for word in _telling_words(mention.name):
            owners.setdefault(word, set()).add(_owner(mention.name, owners))
    return {word: company for word, names in owners.items() if (company := _only(word, names))}


def _only(word: str, names: Collection[str]) -> str | None:
    """The one of `names`; of two, the one that goes on where the other ends ("Cooper", "Cooper Tire & Rubber" in one article)."""
    if len(names) == 1:
        return next(iter(names))
    longer = [one for one in names if one.lower().startswith(word) and len(_telling_words(one)) > 1]
    return longer[0] if len(longer) == 1 else None


def _owner(name: str, owners: Mapping[str, set[str]]) -> str:
    known = [next(iter(owners[word])) for word in _telling_words(name) if len(owners.get(word, ())) == 1]
    return known[0] if known else name


_PLAIN_WORDS = frozenset(
    """
    inc corp corporation co company companies ltd limited plc group holdings holding the of and international financial
    technologies technology systems services industries partners energy bank american national united general first new
    global capital resources health
    """.split()
)


NAMES_KEPT = 1_024
"""Names of companies whose telling words are kept."""
_NAME_WORD = re.compile(r"[\w&.-]*\w")


@lru_cache(maxsize=NAMES_KEPT)
def _telling_words(name: str) -> tuple[str, ...]:
    words = [word.lower().strip(".") for word in _NAME_WORD.findall(name)]
    return tuple(word for word in words if word not in _PLAIN_WORDS and len(word) > 1)


def _in_whole_sentences(passage: Passage, body: str) -> tuple[str, int]:
    """The passage widened to whole sentences of the article, and where it begins there."""
    if passage.start is None:
        return passage.text, 0
    start, end = passage.start, passage.start + len(passage.text)
    left = max(0, start - 600)
    around = body[left : end + 600]
    spans = [span for span, _ in split_sentences(around) if span.start < end - left and span.end > start - left]
    if not spans:
        return passage.text, 0
    first, last = min(spans[0].start + left, start), max(spans[-1].end + left, end)
    return body[first:last], start - first


def _figure_faults(
    said: Sequence[Statement],
    cited: Sequence[tuple[_Cited, Sequence[Statement]]],
    grounds: list[Ground],
    proven: set[str],
) -> list[str]:
    """Every figure needs one place that has it and does not speak of something else there. Adds that place to `grounds`, and to
    `proven` the measure and the direction that both have."""
    faults = crossed_figures(said, [theirs for _, known in cited for theirs in known])
    for ours in said:
        places = [
            (one, theirs) for one, known in cited for theirs in known if supports_figure(theirs.figure, ours.figure)
        ]
        against = [contradiction(theirs, ours) for _, theirs in places]
        if None in against:
            source, theirs = places[against.index(None)]
            grounds.append(source.ground(ours.figure.text, theirs.figure.start, theirs.figure.end))
            proven |= _proven(
                ours, [theirs for (_, theirs), fault in zip(places, against, strict=True) if fault is None]
            )
        elif places:
            faults.append(f"the figure “{ours.figure.text}” has another part in what it cites: {against[0]}")
        else:
            faults.append(f"the figure “{ours.figure.text}” is not in what it cites")
    return faults


def _proven(ours: Statement, places: Sequence[Statement]) -> set[str]:
    found: set[str] = set()
    if ours.measure and any(theirs.measure for theirs in places):
        found.add(ours.measure)
    if ours.direction and any(theirs.direction for theirs in places):
        found.add("up" if ours.direction > 0 else "down")
    return found


def _time_faults(said: Values, cited: Sequence[_Cited], told: Values, grounds: list[Ground]) -> list[str]:
    faults = []
    for day in said.days:
        found = next(((one, known) for one in cited for known in one.days if same_day(known, day)), None)
        if found:
            grounds.append(found[0].ground(day.text, found[1].start, found[1].end))
        elif not supports_day(told, day):
            faults.append(f"the date “{day.text}” is not in what it cites")
    for period in said.periods:
        alike = [(one, known) for one in cited for known in one.periods if known.part[0] == period.part[0]]
        same = next(((one, known) for one, known in alike if same_period(known, period)), None)
        if same:
            grounds.append(same[0].ground(period.text, same[1].start, same[1].end))
        elif alike and not any(same_period(known, period) for known in told.periods):
            faults.append(f"the period “{period.text}” is not in what it cites")
    return faults


def _quotation_faults(text: str, cited: Sequence[_Cited], grounds: list[Ground]) -> list[str]:
    faults = []
    for quotation in quotations_of(text):
        source = next((one for one in cited if stands_verbatim(quotation, one.context)), None)
        if source is None:
            faults.append(f"the quotation “{quotation}” does not stand so in what it cites")
        else:
            passage = source.passage
            grounds.append(source.ground(f"“{quotation}”", source.offset, source.offset + len(passage.text)))
    return faults
