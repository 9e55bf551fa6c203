"""The look-up by calendar day equals its slow definition: a dictionary by date."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from markets.price_series import DailySeries, ordinals

DAYS = st.dates(date(2013, 1, 1), date(2013, 3, 1))
VALUES = st.one_of(st.floats(-1, 1), st.just(float("nan")))
PARTS = st.lists(st.lists(st.tuples(DAYS, VALUES), max_size=12), max_size=3)


@settings(max_examples=200, deadline=None)
@given(PARTS, st.lists(st.dates(date(2012, 12, 20), date(2013, 3, 12)), max_size=20))
def test_a_series_answers_as_a_dictionary_would(parts: list[list[tuple[date, float]]], asked: list[date]) -> None:
    slow: dict[date, float] = {}
    for part in reversed(parts):
        slow |= {day: value for day, value in part if np.isfinite(value)}
    made = DailySeries.merged(
        (ordinals([day for day, _ in part]), np.array([value for _, value in part], float)) for part in parts
    )
    expected = np.array([slow.get(day, np.nan) for day in asked], float)
    np.testing.assert_array_equal(made.at(asked), expected)
    np.testing.assert_array_equal(made.at(tuple(asked)), expected)


def test_a_day_far_outside_has_no_value() -> None:
    made = DailySeries.merged([(ordinals([date(2013, 1, 2)]), np.array([0.5]))])
    assert np.isnan(made.at([date(1900, 1, 1), date(2013, 1, 2) - timedelta(1), date(2100, 1, 1)])).all()
    assert made.at((date(2013, 1, 2),)) == [0.5]
