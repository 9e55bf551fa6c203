"""What a report says, before it has a form: one section a layer, one part a run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, get_args

import numpy as np
from pydantic import Field

from evals.harness.gates import Verdict
from evals.harness.run import Ablation, Case, Interval, Layer, Published, Run, RunProvenance
from evals.harness.statistics import Comparison
from evals.harness.statistics.compare import lower_is_better
from records.base import Record

SCHEMA_VERSION = 1
SHOWN_CASES = 40
"""Cases with a fault that a report prints of one run; how many more there are is said."""

LAYERS: Mapping[Layer, tuple[str, str]] = {
    "offline": ("Code alone", "No model has a part in these figures: the same data give the same figures."),
    "replay": ("Recorded answers", "A model's answers, recorded before and read again: free, and the same each time."),
    "live": ("Live", "A model was asked. Two runs may differ by chance."),
    "ledger": ("Forward ledger", "Forecasts that were written down before their outcome, graded by the market."),
}


class Figure(Record):
    """One metric of a run."""

    name: str
    value: float | None
    interval: Interval | None
    lower_is_better: bool
    baselines: dict[str, float | None]
    published: tuple[Published, ...]
    verdict: Verdict | None


class Spent(Record):
    """What the cases cost. None: not known of all of them, never 0."""

    cases: int
    timed: int
    p50_ms: float | None
    p95_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None


class Part(Record):
    """One run."""

    run_id: str
    suite: str
    split: str
    n: int
    data_digest: str
    made_at: str
    figures: tuple[Figure, ...]
    baselines: Annotated[tuple[str, ...], Field(description="in the run's order")]
    ablations: Annotated[tuple[Ablation, ...], Field(description="the same cases under other settings")]
    spent: Spent
    failures: dict[str, int]
    faulty: Annotated[tuple[Case, ...], Field(description="cases with an error or a finding, at most SHOWN_CASES")]
    faulty_more: Annotated[int, Field(description="such cases that are not shown")]
    verdicts: tuple[Verdict, ...]
    comparisons: tuple[Comparison, ...]
    provenance: RunProvenance
    unvalidated: Annotated[bool, Field(description="a judge graded that nobody has validated")]

    @property
    def blocked(self) -> bool:
        """Whether a hard gate stops the run."""
        return any(verdict.blocks for verdict in self.verdicts)


class Section(Record):
    """All runs of one layer."""

    layer: Layer
    title: str
    meaning: str
    parts: tuple[Part, ...]


class Report(Record):
    """Everything that is shown."""

    schema_version: int = SCHEMA_VERSION
    title: str
    sections: tuple[Section, ...]


def report_of(
    runs: Sequence[Run],
    *,
    verdicts: Iterable[Verdict] = (),
    comparisons: Iterable[Comparison] = (),
    title: str = "Rhyme graded",
) -> Report:
    """A report of these runs. Verdicts and comparisons go to the run that they name; those of other runs are left out."""
    judged, compared = list(verdicts), list(comparisons)
    ordered = sorted(runs, key=lambda run: (run.suite, run.run_id))
    sections = []
    for layer in get_args(Layer):
        parts = tuple(_part(run, judged, compared) for run in ordered if run.layer == layer)
        if parts:
            name, meaning = LAYERS[layer]
            sections.append(Section(layer=layer, title=name, meaning=meaning, parts=parts))
    return Report(title=title, sections=tuple(sorted(sections, key=lambda each: list(LAYERS).index(each.layer))))


def _part(run: Run, verdicts: Sequence[Verdict], comparisons: Sequence[Comparison]) -> Part:
    mine = tuple(each for each in verdicts if each.run_id == run.run_id)
    faulty = [case for case in run.cases if case.error or case.checks]
    return Part(
        run_id=run.run_id,
        suite=run.suite,
        split=run.split,
        n=run.n,
        data_digest=run.data_digest,
        made_at=f"{run.made_at:%Y-%m-%d %H:%M} UTC",
        figures=tuple(_figure(name, run, mine) for name in run.metrics),
        baselines=tuple(run.baselines),
        ablations=run.ablations,
        spent=_spent(run.cases),
        failures=dict(sorted(run.failures.items(), key=lambda pair: (-pair[1], pair[0]))),
        faulty=tuple(faulty[:SHOWN_CASES]),
        faulty_more=max(0, len(faulty) - SHOWN_CASES),
        verdicts=mine,
        comparisons=tuple(each for each in comparisons if each.run_id == run.run_id),
        provenance=run.provenance,
        unvalidated="unvalidated" in run.provenance.judge,
    )


def _figure(name: str, run: Run, verdicts: Sequence[Verdict]) -> Figure:
    return Figure(
        name=name,
        value=_finite(run.metrics[name]),
        interval=run.intervals.get(name),
        lower_is_better=lower_is_better(name),
        baselines={baseline: _finite(values.get(name)) for baseline, values in run.baselines.items()},
        published=tuple(each for each in run.published if each.metric == name),
        verdict=next((each for each in verdicts if each.gate.metric == name), None),
    )


def _spent(cases: Sequence[Case]) -> Spent:
    times = [case.latency_ms for case in cases if case.latency_ms is not None]
    p50, p95 = (float(each) for each in np.quantile(times, [0.5, 0.95])) if times else (None, None)
    costs = [case.cost_usd for case in cases]
    known = [cost for cost in costs if cost is not None]
    return Spent(
        cases=len(cases),
        timed=len(times),
        p50_ms=p50,
        p95_ms=p95,
        input_tokens=_total([case.input_tokens for case in cases]),
        output_tokens=_total([case.output_tokens for case in cases]),
        cost_usd=sum(known) if known and len(known) == len(costs) else None,
    )


def _total(counts: Sequence[int | None]) -> int | None:
    """The sum of what was counted; None where nothing was."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
