"""A quarter or a half that a sentence names though nothing it cites does: the article itself tells which one it is about."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from agent.relations.statements import Statement
from agent.values import Period, same_period, supports_figure

_AHEAD = re.compile(
    r"\b(?:sees?|saw|expect\w*|forecasts?|guidance|outlook|anticipat\w*|will|would|should|may|next|coming|plans?|targets?|project\w*"
    r"|estimates?|views?|current|through|beginning|starting|by|compared|versus|from|than|over|in the)\b",
    re.IGNORECASE,
)
"""Words of a sentence that may speak of another quarter than the article's own."""
_NAMINGS, _SHARE = 3, 0.6
"""So often an article names its own quarter, and this share of all namings of quarters."""


def period_faults(
    sentence: str, said: Sequence[Period], cited: Iterable[Sequence[Period]], article: Sequence[Period]
) -> list[str]:
    """Quarters and halves of `sentence` for which the cited passages name none of their kind: that no place of the article
    names, or that are not the one the article reports on."""
    known = [one for periods in cited for one in periods]
    faults = []
    for period in said:
        kind = period.part[0]
        if kind == "F" or any(one.part[0] == kind for one in known):
            continue
        if not any(same_period(one, period) for one in article):
            faults.append(f"the period “{period.text}” is not in the article")
        else:
            faults += _of_another(sentence, period, article)
    return faults


def unnamed_period_faults(
    said: Sequence[Statement], cited: Sequence[Statement], article: Sequence[Period]
) -> list[str]:
    """Figures that `said` puts in a quarter or a half though no place that has them names one: they are of the article's own."""
    faults = []
    for ours in said:
        places = [theirs for theirs in cited if supports_figure(theirs.figure, ours.figure)]
        for period in ours.periods:
            named = any(one.part[0] == period.part[0] for theirs in places for one in theirs.periods)
            if places and not named and period.part[0] != "F":
                faults += _of_another(ours.sentence, period, article)
    return faults


def _of_another(sentence: str, period: Period, article: Sequence[Period]) -> list[str]:
    own = _own([one for one in article if one.part[0] == period.part[0]])
    if own in (None, period.part) or _AHEAD.search(sentence):
        return []
    return [f"the period “{period.text}” is not in what it cites; the article reports on {own}"]


def _own(periods: Sequence[Period]) -> str | None:
    """The part that an article is about; None where it does not tell."""
    part, count = next(iter(Counter(one.part for one in periods).most_common(1)), ("", 0))
    return part if count >= _NAMINGS and count >= _SHARE * len(periods) else None
