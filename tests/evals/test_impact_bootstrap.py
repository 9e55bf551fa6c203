"""The bootstrap by day sums against resampling done the long way, on data small enough for it."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from evals.impact import bootstrap
from evals.impact.bootstrap import Evaluation, Interval, day_counts, evaluate, interval, resample, value
from evals.impact.day_sums import days_of, statistic
from evals.impact.metrics import (
    METRICS,
    Forecasts,
    Outcomes,
    auc,
    brier_skill,
    crps,
    ece,
    equal_count_bins,
    midranks,
    spearman,
)
from markets.reference import reference

REF = reference()
Pair = tuple[Forecasts, Outcomes]


def sample(n: int = 400, days: int = 80, seed: int = 3) -> Pair:
    """Days share a part of their scale, so that clustering shows; the forecast is a noisy guess of the scale."""
    rng = np.random.default_rng(seed)
    day = rng.integers(days, size=n)
    log_s = 0.4 + rng.normal(0, 0.5, n) + rng.normal(0, 0.4, days)[day]
    abs_z = np.exp(log_s) * REF.quantile(rng.random(n))
    guess = np.exp(0.4 + 0.6 * (log_s - 0.4) + rng.normal(0, 0.3, n))
    p = np.array([REF.p_beyond(float(s)) for s in guess])
    edges = np.array([REF.interval(float(s)) for s in guess])
    score = np.array([REF.expected_y(float(s)) for s in guess])
    known = Outcomes(REF.cdf(abs_z), abs_z, rng.random(n) < 0.6, 1000 + day * 7, rng.integers(3, size=n))
    return Forecasts(score, guess, p, edges[:, 0], edges[:, 1]), known


def coverage(f: Forecasts, o: Outcomes) -> float:
    assert f.low is not None
    assert f.high is not None
    return float(np.mean((f.low <= o.y) & (o.y <= f.high)))


def hard_only(grade: Callable[[Forecasts, Outcomes], float]) -> Callable[[Forecasts, Outcomes], float]:
    return lambda f, o: grade(f.subset(o.hard), o.subset(o.hard))


LONG_WAY: dict[str, Callable[[Forecasts, Outcomes], float]] = {
    "spearman": lambda f, o: spearman(f.score, o.y),
    "crps": lambda f, o: float(crps(f.scale, o.y, REF).mean()),  # type: ignore[arg-type]
    "auc_2sigma": lambda f, o: auc(o.material, f.p_material),  # type: ignore[arg-type]
    "brier_skill": lambda f, o: brier_skill(f.p_material, o.material),  # type: ignore[arg-type]
    "ece": lambda f, o: ece(f.p_material, o.material),  # type: ignore[arg-type]
    "coverage_80": coverage,
    "coverage_tercile_min": lambda f, o: min(
        coverage(f.subset(o.tercile == t), o.subset(o.tercile == t)) for t in range(3)
    ),
}
LONG_WAY |= {f"{name}_hard": hard_only(LONG_WAY[name]) for name in ("spearman", "crps", "auc_2sigma")}


def fast(name: str, pair: Pair, draws: int) -> NDArray[np.float64]:
    found = statistic(name, *pair, days_of(pair[1].day), REF)
    assert found is not None
    return resample({name: found}, draws=draws, seed=5)[name]


def naive(name: str, pair: Pair, draws: int) -> NDArray[np.float64]:
    """The same draws of days, but every event copied as often as its day was drawn and the metric computed anew."""
    forecasts, known = pair
    days = days_of(known.day)
    found = []
    for counts in day_counts(days.count, draws, 5):
        for row in counts:
            events = np.repeat(np.arange(len(known)), row[days.index].astype(int))
            copied = [
                dataclasses.replace(one, **{f.name: getattr(one, f.name)[events] for f in dataclasses.fields(one)})
                for one in (forecasts, known)
            ]
            found.append(LONG_WAY[name](*copied))  # type: ignore[arg-type]
    return np.array(found)


def test_every_metric_has_its_long_way() -> None:
    assert set(LONG_WAY) == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_the_value_of_the_full_sample_is_the_metric_itself(name: str) -> None:
    pair = sample()
    found = statistic(name, *pair, days_of(pair[1].day), REF)
    assert found is not None
    assert value(found) == pytest.approx(LONG_WAY[name](*pair), abs=1e-12)


@pytest.mark.parametrize("name", ["crps", "crps_hard", "brier_skill", "coverage_80", "coverage_tercile_min"])
def test_draws_of_means_and_ratios_are_exact(name: str) -> None:
    pair = sample()
    assert fast(name, pair, 50) == pytest.approx(naive(name, pair, 50), abs=1e-5)  # 1e-5: the grid of crps moves


@pytest.mark.parametrize("name", ["spearman", "spearman_hard", "auc_2sigma", "auc_2sigma_hard"])
def test_draws_of_rank_metrics_follow_those_that_rank_anew(name: str) -> None:
    pair = sample()
    quick, slow = fast(name, pair, 600), naive(name, pair, 600)
    assert np.corrcoef(quick, slow)[0, 1] > 0.99
    assert quick.std() == pytest.approx(slow.std(), rel=0.05)
    for quantile in (0.025, 0.975):
        assert np.quantile(quick, quantile) == pytest.approx(np.quantile(slow, quantile), abs=0.15 * slow.std())


def test_a_strong_rank_correlation_is_not_called_too_sure_as_fixed_ranks_would_call_it() -> None:
    _, known = sample()
    pair = Forecasts(known.y + np.random.default_rng(1).normal(0, 0.1, len(known))), known
    slow = _naive_spearman(pair, 300).std()
    days = days_of(known.day)
    x, y = midranks(pair[0].score), midranks(known.y)
    sums = np.concatenate(list(day_counts(days.count, 300, 5))) @ days.add(np.ones(len(x)), x, y, x * x, y * y, x * y)
    mean = sums[:, 1:] / sums[:, :1]
    spread = (mean[:, 2] - mean[:, 0] ** 2) * (mean[:, 3] - mean[:, 1] ** 2)
    fixed = (mean[:, 4] - mean[:, 0] * mean[:, 1]) / np.sqrt(spread)
    assert fast("spearman", pair, 300).std() == pytest.approx(slow, rel=0.05)
    assert fixed.std() < 0.85 * slow


def _naive_spearman(pair: Pair, draws: int) -> NDArray[np.float64]:
    days = days_of(pair[1].day)
    events = np.arange(len(pair[1]))
    copies = (
        np.repeat(events, row[days.index].astype(int)) for rows in day_counts(days.count, draws, 5) for row in rows
    )
    return np.array([spearman(pair[0].score[chosen], pair[1].y[chosen]) for chosen in copies])


def test_tied_forecasts_are_ranked_anew_to_first_order_too() -> None:
    forecasts, known = sample()
    pair = Forecasts(np.round(forecasts.score * 5)), known
    quick, slow = fast("spearman", pair, 300), _naive_spearman(pair, 300)
    assert np.corrcoef(quick, slow)[0, 1] > 0.99
    assert quick.std() == pytest.approx(slow.std(), rel=0.05)


def test_draws_of_the_ece_are_exact_for_the_bins_of_the_full_sample() -> None:
    forecasts, known = sample()
    assert forecasts.p_material is not None
    bins, days = equal_count_bins(forecasts.p_material, 10), days_of(known.day)
    quick = fast("ece", (forecasts, known), 20)
    slow = []
    for row in next(iter(day_counts(days.count, 20, 5))):
        weight = row[days.index]
        gaps = [np.sum((weight * (known.material - forecasts.p_material))[bins == b]) for b in range(10)]
        slow.append(np.abs(gaps).sum() / weight.sum())
    assert quick == pytest.approx(np.array(slow))


def test_each_draw_takes_as_many_days_as_there_are_whatever_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(day_counts(30, 25, seed=1)))
    assert whole.shape == (25, 30)
    assert (whole.sum(axis=1) == 30).all()
    monkeypatch.setattr(bootstrap, "CHUNK_CELLS", 100)
    pieces = list(day_counts(30, 25, seed=1))
    assert len(pieces) == 9
    assert (np.concatenate(pieces) == whole).all()


def test_events_of_one_day_are_drawn_together() -> None:
    # every day's events are copies: clustered by day the interval is about √10 times as wide as by event
    forecasts, known = sample(100, 100)
    copied = np.repeat(np.arange(100), 10)
    one, seen = forecasts.subset(copied), known.subset(copied)
    clustered = dataclasses.replace(seen, day=copied)
    loose = dataclasses.replace(seen, day=np.arange(1000))
    widths = [_width(evaluate({"a": one}, o, REF, main="a").metrics["a"]["spearman"]) for o in (clustered, loose)]
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(10), rel=0.15)


def _width(found: Interval | None) -> float:
    assert found is not None
    return found.high - found.low


def graded(draws: int = 400, seed: int = 0) -> Evaluation:
    forecasts, known = sample()
    rng = np.random.default_rng(0)
    return evaluate(
        {
            "main": forecasts,
            "twin": forecasts,
            "noise": Forecasts(rng.normal(size=len(known))),
            "constant": Forecasts(np.full(len(known), 0.5), np.ones(len(known))),
        },
        known,
        REF,
        main="main",
        draws=draws,
        seed=seed,
    )


def test_a_difference_is_paired() -> None:
    found = graded()
    assert found.differences["twin"]["spearman"] == Interval(0.0, 0.0, 0.0)
    assert found.differences["twin"]["crps"] == Interval(0.0, 0.0, 0.0)
    ours, noise = found.metrics["main"]["spearman"], found.metrics["noise"]["spearman"]
    gap = found.differences["noise"]["spearman"]
    assert ours is not None
    assert noise is not None
    assert gap is not None
    assert gap.value == pytest.approx(ours.value - noise.value)
    assert gap.low > 0
    assert "main" not in found.differences


def test_what_a_forecaster_does_not_say_is_none_and_never_zero() -> None:
    found = graded()
    silent = {name for name, one in found.metrics["noise"].items() if one is None}
    assert silent == {"crps", "crps_hard", "brier_skill", "ece", "coverage_80", "coverage_tercile_min"}
    assert {name for name, one in found.differences["noise"].items() if one is None} == silent


def test_a_constant_has_no_rank_correlation_but_has_the_rest() -> None:
    found = graded().metrics["constant"]
    assert found["spearman"] is None
    assert found["spearman_hard"] is None
    assert found["auc_2sigma"] == Interval(0.5, 0.5, 0.5)
    assert found["crps"] is not None


def test_every_value_lies_in_its_interval_but_the_ece() -> None:
    for name, one in graded().metrics["main"].items():
        assert one is not None
        assert one.low < one.high
        assert name == "ece" or one.low < one.value < one.high


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others() -> None:
    def ends(seed: int) -> list[float]:
        found = graded(seed=seed).metrics["main"].values()
        return [end for one in found if one is not None for end in (one.low, one.high)]

    assert ends(1) == pytest.approx(ends(1), rel=1e-12)
    assert ends(1) != pytest.approx(ends(2), rel=1e-6)


def test_sizes_are_told() -> None:
    found = graded()
    _, known = sample()
    assert (found.n_events, found.n_hard, found.n_days) == (400, int(known.hard.sum()), len(np.unique(known.day)))


def test_without_a_hard_event_the_hard_metrics_are_unknown() -> None:
    forecasts, known = sample()
    easy = dataclasses.replace(known, hard=np.zeros(len(known), dtype=bool))
    found = evaluate({"a": forecasts}, easy, REF, main="a", draws=50).metrics["a"]
    assert {name for name, one in found.items() if one is None} == {"spearman_hard", "crps_hard", "auc_2sigma_hard"}


def test_without_a_material_move_the_discrimination_is_unknown() -> None:
    forecasts, known = sample()
    calm = known.abs_z < 2
    found = evaluate({"a": forecasts.subset(calm)}, known.subset(calm), REF, main="a", draws=50).metrics["a"]
    assert {name for name, one in found.items() if one is None} == {"auc_2sigma", "auc_2sigma_hard", "brier_skill"}


def test_draws_that_do_not_define_the_number_are_left_out_and_too_many_of_them_refuse_the_interval() -> None:
    assert interval(0.5, np.array([0.4, np.nan, 0.6])) == Interval(0.5, pytest.approx(0.405), pytest.approx(0.595))
    assert interval(0.5, np.array([0.4, np.nan, np.nan])) is None
    assert interval(float("nan"), np.array([0.4, 0.5])) is None


def test_forecasters_of_other_events_are_refused() -> None:
    forecasts, known = sample()
    with pytest.raises(ValueError, match="short answers 1 events of 400"):
        evaluate({"a": forecasts, "short": Forecasts(np.array([0.5]))}, known, REF, main="a")
    with pytest.raises(ValueError, match="'b' is not among a"):
        evaluate({"a": forecasts}, known, REF, main="b")
    with pytest.raises(ValueError, match="two draws"):
        evaluate({"a": forecasts}, known, REF, main="a", draws=1)
