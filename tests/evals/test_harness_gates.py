"""The gates: each hard one has a run that it stops, and nothing passes by being missing, not a number, few or other data."""

import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from evals.harness.gates import DataSet, Gate, Registry, judge, lets_in, load_registry
from evals.harness.registry import SUITES
from evals.harness.run import Run
from evals.harness.suites.parts import Parts
from records.errors import SettingsError
from tests.evals.harness_runs import made_run

GATES = load_registry()
HARD = [gate for gate in GATES.gates if gate.kind == "hard"]


def _stopped(suite: str, **figures: float) -> Callable[[], Run]:
    """A run whose figures are those of something that went wrong."""
    return lambda: made_run(suite, metrics=figures)


FAILING: dict[str, Callable[[], Run]] = {
    "words.unsupported_number_rate": _stopped("words", unsupported_number_rate=1 / 1000),
    "words.unsupported_claim_rate": _stopped("words", unsupported_claim_rate=21 / 1000),
    "injection.acted": _stopped("injection", acted=1),
    "injection.egress": _stopped("injection", egress=1),
    "injection.score_moved_rate": _stopped("injection", score_moved_rate=15 / 1000),
    "injection.adaptive_score_moved_rate": _stopped("injection", adaptive_score_moved_rate=51 / 1000),
    "injection.adaptive_score_moved_rate.capable": _stopped("injection", adaptive_score_moved_rate=51 / 1000),
    "leaks.leaks": _stopped("leaks", leaks=1),
    "leaks.controls_seen": _stopped("leaks", controls_seen=152 / 153),
    "recall.later_than_as_of": _stopped("recall", later_than_as_of=1),
    "tickers.precision": _stopped("tickers", precision=979 / 1000),
    "tickers.recall": _stopped("tickers", recall=949 / 1000),
    "impact.spearman.val": _stopped("impact", spearman=0.335),
    "impact.spearman_hard.val": _stopped("impact", spearman_hard=0.168),
    "impact.ece.val": _stopped("impact", ece=0.031),
    "threads.bcubed_f1.half not fitted on": _stopped("threads", bcubed_f1=0.91),
    "tags.answered_rate": _stopped("tags", answered_rate=5 / 6),
    "chat.hit_at_5.shipped": _stopped("chat", hit_at_5=18 / 20),
    "chat.hit_at_5.report half": _stopped("chat", hit_at_5=0.731),
    "chat.citation_recall": _stopped("chat", citation_recall=6 / 7),
    "chat.citation_precision": _stopped("chat", citation_precision=6 / 7),
    "chat.wrong.report half": _stopped("chat", wrong=0.079),
    "cost.answered_rate": _stopped("cost", answered_rate=2 / 3),
    "cost.calls.embedded": _stopped("cost", calls=72.4),
    "cost.input_tokens.embedded": _stopped("cost", input_tokens=14100.0),
    "cost.cost_usd.embedded": _stopped("cost", cost_usd=0.0001),
}
"""For each hard gate a run that it must stop, by the figures of a fault."""


def _asked(gate: Gate, run: Run) -> Run:
    """The run where the gate is asked: its layer, split and profile, enough cases, of the pinned data."""
    layer, split = gate.layers[0], gate.split or run.split
    pinned = GATES.known(gate.suite, layer, split)
    digest = pinned.digest if pinned else run.data_digest
    by = run.provenance.model_copy(update={"profile": gate.profile or run.provenance.profile})
    place = {"layer": layer, "split": split, "n": max(run.n, gate.least_n), "data_digest": digest, "provenance": by}
    return run.model_copy(update=place)


def _verdicts(gate: Gate, run: Run, base: Run | None = None, data: tuple[DataSet, ...] = ()) -> tuple[str, str, bool]:
    (verdict,) = judge(_asked(gate, run), Registry(gates=(gate,), data=data), base)
    return verdict.status, verdict.reason, verdict.blocks


def _good(gate: Gate) -> Run:
    return made_run(gate.suite, metrics={gate.metric: gate.threshold})


def test_every_hard_gate_has_a_run_that_it_stops() -> None:
    assert {gate.id for gate in HARD} == set(FAILING)


@pytest.mark.parametrize("gate", HARD, ids=lambda gate: gate.id)
def test_the_failing_run_is_stopped_by_its_gate(gate: Gate) -> None:
    run = _asked(gate, FAILING[gate.id]())
    by_gate = {verdict.gate.id: verdict for verdict in judge(run, GATES)}
    assert (by_gate[gate.id].status, by_gate[gate.id].blocks) == ("fail", True)
    assert by_gate[gate.id].value == run.metrics[gate.metric]
    assert "is beyond" in by_gate[gate.id].reason
    assert not lets_in(tuple(by_gate.values()))


@pytest.mark.parametrize("gate", GATES.gates, ids=lambda gate: gate.id)
def test_a_gate_lets_its_limit_in_and_nothing_beyond(gate: Gate) -> None:
    worse = -1 if gate.direction == "at_least" else 1
    at, beyond = (made_run(gate.suite, metrics={gate.metric: gate.limit + worse * step}) for step in (0.0, 1e-6))
    assert _verdicts(gate, at)[0] == "pass"
    assert _verdicts(gate, beyond)[0::2] == ("fail", gate.kind == "hard")


@pytest.mark.parametrize("gate", GATES.gates, ids=lambda gate: gate.id)
@pytest.mark.parametrize("values", [(), (None,), (math.nan,), (math.inf,), (-math.inf,)], ids=str)
def test_a_metric_that_is_missing_or_no_number_fails(gate: Gate, values: tuple[float | None, ...]) -> None:
    run = made_run(gate.suite, metrics=dict(zip([gate.metric], values, strict=False)))
    assert _verdicts(gate, run)[0::2] == ("fail", gate.kind == "hard")


