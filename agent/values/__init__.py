"""Figures, dates and periods in running text, brought to one form so that two texts can be compared.

"3.5 million", "3,500,000" and "3.5m" are one number; "75 basis points" and "0.75 percent" are one percentage; "May 24, 2023"
and "2023-05-24" are one date; "Q3 FY24" is the third quarter of fiscal 2024. "A quarter" and "two companies" are no figures.
Nothing is computed that the text does not say.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from agent.anycase import Anycase, blanked, folded, has_any
from agent.values.dates import Day, days_of, depends_on_publication, same_day
from agent.values.figures import Figure, Kind, figures_of, has_digit
from agent.values.matching import HEDGED_LIMIT, ROUNDING_LIMIT, supports_figure
from agent.values.periods import Period, periods_of, same_period

__all__ = [
    "HEDGED_LIMIT",
    "ROUNDING_LIMIT",
    "Day",
    "Figure",
    "Kind",
    "Period",
    "Values",
    "periods_of",
    "same_day",
    "same_period",
    "supports",
    "supports_day",
    "supports_figure",
    "supports_period",
    "values_of",
]

_NAMES_WITH_DIGITS = Anycase(
    r"\b(?:S&P\s?/?\s?(?:TSX\s)?(?:\d{2,3})|Nasdaq[\s-]100|Russell\s(?:1000|2000|3000)|FTSE\s(?:100|250)|Stoxx\s(?:50|600)|Fortune\s(?:100|500|1000)"
    r"|Nikkei\s225|CAC\s40|DAX\s40|CSI\s300|G20|G7|[AP]\d+|10-[KQ]|8-K|20-F|6-K|401\(k\)|form\s\w+(?:-\w+)?|13[DFG]|365/24|24/7|9/11"
    r"|covid[\s-]?19|sars-cov-2|[345]G|ASC\s\d+|IFRS\s\d+|section\s\d+|chapter\s(?:7|11)"
    r"|Big\s(?:Four|Three|Five)|Group\sof\s(?:Seven|20)|one-time|one-off|day\sone|phase\s(?:\d|I+)|no\.\s?\d+)\b(?![%])"
)
_NAMES_IN_WORDS = ("big", "group", "one", "phase", "form")
"""One of these has every such name without a digit."""
_FEW = 12
"""Up to here a number in words that counts nothing known ("two companies") is no figure that could be looked up."""
VALUES_KEPT = 4_096
"""Texts whose values are kept: a sentence is read where it is cited and where it cites, a past event for every article it is
recalled for."""


@dataclass(frozen=True)
class Values:
    """All figures, dates and periods of one text."""

    figures: tuple[Figure, ...]
    days: tuple[Day, ...]
    periods: tuple[Period, ...] = ()
    few: tuple[Figure, ...] = ()
    """Small numbers in words: they carry a figure ("7 candidates" stands in "seven candidates") but need no support."""


def values_of(text: str, published_on: date | None = None) -> Values:
    """The figures, dates and periods in `text`, in order; names such as "S&P 500" are no figures."""
    return _values_of(text, published_on if published_on and depends_on_publication(text) else None)


@lru_cache(maxsize=VALUES_KEPT)
def _values_of(text: str, published_on: date | None) -> Values:
    if has_digit(text) or has_any(folded(text), _NAMES_IN_WORDS):
        text = blanked(text, _NAMES_WITH_DIGITS.finditer(text))
    periods, rest = periods_of(text)
    days, rest = days_of(rest, published_on)
    years = [Day(one.year, None, None, one.text, None, one.start, one.end) for one in periods if one.year]
    figures = figures_of(rest)
    few = [one for one in figures if _is_few(one)]
    return Values(tuple(one for one in figures if one not in few), (*days, *years), tuple(periods), tuple(few))


def supports(evidence: Values, figure: Figure) -> bool:
    """Whether `evidence` has this figure, exactly or as a fair rounding of it."""
    return any(supports_figure(known, figure) for known in (*evidence.figures, *evidence.few))


def supports_day(evidence: Values, day: Day) -> bool:
    """Whether `evidence` has a date with every part of `day`."""
    return any(same_day(known, day) for known in evidence.days)


def supports_period(evidence: Values, period: Period) -> bool:
    """Whether `evidence` names this period; True where it names no period of that kind at all and so cannot tell."""
    same_kind = [known for known in evidence.periods if known.part[0] == period.part[0]]
    return not same_kind or any(same_period(known, period) for known in same_kind)


def _is_few(figure: Figure) -> bool:
    spelled_small = figure.text[:1].isalpha() and figure.kind == "number" and figure.number <= _FEW
    return (
        spelled_small
        and not figure.spelled
        and (figure.unit is None or figure.number <= 1)
        and not re.search(r"\d|million|billion|thousand|hundred", figure.text)
    )
