"""`rhyme eval impact` on a small folder of invented events: stable JSON, a report, and errors that say what to give."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from terminal.main import main

KINDS = ("Q3 results beat on revenue", "names a new director", "recalls a faulty pump", "opens a plant in Ohio")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Events of two splits without prices: their outcomes stand in the rows."""
    generator = np.random.default_rng(0)
    rows = []
    for number in range(400):
        day = date(2013, 1, 2) + timedelta(days=number // 4)
        kind = number % len(KINDS)
        rows.append(
            {
                "id": f"s{number:04d}",
                "event_id": f"T{number % 40}_{day:%Y%m%d}",
                "split": "dev" if number < 200 else "val",
                "date": day,
                "ticker": f"T{number % 40}",
                "company": f"Company{number % 40} Inc",
                "headline": f"Company{number % 40} {KINDS[kind]}",
                "body": "The company said so on its site.",
                "price_leak": number % 25 == 0,
                "earn": kind == 0,
                "z01": float(generator.standard_t(4) * (2.0 if kind == 0 else 0.8)),
                "sigma": 0.02,
                "beta": 1.0,
                "car01": 0.01,
            }
        )
    folder = tmp_path / "events"
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "impact_2013Q1.parquet")
    return folder


def test_the_latest_split_is_graded_with_stable_names(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["eval", "impact", "--data", str(data), "--out", str(tmp_path / "report"), "--json", "--quick", "--quiet"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["data"]["split"] == "val"
    assert found["data"]["outcomes_from"] == "the rows themselves"
    assert found["n_events"] == 192  # 200 less those whose text tells the price
    assert 0 < found["n_hard"] < found["n_events"]
    names = ("spearman", "spearman_hard", "crps", "auc_2sigma", "auc_2sigma_hard", "brier_skill", "ece", "coverage_80")
    for table in (found["metrics"], *found["baselines"].values()):
        assert {f"{name}{end}" for name in names for end in ("", "_low", "_high")} <= set(table)
    assert "TF-IDF ridge" in found["baselines"]
    assert (tmp_path / "report" / "report.md").is_file()


def test_a_person_reads_targets_and_what_was_left_out(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "impact", "--data", str(data), "--split", "dev", "--quick", "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "spearman_hard" in shown
    assert "dense neighbours (no --dense)" in shown


@pytest.mark.parametrize(("split", "code"), [("test", 2), (None, 4)])
def test_what_cannot_be_graded_is_said_with_its_exit_code(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], split: str | None, code: int
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    folder, more = (data, ["--split", split]) if split else (empty, [])
    assert main(["eval", "impact", "--data", str(folder), "--quiet", *more]) == code
    said = " ".join(capsys.readouterr().err.split())
    assert ("has dev, val" if split else "no story files") in said


def test_a_missing_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "impact", "--data", str(tmp_path / "nowhere"), "--quiet"]) == 4
    assert "nowhere" in capsys.readouterr().err
