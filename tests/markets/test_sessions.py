"""Which session answers for a piece of news, checked against the New York Stock Exchange's own hours."""

from datetime import UTC, date, datetime

import pytest

from markets.sessions import Sessions, sessions
from records.errors import UsageError


@pytest.fixture(scope="module")
def new_york() -> Sessions:
    return sessions()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("published", "session_on", "intraday", "known_at"),
    [
        ("2013-06-19 12:00", date(2013, 6, 19), False, "2013-06-19 20:00"),  # before the open
        ("2013-06-19 13:30", date(2013, 6, 19), True, "2013-06-19 20:00"),  # at the open
        ("2013-06-19 18:00", date(2013, 6, 19), True, "2013-06-19 20:00"),
        ("2013-06-19 19:59", date(2013, 6, 19), True, "2013-06-19 20:00"),
        ("2013-06-19 20:00", date(2013, 6, 20), False, "2013-06-20 20:00"),  # at the close: the next session
        ("2013-06-21 21:00", date(2013, 6, 24), False, "2013-06-24 20:00"),  # Friday evening
        ("2013-06-22 15:00", date(2013, 6, 24), False, "2013-06-24 20:00"),  # Saturday
        ("2013-12-25 15:00", date(2013, 12, 26), False, "2013-12-26 21:00"),  # holiday
        ("2013-07-03 16:59", date(2013, 7, 3), True, "2013-07-03 17:00"),  # half day, closes at 13:00 in New York
        ("2013-07-03 17:05", date(2013, 7, 5), False, "2013-07-05 20:00"),  # after the half day, before the holiday
        ("2024-03-08 14:00", date(2024, 3, 8), False, "2024-03-08 21:00"),  # winter time: opens at 14:30 UTC
        ("2024-03-11 14:00", date(2024, 3, 11), True, "2024-03-11 20:00"),  # summer time: opens at 13:30 UTC
        ("2001-09-11 12:00", date(2001, 9, 17), False, "2001-09-17 20:00"),  # exchange closed for days
    ],
)
def test_news_belongs_to_the_session_that_closes_after_it(
    new_york: Sessions, published: str, session_on: date, intraday: bool, known_at: str
) -> None:
    window = new_york.window(at(published))
    assert (window.session_on, window.intraday, window.known_at) == (session_on, intraday, at(known_at))
    assert window.sessions == (session_on,)
    assert window.kind == "one_session"


def test_a_date_without_a_time_gets_two_sessions(new_york: Sessions) -> None:
    window = new_york.window(at("2013-06-20 03:59:59"), date_only=True)  # the end of 19 June in New York
    assert window.sessions == (date(2013, 6, 19), date(2013, 6, 20))
    assert window.known_at == at("2013-06-20 20:00")
    assert (window.kind, window.date_only, window.intraday) == ("two_session", True, False)


def test_a_date_on_a_weekend_starts_with_the_next_session(new_york: Sessions) -> None:
    window = new_york.window(at("2013-06-23 03:59:59"), date_only=True)  # Saturday 22 June
    assert window.sessions == (date(2013, 6, 24), date(2013, 6, 25))


def test_a_time_in_another_zone_is_the_same_moment(new_york: Sessions) -> None:
    assert new_york.window(datetime.fromisoformat("2013-06-20T05:00:00+09:00")).session_on == date(2013, 6, 20)
    assert new_york.window(datetime.fromisoformat("2013-06-20T04:59:00+09:00")).session_on == date(2013, 6, 19)


def test_a_naive_time_is_refused(new_york: Sessions) -> None:
    with pytest.raises(UsageError, match="time zone"):
        new_york.window(datetime(2013, 6, 19, 12))


@pytest.mark.parametrize("date_only", [False, True])
@pytest.mark.parametrize("moment", ["1985-05-05 12:00", "2090-05-05 12:00"])
def test_a_time_outside_the_calendar_is_refused(new_york: Sessions, moment: str, date_only: bool) -> None:
    with pytest.raises(UsageError, match="outside the calendar"):
        new_york.window(at(moment), date_only=date_only)


def test_an_unknown_venue_is_refused() -> None:
    with pytest.raises(UsageError, match="NOWHERE"):
        Sessions("NOWHERE")


def test_another_venue_has_its_own_hours() -> None:
    london = sessions("XLON").window(at("2013-06-19 15:45"))  # closed in London at 15:30 UTC, open in New York
    assert (london.session_on, london.intraday) == (date(2013, 6, 20), False)


def test_sessions_before_and_between_skip_the_days_without_trade(new_york: Sessions) -> None:
    assert new_york.before(date(2013, 7, 5), 3) == (date(2013, 7, 1), date(2013, 7, 2), date(2013, 7, 3))
    assert new_york.before(date(2013, 7, 4), 1) == (date(2013, 7, 3),)
    assert new_york.before(date(1990, 1, 4), 9) == (date(1990, 1, 2), date(1990, 1, 3))
    assert new_york.between(date(2013, 7, 3), date(2013, 7, 8)) == (
        date(2013, 7, 3),
        date(2013, 7, 5),
        date(2013, 7, 8),
    )
