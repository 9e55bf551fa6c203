"""An article as evidence without any model: its own sentences are the facts, its companies are found by name."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time

from agent.check import Checker
from agent.evidence import Evidence
from agent.sentences import split_sentences
from evals.words.sources import Told
from markets.desk import MarketDesk
from records.analysis import Sentence
from records.impact import Impact
from records.market import Candidate
from records.reading import Fact, Reading, Span
from records.taxonomy import EventType, Scope

CLOSEST = 3
"""Sentences of the article that a told sentence cites when it does not cite them all."""
_LEAD = 4_000
"""Companies are looked for in the headline and the first characters, as for any long article."""


class Article:
    """One article ready to be cited."""

    def __init__(self, told: Told, desk: MarketDesk) -> None:
        """From any sentence told of it."""
        self.evidence = _evidence(told, desk)
        self.checker = Checker(self.evidence)
        self._words = [(fact.id, _words(fact.quote)) for fact in self.evidence.reading.facts]

    @property
    def companies(self) -> tuple[str, ...]:
        """The words by which companies are named, each instrument once."""
        names = {one.instrument.ticker: one.name for one in reversed(self.evidence.candidates)}
        return tuple(names.values())

    def whole(self) -> tuple[str, ...]:
        """Every fact."""
        return tuple(name for name, _ in self._words)

    def closest(self, text: str) -> tuple[str, ...]:
        """The facts that share most words with `text`, in the article's order; figures count threefold."""
        mine = _words(text)
        ranked = sorted(self._words, key=lambda one: -sum(3 if word[0].isdigit() else 1 for word in mine & one[1]))
        chosen = {name for name, _ in ranked[:CLOSEST]}
        return tuple(name for name, _ in self._words if name in chosen)

    def spans(self, support: Sequence[str]) -> tuple[Span, ...]:
        """Where the cited facts stand in the article; one range for all of it."""
        facts = [fact.span for fact in self.evidence.reading.facts if fact.id in set(support)]
        if len(facts) == len(self.evidence.reading.facts):
            return (Span(start=0, end=len(self.evidence.body)),)
        return tuple(facts)

    def faults(self, text: str, support: Sequence[str]) -> list[str]:
        """What the check says of `text`."""
        return self.checker.faults(Sentence(text=text, support=tuple(support)))


def _words(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?|[a-z]{3,}", text.lower().replace(",", "")))


def reading_of(body: str, event_type: EventType) -> Reading:
    """A reading made in code: every sentence is a fact, and nothing else is known."""
    facts = tuple(
        Fact(id=f"A{number}", text=text, quote=text, span=Span(start=span.start, end=span.end))
        for number, (span, text) in enumerate(split_sentences(body), 1)
    )
    return Reading(
        summary="",
        event_type=event_type,
        tags=(),
        mentions=(),
        sentiment=None,
        surprise=None,
        scheduled=None,
        scope=Scope.COMPANY,
        facts=facts,
    )


def _evidence(told: Told, desk: MarketDesk) -> Evidence:
    on = told.published_on
    moment = datetime.combine(on, time(20), UTC) if on else datetime(2021, 6, 30, tzinfo=UTC)
    lead = told.body[len(told.headline) :].strip()[:_LEAD]
    candidates: tuple[Candidate, ...] = desk.candidates(told.headline, lead, moment)
    reading = reading_of(told.body, EventType.EARNINGS_RESULTS)
    impact = Impact(
        ticker=None, score=None, low=None, high=None, p_material=None, multiplier=None, evidence="not_scoreable", n_eff=None,
        reason="only the words are examined", model_version="none",
    )  # fmt: skip
    return Evidence(told.body, reading, impact, (), (), candidates, moment, on)
