"""How a company has been in the news: known only where the memory has been fed densely enough to tell.

A share that is seldom written about moves more on its news; a busy day moves more than a single line; a company whose past news
moved it more than such news does will do so again. With a thin memory (the shipped starter events) silence means nothing, so the
flow is unknown there, never "no news".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

COVERAGE_DAYS = 90
COVERAGE_EVENTS = 1_000
"""Events in the memory over the last 90 days from which a company's silence says something: one for every four listed names."""
NEVER_DAYS = 400.0
"""Stands for "no earlier story": beyond a year, longer silence says no more."""
SHRINK_ALL, SHRINK_RESULTS = 8.0, 4.0
"""Past events of one company that weigh as much as "like any other": |z| of one event is mostly noise."""


@dataclass(frozen=True)
class PastStory:
    """An earlier event of the same company, as it was known at the time of the forecast."""

    day: date
    """New York date of publication."""
    results: bool
    """It spoke of results or guidance (agent/features.py, `speaks_of_results`)."""
    surprise: float | None
    """y less what its words let expect; None while its outcome is not known."""


@dataclass(frozen=True)
class NewsFlow:
    """The company's news up to the forecast."""

    same_day: float
    """Stories of that day, this one included."""
    days_since_story: float
    """Days since its last story on an earlier day."""
    days_since_results: float
    """Days since its last story about results on an earlier day."""
    stories_10: float
    """Events of the last 10 days before this day."""
    stories_90: float
    """Events of the last 90 days before this day."""
    excess: float
    """Mean surprise of its past events, shrunk to 0, in y."""
    excess_results: float
    """The same of its results."""
    excess_other: float
    """The same of everything else."""


def flow_of(past: Sequence[PastStory], day: date, same_day: int) -> NewsFlow:
    """From the company's earlier events (oldest first, all before `day`) and the number of stories of `day`."""
    results = [story for story in past if story.results]
    other = [story for story in past if not story.results]
    ages = [(day - story.day).days for story in past]
    return NewsFlow(
        same_day=float(same_day),
        days_since_story=_days_since(past, day),
        days_since_results=_days_since(results, day),
        stories_10=float(sum(age <= 10 for age in ages)),
        stories_90=float(sum(age <= COVERAGE_DAYS for age in ages)),
        excess=_mean_surprise(past, SHRINK_ALL),
        excess_results=_mean_surprise(results, SHRINK_RESULTS),
        excess_other=_mean_surprise(other, SHRINK_ALL),
    )


def _days_since(stories: Sequence[PastStory], day: date) -> float:
    return min(NEVER_DAYS, float((day - stories[-1].day).days)) if stories else NEVER_DAYS


def _mean_surprise(stories: Sequence[PastStory], shrink: float) -> float:
    known = [story.surprise for story in stories if story.surprise is not None]
    return sum(known) / (len(known) + shrink)
