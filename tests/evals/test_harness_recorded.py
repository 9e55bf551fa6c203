"""The recorded answers that ship: they fit the prompts of today, and a replay of them is the same report to the last byte."""

from pathlib import Path

import pytest

from evals.harness.assess import RECORDED, Request
from evals.harness.recordings import Recordings
from evals.harness.registry import SUITES
from evals.harness.shelf import Shelf
from terminal.main import main

pytest.importorskip("inspect_ai", reason="the extra `evals` is not installed")

SMALL_BYTES = 1_000_000


def test_the_recorded_answers_are_small_and_name_their_model_and_suites() -> None:
    path = Request((), "replay").recorded
    about = Recordings.read(path).about
    assert path.parent == RECORDED
    assert path.stat().st_size < SMALL_BYTES
    assert about.profile == "embedded"
    assert about.limits
    assert about.limits.keys() <= {name for name, suite in SUITES.items() if suite.model}


def test_a_replay_of_the_shipped_answers_writes_the_same_report_twice(tmp_path: Path) -> None:
    suite = next(iter(Recordings.read(Request((), "replay").recorded).about.limits))
    for name in ("one", "other"):
        words = ["eval", "all", "--only", suite, "--replay", "--quiet", "--report", str(tmp_path / f"{name}.html")]
        assert main([*words, "--home", str(tmp_path / name)]) == 0
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "other.html").read_bytes()
    first, second = (
        [run.model_dump_json() for run in Shelf(tmp_path / name / "evals").runs()] for name in ("one", "other")
    )
    assert first == second
    assert any(
        run.layer == "replay" and run.n and not any(case.error for case in run.cases)
        for run in Shelf(tmp_path / "one" / "evals").runs()
    )
