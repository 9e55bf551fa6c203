"""The monotone maps by hand, against scikit-learn, and on forecasts whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.calibration import Band, Curve, Platt, band, isotonic, platt

Array = NDArray[np.float64]


def _draw(seed: int, count: int = 20_000) -> Array:
    return np.random.default_rng(seed).random(count)


def test_isotonic_by_hand_pools_the_bins_that_fall() -> None:
    raw = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    outcome = np.array([0.0, 0.2, 0.7, 0.5, 0.2, 0.4, 0.9, 0.9])
    curve = isotonic(raw, outcome, 4)  # bin means .1 .6 .3 .9: the middle two become .45
    assert curve.x == pytest.approx([0.15, 0.45, 0.75])
    assert curve.y == pytest.approx([0.1, 0.45, 0.9])


def test_pooling_goes_back_as_far_as_it_has_to_and_weighs_by_count() -> None:
    raw = np.arange(7.0)
    outcome = np.array([0.5, 0.5, 0.6, 0.4, 0.4, 0.1, 0.1])  # bins of 3, 2, 2
    curve = isotonic(raw, outcome, 3)
    assert curve.x == pytest.approx([3.0])
    assert curve.y == pytest.approx([outcome.mean()])


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(3, 300))
@settings(max_examples=60, deadline=None)
def test_isotonic_rises_strictly_and_keeps_the_mean(seed: int, bins: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    raw, outcome = generator.random(count), generator.random(count)
    curve = isotonic(raw, outcome, bins)
    assert (np.diff(curve.x) > 0).all()
    assert (np.diff(curve.y) > 0).all()
    grid = curve(np.linspace(-1, 2, 400))
    assert (np.diff(grid) > 0).all()
    assert outcome.min() - 1e-12 <= curve.y.min() <= curve.y.max() <= outcome.max() + 1e-12


@given(st.integers(0, 10_000), st.sampled_from([4, 8, 16, 20, 40]))
@settings(max_examples=40, deadline=None)
def test_equal_inputs_get_one_answer_which_is_their_mean(seed: int, bins: int) -> None:
    """A yes-or-no number fills many bins with one value; the bins' chance order must not choose among them."""
    generator = np.random.default_rng(seed)
    raw = generator.permutation(np.repeat([0.0, 1.0], [300, 100]))  # each value fills whole bins
    outcome = 0.5 + 0.2 * raw + generator.normal(0, 0.2, 400)
    curve = isotonic(raw, outcome, bins)
    assert curve.x.tolist() == [0.0, 1.0]
    assert float(curve(0.0)) == pytest.approx(outcome[raw == 0].mean(), abs=1e-9)
    assert float(curve(1.0)) == pytest.approx(outcome[raw == 1].mean(), abs=1e-9)


def test_isotonic_finds_a_known_curve() -> None:
    raw = _draw(1)
    curve = isotonic(raw, raw**2 + 0.1 * np.random.default_rng(2).normal(size=len(raw)), 20)
    assert np.abs(curve(curve.x) - curve.x**2).max() < 0.02


def test_outside_its_points_a_curve_goes_on_with_slope_one() -> None:
    curve = Curve(np.array([0.4, 0.6]), np.array([0.5, 0.55]))
    assert curve([0.3, 0.4, 0.5, 0.6, 0.8]) == pytest.approx([0.4, 0.5, 0.525, 0.55, 0.75])


def test_platt_is_the_unpenalised_logistic_regression() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    p = 0.02 + 0.9 * _draw(3, 5_000)
    happened = _draw(4, 5_000) < 0.6 * p
    logit = np.log(p / (1 - p))[:, None]
    expected = linear_model.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000).fit(logit, happened)
    line = platt(p, happened)
    assert line.slope == pytest.approx(expected.coef_[0, 0], abs=1e-4)
    assert line.offset == pytest.approx(expected.intercept_[0], abs=1e-4)
    assert line(p) == pytest.approx(expected.predict_proba(logit)[:, 1], abs=1e-5)
    assert line(p).mean() == pytest.approx(happened.mean(), abs=1e-8)


def test_platt_leaves_honest_chances_alone_and_keeps_their_order() -> None:
    p = 0.02 + 0.9 * _draw(5)
    line = platt(p, _draw(6) < p)
    assert (line.slope, line.offset) == pytest.approx((1.0, 0.0), abs=0.05)
    made = line(np.array([0.0, 0.1, 0.5, 0.9, 1.0]))
    assert (np.diff(made) > 0).all()
    assert ((made > 0) & (made < 1)).all()
    assert Platt(1.0, 0.0)(0.3) == pytest.approx(0.3)


def _world(seed: int) -> tuple[Array, Array]:
    """|z|/s and σ of shares whose spread depends on how volatile they are."""
    generator = np.random.default_rng(seed)
    sigma = np.exp(generator.normal(-4.2, 0.4, 20_000))
    return np.abs(generator.standard_t(4, len(sigma))) * (sigma / 0.015) ** 0.3, sigma


def test_the_band_covers_eighty_percent_in_every_third_of_volatility() -> None:
    made = band(*_world(7), widening=1.25)
    ratio, sigma = _world(8)
    ends = np.array([made.ends(float(each)) for each in sigma])
    covered = (ends[:, 0] <= ratio) & (ratio <= ends[:, 1])
    third = np.searchsorted(np.quantile(sigma, [1 / 3, 2 / 3]), sigma)
    for each in range(3):
        assert 0.78 <= covered[third == each].mean() <= 0.82
    assert made.high[0] < made.high[1] < made.high[2]


def test_without_a_volatility_the_band_is_that_of_all_widened() -> None:
    ratio, sigma = _world(9)
    made = band(ratio, sigma, widening=1.25)
    low, high = np.quantile(ratio, [0.1, 0.9])
    assert made.ends(None) == pytest.approx((low / 1.25, high * 1.25))
    assert np.mean((ratio >= made.unknown[0]) & (ratio <= made.unknown[1])) > 0.82


def test_a_volatility_picks_its_third() -> None:
    made = Band((0.01, 0.02), (0.1, 0.2, 0.3), (1.0, 2.0, 3.0), (0.05, 4.0))
    assert [made.ends(sigma) for sigma in (0.005, 0.015, 0.5)] == [(0.1, 1.0), (0.2, 2.0), (0.3, 3.0)]
