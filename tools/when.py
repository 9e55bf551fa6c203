"""Days and times as a person or a model writes them, resolved against the moment a question is asked as of."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from records.errors import UsageError
from records.times import new_york_date, new_york_midnight

MARKET_ZONE = ZoneInfo("America/New_York")
"""In which "today" and a bare date are meant: the market's day."""
_AGO = re.compile(r"(?:last |past )?(\d{1,4}) (hour|day|week|month|year)s?(?: ago)?")
_HOURS = {"hour": 1, "day": 24, "week": 24 * 7, "month": 24 * 30, "year": 24 * 365}
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def moment(text: str, as_of: datetime, *, end: bool = False) -> datetime:
    """An aware UTC time. Understood: ISO dates and times, "now", "today", "yesterday", "this week", "last week", "this month",
    "7 days", "3 hours ago", "monday". A whole day begins at midnight in New York; `end`: its last microsecond is meant.

    Raises UsageError for anything else.
    """
    said = " ".join(text.strip().lower().replace("the ", "").split())
    if said in ("", "now"):
        return as_of
    if ago := _AGO.fullmatch(said):
        return as_of - timedelta(hours=int(ago[1]) * _HOURS[ago[2]])
    day = _day(said, as_of.astimezone(MARKET_ZONE).date(), end=end)
    if day is not None:
        return _edge(day, end=end)
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"{text!r} is no time: give a date (2026-03-31), a time (2026-03-31T14:30Z), or words such as today, yesterday, "
            "this week, 7 days."
        ) from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def _day(said: str, today: date, *, end: bool) -> date | None:
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    begins = {"today": today, "yesterday": today - timedelta(1), "this week": monday, "week": monday,
              "last week": monday - timedelta(7), "this month": first, "this year": today.replace(month=1, day=1)}  # fmt: skip
    ends = {**begins, "this week": today, "week": today, "last week": monday - timedelta(1), "this month": today,
            "this year": today}  # fmt: skip
    known = (ends if end else begins).get(said)
    if known is not None:
        return known
    if said.removeprefix("last ") in _WEEKDAYS:
        back = (today.weekday() - _WEEKDAYS.index(said.removeprefix("last "))) % 7
        return today - timedelta(back or (7 if said.startswith("last ") else 0))
    try:
        return date.fromisoformat(said) if len(said) == 10 else None
    except ValueError:
        return None


def _edge(day: date, *, end: bool) -> datetime:
    begin = new_york_midnight(day + timedelta(days=1 if end else 0))
    return begin - timedelta(microseconds=1) if end else begin


def stretch(since: str | None, until: str | None, as_of: datetime) -> tuple[datetime | None, datetime]:
    """The beginning and end that a question means; nothing after `as_of`. Raises UsageError when the end comes first."""
    begin = None if since is None else moment(since, as_of)
    close = as_of if until is None else min(moment(until, as_of, end=True), as_of)
    if begin is not None and begin > close:
        raise UsageError(
            f"The stretch from {begin:%Y-%m-%d %H:%M} to {close:%Y-%m-%d %H:%M} UTC is empty: it begins after it ends, or after "
            f"the moment that may be known ({as_of:%Y-%m-%d %H:%M} UTC)."
        )
    return begin, close


def whole_days(text: str | None, as_of: datetime) -> tuple[datetime, datetime]:
    """The midnight in New York from which days are meant, and their end, never after `as_of`. None is today; "yesterday", "this
    week" and a date are themselves; "7 days" and a time mean from that day on. Raises UsageError for days that are to come."""
    begin, close = stretch(text or "today", text or None, as_of)
    since = close if begin is None else begin
    return new_york_midnight(new_york_date(since)), as_of if begin == close else close
