"""The circuit breaker by a clock that is set by hand."""

import pytest

from models.breaker import Breaker
from records.errors import ModelUnavailable


class Timed:
    """A breaker that opens at three failures for ten seconds, at most forty."""

    def __init__(self) -> None:
        self.now = 0.0
        self.breaker = Breaker("m", failures=3, cool_seconds=10, longest_seconds=40, monotonic=lambda: self.now)

    def call(self, *, failed: bool | None) -> None:
        with self.breaker.trial() as trial:
            trial.failed = failed


def opened() -> Timed:
    timed = Timed()
    for _ in range(3):
        timed.call(failed=True)
    return timed


def test_failures_in_a_row_open_it_and_an_answer_in_between_does_not() -> None:
    timed = Timed()
    for failed in (True, True, False, True, True):
        timed.call(failed=failed)
    assert not timed.breaker.is_open
    timed.call(failed=True)
    assert timed.breaker.is_open
    with pytest.raises(ModelUnavailable, match="m failed 3 times in a row, so it is left alone for 10 s"):
        timed.call(failed=False)


def test_half_open_lets_one_call_through_at_a_time() -> None:
    timed = opened()
    timed.now = 10.0
    with timed.breaker.trial() as probe:
        with pytest.raises(ModelUnavailable):
            timed.call(failed=False)
        probe.failed = False
    timed.call(failed=False)
    assert not timed.breaker.is_open


def test_a_probe_that_fails_doubles_the_pause_up_to_the_longest() -> None:
    timed = opened()
    pauses = []
    for _ in range(4):
        start = timed.now
        while timed.breaker.is_open:
            timed.now += 1.0
        pauses.append(timed.now - start)
        timed.call(failed=True)
    assert pauses == [10.0, 20.0, 40.0, 40.0]


def test_a_probe_without_a_verdict_leaves_the_next_call_to_try() -> None:
    timed = opened()
    timed.now = 10.0
    timed.call(failed=None)
    assert not timed.breaker.is_open
    timed.call(failed=False)


def test_a_late_failure_of_an_older_call_does_not_prolong_the_pause() -> None:
    timed = Timed()
    with timed.breaker.trial() as older:
        for _ in range(3):
            timed.call(failed=True)
        timed.now = 5.0
        older.failed = True
    timed.now = 10.0
    assert not timed.breaker.is_open
