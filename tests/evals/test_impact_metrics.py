"""The metrics against scipy, scikit-learn, numeric integration and answers worked by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr  # type: ignore[import-untyped]
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

from evals.impact.metrics import (
    LEVELS,
    METRICS,
    Forecasts,
    Outcomes,
    auc,
    brier,
    brier_skill,
    crps,
    ece,
    equal_count_bins,
    spearman,
)
from markets.reference import reference

REF = reference()
RNG = np.random.default_rng(7)


def outcomes(n: int = 6) -> Outcomes:
    abs_z = np.linspace(0.1, 4, n)
    return Outcomes(REF.cdf(abs_z), abs_z, np.arange(n) % 2 == 0, np.arange(n), np.arange(n) % 3)


def exact_crps(scale: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """The definition: twice the mean pinball loss, every level of every event computed."""
    answers = REF.cdf(scale[:, None] * REF.quantile(LEVELS))
    gap = y[:, None] - answers
    return np.asarray(2 * np.maximum(LEVELS * gap, (LEVELS - 1) * gap).mean(axis=1))


def test_spearman_agrees_with_scipy_with_and_without_ties() -> None:
    a, b = RNG.normal(size=200), RNG.normal(size=200)
    assert spearman(a, a + b) == pytest.approx(spearmanr(a, a + b).statistic)
    coarse = np.round(a)
    assert spearman(coarse, a + b) == pytest.approx(spearmanr(coarse, a + b).statistic)


def test_spearman_of_a_constant_is_unknown_and_never_zero() -> None:
    assert np.isnan(spearman(np.full(5, 0.5), np.arange(5.0)))


def test_auc_agrees_with_scikit_learn_with_and_without_ties() -> None:
    score = RNG.normal(size=300)
    label = score + RNG.normal(size=300) > 0.7
    assert auc(label, score) == pytest.approx(roc_auc_score(label, score))
    assert auc(label, np.round(score)) == pytest.approx(roc_auc_score(label, np.round(score)))


def test_auc_of_one_class_is_unknown() -> None:
    assert np.isnan(auc([True, True], [0.1, 0.2]))


def test_ece_of_two_bins_worked_by_hand() -> None:
    # the lower bin says .1 and .3 where 0 and 0 came (gap .2), the upper .6 and .8 where 1 and 1 came (gap .3)
    assert ece([0.8, 0.1, 0.6, 0.3], [1, 0, 1, 0], bins=2) == pytest.approx(0.25)


def test_ece_weighs_gaps_by_their_counts() -> None:
    # three forecasts of .2 share a bin (gap .2·3/4), one of .9 stands alone (gap .1·1/4)
    assert ece([0.2, 0.2, 0.2, 0.9], [0, 0, 0, 1], bins=4) == pytest.approx(0.75 * 0.2 + 0.25 * 0.1)


def test_equal_forecasts_share_a_bin_so_that_order_cannot_matter() -> None:
    p, seen = np.full(100, 0.3), np.arange(100) < 30
    assert ece(p, seen) == pytest.approx(0)
    assert ece(p, seen[::-1]) == pytest.approx(0)


def test_bins_of_distinct_forecasts_have_equal_counts() -> None:
    assert np.bincount(equal_count_bins(RNG.random(1000), 10)).tolist() == [100] * 10


def test_brier_and_its_skill_worked_by_hand() -> None:
    p, seen = [0.9, 0.4, 0.2, 0.1], [1, 1, 0, 0]
    assert brier(p, seen) == pytest.approx((0.01 + 0.36 + 0.04 + 0.01) / 4)
    assert brier_skill(p, seen) == pytest.approx(1 - 0.105 / 0.25)
    assert brier_skill([0.5] * 4, seen) == pytest.approx(0)
    assert np.isnan(brier_skill([0.5] * 4, [1, 1, 1, 1]))


def test_crps_equals_its_definition_over_the_whole_range_of_scales() -> None:
    scale = np.exp(RNG.uniform(-3, 3, 4000))
    y = np.concatenate([RNG.random(3994), [0.0, 1e-9, 0.9999, 0.999999, 1.0, 0.5]])
    assert np.abs(crps(scale, y, REF) - exact_crps(scale, y)).max() < 1e-5


def test_crps_of_one_scale_needs_no_grid() -> None:
    y = RNG.random(50)
    assert np.abs(crps(np.full(50, 1.7), y, REF) - exact_crps(np.full(50, 1.7), y)).max() < 1e-9


@pytest.mark.parametrize("s", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("y", [0.05, 0.6, 0.99])
def test_crps_agrees_with_the_integral_over_the_distribution_function(s: float, y: float) -> None:
    # CRPS = ∫ (G(u) − 1{u ≥ y})² du, with G(u) = P(F_ref(s|ε|) ≤ u) = F_ref(quantile(u)/s)
    u = (np.arange(200_000) + 0.5) / 200_000
    integral = np.mean((REF.cdf(REF.quantile(u) / s) - (u >= y)) ** 2)
    assert crps([s], [y], REF)[0] * 99 / 100 == pytest.approx(integral, abs=5e-5)


def test_crps_of_an_ordinary_day_told_right_is_a_sixth_of_a_unit_on_average() -> None:
    # uniform y under a uniform forecast: E CRPS = 1/6
    y = (np.arange(5000) + 0.5) / 5000
    assert crps(np.ones(5000), y, REF).mean() * 99 / 100 == pytest.approx(1 / 6, abs=1e-4)


@pytest.mark.parametrize(
    "grade",
    [
        lambda bad, good: spearman(bad, good),
        lambda bad, good: auc(good > 0.5, bad),
        lambda bad, good: ece(bad, good),
        lambda bad, good: brier(good, bad),
        lambda bad, good: brier_skill(bad, good),
        lambda bad, good: crps(good, bad, REF),
        lambda bad, good: crps(bad, good, REF),
        lambda bad, good: Forecasts(bad, scale=good),
        lambda bad, good: Forecasts(good, p_material=bad),
        lambda bad, good: Forecasts(good, low=good, high=bad),
        lambda bad, good: Outcomes(bad, good, good > 0, np.arange(3), np.arange(3)),
        lambda bad, good: Outcomes(good, bad, good > 0, np.arange(3), np.arange(3)),
    ],
)
@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_hole_in_the_numbers_is_refused(grade: object, hole: float) -> None:
    good = np.array([0.2, 0.4, 0.9])
    bad = np.array([0.2, hole, 0.9])
    assert callable(grade)
    with pytest.raises(ValueError, match="1 values that are not finite of 3"):
        grade(bad, good)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda v: Forecasts(v, scale=v[:2]), "shape"),
        (lambda v: Forecasts(v, scale=v - 0.2), "positive"),
        (lambda v: Forecasts(v, p_material=v + 1), r"\[0, 1\]"),
        (lambda v: Forecasts(v, low=v), "both edges"),
        (lambda v: Forecasts(v, low=v + 0.1, high=v), "above high in 3"),
        (lambda v: Outcomes(v + 1, v, v > 0, np.arange(3), np.arange(3)), r"\[0, 1\]"),
        (lambda v: Outcomes(v, -v, v > 0, np.arange(3), np.arange(3)), "never negative"),
        (lambda v: Outcomes(v, v, v, np.arange(3), np.arange(3)), "booleans"),
        (lambda v: Outcomes(v, v, v > 0, np.arange(3), np.arange(3) + 1), "tercile is 0, 1 or 2"),
        (lambda v: spearman(v, v[:2]), "shape"),
        (lambda v: spearman(v[:0], v[:0]), "nothing to grade"),
        (lambda v: ece(v, v, bins=0), "at least one bin"),
        (lambda v: crps(v - 0.2, v, REF), "positive"),
        (lambda v: crps(v, v + 1, REF), r"\[0, 1\]"),
    ],
)
def test_impossible_values_are_refused(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make(np.array([0.2, 0.4, 0.9]))


def test_a_subset_takes_the_same_events_of_every_field_and_keeps_the_unknown_unknown() -> None:
    known = outcomes()
    answers = Forecasts(known.y, low=known.y - 0.1, high=known.y + 0.1)
    mask = np.array([True, False, True, False, False, True])
    part, seen = answers.subset(mask), known.subset(mask)
    assert len(part) == len(seen) == 3
    assert part.scale is None
    assert part.high is not None
    assert part.high.tolist() == (known.y + 0.1)[mask].tolist()
    assert seen.day.tolist() == [0, 2, 5]
    assert seen.hard.tolist() == [True, True, False]


def test_material_is_beyond_two_sigma_and_not_at_it() -> None:
    abs_z = np.array([1.9, 2.0, 2.1])
    seen = Outcomes(REF.cdf(abs_z), abs_z, abs_z > 0, np.arange(3), np.arange(3))
    assert seen.material.tolist() == [False, False, True]


def test_the_names_of_the_metrics_are_stable() -> None:
    assert METRICS == (
        "spearman",
        "spearman_hard",
        "crps",
        "crps_hard",
        "auc_2sigma",
        "auc_2sigma_hard",
        "brier_skill",
        "ece",
        "coverage_80",
        "coverage_tercile_min",
    )
