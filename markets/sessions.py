"""Which trading session a piece of news belongs to, and when its outcome became observable.

A window names the sessions whose close-to-close returns are counted. News before or during session d counts C[d−1]→C[d]
(during: flagged `intraday`, since part of that move came before the news); at or after the close, on a weekend or a
holiday, it belongs to the next session. A date without a time of day gets two sessions, starting with the first one on
or after the date, because the news may have come before or after that day's close.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

import exchange_calendars  # type: ignore[import-untyped]

from records.errors import UsageError
from records.market import Window
from records.once import once
from records.times import from_epoch, to_epoch

BEFORE_FIRST = timedelta(days=7)
"""How long before the calendar's first close news still belongs to its first session."""
FIRST_DAY = "1990-01-02"
"""The calendar's default reach is twenty years back; events go further, and 1990 is where our index returns begin."""


@dataclass(frozen=True)
class EventWindow:
    """The sessions whose returns are the reaction to one piece of news."""

    session_on: date
    """Session d(t): the first session of the window."""
    sessions: tuple[date, ...]
    """One or two sessions, oldest first."""
    intraday: bool
    """Published while session d was open."""
    date_only: bool
    known_at: datetime
    """Close of the last session, UTC: the first moment at which the reaction was observable."""

    @property
    def kind(self) -> Window:
        """The window's name in a Reaction."""
        return "two_session" if self.date_only else "one_session"


class Sessions:
    """The trading sessions of one venue, half days, holidays and daylight saving included."""

    def __init__(self, venue: str = "XNYS") -> None:
        """`venue` is a market identifier code of exchange-calendars. Raises UsageError for one it does not know."""
        try:
            self._calendar = exchange_calendars.get_calendar(venue, start=FIRST_DAY)
        except exchange_calendars.errors.InvalidCalendarName as error:
            message = (
                f"There is no trading calendar for the venue {venue!r}. Use a market identifier code such as XNYS."
            )
            raise UsageError(message) from error
        self.venue = venue
        self._days: tuple[date, ...] = tuple(stamp.date() for stamp in self._calendar.sessions)
        # (sessions,) epoch microseconds: a look-up in pandas takes most of a millisecond
        self._opens = self._calendar.opens_nanos // 1_000
        self._closes = self._calendar.closes_nanos // 1_000

    def window(self, known_at: datetime, *, date_only: bool = False) -> EventWindow:
        """The sessions that answer for news known at `known_at`.

        With `date_only`, `known_at` is any moment of that calendar day at the venue (the convention is its end). Raises
        UsageError for a naive time and for one outside the calendar (from 1990 to about a year ahead).
        """
        if known_at.tzinfo is None:
            raise UsageError(f"The time {known_at.isoformat()} has no time zone. Give it one, for instance +00:00.")
        first = self._session_of_day(known_at) if date_only else self._session_of_moment(known_at)
        last = first + 1 if date_only else first
        return EventWindow(
            session_on=self._days[first],
            sessions=self._days[first : last + 1],
            intraday=not date_only and bool(self._opens[first] <= to_epoch(known_at)),
            date_only=date_only,
            known_at=from_epoch(int(self._closes[last])),
        )

    def before(self, session: date, count: int) -> tuple[date, ...]:
        """The `count` sessions that end just before `session`, oldest first; fewer where the calendar begins."""
        end = bisect_left(self._days, session)
        return self._days[max(0, end - count) : end]

    def after(self, session: date, count: int, known_at: datetime | None = None) -> tuple[date, ...]:
        """The `count` sessions that follow `session`, oldest first; fewer where the calendar ends or with `known_at`, after
        which none of them may close."""
        start = bisect_right(self._days, session)
        following = self._days[start : start + count]
        if known_at is None:
            return following
        closes = self._closes[start : start + count]
        return following[: int((closes <= to_epoch(known_at)).sum())]

    @property
    def all(self) -> tuple[date, ...]:
        """Every session of the calendar, oldest first."""
        return self._days

    @property
    def zone(self) -> tzinfo:
        """The venue's time zone."""
        zone: tzinfo = self._calendar.tz
        return zone

    def between(self, first: date, last: date) -> tuple[date, ...]:
        """All sessions from `first` to `last`, both included."""
        return self._days[bisect_left(self._days, first) : bisect_right(self._days, last)]

    def _session_of_moment(self, moment: datetime) -> int:
        """The first session that closes after `moment`: at the very close the news belongs to the next one."""
        at = to_epoch(moment)
        position = int(self._closes.searchsorted(at, side="right"))
        if position >= len(self._closes) or from_epoch(at) < from_epoch(int(self._closes[0])) - BEFORE_FIRST:
            raise self._outside(moment)
        return position

    def _session_of_day(self, moment: datetime) -> int:
        day = moment.astimezone(self.zone).date()
        position = bisect_left(self._days, day)
        if position + 1 >= len(self._days) or day < self._days[0]:
            raise self._outside(moment)
        return position

    def _outside(self, moment: datetime) -> UsageError:
        first, last = self._calendar.first_session.date(), self._calendar.last_session.date()
        return UsageError(
            f"The time {moment.astimezone(UTC).isoformat()} lies outside the calendar of {self.venue}, which knows the sessions "
            f"from {first} to {last}. Correct the time, or wait until the calendar reaches it."
        )


@once
def sessions(venue: str = "XNYS") -> Sessions:
    """The sessions of a venue, built once: building takes about half a second."""
    return Sessions(venue)
