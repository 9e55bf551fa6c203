"""Whether an analysis meets the conditions of a rule: yes, no, or it cannot be said, since something was not measured."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from records.alert import AlertRule, Undecidable
from records.summary import AnalysisSummary

Verdict = Literal["met", "not_met"] | tuple[Undecidable, ...]
"""A tuple: everything that could be judged holds, and these could not."""
_WORD = re.compile(r"\w+")


def folded(text: str) -> str:
    """Its words in one form with a space on either side, so that a phrase of whole words is a part of it."""
    return f" {' '.join(_WORD.findall(unicodedata.normalize('NFKC', text).casefold()))} "


@dataclass(frozen=True)
class Watched:
    """A rule made ready to be held against many analyses."""

    rule: AlertRule
    tickers: frozenset[str]
    """Of the rule, and of the portfolio where the rule names it."""
    tags: frozenset[str]
    event_types: frozenset[str]
    phrases: tuple[str, ...]
    begins_at: datetime

    @classmethod
    def of(cls, rule: AlertRule, held: Collection[str]) -> "Watched":
        """`held`: tickers of the portfolio; not looked at for a rule that does not name it."""
        wanted = rule.conditions
        return cls(
            rule,
            frozenset((*wanted.tickers, *(held if wanted.portfolio else ()))),
            frozenset(wanted.tags),
            frozenset(wanted.event_types),
            tuple(map(folded, wanted.words)),
            rule.begins_at,
        )

    def judge(self, one: AnalysisSummary, headline: str) -> Verdict:
        """`headline`: its title `folded`. What is known not to hold decides, whatever else is unknown."""
        wanted = self.rule.conditions
        if wanted.by_company and self.tickers.isdisjoint(one.tickers):
            return "not_met"
        if self.tags and self.tags.isdisjoint(one.tags):
            return "not_met"
        if self.event_types and one.event_type not in self.event_types:
            return "not_met"
        if self.phrases and not any(phrase in headline for phrase in self.phrases):
            return "not_met"
        unknown: list[Undecidable] = []
        if wanted.min_score is not None or wanted.min_p_material is not None:
            if one.score is None or one.p_material is None:
                unknown.append("not_scored")
            elif one.score < (wanted.min_score or 0.0) or one.p_material < (wanted.min_p_material or 0.0):
                return "not_met"
        if wanted.sentiment is not None:
            if one.sentiment is None:
                unknown.append("sentiment_not_measured")
            elif one.sentiment != wanted.sentiment:
                return "not_met"
        return tuple(unknown) or "met"


@dataclass
class RuleBook:
    """Rules by what they look for first, so that an analysis is held against those alone that it may meet."""

    by_ticker: dict[str, list[Watched]] = field(default_factory=dict)
    by_tag: dict[str, list[Watched]] = field(default_factory=dict)
    by_type: dict[str, list[Watched]] = field(default_factory=dict)
    wide: list[Watched] = field(default_factory=list)
    """Those that look at every analysis."""

    def add(self, one: Watched) -> None:
        """Companies first, then themes, then event types: the fewest analyses have them."""
        places: tuple[tuple[dict[str, list[Watched]], frozenset[str]], ...] = (
            (self.by_ticker, one.tickers),
            (self.by_tag, one.tags),
            (self.by_type, one.event_types),
        )
        place, labels = next(((place, labels) for place, labels in places if labels), ({}, frozenset[str]()))
        for label in labels:
            place.setdefault(label, []).append(one)
        if not labels and not one.rule.conditions.by_company:  # an empty portfolio is not everything
            self.wide.append(one)

    def judged(self, one: AnalysisSummary) -> list[tuple[Watched, Verdict]]:
        """The rules that are met or undecided, each once."""
        lists = [self.by_ticker.get(label, ()) for label in one.tickers]
        lists += [self.by_tag.get(label, ()) for label in one.tags]
        lists += [self.by_type.get(one.event_type, ()), self.wide]
        headline = folded(one.title)
        near = {watched.rule.name: watched for each in lists for watched in each}
        found = [(watched, watched.judge(one, headline)) for watched in near.values()]
        return [(watched, verdict) for watched, verdict in found if verdict != "not_met"]
