"""A run before the gates of its suite."""

from collections.abc import Sequence
from math import isfinite
from typing import Annotated, Literal

from pydantic import Field

from evals.harness.gates.registry import Gate, Registry
from evals.harness.run import Interval, Run
from records.base import Record


class Verdict(Record):
    """What one gate says of one run."""

    gate: Gate
    run_id: str
    status: Annotated[
        Literal["pass", "fail", "unjudged"],
        Field(description="unjudged: too few cases were asked for; that lets nothing in"),
    ]
    value: float | None
    interval: Interval | None
    n: int
    reason: Annotated[str, Field(description="one sentence with the values seen")]

    @property
    def blocks(self) -> bool:
        """Whether the run may not be let in because of this gate."""
        return self.gate.kind == "hard" and self.status != "pass"


def judge(run: Run, registry: Registry, base: Run | None = None) -> tuple[Verdict, ...]:
    """One verdict a gate that is asked of the run's suite, layer, split and profile, in the registry's order.

    `base`: a run that was let in before: then fewer cases, other data, or a value worse by more than the noise band fail too.
    """
    changed = _changed(run, registry, base)
    return tuple(_verdict(gate, run, changed, base) for gate in registry.gates if gate.asks(run))


def lets_in(verdicts: Sequence[Verdict]) -> bool:
    """Whether no hard gate blocks. A run that no gate was asked of is let in: say so to the reader."""
    return not any(verdict.blocks for verdict in verdicts)


def _changed(run: Run, registry: Registry, base: Run | None) -> str | None:
    """How the data differ from those the gates are about; None: they do not, or are not known."""
    known, limit = registry.known(run.suite, run.layer, run.split), run.provenance.limit
    if known is not None:
        wanted = known.n if limit is None else min(limit, known.n)
        if run.n < wanted:
            return f"{run.n} cases were graded, {wanted} are there: the data shrank or cases were dropped"
        if limit is None and run.data_digest != known.digest:
            return f"the data have the digest {run.data_digest}, not {known.digest}: pin the new data if they are meant"
    if base is None:
        return None
    if run.n < base.n:
        return f"{run.n} cases were graded, the base {base.run_id} has {base.n}"
    if run.data_digest != base.data_digest:
        return f"the data have the digest {run.data_digest}, those of the base {base.run_id} {base.data_digest}"
    return None


def _verdict(gate: Gate, run: Run, changed: str | None, base: Run | None) -> Verdict:
    value = run.metrics.get(gate.metric)
    status, reason = _judged(gate, run, value, changed, base)
    return Verdict(
        gate=gate,
        run_id=run.run_id,
        status=status,
        value=value if value is not None and isfinite(value) else None,
        interval=run.intervals.get(gate.metric),
        n=run.n,
        reason=reason,
    )


def _judged(
    gate: Gate, run: Run, value: float | None, changed: str | None, base: Run | None
) -> tuple[Literal["pass", "fail", "unjudged"], str]:
    if gate.metric not in run.metrics:
        return "fail", f"the run has no metric {gate.metric}"
    if value is None or not isfinite(value):
        return "fail", f"{gate.metric} could not be told ({value}): that is no pass"
    if changed is not None:
        return "fail", changed
    wanted = f"{gate.direction.replace('_', ' ')} {gate.threshold:g}"
    if not gate.holds(value):
        beyond = f" and the noise of {gate.noise:g}" if gate.noise else ""
        return "fail", f"{value:.6g} is beyond {wanted}{beyond}"
    if run.n < gate.least_n:
        return "unjudged", f"{run.n} cases are too few, {gate.least_n} are needed"
    before = None if base is None else base.metrics.get(gate.metric)
    if base is not None and before is not None and isfinite(before):
        fall = before - value if gate.direction == "at_least" else value - before
        if fall > gate.noise + 1e-12:
            return (
                "fail",
                f"{value:.6g} is worse than {before:.6g} of {base.run_id} by more than the noise of {gate.noise:g}",
            )
    exact = value >= gate.threshold if gate.direction == "at_least" else value <= gate.threshold
    return "pass", f"{value:.6g}, {wanted}" + ("" if exact else f": past it by less than the noise of {gate.noise:g}")
