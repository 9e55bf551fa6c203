"""Moves are kept as sums of log returns and shown as simple returns."""

from datetime import UTC, date, datetime

import pytest

from records.forecast import Grade
from records.market import Reaction, simple_return

FELL = -0.644
"""In log; the price fell by 47.5 % against its market."""


def test_a_reaction_says_its_log_move_as_a_simple_return() -> None:
    reaction = Reaction(
        ticker="DVAX", window="one_session", session_on=date(2012, 11, 15), abnormal_return=FELL, beta=1.1, sigma=0.033,
        z=-19.5, known_at=datetime(2012, 11, 15, 21, tzinfo=UTC),
    )  # fmt: skip
    assert reaction.simple_return == pytest.approx(0.5252 - 1, abs=1e-4)
    assert "simple_return" not in reaction.model_dump()


def test_a_grade_says_its_log_move_as_a_simple_return() -> None:
    grade = Grade(
        forecast="a" * 64, session_on=date(2012, 11, 15), abnormal_return=FELL, beta=1.1, sigma=0.033, z=-19.5, y=1.0,
        reference_version="test", price_source="test", graded_at=datetime(2012, 11, 16, tzinfo=UTC),
    )  # fmt: skip
    assert grade.simple_return == pytest.approx(0.5252 - 1, abs=1e-4)


@pytest.mark.parametrize(("log", "simple"), [(0.0, 0.0), (0.6931471805599453, 1.0), (-0.6931471805599453, -0.5)])
def test_a_doubling_is_plus_one_and_a_halving_minus_one_half(log: float, simple: float) -> None:
    assert simple_return(log) == pytest.approx(simple)


def test_no_fall_exceeds_the_whole_price_and_no_log_is_too_large_to_say() -> None:
    assert simple_return(-1e9) == -1.0
    assert simple_return(1e9) == float("inf")
