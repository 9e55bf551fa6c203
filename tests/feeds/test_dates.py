"""Publication times: exact ones to the second, dates as the end of the day in New York, the rest not guessed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.dates import parse_published

EXACT = {
    "2026-11-23T14:30:00Z": (14, 30),
    "2026-11-23T09:30:00-05:00": (14, 30),
    "2026-11-23T09:30:00-0500": (14, 30),
    "2026-11-23T09:30:00.250-05:00": (14, 30),
    "2026-11-23 14:30 UTC": (14, 30),
    "2026-11-23 09:30 EST": (14, 30),
    "Mon, 23 Nov 2026 14:30:00 GMT": (14, 30),
    "Mon, 23 Nov 2026 15:30:00 +0100": (14, 30),
    "Nov. 23, 2026, 9:30 a.m. ET": (14, 30),
    "Monday, November 23, 2026 at 4:05 PM EST": (21, 5),
    "November 23, 2026 12:00 AM UTC": (0, 0),
    "23rd Nov 2026 16:05 GMT": (16, 5),
    "23 November 2026 12:15 p.m. (CET)": (11, 15),
}
DATES = [
    "2026-11-23",
    "20261123",
    "2026/11/23",
    "November 23, 2026",
    "Nov. 23, 2026",
    "23 November 2026",
    "23rd Nov 2026",
]
NO_ZONE = [
    "2026-11-23T09:30:00",
    "2026-11-23 09:30",
    "2026-11-23 09:30 IST",
    "Nov 23, 2026 9:30 am",
    "2026/11/23 10:00",
]
NOT_UNDERSTOOD = [
    "", "yesterday", "03/04/2026", "11/23/2026", "2026", "2026-11", "2026-13-01", "2026-02-30", "Feb 30, 2026", "23 Movember 2026",
    "November 23, 2026 13:00 pm UTC", "9999-12-31", "0001-01-01T00:00:00+14:00", "1795444200",
    "the app that changed dating", 0, -5, 1e300,
    float("nan"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "clock"), EXACT.items())
def test_time_with_a_zone_is_exact(written, clock):
    published = parse_published(written)
    assert published is not None
    assert published.at.replace(microsecond=0) == datetime(2026, 11, 23, *clock, tzinfo=UTC)
    assert not published.date_only
    assert published.note is None


def test_summer_time_is_new_yorks_own():
    published = parse_published("July 6, 2026 9:30 AM ET")
    assert published is not None
    assert published.at == datetime(2026, 7, 6, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize("written", DATES)
def test_date_alone_is_the_end_of_that_day_in_new_york(written):
    published = parse_published(written)
    assert published is not None
    assert published.at == datetime(2026, 11, 24, 4, 59, 59, tzinfo=UTC)
    assert published.date_only
    assert published.note is None


def test_end_of_a_summer_day_is_an_hour_earlier_in_utc():
    published = parse_published("2026-07-06")
    assert published is not None
    assert published.at == datetime(2026, 7, 7, 3, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("written", NO_ZONE)
def test_time_without_a_known_zone_is_only_a_date_and_says_so(written):
    published = parse_published(written)
    assert published is not None
    assert published.at == datetime(2026, 11, 24, 4, 59, 59, tzinfo=UTC)
    assert published.date_only
    assert "no time zone" in (published.note or "")


@pytest.mark.parametrize("number", [1_795_444_200, 1_795_444_200.0, 1_795_444_200_000])
def test_numbers_are_seconds_or_milliseconds(number):
    published = parse_published(number)
    assert published is not None
    assert published.at == datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    assert not published.date_only


@pytest.mark.parametrize("written", NOT_UNDERSTOOD)
def test_what_is_ambiguous_or_impossible_is_not_guessed(written):
    assert parse_published(written) is None


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1), timezones=ZONES))
def test_every_aware_iso_time_comes_back_as_itself(moment):
    published = parse_published(moment.isoformat())
    assert published is not None
    assert published.at == moment
    assert published.at.tzinfo is UTC


@given(st.one_of(st.text(), st.floats(), st.integers()))
def test_no_input_makes_it_fail(value):
    published = parse_published(value)
    assert published is None or published.at.tzinfo is UTC
