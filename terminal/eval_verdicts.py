"""What the gates say of runs, and the exit code that follows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from terminal.plain import plain

if TYPE_CHECKING:
    from evals.harness.gates import Verdict
    from evals.harness.run import Run

BLOCKED = 1


def verdicts_of(runs: "Sequence[Run]", base: "Run | None" = None) -> "list[Verdict]":
    """Every verdict of every run, by the registry; `base` is held against the runs of its suite and layer. Raises SettingsError."""
    from evals.harness.gates import judge, load_registry

    registry, verdicts = load_registry(), list["Verdict"]()
    for one in runs:
        mine = base if base is not None and (base.suite, base.layer) == (one.suite, one.layer) else None
        verdicts += judge(one, registry, mine)
    return verdicts


def exit_code(verdicts: "Sequence[Verdict]") -> int:
    """0 where no hard gate blocks."""
    from evals.harness.gates import lets_in

    return 0 if lets_in(verdicts) else BLOCKED


def as_object(runs: "Sequence[Run]", verdicts: "Sequence[Verdict]") -> dict[str, Any]:
    """In words of JSON."""
    ungated = [one.run_id for one in runs if all(verdict.run_id != one.run_id for verdict in verdicts)]
    told = [verdict.model_dump(mode="json") for verdict in verdicts]
    return {"let_in": exit_code(verdicts) == 0, "verdicts": told, "runs_without_a_gate": ungated}


def lines(runs: "Sequence[Run]", verdicts: "Sequence[Verdict]") -> list[str]:
    """A line a verdict, then the sum."""
    found = []
    for verdict in verdicts:
        gate = verdict.gate
        told = f"{verdict.status:5} {gate.kind:4} {gate.suite} {gate.metric} ({verdict.run_id}): {verdict.reason}"
        found.append(plain(told))
    end = "let in" if exit_code(verdicts) == 0 else "blocked by a hard gate"
    return [*found, f"{len(runs)} runs, {len(verdicts)} gates: {end}."]
