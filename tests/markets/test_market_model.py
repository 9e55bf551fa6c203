"""The regression against statsmodels, σ and z against cases worked by hand."""

import numpy as np
import pytest
import statsmodels.api as sm  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from markets.reaction import (
    BETA_PRIOR_VARIANCE,
    HISTORY_SESSIONS,
    MIN_BETA_SESSIONS,
    MarketModel,
    ewma_sigma,
    fit,
    regress,
    shrunk_beta,
)

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


@st.composite
def histories(draw: st.DrawFn) -> Pair:
    """Returns as shares have them: fat tails, any β, any size, days missing on either side."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(MIN_BETA_SESSIONS + 20, HISTORY_SESSIONS))
    market = rng.standard_t(4, count) * draw(st.sampled_from([0.002, 0.008, 0.03]))
    beta = draw(st.floats(-1, 4))
    noise = rng.standard_t(3, count) * draw(st.sampled_from([1e-4, 0.01, 0.08]))
    own = draw(st.floats(-0.01, 0.01)) + beta * market + noise
    for series in (own, market):
        series[rng.choice(count, draw(st.integers(0, 8)), replace=False)] = np.nan
    return own, market


@settings(max_examples=100, deadline=None)
@given(histories())
def test_intercept_slope_and_standard_error_are_those_of_statsmodels(pair: Pair) -> None:
    own, market = pair
    paired = np.isfinite(own) & np.isfinite(market)
    theirs = sm.OLS(own[paired], sm.add_constant(market[paired])).fit()
    ours = regress(own, market)
    assert ours is not None
    assert ours.sessions == paired.sum() == theirs.nobs
    assert ours.slope == pytest.approx(theirs.params[1], rel=1e-8, abs=1e-10)
    assert ours.intercept == pytest.approx(theirs.params[0], rel=1e-8, abs=1e-12)
    assert np.sqrt(ours.squared_error) == pytest.approx(theirs.bse[1], rel=1e-6)


@settings(max_examples=100, deadline=None)
@given(histories())
def test_beta_lies_between_the_regressions_and_one(pair: Pair) -> None:
    line, beta = regress(*pair), shrunk_beta(*pair)
    assert line is not None
    low, high = sorted((line.slope, 1.0))
    assert low - 1e-9 <= beta <= high + 1e-9
    expected = line.slope + (1 - line.slope) * line.squared_error / (line.squared_error + BETA_PRIOR_VARIANCE)
    assert beta == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_regression_worked_by_hand() -> None:
    # x̄ = .02, ȳ = .04; Sxx = .0002, Sxy = .0005 → slope 2.5, intercept −.01; residuals .005, −.01, .005 → s² = .00015
    line = regress(np.array([0.02, 0.03, 0.07]), np.array([0.01, 0.02, 0.03]))
    assert line is not None
    assert line.slope == pytest.approx(2.5)
    assert line.intercept == pytest.approx(-0.01)
    assert line.squared_error == pytest.approx(0.00015 / 0.0002)


def test_shrinkage_worked_by_hand() -> None:
    # s.e.² = τ² = .25 → half the way to 1: (3 + 1)/2
    market = np.tile([0.01, -0.01], 30)
    own = 3 * market
    wanted = 0.25 * 58 * float(market @ market)
    noise = np.sqrt(wanted / 60) * np.tile([1.0, 1.0, -1.0, -1.0], 15)  # uncorrelated with the market
    assert shrunk_beta(own + noise, market) == pytest.approx(2.0)


def test_a_market_that_stood_still_or_two_points_give_no_line() -> None:
    assert regress(np.array([0.1, 0.2, 0.3]), np.zeros(3)) is None
    assert regress(np.array([0.1, 0.2]), np.array([0.1, 0.3])) is None
    assert shrunk_beta(np.linspace(-0.1, 0.1, 100), np.zeros(100)) == 1.0


def test_sigma_worked_by_hand() -> None:
    # weights 1, .94, .8836 from the newest back: (.8836·1 + .94·4 + 1·9)e-4 / 2.8236 = 4.83199e-4
    assert ewma_sigma(np.array([0.01, -0.02, 0.03])) == pytest.approx(np.sqrt(13.6436e-4 / 2.8236))


@settings(max_examples=60, deadline=None)
@given(histories(), st.floats(0.1, 10))
def test_sigma_scales_with_the_returns_and_ignores_their_sign(pair: Pair, scale: float) -> None:
    own, _ = pair
    assert ewma_sigma(own * scale) == pytest.approx(scale * ewma_sigma(own), rel=1e-9)
    assert ewma_sigma(-own) == pytest.approx(ewma_sigma(own), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(histories())
def test_an_instrument_that_is_the_market_has_beta_one(pair: Pair) -> None:
    _, market = pair
    noise = np.zeros(len(market))
    noise[-3:] = 0.001
    model = fit(market + noise, market)
    if isinstance(model, MarketModel):
        assert model.beta == pytest.approx(1.0)
