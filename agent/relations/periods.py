"""A quarter or a half that a sentence names though nothing it cites does: the article itself tells which one it is about."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agent.relations.statements import COMPARED, Statement
from agent.sentences import split_sentences
from agent.values import Period, periods_of, same_period, supports_figure

_AHEAD = re.compile(
    r"\b(?:sees?|saw|expect\w*|forecasts?|guidance|outlook|anticipat\w*|will|would|should|may|next|coming|plans?|targets?|project\w*"
    r"|estimates?|views?|current|through|beginning|starting|by|compared|versus|from|than|over|in the)\b",
    re.IGNORECASE,
)
"""Words of a sentence that may speak of another quarter than the article's own."""
_TO_COME = re.compile(
    r"\b(?:(?<!than )(?:expect(?:s|ing)?|expected\s+to|anticipat\w+)|guidance|outlook|forecast(?:s|ing)?"
    r"|sees?|will|would|should|may|next|coming|upcoming|plan(?:s|ning)?\s+to|continues?\s+to|look(?:ing)?\s+(?:ahead|forward)"
    r"|project(?:s|ed|ing)?|estimated?|entering|(?:going|heading)\s+into)\b",
    re.IGNORECASE,
)
"""Words of a sentence whose periods are still to come."""
_GONE_BY = re.compile(
    r"\b(?:report(?:s|ed)?|post(?:s|ed)?|was|were|had|rose|fell|grew|increased|decreased|declined|beats?|miss(?:es|ed)|tops?|topped|better|worse"
    r"|earned|delivered|generated|completed|sold|after|strong|record)\b",
    re.IGNORECASE,
)
"""Words of a sentence that also tells what is past."""
_REPORT = re.compile(
    r"^\s*(?:[\w'’-]+\s+){0,3}?(?:earnings|(?:operating\s+)?results|financial|conference|performance|call)\b",
    re.IGNORECASE,
)
"""After a period: the article says what it reports on."""
_NAMINGS, _SHARE = 3, 0.6
"""So often an article names its own quarter, and this share of all namings of quarters."""
ARTICLES_KEPT = 16
"""Articles whose periods are kept: the summary, the facts and the analysis of one are held against it, each by itself."""
_BACK = 90
"""Characters before a period in which a comparison begins."""


@dataclass(frozen=True)
class PeriodsNamed:
    """The quarters, halves and years that an article names."""

    all: tuple[Period, ...]
    own: Mapping[str, str]
    """Kind ("Q", "H") → the part that the article reports on; a kind it does not tell is left out."""
    gone_by: frozenset[str]
    """Parts that it names of what is past or under way."""
    to_come: frozenset[str]
    """Parts that it names of what is still to come."""


@lru_cache(maxsize=ARTICLES_KEPT)
def periods_named(body: str) -> PeriodsNamed:
    """Those of a whole article."""
    every: list[Period] = []
    votes: Counter[str] = Counter()
    ahead: set[str] = set()
    other: set[str] = set()
    for _, sentence in split_sentences(body):
        found, _ = periods_of(sentence)
        every += found
        to_come = bool(found) and _TO_COME.search(sentence) is not None
        for one in found:
            (ahead if to_come else other).add(one.part)
            if not to_come and not COMPARED.search(sentence[max(0, one.start - _BACK) : one.start]):
                votes[one.part] += 2 if _REPORT.match(sentence[one.end :]) else 1
    return PeriodsNamed(tuple(every), _own(votes), frozenset(other), frozenset(ahead))


def _own(votes: Counter[str]) -> dict[str, str]:
    found = {}
    for kind in {part[0] for part in votes} - {"F"}:
        alike = {part: count for part, count in votes.items() if part[0] == kind}
        part = max(alike, key=lambda one: alike[one])
        if alike[part] >= _NAMINGS and alike[part] >= _SHARE * sum(alike.values()):
            found[kind] = part
    return found


def period_faults(
    sentence: str, said: Sequence[Period], cited: Iterable[Sequence[Period]], article: PeriodsNamed
) -> list[str]:
    """Quarters and halves of `sentence` that no place of the article names; where the cited passages name none of their kind, those
    that are not the one the article reports on; and those reported as gone by that the article names only as still to come."""
    known = [one for periods in cited for one in periods]
    faults = []
    for period in said:
        kind = period.part[0]
        if kind == "F":
            continue
        if any(one.part[0] == kind for one in known):
            faults += _of_another_time(sentence, period, article)
        elif not any(same_period(one, period) for one in article.all):
            faults.append(f"the period “{period.text}” is not in the article")
        else:
            faults += _of_another(sentence, period, article)
    return faults


def unnamed_period_faults(said: Sequence[Statement], cited: Sequence[Statement], article: PeriodsNamed) -> list[str]:
    """Figures that `said` puts in a quarter or a half though no place that has them names it: they are of the one that another
    place names, or of the article's own."""
    faults = []
    for ours in said:
        places = [theirs for theirs in cited if supports_figure(theirs.figure, ours.figure)]
        for period in ours.periods:
            kind = period.part[0]
            if not places or kind == "F":
                continue
            named = {one.part for theirs in places for one in theirs.periods if one.part[0] == kind}
            if not named:
                faults += _of_another(ours.sentence, period, article)
            elif period.part not in named and not _AHEAD.search(ours.sentence):
                faults.append(
                    f"the period “{period.text}” is not in what it cites; there it is {', '.join(sorted(named))}"
                )
    return faults


def _of_another_time(sentence: str, period: Period, article: PeriodsNamed) -> list[str]:
    """What is told as past though the article names its period as to come alone, and the other way round."""
    part, compared = period.part, COMPARED.search(sentence[max(0, period.start - _BACK) : period.start])
    if part[0] != "Q" or compared:
        return []
    past, to_come = article.gone_by - {part}, article.to_come - {part}
    if part in article.to_come - article.gone_by and _has_quarter(past) and not _TO_COME.search(sentence):
        return [f"the period “{period.text}” is not in what it cites but as still to come"]
    if (
        part in article.gone_by - article.to_come
        and _has_quarter(to_come)
        and _TO_COME.search(sentence)
        and not _GONE_BY.search(sentence)
    ):
        return [f"the period “{period.text}” is not in what it cites but as gone by"]
    return []


def _has_quarter(parts: Collection[str]) -> bool:
    return any(one[0] == "Q" for one in parts)


def _of_another(sentence: str, period: Period, article: PeriodsNamed) -> list[str]:
    own = article.own.get(period.part[0])
    if own in (None, period.part) or _AHEAD.search(sentence):
        return []
    return [f"the period “{period.text}” is not in what it cites; the article reports on {own}"]
