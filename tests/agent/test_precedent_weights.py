"""How much each precedent says, worked by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.precedent_weights import TICKER_SHARE, capped, effective, shift, weigh
from agent.score_artifact import Blending

BLENDING = Blending(
    k0=10.0,
    similarity_power=2.0,
    dense_weight=0.5,
    other_type=0.4,
    half_life_years=4.0,
    size_width=0.5,
    largest_abs_z=6.0,
)


def _weigh(**changes: object) -> float:
    given: dict[str, object] = {
        "words": np.array([0.5]),
        "dense": None,
        "same_type": np.array([True]),
        "years": np.array([0.0]),
        "log_size": None,
    }
    return float(weigh(BLENDING, **given | changes)[0])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 0.25),
        ({"words": np.array([-0.3])}, 0.0),
        ({"dense": np.array([0.8])}, 0.25 + 0.5 * 0.8**4),
        ({"dense": np.array([-0.8])}, 0.25),
        ({"same_type": np.array([False])}, 0.25 * 0.4),
        ({"years": np.array([4.0])}, 0.125),
        ({"years": np.array([12.0])}, 0.25 / 8),
        ({"years": np.array([-1.0])}, 0.25),
        ({"log_size": np.array([0.0])}, 0.25),
        ({"log_size": np.array([0.5])}, 0.25 * np.exp(-0.5)),
        ({"log_size": np.array([-1.0])}, 0.25 * np.exp(-2.0)),
        ({"log_size": np.array([np.nan])}, 0.25),
        (
            {"same_type": np.array([False]), "years": np.array([8.0]), "log_size": np.array([0.5])},
            0.25 * 0.4 * 0.25 * np.exp(-0.5),
        ),
    ],
)
def test_a_weight_by_hand(changes: dict[str, object], expected: float) -> None:
    assert _weigh(**changes) == pytest.approx(expected)


def test_weights_of_many_at_once_are_those_of_each_alone() -> None:
    generator = np.random.default_rng(1)
    shape = (7, 5)
    table = {
        "words": generator.random(shape),
        "dense": generator.random(shape),
        "same_type": generator.random(shape) < 0.5,
        "years": 9 * generator.random(shape),
        "log_size": np.where(generator.random(shape) < 0.2, np.nan, generator.normal(size=shape)),
    }
    whole = weigh(BLENDING, **table)
    assert whole.shape == shape
    for line in range(7):
        assert weigh(BLENDING, **{name: values[line] for name, values in table.items()}) == pytest.approx(whole[line])


def test_the_cap_by_hand() -> None:
    """10 against 1 and 1 can be a third only as 1; 6 against 2, 2 and 1 as 2.5."""
    assert capped(np.array([10.0, 1.0, 1.0]), np.array([0, 1, 2])) == pytest.approx([1.0, 1.0, 1.0])
    assert capped(np.array([4.0, 2.0, 2.0, 2.0, 1.0]), np.array([0, 0, 1, 2, 3])) == pytest.approx(
        [2.5 * 4 / 6, 2.5 * 2 / 6, 2.0, 2.0, 1.0]
    )


@pytest.mark.parametrize(("weights", "tickers"), [([3.0, 1.0], [0, 1]), ([3.0, 1.0], [0, 0]), ([1.0] * 3, [0, 1, 2])])
def test_two_tickers_or_a_fair_share_are_left_as_they_are(weights: list[float], tickers: list[int]) -> None:
    assert capped(np.array(weights), np.array(tickers)).tolist() == weights


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 5)), min_size=3, max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_ticker_of_three_or_more_holds_more_than_a_third(pairs: list[tuple[float, int]]) -> None:
    weights, tickers = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    made = capped(weights, tickers)
    assert (made >= 0).all()
    assert (made <= weights * (1 + 1e-9)).all()
    sums = np.bincount(tickers, weights=weights)
    after = np.bincount(tickers, weights=made)
    weighty = sums > 1e-6 * sums.max(initial=0)
    if np.count_nonzero(sums) >= 3 and weighty.sum() == np.count_nonzero(sums):
        assert after.max() <= TICKER_SHARE * after.sum() * (1 + 1e-6)
    for ticker in np.flatnonzero(sums > 0):  # within a ticker the proportions stay
        mine = tickers == ticker
        assert made[mine] * sums[ticker] == pytest.approx(weights[mine] * after[ticker], abs=1e-12)


def test_the_effective_number_by_hand() -> None:
    assert effective(np.array([2.0, 2.0, 2.0])) == pytest.approx(3)
    assert effective(np.array([3.0, 1.0])) == pytest.approx(16 / 10)
    assert effective(np.zeros(4)) == effective(np.zeros(0)) == 0


def test_the_shift_by_hand() -> None:
    weights, abs_z, expected = np.array([2.0, 1.0, 1.0]), np.array([2.0, 1.0, 9.0]), np.array([1.5, 1.0, 2.0])
    n_eff = 16 / 6
    moved = (2 * 2 + 1 * 1 + 1 * 6) / 0.8  # 9 counts as 6
    assert shift(BLENDING, weights, abs_z, expected, 0.8) == pytest.approx(
        n_eff / (n_eff + 10) * np.log(moved / (2 * 1.5 + 1 + 2))
    )


def test_precedents_that_moved_as_expected_shift_nothing() -> None:
    expected = np.array([0.5, 1.0, 2.0])
    assert shift(BLENDING, np.array([1.0, 2.0, 3.0]), expected * 0.8, expected, 0.8) == pytest.approx(0, abs=1e-12)


def test_nobody_shifts_nothing() -> None:
    nothing = np.zeros(0)
    assert shift(BLENDING, nothing, nothing, nothing, 0.8) == 0
    assert shift(BLENDING, np.zeros(3), np.ones(3), np.ones(3), 0.8) == 0


def test_precedents_that_never_moved_give_a_finite_shift() -> None:
    made = shift(BLENDING, np.ones(5), np.zeros(5), np.ones(5), 0.8)
    assert made == pytest.approx(5 / 15 * np.log(1e-3))


def test_a_larger_k0_keeps_closer_to_the_prior() -> None:
    weights, abs_z, expected = np.ones(5), np.full(5, 3.0), np.ones(5)
    near, far = (shift(replace(BLENDING, k0=k0), weights, abs_z, expected, 0.8) for k0 in (100.0, 1.0))
    assert 0 < near < far < np.log(3 / 0.8)
