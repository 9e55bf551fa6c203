"""The blend: as small as the data allow."""

import numpy as np

from evals.starter.blend import PRIOR_ALONE, choose_blend


def test_the_smallest_blend_within_one_standard_error_of_the_best_is_chosen() -> None:
    noise = np.tile([0.0, 0.1], 200)
    losses = {1.0: 0.5 + noise, 10.0: np.full(400, 0.42) + noise * 0.55, 100.0: np.full(400, 0.42) + noise * 0.5}
    losses[10.0][::40] -= 0.02
    best, chosen = choose_blend(losses)
    assert best in (10.0, 100.0)
    assert chosen in (10.0, 100.0)
    assert chosen <= best


def test_a_clearly_worse_blend_is_never_chosen_for_being_small() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(0.2, 0.05, 400)
    assert choose_blend({1.0: base + 0.05, 50.0: base}) == (50.0, 50.0)


def test_a_flat_curve_keeps_the_precedents() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(0.2, 0.05, 400)
    assert choose_blend({1.0: base + rng.normal(0.0001, 0.02, 400), 50.0: base})[1] == 1.0


def test_the_prior_alone_is_a_baseline_and_never_the_choice() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(0.2, 0.05, 400)
    assert choose_blend({10.0: base + 0.05, 160.0: base + 0.04, PRIOR_ALONE: base}) == (PRIOR_ALONE, 160.0)
