"""The reference distribution: what ships, its scale family against simulation, and refusals."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from markets.reference import Reference, reference, table_of, versions
from records.errors import SettingsError


@pytest.fixture(scope="module")
def shipped() -> Reference:
    return reference()


def simulated(distribution: Reference, s: float, size: int = 400_000) -> NDArray[np.float64]:
    return s * distribution.quantile(np.random.default_rng(7).random(size))


def test_the_shipped_quantiles_are_those_of_large_us_shares(shipped: Reference) -> None:
    # measured elsewhere on another 162,000 stock-days: .60 1.07 1.66 2.13 3.48; the far tail moves most between samples
    np.testing.assert_allclose(shipped.quantile([0.5, 0.75, 0.9, 0.95]), [0.60, 1.07, 1.66, 2.13], atol=0.03)
    assert float(shipped.quantile(0.99)) == pytest.approx(3.48, abs=0.4)
    assert shipped.table.n > 100_000
    assert shipped.version in versions()


@pytest.mark.parametrize(("s", "score", "material"), [(1.0, 0.50, 0.06), (2.0, 0.69, 0.28), (4.0, 0.83, 0.57)])
def test_a_scale_gives_the_score_and_the_chance_of_a_material_move(
    shipped: Reference, s: float, score: float, material: float
) -> None:
    assert shipped.expected_y(s) == pytest.approx(score, abs=0.015)
    assert shipped.p_beyond(s, 2.0) == pytest.approx(material, abs=0.015)


@pytest.mark.parametrize("s", [0.3, 1.0, 2.1, 6.0])
def test_the_scale_functions_agree_with_a_simulation(shipped: Reference, s: float) -> None:
    moves = simulated(shipped, s)
    assert shipped.expected_y(s) == pytest.approx(float(shipped.cdf(moves).mean()), abs=0.003)
    assert shipped.p_beyond(s, 2.0) == pytest.approx(float((moves > 2).mean()), abs=0.003)
    low, high = shipped.z_interval(s, 0.8)
    assert ((moves > low) & (moves < high)).mean() == pytest.approx(0.8, abs=0.003)
    assert shipped.interval(s, 0.8) == tuple(shipped.cdf([low, high]))


def test_an_ordinary_day_scores_one_half(shipped: Reference) -> None:
    assert shipped.expected_y(1.0) == pytest.approx(0.5, abs=0.001)


def test_the_score_rises_with_the_scale(shipped: Reference) -> None:
    scores = [shipped.expected_y(s) for s in np.geomspace(0.01, 100, 60)]
    assert all(0 < score < 1 for score in scores)
    assert (np.diff(scores) > 0).all()
    assert shipped.expected_y(1e9) == pytest.approx(1, abs=1e-5)  # the far tail has its weight


def test_quantile_inverts_cdf_in_the_body_and_in_the_tail(shipped: Reference) -> None:
    probabilities = np.array([0.0, 0.1, 0.5, 0.979, 0.9985, 0.9999, 0.99999, 0.9999999])
    np.testing.assert_allclose(shipped.cdf(shipped.quantile(probabilities)), probabilities, atol=1e-9)
    steps = shipped.cdf(np.linspace(0, 80, 2_000))
    assert (np.diff(steps) > 0).all()
    assert steps[-1] < 1


def test_an_unknown_move_has_no_impact(shipped: Reference) -> None:
    assert np.isnan(shipped.cdf(float("nan")))


def test_a_table_recovers_the_distribution_it_was_made_of() -> None:
    sample = np.abs(np.random.default_rng(1).standard_t(3, 200_000))
    made = Reference(
        table_of(sample, version="reference_test", universe="Student t with 3 degrees of freedom", period="none")
    )
    assert made.table.tail_exponent == pytest.approx(3.0, abs=0.4)
    assert made.mean_abs_z == pytest.approx(2 * np.sqrt(3) / np.pi, rel=0.02)  # E|t_3|
    np.testing.assert_allclose(made.cdf([1.0, 3.182, 12.92]), [0.609, 0.95, 0.999], atol=0.003)  # two-sided t table


def test_a_call_takes_less_than_a_millisecond(shipped: Reference) -> None:
    started = time.process_time()
    for _ in range(300):
        shipped.expected_y(1.7)
        shipped.p_beyond(1.7)
        shipped.interval(1.7)
    assert (time.process_time() - started) / 300 < 0.003  # three calls


@pytest.mark.parametrize("s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_no_positive_number_is_refused(shipped: Reference, s: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        shipped.expected_y(s)


def test_arguments_out_of_range_are_refused(shipped: Reference) -> None:
    with pytest.raises(ValueError, match="never negative"):
        shipped.cdf(-0.1)
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        shipped.quantile(1.0)
    with pytest.raises(ValueError, match="strictly between"):
        shipped.interval(1.0, 1.0)


def test_a_version_that_is_not_shipped_is_refused() -> None:
    with pytest.raises(SettingsError, match="reference_v1"):
        reference("reference_v999")


def test_a_damaged_table_is_refused(shipped: Reference) -> None:
    broken = shipped.table.model_copy(update={"quantiles": (*shipped.table.quantiles[:-1], 0.0)})
    with pytest.raises(SettingsError, match="damaged"):
        Reference(broken)
