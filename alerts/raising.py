"""What the analyses of a time raise: a story once a rule, and again only when there is more to tell.

Derived from what is kept, story by story in the order in which its analyses were known; nothing is written. An answer as of a
moment therefore stays the same, whatever is analysed later, and a process that is killed can lose or double nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from alerts.judging import RuleBook, Verdict, Watched
from records.alert import Alert, Undecidable
from records.database.alert_shelf import LATE, AlertShelf, Sought, Window
from records.summary import AnalysisSummary

RISE = 0.10
"""By how much the score of an update must have risen since the rule was last met, to be told again: a fifth of the stretch, .40 to
.88, in which honest scores live."""
SAME_NEWS = ("reprint", "recombination")
"""What an article is to its story when it says nothing new."""
Unsure = dict[tuple[str, Undecidable], dict[str, AnalysisSummary]]
"""(rule, why) → story → its newest analysis that could not be judged."""
_Judged = tuple[AnalysisSummary, list[tuple[Watched, Verdict]]]
"""An analysis with the rules that it meets or leaves undecided."""


@dataclass
class Raised:
    """Of a time."""

    alerts: list[Alert] = field(default_factory=list)
    """Newest first."""
    unsure: Unsure = field(default_factory=dict)


class Told(Protocol):
    """Which analyses alerts are wanted of."""

    @property
    def until(self) -> datetime:
        """Nothing known later is looked at."""

    def holds(self, one: AnalysisSummary) -> bool:
        """Whether what this one raises is wanted."""

    def late(self, one: AnalysisSummary) -> bool:
        """Whether its news is from before the time that is told of."""


@dataclass(frozen=True)
class Fresh:
    """Analyses that were kept just now, of the news of a week."""

    ids: frozenset[str]
    until: datetime

    def holds(self, one: AnalysisSummary) -> bool:
        """Whether it is one of them."""
        return one.id in self.ids and self.until - LATE <= one.as_of <= self.until

    def late(self, one: AnalysisSummary) -> bool:  # noqa: ARG002 - of a time that has no beginning
        """Never."""
        return False


def raised_in(shelf: AlertShelf, book: RuleBook, window: Window) -> Raised:
    """By the analyses of a time. Raises StoreError."""
    return raised(shelf, book, window, shelf.sought(window, _sought(book)))


def raised(shelf: AlertShelf, book: RuleBook, window: Told, analyses: Iterable[AnalysisSummary]) -> Raised:
    """By these analyses, beside what else is known of their stories. Raises StoreError."""
    judged = [(one, book.judged(one)) for one in analyses if window.holds(one)]
    found = [one for one, verdicts in judged if verdicts]
    known = {one.id: verdicts for one, verdicts in judged if verdicts}
    stories = {one.story_id for one in found if one.story_id is not None}
    alone = {one.article_id for one in found if one.story_id is None}
    others = shelf.of_stories(stories, alone, window.until, {one.id for one in found})
    result = Raised()
    for story, members in _by_story((*found, *others)).items():
        judged = [(one, known.get(one.id) or book.judged(one)) for one in members]
        _tell_story(story, judged, window, result)
    result.alerts.sort(key=lambda one: (_order(one.analysis), one.rule), reverse=True)
    return result


def _sought(book: RuleBook) -> Sought:
    least = [watched.rule.conditions.min_score for watched in book.wide]
    return Sought(
        tickers=book.by_ticker,
        tags=book.by_tag,
        event_types=book.by_type,
        everything=bool(book.wide),
        min_score=None if None in least else min((score for score in least if score is not None), default=None),
    )


def _by_story(analyses: Iterable[AnalysisSummary]) -> dict[str, list[AnalysisSummary]]:
    """Each in the order in which it became known; an article that was not placed in a story stands for itself."""
    found: dict[str, list[AnalysisSummary]] = {}
    for one in sorted(analyses, key=_order):
        found.setdefault(one.story_id or one.article_id, []).append(one)
    return found


def _order(one: AnalysisSummary) -> tuple[float, float, str]:
    return one.as_of.timestamp(), one.created_at.timestamp(), one.id


def _tell_story(story: str, members: Sequence[_Judged], window: Told, result: Raised) -> None:
    last: dict[str, AnalysisSummary] = {}
    """Rule → the analysis it was last told of."""
    before: list[AnalysisSummary] = []
    for one, verdicts in members:
        for watched, verdict in verdicts:
            rule = watched.rule
            if one.as_of < watched.begins_at:
                continue
            if isinstance(verdict, tuple):
                if rule.name not in last and window.holds(one):
                    for why in verdict:
                        result.unsure.setdefault((rule.name, why), {})[story] = one
                continue
            alert = _alert(watched, one, before, last.get(rule.name), window)
            if alert is None:
                continue
            last[rule.name] = one
            for (name, _), unsure in result.unsure.items():
                if name == rule.name:
                    unsure.pop(story, None)
            if window.holds(one):
                result.alerts.append(alert)
        before.append(one)


def _alert(
    watched: Watched,
    one: AnalysisSummary,
    before: Sequence[AnalysisSummary],
    told: AnalysisSummary | None,
    window: Told,
) -> Alert | None:
    """None: there is nothing to tell. `told`: what the rule was last told of the story."""
    rule = watched.rule
    if told is None and before and one.relation in SAME_NEWS:
        return None
    if told is not None and not _rose(told, one):
        return None
    known = any(earlier.as_of >= watched.begins_at for earlier in before)
    return Alert(
        rule=rule.name,
        rule_added_at=rule.added_at,
        cause="score_rose" if told is not None else "newly_met" if known else "first",
        former_score=None if told is None else told.score,
        late=window.late(one),
        analysis=one,
    )


def _rose(told: AnalysisSummary, one: AnalysisSummary) -> bool:
    """A score of another instrument is another score, and one that is unknown has not risen."""
    if told.score is None or one.score is None or told.ticker != one.ticker:
        return False
    return one.score >= told.score + RISE - 1e-9 and one.relation not in SAME_NEWS  # 0.70 is 0.10 above 0.60
