"""Targets, curves, pictures and the report: the names programs rely on, and that the unknown stays unknown."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evals.impact import plots
from evals.impact.bootstrap import Evaluation, Interval, evaluate
from evals.impact.curves import Curve, Curves, Point, Reliability, by_group, coverage_by_tercile, point, reliability
from evals.impact.metrics import METRICS, Forecasts, Outcomes, ece
from evals.impact.page import cell, spread, table
from evals.impact.report import ImpactReport, plain, to_json, write_report
from evals.impact.targets import Target, advantage, headline_targets, ladder_targets
from markets.reference import reference

REF = reference()
N = 600


def sample() -> tuple[dict[str, Forecasts], Outcomes, NDArray[np.str_]]:
    rng = np.random.default_rng(11)
    day = np.sort(rng.integers(60, size=N))
    scale = np.exp(rng.normal(0.3, 0.6, N))
    abs_z = scale * REF.quantile(rng.random(N))
    edges = np.array([REF.interval(float(s)) for s in scale])
    known = Outcomes(REF.cdf(abs_z), abs_z, rng.random(N) < 0.5, day, rng.integers(3, size=N))
    oracle = Forecasts(
        np.array([REF.expected_y(float(s)) for s in scale]),
        scale,
        np.array([REF.p_beyond(float(s)) for s in scale]),
        edges[:, 0],
        edges[:, 1],
    )
    ladder = {
        "oracle": oracle,
        "constant": Forecasts(np.full(N, 0.5), np.ones(N)),
        "noise": Forecasts(rng.normal(size=N)),
    }
    return ladder, known, np.array([f"2014-{1 + number // 20:02d}" for number in day])


def evaluation() -> Evaluation:
    ladder, known, _ = sample()
    return evaluate(ladder, known, REF, main="oracle", draws=200)


def report(**changes: object) -> ImpactReport:
    graded = evaluation()
    given = {
        "evaluation": graded,
        "experiments": {"Blend": [{"k0": 1.0, "spearman": Interval(0.3, 0.2, 0.4)}, {"k0": 5.0, "n": np.int64(9)}]},
        "targets": [*headline_targets(graded), *ladder_targets(graded)],
        "left_out": {"no price": 3, "no ticker": 40},
        "data": {"rows": "events", "first": date(2014, 1, 2), "share": float("nan")},
        "artifact": "impact_v9",
        "notes": ["Small sample."],
    }
    return ImpactReport(**(given | changes))  # type: ignore[arg-type]


def made_up(**values: Interval | None) -> Evaluation:
    """A main forecaster with these metrics and nothing else."""
    return Evaluation("main", {"main": values}, {}, 10, 5, 4, 100, 0)


def test_json_names_are_stable() -> None:
    told = to_json(report())
    assert set(told) >= {
        "metrics",
        "baselines",
        "n_events",
        "n_hard",
        "differences",
        "targets",
        "experiments",
        "left_out",
        "data",
        "artifact",
    }
    names = {f"{name}{end}" for name in METRICS for end in ("", "_low", "_high")}
    assert set(told["metrics"]) == names  # type: ignore[call-overload]
    for part in ("baselines", "differences"):
        forecasters = told[part]
        assert isinstance(forecasters, dict)
        assert set(forecasters) == {"constant", "noise"}
        assert all(set(found) == names for found in forecasters.values())
    assert set(told["targets"][0]) == {"name", "wanted", "value", "low", "high", "margin", "met"}  # type: ignore[index]


def test_json_carries_the_numbers_of_the_evaluation() -> None:
    made = report()
    told = to_json(made)
    found = made.evaluation.metrics["oracle"]["spearman"]
    assert found is not None
    metrics = told["metrics"]
    assert isinstance(metrics, dict)
    told_interval = (metrics["spearman"], metrics["spearman_low"], metrics["spearman_high"])
    assert told_interval == pytest.approx((found.value, found.low, found.high))
    assert (told["n_events"], told["artifact"]) == (N, "impact_v9")
    assert told["left_out"] == {"no price": 3, "no ticker": 40}
    assert told["experiments"] == {
        "Blend": [{"k0": 1.0, "spearman": {"value": 0.3, "low": 0.2, "high": 0.4}}, {"k0": 5.0, "n": 9}]
    }


def test_the_unknown_is_null_in_json_and_never_zero() -> None:
    told = json.loads(json.dumps(to_json(report()), allow_nan=False))
    assert told["baselines"]["noise"]["crps"] is None
    assert told["baselines"]["noise"]["crps_low"] is None
    assert told["differences"]["constant"]["spearman"] is None
    assert told["data"] == {"rows": "events", "first": "2014-01-02", "share": None}
    assert next(t for t in told["targets"] if t["name"] == "crps against noise")["met"] is None


def test_a_value_that_json_has_no_word_for_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="PosixPath"):
        write_report(tmp_path / "report", report(data={"file": tmp_path}))
    assert not (tmp_path / "report").exists()


def test_plain_turns_arrays_sets_and_infinity_into_json() -> None:
    assert plain({"a": np.array([1.0, np.inf]), "third": 1 / 3, 2: {"x", "b"}, "c": (True, None)}) == {
        "a": [1.0, None],
        "third": 0.3333333333,
        "2": ["b", "x"],
        "c": [True, None],
    }


def test_headline_targets_tell_by_how_much_they_are_met_or_missed() -> None:
    graded = made_up(
        spearman=Interval(0.40, 0.3, 0.5),
        spearman_hard=Interval(0.18, 0.1, 0.2),
        auc_2sigma=Interval(0.70, 0.6, 0.8),
        ece=Interval(0.05, 0.04, 0.06),
        coverage_80=Interval(0.82, 0.81, 0.83),
    )
    found = {target.name: target for target in headline_targets(graded)}
    assert found["spearman"].margin == pytest.approx(0.04)
    assert found["spearman"].met is True
    assert found["spearman_hard"].met is True  # exactly what is asked is enough
    assert found["auc_2sigma"].margin == pytest.approx(-0.07)
    assert found["auc_2sigma"].met is False
    assert found["ece"].margin == pytest.approx(-0.02)
    assert found["coverage_80"].margin == pytest.approx(0.01)
    assert found["coverage_tercile_min"] == Target("coverage_tercile_min", "at least 0.74", None, None, None)


def test_intervals_that_cover_too_much_miss_their_target_too() -> None:
    found = {t.name: t for t in headline_targets(made_up(coverage_80=Interval(0.9, 0.89, 0.91)))}
    assert found["coverage_80"].met is False
    assert found["coverage_80"].margin == pytest.approx(-0.07)


def test_the_calibration_of_the_score_is_a_target_where_it_is_given() -> None:
    bad = Reliability([], Interval(0.04, 0.03, 0.05))
    assert headline_targets(made_up(), bad)[-1].name == "ece of the score"
    assert headline_targets(made_up(), bad)[-1].met is False


def test_a_baseline_is_beaten_only_if_the_whole_interval_says_so() -> None:
    differences = {
        "clear": {"spearman": Interval(0.1, 0.02, 0.2), "crps": Interval(-0.01, -0.02, -0.004)},
        "unsure": {"spearman": Interval(0.1, -0.01, 0.2), "crps": Interval(-0.01, -0.02, 0.001)},
        "level": {"spearman": Interval(0.0, 0.0, 0.0), "crps": Interval(0.01, 0.004, 0.02)},
    }
    graded = Evaluation("main", {}, differences, 10, 5, 4, 100, 0)
    met = {target.name: target.met for target in ladder_targets(graded)}
    assert met["spearman against clear"] is True
    assert met["crps against clear"] is True
    assert [met[f"{metric} against {name}"] for metric in ("spearman", "crps") for name in ("unsure", "level")] == [
        False
    ] * 4
    assert met["crps_hard against clear"] is None
    assert len(ladder_targets(graded, ["clear"])) == 4


def test_the_advantage_in_crps_is_turned_and_in_spearman_kept() -> None:
    assert advantage("crps", Interval(-0.01, -0.02, 0.001)) == Interval(0.01, -0.001, 0.02)
    assert advantage("spearman", Interval(0.1, 0.0, 0.2)) == Interval(0.1, 0.0, 0.2)
    assert advantage("crps", None) is None


def test_reliability_bins_hold_the_mean_forecast_the_mean_outcome_and_their_count() -> None:
    p, seen, day = np.repeat([0.1, 0.7], 50), np.tile([0.0, 1.0], 50), np.arange(100) % 20
    found = reliability(p, seen, day, bins=10, draws=100)
    assert [(b.x, b.y, b.n) for b in found.bins] == [(pytest.approx(0.1), 0.5, 50), (pytest.approx(0.7), 0.5, 50)]
    assert found.ece.value == pytest.approx(ece(p, seen))
    _, known, _ = sample()
    noisy = reliability(known.y, 1.0 * known.hard, known.day, draws=200)
    assert [b.n for b in noisy.bins] == [60] * 10
    assert all(b.low is not None and b.high is not None and b.low < b.y < b.high for b in noisy.bins)


def test_reliability_refuses_holes_and_unequal_lengths() -> None:
    day = np.arange(2)
    with pytest.raises(ValueError, match="not finite"):
        reliability([0.1, np.nan], [0, 1], day)
    with pytest.raises(ValueError, match="2 forecasts, 1 outcomes"):
        reliability([0.1, 0.2], [0], day)


def test_coverage_is_told_by_tercile_and_over_all() -> None:
    ladder, known, _ = sample()
    found = {p.x: p for p in coverage_by_tercile(ladder["oracle"], known, draws=100)}
    assert list(found) == ["calm", "middle", "wild", "all"]
    assert found["all"].n == N
    calm = ladder["oracle"].subset(known.tercile == 0), known.subset(known.tercile == 0)
    assert calm[0].low is not None
    assert calm[0].high is not None
    assert found["calm"].y == pytest.approx(np.mean((calm[0].low <= calm[1].y) & (calm[1].y <= calm[0].high)))
    assert coverage_by_tercile(ladder["noise"], known) == ()


def test_a_metric_over_time_is_that_of_each_month_and_small_months_are_left_out() -> None:
    ladder, known, months = sample()
    months[:30] = "2013-12"
    found = by_group(ladder["oracle"], known, REF, months, min_events=50, draws=100)
    assert [p.x for p in found] == ["2014-01", "2014-02", "2014-03"]
    third = months == "2014-03"
    alone = evaluate({"a": ladder["oracle"].subset(third)}, known.subset(third), REF, main="a", draws=100)
    expected = point("2014-03", alone.metrics["a"]["spearman"], int(third.sum()))
    assert expected is not None
    assert (found[2].x, found[2].n) == (expected.x, expected.n)
    assert (found[2].y, found[2].low, found[2].high) == pytest.approx((expected.y, expected.low, expected.high))
    assert by_group(ladder["constant"], known, REF, months, draws=100) == ()


def every_curve() -> Curves:
    ladder, known, months = sample()
    oracle = ladder["oracle"]
    assert oracle.p_material is not None
    return Curves(
        score=reliability(oracle.score, known.y, known.day, draws=100),
        p_material=reliability(np.round(oracle.p_material, 1), known.material, known.day, draws=100),
        coverage=coverage_by_tercile(oracle, known, draws=100),
        months=Curve("month", "Spearman", {"all": by_group(oracle, known, REF, months, draws=100)}),
        neighbours=Curve("k", "Spearman", {"dense": [Point(1, 0.1, 0.0, 0.2), Point(10, 0.2, None, None)]}, log_x=True),
        store=Curve(
            "events", "Spearman", {"dense": [Point(100, 0.1, -0.1, 0.2), Point(9000, 0.2, 0.1, 0.3)]}, log_x=True
        ),
    )


def test_the_report_is_a_page_its_numbers_and_a_picture_for_every_curve(tmp_path: Path) -> None:
    write_report(tmp_path / "new" / "report", report(curves=every_curve()))
    folder = tmp_path / "new" / "report"
    page = (folder / "report.md").read_text("utf-8")
    pictures = {path.name for path in folder.glob("*.png")}
    assert pictures == {
        "ladder.png",
        "reliability_score.png",
        "reliability_p_material.png",
        "coverage.png",
        "months.png",
        "neighbours.png",
        "store.png",
    }
    assert all(f"]({name})" in page for name in pictures)
    assert json.loads((folder / "report.json").read_text("utf-8"))["artifact"] == "impact_v9"


def test_a_report_without_curves_shows_the_ladder_alone(tmp_path: Path) -> None:
    write_report(tmp_path, report(curves=Curves(months=Curve("month", "Spearman", {"all": ()}))))
    assert [path.name for path in tmp_path.glob("*.png")] == ["ladder.png"]
    assert (tmp_path / "report.md").read_text("utf-8").count("![") == 1


def test_the_page_tells_verdicts_experiments_and_what_was_left_out(tmp_path: Path) -> None:
    targets = [
        Target("spearman", "at least 0.36", Interval(0.3, 0.2, 0.4), -0.06, False),
        Target("crps against noise", "interval above 0", Interval(0.02, 0.0123, 0.03), 0.0123, True),
        Target("ece", "at most 0.03", None, None, None),
    ]
    write_report(tmp_path, report(targets=targets))
    page = (tmp_path / "report.md").read_text("utf-8")
    assert "1 of 2 met, 1 missed; 1 cannot be graded." in page
    assert "| spearman | at least 0.36 | 0.300 (0.200 to 0.400) | **missed** by 0.060 |" in page
    assert "| 0.0200 (0.0123 to 0.0300) | met by 0.0123 |" in page
    assert "| ece | at most 0.03 | – | cannot be graded |" in page
    assert (
        "### Blend\n\n| k0 | spearman | n |\n|---|--:|--:|\n| 1 | 0.3000 (0.2000 to 0.4000) | – |\n| 5 | – | 9 |"
        in page
    )
    assert page.index("| no ticker | 40 |") < page.index("| no price | 3 |")
    assert "- Small sample." in page
    assert "**oracle**" in page


def test_a_target_missed_by_a_hair_is_not_missed_by_nothing(tmp_path: Path) -> None:
    near = Target("spearman", "at least 0.36", Interval(0.3599, 0.34, 0.38), -0.0001, False)
    write_report(tmp_path, report(targets=[near]))
    assert "**missed** by 0.00010 |" in (tmp_path / "report.md").read_text("utf-8")


def test_cells_never_show_the_unknown_as_a_number() -> None:
    assert [cell(value) for value in (None, float("nan"), np.float64("inf"))] == ["–", "–", "–"]
    assert spread(None, 3) == "–"


def test_cells_are_readable_and_cannot_break_the_table() -> None:
    assert [cell(v) for v in (True, 12345, -0.12345, 55000.0, "a|b\nc")] == [
        "yes",
        "12,345",
        "−0.1235",
        "55,000",
        "a\\|b c",
    ]
    assert cell({"fit": date(2014, 1, 2), "n": [1, 2]}) == "fit: 2014-01-02, n: 1, 2"
    assert table(("a", "b"), [("x", 1)]) == "| a | b |\n|---|--:|\n| x | 1 |"


@pytest.mark.parametrize(("suffix", "head"), [(".png", b"\x89PNG"), (".svg", b"<?xml")])
def test_pictures_are_written_in_the_format_of_their_suffix_and_are_the_same_each_time(
    tmp_path: Path, suffix: str, head: bytes
) -> None:
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    graded = evaluation()
    for path in (one, two):
        plots.plot_ladder(path, graded, title="Ladder", targets={"spearman": 0.36})
    assert one.read_bytes().startswith(head)
    assert one.read_bytes() == two.read_bytes()


def test_text_on_the_axis_stands_in_its_sorted_order_whatever_line_has_it() -> None:
    early, late = [Point("2014-01", 0.1, None, None)], [Point("2014-02", 0.2, None, None)]
    assert plots._places(Curve("month", "y", {"hard": late, "all": [*early, *late]})) == {
        "2014-01": 0.0,
        "2014-02": 1.0,
    }
