"""The harness's statistics: against statsmodels where it has the same, against simulation where it has not."""

from datetime import UTC, datetime

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa  # type: ignore[import-untyped]
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]
from statsmodels.stats.power import NormalIndPower  # type: ignore[import-untyped]
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]

from evals.harness.run import Case, Run, RunProvenance
from evals.harness.statistics import (
    bootstrap_p,
    clusters_of,
    compare,
    holm,
    judge_provenance,
    kappa,
    rate,
    rule_of_three,
    visible,
)
from records.errors import UsageError

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def _run(
    scores: list[float | None], *, name: str = "run", cluster: int = 1, labels: str = "x", **changes: object
) -> Run:
    cases = tuple(
        Case(id=f"c{place:04d}", cluster=f"s{place // cluster}", scores={"right": score}, expected=labels)
        for place, score in enumerate(scores)
    )
    known = [score for score in scores if score is not None]
    values = {"metrics": {"right": float(np.mean(known)) if known else None}, "layer": "offline", "suite": "made"}
    return Run.model_validate(
        {
            "run_id": name,
            "split": "shipped",
            "data_digest": "d",
            "n": len(cases),
            "provenance": RunProvenance.model_validate({}),
            "cases": cases,
            "made_at": NOW,
            **values,
            **changes,
        }
    )


def _noisy(rate_: float, n: int, seed: int) -> list[float | None]:
    return [float(each) for each in np.random.default_rng(seed).random(n) < rate_]


def test_holm_adjusts_as_statsmodels_does() -> None:
    p = dict(zip("abcdefg", (0.01, 0.04, 0.03, 0.005, 0.5, 0.03, 1.0), strict=True))
    theirs = multipletests(list(p.values()), method="holm")[1]
    assert list(holm(p).values()) == pytest.approx(theirs)
    with pytest.raises(ValueError, match="lies in 0 to 1"):
        holm({"a": float("nan")})


@pytest.mark.parametrize(("hits", "n"), [(0, 20), (3, 20), (20, 20), (51, 60), (1, 1)])
def test_a_rate_has_wilsons_interval_as_statsmodels_gives_it(hits: int, n: int) -> None:
    assert rate(hits, n) == pytest.approx(proportion_confint(hits, n, method="wilson"))
    assert rate(0, 0) is None


@pytest.mark.parametrize("n", [30, 100, 976])
def test_zero_failures_leave_about_three_in_n_possible(n: int) -> None:
    assert rule_of_three(n) == pytest.approx(3 / n, rel=0.06)
    assert rule_of_three(n) == pytest.approx(proportion_confint(0, n, alpha=0.1, method="beta")[1])
    with pytest.raises(ValueError, match="nothing was tried"):
        rule_of_three(0)


def test_the_visible_difference_has_the_power_that_statsmodels_finds() -> None:
    error = 0.02
    power = NormalIndPower(ddof=0).power(visible(error, alpha=0.01) / error, 1, 0.01, ratio=0)
    assert power == pytest.approx(0.80, abs=1e-6)


def test_kappa_and_its_error_are_those_of_statsmodels() -> None:
    generator = np.random.default_rng(3)
    mine = generator.integers(0, 3, 200).tolist()
    other = [
        one if keep else int(new)
        for one, keep, new in zip(mine, generator.random(200) < 0.7, generator.integers(0, 3, 200), strict=True)
    ]
    table = np.zeros((3, 3))
    for one, two in zip(mine, other, strict=True):
        table[one, two] += 1
    theirs, found = cohens_kappa(table), kappa(mine, other)
    assert found.value == pytest.approx(theirs.kappa)
    assert (found.low, found.high) == pytest.approx((theirs.kappa_low, theirs.kappa_upp))


def test_one_label_only_says_nothing_about_agreement() -> None:
    found = kappa(["yes"] * 9, ["yes"] * 9)
    assert (found.value, found.agreed, found.validated) == (None, 1.0, False)
    assert judge_provenance("a judge", found) == "a judge, unvalidated"
    with pytest.raises(ValueError, match="one of each per item"):
        kappa(["yes"], [])


