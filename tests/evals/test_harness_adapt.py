"""Reports of the suites' own commands become runs with the same figures."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evals.harness.adapt import Asked, folder_digest, impact_ablations, run_of, ticker_cases
from evals.harness.shelf import Shelf
from evals.impact import experiments
from evals.impact.bootstrap import evaluate
from evals.impact.report import ImpactReport
from evals.impact.run import SCORED_WITH, Ground
from evals.tickers.gold import load_gold
from evals.tickers.grade import grade
from markets.instruments import InstrumentTable
from terminal.main import main

ASKED = Asked(made_at=datetime(2026, 3, 2, tzinfo=UTC), version="test")


def test_values_and_bounds_are_found_in_either_way_a_report_writes_them() -> None:
    run = run_of(
        "made",
        ASKED,
        split="val",
        data_digest="0" * 64,
        n=3,
        metrics={
            "precision": {"value": 0.5, "low": 0.25, "high": 0.75, "n": 8},
            "spearman": 0.3,
            "spearman_low": 0.2,
            "spearman_high": 0.4,
            "spearman_n": 12,
            "unknown": None,
            "set": {"n": 4, "accuracy": {"value": 0.9, "low": 0.8, "high": 1.0}},
        },
        baselines={"constant": {"spearman": None, "crps": 0.2}},
    )
    assert run.metrics == {"precision": 0.5, "spearman": 0.3, "unknown": None, "set accuracy": 0.9}
    assert run.intervals["precision"] == (0.25, 0.75)
    assert run.intervals["spearman"] == (0.2, 0.4)
    assert run.intervals["unknown"] is None
    assert run.baselines == {"constant": {"spearman": None, "crps": 0.2}}
    assert run.layer == "offline"


def test_the_digest_of_a_folder_changes_with_a_byte_and_with_a_name(tmp_path: Path) -> None:
    (tmp_path / "dup").mkdir()
    file = tmp_path / "dup" / "a.jsonl"
    file.write_text("one", encoding="utf-8")
    first = folder_digest(tmp_path, "dup/*.jsonl")
    file.write_text("two", encoding="utf-8")
    second = folder_digest(tmp_path, "dup/*.jsonl")
    file.rename(tmp_path / "dup" / "b.jsonl")
    assert len({first, second, folder_digest(tmp_path, "dup/*.jsonl")}) == 3


def test_the_cases_of_tickers_are_the_half_nothing_was_tuned_on() -> None:
    sentences = load_gold()
    cases = ticker_cases(grade(sentences, InstrumentTable.load()).judged)
    assert len(cases) == sum(one.split == "test" and bool(one.mentions) for one in sentences)
    assert any(case.checks for case in cases)


def test_a_suites_own_command_keeps_its_names_and_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RHYME_HOME", str(tmp_path / "home"))
    (tmp_path / "labels").mkdir()
    rows = [{"headline": f"Sales of Norva {word}", "entities": {"Norva": label}} for word, label in LABELS]
    (tmp_path / "labels" / "sentfin.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    report = tmp_path / "report.json"
    words = ["eval", "sentiment", "--data", str(tmp_path), "--json", "--quiet", "--report", str(report)]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    (run,) = Shelf(tmp_path / "home" / "evals").runs()
    assert told["run_id"] == run.run_id
    assert told["sets"]["sentfin"]["rows"] == len(rows)
    assert any(one.metric == "sentfin accuracy" and one.value == 0.9429 for one in run.published)
    assert run.run_id in report.read_text(encoding="utf-8")


LABELS = (("rise", "positive"), ("fall", "negative"), ("stay", "neutral"), ("climb", "positive"), ("sink", "negative"))


def test_the_experiments_with_precedents_become_the_runs_ablations(prepared: Ground) -> None:
    outcomes = prepared.outcomes()
    kinds, (numbers, _) = experiments.precedents(prepared, outcomes), experiments.neighbours_curve(prepared, outcomes)
    evaluation = evaluate({"score": prepared.forecasts()}, outcomes, prepared.ref, main="score", draws=10)
    tables = {"What the precedents are worth": kinds, "Number of precedents": numbers}
    report = ImpactReport(evaluation, tables, (), {}, {}, "made up")
    found = {one.setting: one for one in impact_ablations(report)}
    assert {
        "no precedents",
        "outcomes shuffled among the precedents",
        "at most 0",
        "at most 5",
        "at most 500",
    } <= found.keys()
    assert not {"score", f"at most {SCORED_WITH}"} & found.keys()
    whole = evaluation.metrics["score"]["spearman"]
    assert whole is not None
    for one in found.values():
        told = one.metrics["spearman"]
        assert told.interval is not None
        assert told.difference == pytest.approx(whole.value - (told.value or 0))
    assert found["no precedents"].metrics["spearman"] == found["at most 0"].metrics["spearman"]
    assert impact_ablations(replace(report, experiments={})) == []
