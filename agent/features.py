"""The numbers that the score's prior looks at, in one fixed order, from what was known before the event.

One function for fitting and for use. A group that is not known is NaN throughout: the forests have learnt what to expect then.
"""

import re
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from agent.flow import NewsFlow
from markets.state import MarketState

GROUPS: dict[str, tuple[str, ...]] = {
    "wording": ("wording",),
    "event": ("type_mean", "results"),
    "calendar": ("day_of_year",),
    "rhythm": (
        "quarter_1",
        "quarter_2",
        "quarter_3",
        "quarter_4",
        "quarter_least",
        "quarter_sum",
        "quarter_4_if_results",
    ),
    "stock": (
        "fast_to_year",
        "fast_to_slow",
        "largest_of_5",
        "last",
        "mean_of_20",
        "mean_of_125",
        "median_of_125",
        "largest_of_125",
        "drift_of_5",
        "sessions_since_jump",
    ),
    "market": ("market_5", "market_20"),
    "flow": (
        "same_day",
        "days_since_story",
        "days_since_results",
        "stories_10",
        "stories_90",
        "excess",
        "excess_results",
        "excess_other",
    ),
}
"""Driver of the score → its features."""

NAMES = tuple(name for names in GROUPS.values() for name in names)
GROUP_OF = tuple(group for group, names in GROUPS.items() for _ in names)

RESULTS_WORDS = re.compile(
    r"\bq[1-4]\b|\b[1-4]q\b|\bquarter|\bearnings\b|\beps\b|\bresults?\b|\bprofits?\b|\brevenues?\b|\bnet (income|loss|sales)\b|"
    r"\bguidance\b|\bfull[- ]year\b|\bfy ?\d|\bforecasts?\b|\bsame[- ]store\b|\bcomparable sales\b|\bnine[- ]month|\bhalf[- ]year",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Known:
    """What is known of one event before its outcome; None where it is not."""

    day: date
    """New York date of publication."""
    wording: float | None
    """`Vocabulary.expected` of its text."""
    type_mean: float
    """Mean y of its event type in the development years, shrunk to the mean of all."""
    results: bool
    state: MarketState | None
    flow: NewsFlow | None


def speaks_of_results(headline: str) -> bool:
    """The headline speaks of results or guidance: news of a scheduled kind."""
    return RESULTS_WORDS.search(headline) is not None


def row(known: Known) -> NDArray[np.float64]:
    """(len(NAMES),) features of one event, NaN where unknown."""
    return np.array(
        [
            np.nan if known.wording is None else known.wording,
            known.type_mean,
            float(known.results),
            float(known.day.timetuple().tm_yday),
            *_rhythm(known.state, known.results),
            *_stock(known.state),
            *((known.state.market_5, known.state.market_20) if known.state else (np.nan, np.nan)),
            *_flow(known.flow),
        ],
        dtype=np.float64,
    )


def _rhythm(state: MarketState | None, results: bool) -> tuple[float, ...]:
    if state is None:
        return (np.nan,) * len(GROUPS["rhythm"])
    one, two, three, four = state.quarter_ago
    return one, two, three, four, min(two, four), one + two + three + four, four if results else 0.0


def _stock(state: MarketState | None) -> tuple[float, ...]:
    return tuple(np.nan if state is None else getattr(state, name) for name in GROUPS["stock"])


def _flow(flow: NewsFlow | None) -> tuple[float, ...]:
    return tuple(np.nan if flow is None else getattr(flow, name) for name in GROUPS["flow"])