def test_a_judge_is_validated_only_by_enough_labels_and_substantial_agreement() -> None:
    good, few = ["yes", "no"] * 40, ["yes", "no"] * 10
    half = [label if place % 4 else "yes" for place, label in enumerate(good)]
    assert judge_provenance("m", kappa(good, good)) == "m, kappa 1.00 (1.00 to 1.00) on 80"
    assert judge_provenance("m", kappa(few, few)).startswith("m, unvalidated: kappa 1.00")
    assert kappa(good, half).validated is True
    assert kappa(good, ["yes", "yes", "no", "no"] * 20).validated is False
    assert judge_provenance("m", None) == "m, unvalidated"


def test_days_are_drawn_where_stories_lie_within_days_and_stories_where_they_last() -> None:
    assert clusters_of([None] * 4, [None] * 4).kind == "cases"
    assert clusters_of(["a", "a", "b", "c"], ["1", "1", "1", "2"]).kind == "days"
    assert clusters_of(["a", "a", "b", "b"], ["1", "2", "3", "4"]).kind == "stories"
    crossed = clusters_of(["a", "a", "b", "b"], ["1", "2", "1", "3"])
    assert (crossed.kind, crossed.count) == ("stories and days", 2)
    assert clusters_of(["a", "a", None], [None] * 3).kind == "stories"


