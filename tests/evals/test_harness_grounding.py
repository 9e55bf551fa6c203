"""The grounding experiment: what is drawn together, what is tested, and that the rivals of the precedents are fair ones."""

import json
from dataclasses import replace
from datetime import UTC, date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from agent.score_artifact import load_artifact
from evals.harness.grounding import __main__ as experiment
from evals.harness.grounding import analysis, arms
from evals.harness.grounding.__main__ import AFTER_FILES, CUTOFF
from evals.harness.grounding.analysis import answer, declared_tests, findings
from evals.harness.grounding.arms import (
    CALIBRATED,
    GROUNDED,
    KS,
    RIVALS,
    SHUFFLED,
    SWITCHED_OFF,
    WORDED,
    Field,
    Rivals,
    field_of,
    fit_rival,
)
from evals.harness.grounding.page import PICTURE, write_report
from evals.impact.fit import FOREST, development
from evals.impact.metrics import Forecasts, Outcomes
from evals.impact.run import Ground
from markets.reference import reference

REF = reference()
STAGES = ("measured", "learnt", *RIVALS, "rivals", "validation", "recent")
ARMS = (GROUNDED, SWITCHED_OFF, CALIBRATED, WORDED, SHUFFLED)


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "DRAWS", 400)


def _forecasts(log_s: NDArray[np.float64]) -> Forecasts:
    scale = np.exp(log_s)
    score = np.array([REF.expected_y(float(one)) for one in scale])
    ends = np.full(len(scale), 0.1), np.full(len(scale), 0.9)
    return Forecasts(score, scale, 1 - REF.cdf(2 / scale), *ends)


def _field(name: str = "a set", *, knows: float, rival_knows: float, n: int = 1500, seed: int = 0) -> Field:
    """Events whose scale the grounded arm knows to one degree and every rival to another."""
    generator = np.random.default_rng(seed)
    true = generator.normal(0.2, 0.6, n)
    abs_z = np.exp(true) * REF.quantile(generator.random(n) * (1 - 1e-9))
    days = date(2024, 1, 1).toordinal() + np.sort(generator.integers(0, 400, n))

    def told(share: float) -> Forecasts:
        return _forecasts(0.2 + share * (true - 0.2))

    outcomes = Outcomes(
        y=REF.cdf(abs_z),
        abs_z=abs_z,
        hard=generator.random(n) < 0.7,
        day=days,
        tercile=generator.integers(0, 3, n),
    )
    return Field(
        name,
        {arm: told(knows if arm == GROUNDED else rival_knows) for arm in ARMS},
        outcomes,
        days,
        generator.choice(["A", "B", "C"], n),
        generator.uniform(3, 90, n),
        {"no_price": 3},
        {},
    )


def test_a_week_goes_from_monday_to_sunday() -> None:
    field = _field(knows=0.5, rival_knows=0.5)
    days = np.array([date(2024, 1, day).toordinal() for day in (1, 5, 7, 8, 14, 15)])
    some = field.subset(np.arange(1500) < 6, "some")
    weeks = replace(some, outcomes=replace(some.outcomes, day=days)).weekly().day
    assert (weeks - weeks[0]).tolist() == [0, 0, 0, 1, 1, 2]


def test_a_score_that_knows_more_is_better_than_each_rival_on_both_measures() -> None:
    found = declared_tests(
        (_field("one", knows=0.8, rival_knows=0.2), _field("two", knows=0.8, rival_knows=0.2, seed=1)), REF
    )
    assert {(test.data_set, test.rival, test.metric) for test in found} == {
        (name, rival, metric) for name in ("one", "two") for rival in RIVALS for metric in ("crps", "spearman")
    }
    better = [test for test in found if test.metric == "crps"]
    assert [test.verdict for test in better] == ["better"] * 4
    assert all(test.difference and test.difference.low > 0 for test in better)
    assert all((test.p_holm or 0) >= (test.p or 1) for test in found)


def test_a_score_that_knows_less_is_worse() -> None:
    found = declared_tests((_field(knows=0.1, rival_knows=0.9),), REF)
    assert [test.verdict for test in found if test.metric == "crps"] == ["worse"] * 2


def test_the_same_forecasts_show_nothing() -> None:
    found = declared_tests((_field(knows=0.5, rival_knows=0.5),), REF)
    assert [(test.verdict, test.p) for test in found] == [("not shown", 1.0)] * 4
    assert "not shown to help on both measures" in answer(found)
    assert answer(found).endswith("needs both data sets and is not made.")


def test_a_sure_difference_below_what_matters_is_called_small() -> None:
    found = declared_tests((_field(knows=0.515, rival_knows=0.5, n=6000),), REF)
    crps = next(test for test in found if test.metric == "crps")
    assert crps.difference is not None
    assert 0 < crps.difference.value < analysis.SMALL["crps"]
    assert crps.verdict == "better, small"


