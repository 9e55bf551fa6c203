"""The yardstick that tells how fast the machine was."""

import json
import time

import pytest

from evals.flow import yardstick
from evals.flow.yardstick import Yardstick, yardstick_ms


def test_its_time_is_the_processors_and_not_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    took = yardstick_ms()
    loads = json.loads

    def slow(text: str) -> object:
        time.sleep(0.3)
        return loads(text)

    monkeypatch.setattr(json, "loads", slow)
    assert took > 0
    assert yardstick_ms() < 300


def test_the_median_is_of_what_was_measured_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter([1.0, 100.0, 3.0, *[2.0] * 1_000_000])
    seen: list[float] = []

    def fake() -> float:
        seen.append(next(told))
        return seen[-1]

    monkeypatch.setattr(yardstick, "yardstick_ms", fake)
    with Yardstick(every_seconds=0.001) as held:
        while len(seen) < 20:
            time.sleep(0.001)
    count = len(seen)
    assert held.median_ms == 2.0
    time.sleep(0.02)
    assert len(seen) == count  # the thread has ended


def test_a_run_too_short_for_a_measurement_has_one_nevertheless() -> None:
    held = Yardstick()
    assert held.median_ms > 0