def test_the_error_of_a_clustered_mean_is_that_of_the_clusters_means() -> None:
    generator = np.random.default_rng(0)
    levels = generator.normal(size=60)
    values = np.repeat(levels, 20)
    stories = [str(place // 20) for place in range(len(values))]
    drawn = clusters_of(stories, [None] * len(values)).means(values, draws=4000, seed=1)
    assert drawn.std() == pytest.approx(levels.std() / np.sqrt(60), rel=0.05)


def test_drawing_stories_and_days_is_no_narrower_than_what_both_add_to_the_error() -> None:
    generator = np.random.default_rng(0)
    by_story, by_day = generator.normal(size=40), generator.normal(size=50)
    values = np.add.outer(by_story, by_day).ravel()
    stories = [str(one) for one in range(40) for _ in range(50)]
    days = [str(two) for _ in range(40) for two in range(50)]
    drawn = clusters_of(stories, days).means(values, draws=3000, seed=1)
    expected = np.sqrt(by_story.var() / 40 + by_day.var() / 50)
    assert drawn.std() == pytest.approx(expected, rel=0.06)


def test_a_bootstrap_p_is_never_zero_and_counts_undefined_draws_against_the_difference() -> None:
    assert bootstrap_p(np.full(999, 2.0)) == pytest.approx(2 / 1000)
    assert bootstrap_p(np.concatenate([np.full(989, 2.0), np.full(10, np.nan)])) == pytest.approx(22 / 1000)
    assert bootstrap_p(np.array([-1.0, 1.0] * 50)) == 1.0


def test_a_better_run_is_better_and_the_other_way_round_worse() -> None:
    base, run = _run(_noisy(0.5, 300, 1), name="base"), _run(_noisy(0.75, 300, 2))
    there, back = (compare(one, two, seed=0).differences[0] for one, two in ((run, base), (base, run)))
    assert (there.verdict, back.verdict) == ("better", "worse")
    assert there.difference is not None
    assert there.interval is not None
    assert back.difference == -there.difference
    assert 0 < there.interval[0] < there.difference < there.interval[1]
    assert compare(base, run, seed=0).worse == ("right",)


def test_a_metric_that_should_be_low_is_better_when_it_falls() -> None:
    def named(run: Run) -> Run:
        cases = tuple(case.model_copy(update={"scores": {"wrong": case.scores["right"]}}) for case in run.cases)
        return run.model_copy(update={"cases": cases})

    base, run = named(_run(_noisy(0.75, 300, 1))), named(_run(_noisy(0.5, 300, 2)))
    assert compare(run, base, seed=0).differences[0].verdict == "better"


def test_a_run_compared_with_itself_shows_nothing_and_says_what_it_could_have_missed() -> None:
    run = _run(_noisy(0.6, 100, 1))
    found = compare(run, run, seed=0).differences[0]
    assert (found.verdict, found.p, found.n_changed) == ("not shown", 1.0, 0)
    assert found.interval == pytest.approx((-rule_of_three(100), rule_of_three(100)))
    assert found.visible == pytest.approx(rule_of_three(100))


def test_the_same_draws_give_the_same_comparison() -> None:
    base, run = _run(_noisy(0.5, 60, 1)), _run(_noisy(0.6, 60, 2))
    assert compare(run, base, seed=4) == compare(run, base, seed=4)
    assert compare(run, base, seed=4) != compare(run, base, seed=5)


def test_few_clusters_give_no_interval_and_say_why() -> None:
    base, run = _run(_noisy(0.2, 90, 1), cluster=10), _run(_noisy(0.9, 90, 2), cluster=10)
    found = compare(run, base, seed=0).differences[0]
    assert (found.verdict, found.interval, found.p, found.n_paired) == ("not shown", None, None, 90)
    assert found.why == "9 clusters, 20 are needed"


def test_ungraded_cases_and_changed_labels_are_not_paired_and_counted() -> None:
    base, run = _run([None, *_noisy(0.5, 59, 1)]), _run(_noisy(0.5, 60, 2))
    assert compare(run, base, seed=0).differences[0].n_paired == 59
    other = _run(_noisy(0.5, 60, 2), labels="y")
    mixed = other.model_copy(update={"cases": (*other.cases[:20], *run.cases[20:])})
    found = compare(mixed, base, seed=0)
    assert (found.other_expectation, found.differences[0].n_paired) == (20, 40)
    with pytest.raises(UsageError, match="no case in common"):
        compare(other, base, seed=0)


def test_runs_of_two_layers_or_two_suites_are_not_compared() -> None:
    run = _run(_noisy(0.5, 60, 1))
    for change in ({"layer": "live"}, {"suite": "chat"}):
        with pytest.raises(UsageError, match="one suite and one layer"):
            compare(run, run.model_copy(update=change), seed=0)


def test_only_the_declared_family_is_adjusted_and_judged() -> None:
    def with_more(run: Run, seed: int) -> Run:
        extra = _noisy(0.5, 200, seed)
        cases = tuple(
            case.model_copy(update={"scores": {**case.scores, "other": value}, "latency_ms": 5.0 + seed})
            for case, value in zip(run.cases, extra, strict=True)
        )
        return run.model_copy(update={"cases": cases})

    base, run = with_more(_run(_noisy(0.4, 200, 1)), 3), with_more(_run(_noisy(0.7, 200, 2)), 4)
    alone = {each.metric: each for each in compare(run, base, seed=0, family=["right"]).differences}
    both = {each.metric: each for each in compare(run, base, seed=0).differences}
    assert list(alone) == ["right", "other", "latency_ms"]
    assert alone["right"].p_holm == alone["right"].p
    assert both["right"].p_holm == 2 * (both["right"].p or 0)
    assert (alone["other"].p_holm, alone["other"].why) == (None, "not of the declared family")
    assert (alone["latency_ms"].difference, alone["latency_ms"].verdict) == (1.0, "not shown")


def test_the_gates_declare_the_family_where_nothing_else_does() -> None:
    def threads(seed: int) -> Run:
        run = _run(_noisy(0.5, 60, seed), suite="threads")
        scores = [{"correct": case.scores["right"], "probability": 0.5} for case in run.cases]
        cases = [case.model_copy(update={"scores": one}) for case, one in zip(run.cases, scores, strict=True)]
        return run.model_copy(update={"cases": tuple(cases)})

    assert compare(threads(1), threads(2), seed=0).family == ("correct",)
    assert compare(_run(_noisy(0.5, 60, 1)), _run(_noisy(0.5, 60, 2)), seed=0).family == ("right",)


def test_a_figure_of_the_whole_run_is_shown_without_inference() -> None:
    base, run = _run(_noisy(0.5, 60, 1)), _run(_noisy(0.5, 60, 1))
    changed = run.model_copy(update={"metrics": {**run.metrics, "f1": 0.8}})
    found = compare(changed, base.model_copy(update={"metrics": {**base.metrics, "f1": 0.6}}), seed=0).differences[-1]
    assert (found.metric, found.run_value, found.base_value, found.p) == ("f1", 0.8, 0.6, None)


def test_false_alarms_of_runs_that_are_alike_stay_near_the_level() -> None:
    alarms = 0
    for seed in range(200):
        base, run = _run(_noisy(0.5, 80, seed)), _run(_noisy(0.5, 80, seed + 10_000))
        alarms += compare(run, base, seed=seed, draws=400).differences[0].verdict != "not shown"
    assert alarms <= 20  # 5 % of 200 are 10; 20 is beyond three standard errors
