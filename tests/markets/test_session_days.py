"""The exchange's odd days: half days, clock changes, the turn of the year, and news outside the hours of trade."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from markets.sessions import Sessions, sessions

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def venue() -> Sessions:
    return sessions()


@pytest.mark.parametrize(
    ("day", "local", "session_on", "intraday", "known_at"),
    [
        (
            "2015-11-27",
            "12:59",
            date(2015, 11, 27),
            True,
            "2015-11-27 18:00",
        ),  # day after Thanksgiving, closes at 13:00
        ("2015-11-27", "13:00", date(2015, 11, 30), False, "2015-11-30 21:00"),
        ("2015-11-27", "15:30", date(2015, 11, 30), False, "2015-11-30 21:00"),  # a full day's hour on a half day
        ("2015-11-26", "12:00", date(2015, 11, 27), False, "2015-11-27 18:00"),  # Thanksgiving
        ("2018-12-24", "13:00", date(2018, 12, 26), False, "2018-12-26 21:00"),
        ("2018-12-05", "12:00", date(2018, 12, 6), False, "2018-12-06 21:00"),  # closed in mourning
        ("2012-10-29", "12:00", date(2012, 10, 31), False, "2012-10-31 20:00"),  # closed by a hurricane, two days
        (
            "2015-03-06",
            "16:00",
            date(2015, 3, 9),
            False,
            "2015-03-09 20:00",
        ),  # summer time begins on the Sunday between
        ("2015-03-08", "02:30", date(2015, 3, 9), False, "2015-03-09 20:00"),  # an hour that does not exist
        ("2015-10-30", "16:00", date(2015, 11, 2), False, "2015-11-02 21:00"),  # and ends
        ("2015-11-01", "01:30", date(2015, 11, 2), False, "2015-11-02 21:00"),  # an hour that happens twice
        ("2015-06-10", "07:00", date(2015, 6, 10), False, "2015-06-10 20:00"),  # before the market
        ("2015-06-10", "09:29", date(2015, 6, 10), False, "2015-06-10 20:00"),
        ("2015-06-10", "16:05", date(2015, 6, 11), False, "2015-06-11 20:00"),  # after the market
        ("2015-06-10", "23:59", date(2015, 6, 11), False, "2015-06-11 20:00"),
        ("2014-12-31", "18:00", date(2015, 1, 2), False, "2015-01-02 21:00"),  # New Year's Eve
        ("2015-01-01", "00:00", date(2015, 1, 2), False, "2015-01-02 21:00"),
        (
            "2021-12-31",
            "15:59",
            date(2021, 12, 31),
            True,
            "2021-12-31 21:00",
        ),  # New Year on a Saturday: no holiday before
        ("2022-06-20", "12:00", date(2022, 6, 21), False, "2022-06-21 20:00"),  # Juneteenth, since 2022
        ("2021-06-18", "12:00", date(2021, 6, 18), True, "2021-06-18 20:00"),
    ],
)
def test_news_by_new_yorks_clock(
    venue: Sessions, day: str, local: str, session_on: date, intraday: bool, known_at: str
) -> None:
    window = venue.window(datetime.fromisoformat(f"{day} {local}").replace(tzinfo=NEW_YORK))
    expected = datetime.fromisoformat(known_at).replace(tzinfo=UTC)
    assert (window.session_on, window.intraday, window.known_at) == (session_on, intraday, expected)


@pytest.mark.parametrize(
    ("day", "expected", "known_at"),
    [
        ("2015-11-25", (date(2015, 11, 25), date(2015, 11, 27)), "2015-11-27 18:00"),  # the second is a half day
        ("2015-12-31", (date(2015, 12, 31), date(2016, 1, 4)), "2016-01-04 21:00"),
        ("2015-03-08", (date(2015, 3, 9), date(2015, 3, 10)), "2015-03-10 20:00"),
    ],
)
def test_a_date_alone_over_odd_days(venue: Sessions, day: str, expected: tuple[date, date], known_at: str) -> None:
    window = venue.window(datetime.fromisoformat(f"{day} 23:59:59").replace(tzinfo=NEW_YORK), date_only=True)
    assert window.sessions == expected
    assert window.known_at == datetime.fromisoformat(known_at).replace(tzinfo=UTC)


def test_sessions_after_are_those_that_follow_and_have_closed(venue: Sessions) -> None:
    thanksgiving = date(2015, 11, 25)
    following = (date(2015, 11, 27), date(2015, 11, 30), date(2015, 12, 1))
    assert venue.after(thanksgiving, 3) == following
    assert venue.after(date(2015, 11, 26), 3) == following  # from a day without trade
    assert venue.after(thanksgiving, 0) == ()
    for moment, count in (
        ("2015-11-27 17:59", 0),
        ("2015-11-27 18:00", 1),
        ("2015-11-30 20:59", 1),
        ("2015-12-31 00:00", 3),
    ):
        known_at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        assert venue.after(thanksgiving, 3, known_at) == following[:count], moment


def test_the_calendar_is_in_order_and_before_and_after_meet(venue: Sessions) -> None:
    days = venue.all
    assert list(days) == sorted(set(days))
    day = date(2015, 6, 10)
    assert (*venue.before(day, 5), day, *venue.after(day, 5)) == venue.between(
        venue.before(day, 5)[0], venue.after(day, 5)[-1]
    )
    assert venue.after(days[-1], 5) == ()
