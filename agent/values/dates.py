"""Dates of a text: with the parts it gives, days of the week resolved where the day of publication is known."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from agent.anycase import Anycase, blanked, folded, has_any

MONTHS = (
    "january february march april may june july august september october november december".split()
)  # fmt: skip
_MONTH = "|".join(f"{name}|{name[:3]}\\.?" for name in MONTHS) + "|sept\\.?"
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_YEAR = r"(?:19|20)\d\d"
_COUNTED = (
    r"\s?(?:million|billion|trillion|thousand|mln|bln|per\s?cent|pct|dollars|euros|shares|employees|jobs|workers)\b"
)
"""After four digits: these are no year."""
_MONTHS = tuple(name[:3] for name in MONTHS)
_CENTURIES = ("19", "20")
_DATES = (
    Anycase(rf"(?<!\d)(?P<y>{_YEAR})[-/](?P<m>\d\d)[-/](?P<d>\d\d)(?!\d)", hints=_CENTURIES),
    Anycase(rf"(?<![\d/.])(?P<m>\d{{1,2}})/(?P<d>\d{{1,2}})/(?P<y>{_YEAR})(?![\d/])", hints=_CENTURIES),
    Anycase(
        rf"\b(?P<month>{_MONTH})\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s?(?:%|percent|pct|million|billion|mln|bln))(?:,?\s+(?P<y>{_YEAR})\b)?",
        hints=_MONTHS),
    Anycase(
        rf"(?<![$£€\d.,-])\b(?P<d>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\b(?:,?\s+(?P<y>{_YEAR})\b)?",
        hints=_MONTHS),
    Anycase(rf"\b(?P<month>{_MONTH})\s*(?:of\s+|,\s*)?(?P<y>{_YEAR})\b", hints=_MONTHS),
    Anycase(rf"(?<![\w.,$£€¥#-])(?P<y>{_YEAR})(?:[-–/](?:{_YEAR}|\d\d)(?!\d))?(?![\w%]|[.,]\d|-[a-z]|{_COUNTED})",
        hints=_CENTURIES),
)  # fmt: skip
_MONTH_ALONE = re.compile(
    r"\b(?P<month>January|February|March|April|June|July|August|September|October|November|December)\b|(?<=\bin )(?P<may>May)\b"
)
_DAY_HINTS = ("day", "tomorrow")
_HINTS = (*_CENTURIES, *_DAY_HINTS, *_MONTHS)
"""One of these has every text with a date, and one of _DAY_HINTS every text whose dates depend on its publication."""
_WEEKDAY = Anycase(rf"\b(?:(?P<which>last|next|this)\s+)?(?P<weekday>{'|'.join(WEEKDAYS)})\b", hints=("day",))
_RELATIVE = Anycase(r"\b(?P<word>yesterday|tomorrow)\b", hints=("yesterday", "tomorrow"))


@dataclass(frozen=True)
class Day:
    """A date with the parts the text gives."""

    year: int | None
    month: int | None
    day: int | None
    text: str
    weekday: int | None = None
    """0 is Monday."""
    start: int = 0
    end: int = 0
    named: bool = False
    """The text names the day of the week: "on Tuesday", "yesterday"."""


def days_of(text: str, published_on: date | None) -> tuple[list[Day], str]:
    """The dates in `text`, and `text` with blanks in their place. A day of the week becomes a full date where
    `published_on` allows it: the last one up to publication, or the next one after "next"."""
    small = folded(text)
    if not has_any(small, _HINTS):
        return [], text
    days: list[Day] = []
    for pattern in _DATES:
        if matches := pattern.all_in(small):
            days += [_day(match, text) for match in matches]
            text, small = blanked(text, matches), blanked(small, matches)
    for match in _MONTH_ALONE.finditer(text) if has_any(small, _MONTHS) else ():
        days.append(Day(None, _month(match["month"] or match["may"]), None, match.group(), None, *match.span()))
    for match in _WEEKDAY.all_in(small):
        days.append(_weekday(match, text, published_on))
    if published_on:
        for match in _RELATIVE.all_in(small):
            on = published_on + timedelta(days=-1 if match["word"] == "yesterday" else 1)
            days.append(
                Day(
                    on.year,
                    on.month,
                    on.day,
                    text[match.start() : match.end()],
                    on.weekday(),
                    *match.span(),
                    named=True,
                )
            )
    return days, text


def depends_on_publication(text: str) -> bool:
    """Whether `text` may name a day by the one it was published on; False where it surely does not."""
    return has_any(folded(text), _DAY_HINTS)


def _day(match: re.Match[str], text: str) -> Day:
    parts = match.groupdict()
    month = int(parts["m"]) if parts.get("m") else _month(parts["month"]) if parts.get("month") else None
    year, day = (int(parts[key]) if parts.get(key) else None for key in ("y", "d"))
    return Day(year, month, day, text[match.start() : match.end()], _weekday_of(year, month, day), *match.span())


def _month(written: str) -> int:
    return next(number for number, name in enumerate(MONTHS, 1) if name.startswith(written.lower()[:3]))


def _weekday_of(year: int | None, month: int | None, day: int | None) -> int | None:
    if year is None or month is None or day is None:
        return None
    try:
        return date(year, month, day).weekday()
    except ValueError:
        return None


def _weekday(match: re.Match[str], text: str, published_on: date | None) -> Day:
    weekday, written = WEEKDAYS.index(match["weekday"]), text[match.start() : match.end()]
    if published_on is None:
        return Day(None, None, None, written, weekday, *match.span(), named=True)
    back = (published_on.weekday() - weekday) % 7
    if (match["which"] or "") == "next":
        on = published_on + timedelta(days=7 - back)
    else:
        on = published_on - timedelta(days=back or (7 if (match["which"] or "") == "last" else 0))
    return Day(on.year, on.month, on.day, written, weekday, *match.span(), named=True)


def same_day(known: Day, said: Day) -> bool:
    """Whether every part that `said` gives is also in `known`; a day of the week not resolved asks for that alone."""
    if said.named and (said.year is None or known.year is None):
        if known.weekday is not None:
            return known.weekday == said.weekday
        return said.day is not None and (known.month, known.day) == (said.month, said.day)
    return (
        (said.year is None or said.year == known.year)
        and (said.month is None or said.month == known.month)
        and (said.day is None or said.day == known.day)
    )
