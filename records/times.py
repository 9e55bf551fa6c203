"""Time as Rhyme keeps it: aware UTC datetimes at every border, epoch microseconds in the store."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime

Clock = Callable[[], datetime]
"""Gives the present as an aware UTC datetime. Handed in, so that tests and replays decide what "now" is."""

UtcDatetime = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]
"""An aware datetime, converted to UTC. A naive one is a validation error."""


def new_york_date(moment: datetime) -> date:
    """The market's date at `moment`; for a date-only source (kept as the end of its day in New York) the date it gave."""
    return moment.astimezone(ZoneInfo("America/New_York")).date()


def new_york_midnight(day: date) -> datetime:
    """When the market's `day` begins."""
    return datetime.combine(day, time(), ZoneInfo("America/New_York")).astimezone(UTC)


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


def to_epoch(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC. Raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime {moment!r}: give it a time zone")
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_epoch(microseconds: int) -> datetime:
    """The inverse of `to_epoch`, exact to the microsecond."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
