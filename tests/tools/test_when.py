"""Days and times in words are those of the moment a question is asked as of, in New York."""

from datetime import UTC, datetime, timedelta

import pytest

from records.errors import UsageError
from tools.when import moment, stretch, whole_days

FRIDAY = datetime(2024, 5, 10, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "begins", "ends"),
    [
        ("today", "2024-05-10T04:00", "2024-05-11T04:00"),
        ("yesterday", "2024-05-09T04:00", "2024-05-10T04:00"),
        ("this week", "2024-05-06T04:00", "2024-05-11T04:00"),
        ("last week", "2024-04-29T04:00", "2024-05-06T04:00"),
        ("this month", "2024-05-01T04:00", "2024-05-11T04:00"),
        ("2024-01-15", "2024-01-15T05:00", "2024-01-16T05:00"),
        ("Monday", "2024-05-06T04:00", "2024-05-07T04:00"),
        ("last friday", "2024-05-03T04:00", "2024-05-04T04:00"),
    ],
)
def test_a_day_in_words_is_a_whole_day_in_new_york(said: str, begins: str, ends: str) -> None:
    assert moment(said, FRIDAY) == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert moment(said, FRIDAY, end=True) == datetime.fromisoformat(ends).replace(tzinfo=UTC) - timedelta(
        microseconds=1
    )


def test_in_the_evening_of_new_york_today_is_still_that_day_though_utc_has_the_next() -> None:
    late = datetime(2024, 5, 11, 2, 0, tzinfo=UTC)
    assert moment("today", late) == datetime(2024, 5, 10, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "back"), [("7 days", 7 * 24), ("past 2 weeks", 14 * 24), ("3 hours ago", 3), ("last 1 day", 24)]
)
def test_a_length_of_time_counts_back_from_the_moment_asked_as_of(said: str, back: int) -> None:
    assert moment(said, FRIDAY) == FRIDAY - timedelta(hours=back)


def test_a_time_is_taken_with_its_zone_and_as_utc_without_one() -> None:
    assert moment("2024-05-10T10:00-04:00", FRIDAY) == datetime(2024, 5, 10, 14, tzinfo=UTC)
    assert moment("2024-05-10 10:00", FRIDAY) == datetime(2024, 5, 10, 10, tzinfo=UTC)


@pytest.mark.parametrize("said", ["soon", "2024-13-01", "99999 days ago x", "31/03/2024"])
def test_what_is_no_time_is_refused_with_what_would_be_one(said: str) -> None:
    with pytest.raises(UsageError, match="2026-03-31"):
        moment(said, FRIDAY)


def test_nothing_after_the_moment_asked_as_of_is_in_a_stretch() -> None:
    assert stretch("today", "2030-01-01", FRIDAY) == (datetime(2024, 5, 10, 4, tzinfo=UTC), FRIDAY)
    assert stretch(None, None, FRIDAY) == (None, FRIDAY)


@pytest.mark.parametrize(("since", "until"), [("2024-05-09", "2024-05-01"), ("2024-06-01", None)])
def test_a_stretch_that_ends_before_it_begins_or_lies_in_the_future_is_refused(since: str, until: str | None) -> None:
    with pytest.raises(UsageError, match="empty"):
        stretch(since, until, FRIDAY)


@pytest.mark.parametrize(
    ("said", "begins", "ends"),
    [
        (None, "2024-05-10T00:00-04:00", "now"),
        ("today", "2024-05-10T00:00-04:00", "now"),
        ("yesterday", "2024-05-09T00:00-04:00", "2024-05-10T00:00-04:00"),
        ("this week", "2024-05-06T00:00-04:00", "now"),
        ("2024-03-10", "2024-03-10T00:00-05:00", "2024-03-11T00:00-04:00"),
        ("7 days", "2024-05-03T00:00-04:00", "now"),
        ("2024-05-08T14:30Z", "2024-05-08T00:00-04:00", "now"),
    ],
)
def test_days_are_whole_days_of_new_york_and_end_with_what_may_be_known(
    said: str | None, begins: str, ends: str
) -> None:
    end = FRIDAY if ends == "now" else datetime.fromisoformat(ends) - timedelta(microseconds=1)
    assert whole_days(said, FRIDAY) == (datetime.fromisoformat(begins), end)


def test_days_that_are_to_come_are_refused() -> None:
    with pytest.raises(UsageError, match="after the moment that may be known"):
        whole_days("2024-05-11", FRIDAY)