def test_the_answer_claims_no_more_than_the_tests() -> None:
    found = declared_tests(
        (_field("one", knows=0.8, rival_knows=0.2), _field("two", knows=0.8, rival_knows=0.2, seed=1)), REF
    )
    both = tuple(replace(test, verdict="better") for test in found)
    assert "The general claim, grounding helps, holds." in answer(both)
    assert "On one: grounding helps beyond any prior we can fit" in answer(both)
    without_worded = tuple(replace(t, verdict="not shown" if t.rival == WORDED else "better") for t in found)
    assert "On one: grounding helps (" in answer(without_worded)
    one_set = tuple(replace(t, verdict="better" if t.data_set == "one" else "not shown") for t in found)
    assert "is not made" in answer(one_set)


def test_the_report_shows_every_arm_and_part(tmp_path: Path) -> None:
    field = _field(knows=0.8, rival_knows=0.2, n=700)
    family = declared_tests((field,), REF)
    write_report(tmp_path, family, [findings(field, REF)], {"score": "made up"}, ["a departure"])
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert all(f"| {arm} |" in text for arm in ARMS[1:])
    assert "- a departure" in text
    assert [part["name"] for part in told["data_sets"]["a set"]["parts"]["company left out"]] == [
        "without A",
        "without B",
        "without C",
    ]
    assert len(told["data_sets"]["a set"]["parts"]["effective precedents"]) == 3
    assert (tmp_path / PICTURE).read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def rivals(impact_folder: Path) -> Rivals:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evals.harness.grounding.arms.CALIBRATED_ON", (2014,))
        patch.setitem(FOREST, "n_estimators", 30)
        patch.setattr("evals.impact.features.COVERAGE_EVENTS", 80)
        dev = development(impact_folder, date(2014, 12, 31), lambda _: None)
        learnt = dev.rows()
        return Rivals(*(fit_rival(name, dev, *learnt) for name in RIVALS))


def test_the_calibrated_prior_is_the_shipped_one_with_a_calibration_of_its_own(rivals: Rivals) -> None:
    shipped = load_artifact()
    assert rivals.calibrated.forest is shipped.forest
    assert rivals.worded.forest is not shipped.forest
    for artifact in (rivals.calibrated, rivals.worded):
        assert artifact.curve.y.tolist() != shipped.curve.y.tolist()
        assert artifact.band != shipped.band


def test_arms_differ_in_what_they_are_named_after_and_rivals_see_no_precedent(prepared: Ground, rivals: Rivals) -> None:
    field = field_of("made", prepared, rivals)
    assert list(field.arms) == [*ARMS, *(f"{k} precedents" for k in KS)]
    changed = prepared.found.with_moves(prepared.found.abs_z * 3 + 1)
    other = field_of("made", replace(prepared, found=changed), rivals)
    same = {arm for arm in field.arms if np.array_equal(field.arms[arm].score, other.arms[arm].score)}
    assert same == {SWITCHED_OFF, CALIBRATED, WORDED}
    assert len(field.tickers) == len(field.n_eff) == len(field.outcomes) == len(prepared.graded)
    assert arms.SHUFFLE_SEED == 7


@pytest.mark.long
def test_the_whole_experiment_runs_on_a_folder_and_goes_on_where_it_was_stopped(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begin = date(2014, 7, 1)
    monkeypatch.setattr("evals.impact.recent.CUTOFF", begin)
    monkeypatch.setattr("evals.impact.features.COVERAGE_EVENTS", 80)
    monkeypatch.setattr(arms, "CALIBRATED_ON", (2014,))
    monkeypatch.setitem(FOREST, "n_estimators", 10)
    monkeypatch.setattr(experiment, "UNTIL", date(2014, 6, 30))
    monkeypatch.setattr(experiment, "FIRST_DAYS", {CUTOFF: begin, AFTER_FILES: date(2014, 9, 1)})
    data = world.write(tmp_path / "data")
    late = [row for row in world.rows if row["date"].date() >= begin]
    columns = ("id", "ticker", "headline", "body", "z01", "sigma", "beta", "car01")
    timed = [{name: row[name] for name in columns} | {"ts": row["date"].replace(hour=17, tzinfo=UTC)} for row in late]
    (data / "recent").mkdir()
    pq.write_table(pa.Table.from_pylist(timed), data / "recent" / "some_00.parquet")
    asked = ["--data", str(data), "--kept", str(tmp_path / "kept"), "--out", str(tmp_path / "out")]
    experiment.main(asked)
    first = capsys.readouterr().out
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {f"{name}.pickle" for name in STAGES}
    monkeypatch.setattr(experiment, "measured", None)  # nothing is measured again
    experiment.main(asked)
    told = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert told in first
    assert told in capsys.readouterr().out
    assert "## Validation" in told
    assert "## After the cutoff" in told
