"""`rhyme eval gate`: may these runs be let in?"""

import argparse
from typing import TYPE_CHECKING

from terminal.eval_runs import chosen_runs, shelf_of
from terminal.output import as_json
from terminal.plain import plain

if TYPE_CHECKING:
    from evals.harness.gates import Verdict

BLOCKED = 1


def run(options: argparse.Namespace) -> int:
    """Judges; returns 1 when a hard gate fails. Raises NotFound, UsageError, StoreError, SettingsError."""
    from evals.harness.gates import judge, lets_in, load_registry

    registry, runs = load_registry(), chosen_runs(options)
    base = shelf_of(options).load(options.base) if options.base else None
    verdicts: list[Verdict] = []
    for one in runs:
        mine = base if base is not None and (base.suite, base.layer) == (one.suite, one.layer) else None
        verdicts += judge(one, registry, mine)
    let_in = lets_in(verdicts)
    if options.json:
        ungated = [one.run_id for one in runs if all(verdict.run_id != one.run_id for verdict in verdicts)]
        told = [verdict.model_dump(mode="json") for verdict in verdicts]
        print(as_json({"let_in": let_in, "verdicts": told, "runs_without_a_gate": ungated}))
        return 0 if let_in else BLOCKED
    for verdict in verdicts:
        gate = verdict.gate
        print(
            plain(f"{verdict.status:5} {gate.kind:4} {gate.suite} {gate.metric} ({verdict.run_id}): {verdict.reason}")
        )
    print(f"{len(runs)} runs, {len(verdicts)} gates: {'let in' if let_in else 'blocked by a hard gate'}.")
    return 0 if let_in else BLOCKED
