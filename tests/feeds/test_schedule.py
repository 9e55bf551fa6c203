"""When a feed is read next: its interval, backed off after failures, never before a server allows it."""

from datetime import UTC, datetime, timedelta

import pytest

from feeds import next_due
from feeds.schedule import waited
from records.feed import Feed

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
FEED = Feed(name="wire", kind="feed", address="https://example.com/rss", every_seconds=900, added_at=NOW, due_at=NOW)


def wait(failures=0, chance=0.0, every=900, **options):
    feed = FEED.model_copy(update={"failures": failures, "every_seconds": every})
    return next_due(feed, NOW, chance, **options) - NOW


def test_a_feed_that_went_well_waits_its_interval_and_a_tenth_by_chance():
    assert wait() == timedelta(seconds=900)
    assert wait(chance=0.5) == timedelta(seconds=945)


def test_each_failure_in_a_row_doubles_the_wait_up_to_six_hours():
    assert [wait(failures) // timedelta(minutes=15) for failures in range(1, 8)] == [1, 2, 4, 8, 16, 24, 24]
    assert wait(failures=10_000) == timedelta(hours=6)


def test_a_feed_read_once_a_day_is_not_read_more_often_because_it_fails():
    assert wait(failures=9, every=86_400) == timedelta(days=1)


@pytest.mark.parametrize("header", ["3600", "Mon, 23 Nov 2026 16:00:00 GMT", " 3600 "])
def test_retry_after_is_waited_out(header):
    assert wait(failures=1, retry_after=header) == timedelta(hours=1)


def test_retry_after_never_shortens_the_wait_nor_silences_a_feed_for_good():
    assert wait(failures=1, retry_after="5") == timedelta(minutes=15)
    assert wait(failures=1, retry_after="999999999") == timedelta(days=2)


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "Mon, 23 Nov 2020 16:00:00 GMT", "1e9", "Mon, 99 Nov 2026"])
def test_a_retry_after_that_says_nothing_asks_for_no_wait(header):
    assert waited(header, NOW) == timedelta(0)
