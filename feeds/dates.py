"""What publishers write as a publication time → an aware UTC datetime. A missing part is never guessed.

A date without a time of day is the end of that day in New York, `date_only`. So is a time of day without a zone: which
zone was meant is unknown, and the end of the day in New York hardly ever makes news look older than it was.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

_MONTHS = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_MONTH = r"(?P<month>jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_CLOCK = (
    r"(?:[\s,]+(?:at\s+)?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*\(?(?P<zone>[a-z]{1,5}|[+-]\d{2}:?\d{2})?\)?)?"
)
_WRITTEN = tuple(
    re.compile(_WEEKDAY + day_month + r",?\s+(?P<year>\d{4})" + _CLOCK, re.IGNORECASE)
    for day_month in (_MONTH + r"\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\s+" + _MONTH)
)
_ISO_WITH_NAME = re.compile(
    r"(?P<stamp>\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(?P<zone>[A-Za-z]{1,5})"
)
_YEAR_FIRST_SLASHES = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?=\D|$)")

_ZONES: dict[str, tzinfo] = {
    **dict.fromkeys(("z", "utc", "gmt", "ut"), UTC),
    **dict.fromkeys(("et", "edt", "est"), NEW_YORK),
    **dict.fromkeys(("ct", "cdt"), ZoneInfo("America/Chicago")),
    **dict.fromkeys(("pt", "pdt", "pst"), ZoneInfo("America/Los_Angeles")),
    **dict.fromkeys(("cet", "cest"), ZoneInfo("Europe/Paris")),
    "jst": ZoneInfo("Asia/Tokyo"),
    "hkt": ZoneInfo("Asia/Hong_Kong"),
}
"""Abbreviations of one meaning on a news page, read as that place's local time: "EST" in July is a slip for EDT. CST,
IST and BST have several meanings and count as no zone."""

_LONGEST = 80  # characters; "Wednesday, September 23, 2026 at 12:00:00 p.m. (+01:00)" has 56
_SECONDS_MOST = 100_000_000_000  # year 5138; larger epoch numbers are milliseconds


@dataclass(frozen=True)
class Published:
    """A publication time as understood."""

    at: datetime
    """UTC."""
    date_only: bool
    note: str | None = None
    """What had to be assumed; None when nothing."""


def end_of_day(day: date) -> datetime:
    """The last second of `day` in New York, in UTC."""
    return datetime.combine(day, time(23, 59, 59), NEW_YORK).astimezone(UTC)


def parse_published(value: str | int | float) -> Published | None:
    """The time `value` stands for; None when it is not understood or ambiguous ("03/04/2026").

    Understood: ISO 8601, RFC 2822 (feeds and mail), written English dates ("Nov. 23, 2026, 9:30 a.m. ET", "23 November
    2026"), 2026/11/23, and numbers as seconds or milliseconds since 1970.
    """
    try:
        if isinstance(value, int | float):
            return _from_epoch(value)
        text = " ".join(value.split())
        if len(text) > _LONGEST:
            return None
        return _iso(text) or _iso_with_zone_name(text) or _written(text) or _year_first(text)
    except (ValueError, OverflowError, OSError):  # a 32nd of the month, a year 0, an epoch out of range
        return None


def _from_epoch(number: float) -> Published | None:
    seconds = number / 1000 if abs(number) > _SECONDS_MOST else number
    return Published(datetime.fromtimestamp(seconds, UTC), date_only=False) if seconds > 0 else None


def _understood(moment: datetime, shown: str) -> Published:
    if moment.tzinfo is None:
        note = f"publication time {shown!r} has no time zone: taken as a date only"
        return Published(end_of_day(moment.date()), date_only=True, note=note)
    return Published(moment.astimezone(UTC), date_only=False)


def _iso(text: str) -> Published | None:
    if not re.match(r"\d{4}-?\d{2}-?\d{2}", text):
        return None
    try:
        return Published(end_of_day(date.fromisoformat(text)), date_only=True)
    except ValueError:
        pass
    try:
        return _understood(datetime.fromisoformat(text), text)
    except ValueError:
        return None


def _iso_with_zone_name(text: str) -> Published | None:
    match = _ISO_WITH_NAME.fullmatch(text)
    if match is None:
        return None
    moment = datetime.fromisoformat(match["stamp"])
    return _understood(moment.replace(tzinfo=_ZONES.get(match["zone"].lower())), text)


def _written(text: str) -> Published | None:
    match = next((found for pattern in _WRITTEN if (found := pattern.fullmatch(text))), None)
    if match is None:
        return None
    day = date(int(match["year"]), _MONTHS.index(match["month"][:3].lower()) + 1, int(match["day"]))
    if match["hour"] is None:
        return Published(end_of_day(day), date_only=True)
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"].lower().startswith("p") else 0)
    clock = time(hour, int(match["minute"]), int(match["second"] or 0))
    return _understood(datetime.combine(day, clock, _zone(match["zone"])), text)


def _zone(name: str | None) -> tzinfo | None:
    if not name:
        return None
    if name[0] in "+-":
        minutes = int(name[1:3]) * 60 + int(name[-2:])
        return timezone(timedelta(minutes=minutes if name[0] == "+" else -minutes))
    return _ZONES.get(name.lower())


def _year_first(text: str) -> Published | None:
    match = _YEAR_FIRST_SLASHES.match(text)
    if match is None:
        return None
    rest = text[match.end() :].strip()
    day = date(int(match[1]), int(match[2]), int(match[3]))
    return _iso(f"{day.isoformat()} {rest}") if rest else Published(end_of_day(day), date_only=True)
