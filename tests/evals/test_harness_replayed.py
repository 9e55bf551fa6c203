"""The shipped recorded answers before the gates: every suite that asks a model, graded again by the code of today."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from evals.harness import assess
from evals.harness.gates import judge, load_registry
from evals.harness.recordings import Recordings
from evals.harness.registry import SUITES
from evals.harness.run import Run
from evals.harness.shelf import Shelf
from models.interface import LanguageModel
from records.embedder import Embedder
from terminal.eval_runs import everything_shown
from terminal.eval_talk import talk_over
from terminal.settings import load_settings

pytest.importorskip("inspect_ai", reason="the extra `evals` is not installed")

GATES = load_registry()
ANSWERED = Recordings.read(assess.Request((), "replay").recorded).about.limits


def _no_model() -> LanguageModel:
    raise AssertionError("a replay asks no model")


@pytest.fixture(scope="module")
def replayed(hashing_embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """By suite: its task of a model, on recorded answers; the tasks of code are left out, they have tests of their own."""
    home = tmp_path_factory.mktemp("home")
    settings = load_settings({"home": str(home)}).settings
    outside = assess.Outside(
        shelf=Shelf(home / "evals"),
        home=home,
        open_model=_no_model,
        open_embedder=lambda: hashing_embedder,
        open_talk=lambda articles, model, closing: talk_over(settings, articles, model, closing, lambda _: None),
        render=everything_shown,
        clock=lambda: datetime(2026, 3, 2, 12, tzinfo=UTC),
        version="test",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assess, "SUITES", {name: replace(SUITES[name], code=None) for name in ANSWERED})
        return {run.suite: run for run in assess.assess(assess.Request(tuple(ANSWERED), "replay"), outside)}


@pytest.mark.parametrize("suite", ANSWERED)
def test_the_recorded_answers_pass_every_hard_gate_of_their_suite(suite: str, replayed: Mapping[str, Run]) -> None:
    stopped = [f"{one.gate.id}: {one.reason}" for one in judge(replayed[suite], GATES) if one.blocks]
    assert stopped == []


def test_every_suite_that_asks_a_model_has_recorded_answers() -> None:
    assert set(ANSWERED) == {name for name, suite in SUITES.items() if suite.model}