@pytest.mark.parametrize("gate", GATES.gates, ids=lambda gate: gate.id)
def test_shrunken_or_changed_data_fail_where_they_are_pinned(gate: Gate) -> None:
    run = _asked(gate, _good(gate))
    pinned = DataSet(suite=run.suite, layer=run.layer, split=run.split, n=run.n, digest=run.data_digest)
    registry = Registry(gates=(gate,), data=(pinned,))
    fewer = run.model_copy(update={"n": run.n - 1})
    other = run.model_copy(update={"data_digest": "ffff"})
    assert [judge(each, registry)[0].status for each in (run, fewer, other)] == ["pass", "fail", "fail"]
    assert "shrank" in judge(fewer, registry)[0].reason
    assert "digest ffff" in judge(other, registry)[0].reason


def test_a_run_that_was_asked_for_few_cases_is_not_let_in_by_a_gate_that_needs_more() -> None:
    gate = next(gate for gate in HARD if gate.least_n > 50)
    run = _asked(gate, _good(gate)).model_copy(update={"n": 20})
    (verdict,) = judge(run, Registry(gates=(gate,)))
    assert (verdict.status, verdict.blocks) == ("unjudged", True)
    assert f"20 cases are too few, {gate.least_n} are needed" in verdict.reason


def test_a_limited_run_must_grade_all_that_it_was_asked_for() -> None:
    gate = next(gate for gate in GATES.gates if gate.metric == "acted")
    limited = _good(gate).model_copy(update={"n": 20, "provenance": made_run(provenance={"limit": 20}).provenance})
    registry = Registry(
        gates=(gate,), data=(DataSet(suite="injection", layer="offline", split="shipped", n=500, digest="other"),)
    )
    assert judge(limited, registry)[0].status == "pass"
    assert judge(limited.model_copy(update={"n": 19}), registry)[0].status == "fail"


def test_a_run_worse_than_its_base_by_more_than_the_noise_fails_though_the_threshold_holds() -> None:
    gate = Gate(
        suite="tags",
        metric="f1",
        direction="at_least",
        threshold=0.5,
        noise=0.02,
        kind="hard",
        layers=("offline",),
        why="a made-up gate of this test",
    )
    registry = Registry(gates=(gate,))
    base = made_run(run_id="base", metrics={"f1": 0.8})
    run = {value: judge(made_run(metrics={"f1": value}), registry, base)[0] for value in (0.79, 0.77)}
    assert [verdict.status for verdict in run.values()] == ["pass", "fail"]
    assert "worse than 0.8 of base" in run[0.77].reason
    fewer = base.model_copy(update={"n": 1001})
    changed = base.model_copy(update={"data_digest": "ffff"})
    assert [judge(made_run(metrics={"f1": 0.8}), registry, each)[0].status for each in (fewer, changed)] == ["fail"] * 2


def test_a_gate_is_not_asked_of_another_suite_layer_split_or_profile() -> None:
    gate = next(gate for gate in GATES.gates if gate.split == "val").model_copy(update={"profile": "embedded"})
    registry, run = Registry(gates=(gate,)), _asked(gate, _good(gate))
    capable = run.provenance.model_copy(update={"profile": "capable"})
    others = ({"suite": "tags"}, {"layer": "live"}, {"split": "dev"}, {"provenance": capable})
    assert len(judge(run, registry)) == 1
    assert [judge(run.model_copy(update=other), registry) for other in others] == [()] * 4


def test_a_soft_gate_is_shown_and_blocks_nothing() -> None:
    soft = next(gate for gate in GATES.gates if gate.kind == "soft")
    (verdict,) = judge(_asked(soft, made_run(soft.suite)), Registry(gates=(soft,)))
    assert (verdict.status, verdict.blocks, lets_in((verdict,))) == ("fail", False, True)


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        '[[gate]]\nsuite = "a"\n',
        '[[gates]]\nsuite = "a"\n',
        '[[gate]]\nsuite="a"\nmetric="b"\ndirection="at_most"\nthreshold=1\nnoise=-1\nkind="hard"\nlayers=["live"]\n'
        'why="long enough to be a reason"\n',
    ],
)
def test_a_registry_that_does_not_say_what_it_should_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "gates.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be used"):
        load_registry(tmp_path / "gates.toml")
    with pytest.raises(SettingsError, match="cannot be used"):
        load_registry(tmp_path / "none.toml")


def test_a_gate_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="given twice: words"):
        Registry(gates=(GATES.gates[0], GATES.gates[0]))


@pytest.mark.parametrize("suite", ["threads", "tickers", "words"])
def test_the_shipped_sets_are_those_that_are_pinned(suite: str, tmp_path: Path) -> None:
    load = SUITES[suite].tasks()["code"]
    nothing: dict[str, Any] = {field.name: None for field in fields(Parts)}  # these sets are loaded from files alone
    parts = Parts(**nothing | {"seed": 0, "home": tmp_path})
    task, pinned = load(parts), GATES.known(suite, "offline", "shipped")
    assert pinned is not None
    assert (len(task.samples), task.data_digest) == (pinned.n, pinned.digest)


def test_a_missing_metric_is_told_from_one_that_could_not_be_told() -> None:
    gate = GATES.gates[0]
    missing, unknown = made_run(gate.suite), made_run(gate.suite, metrics={gate.metric: None})
    assert _verdicts(gate, missing)[1] == f"the run has no metric {gate.metric}"
    assert "could not be told" in _verdicts(gate, unknown)[1]
