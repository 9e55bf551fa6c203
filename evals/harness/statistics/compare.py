"""Two runs of one suite on the cases that both have: what changed, how sure it is, and what could not have been seen.

A case counts for a score when both runs graded it and expect the same of it. Intervals and p come from one bootstrap of whole
clusters (`clusters.py`), p is adjusted by Holm over the declared family alone; the other differences carry no verdict. Where no
case changed, the rule of three bounds what may have been missed.
"""

from collections.abc import Collection, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from evals.harness.gates import load_registry
from evals.harness.run import Case, Interval, Layer, Run
from evals.harness.statistics.clusters import Clusters, Kind, clusters_of
from evals.harness.statistics.inference import ALPHA, bootstrap_p, holm, rule_of_three, visible
from records.base import Record
from records.errors import UsageError

DRAWS = 4_000
FEWEST_CLUSTERS = 10
"""Intervals from drawing fewer clusters are too narrow to be shown."""
COSTS = ("latency_ms", "input_tokens", "output_tokens", "cost_usd")
"""Fields of a case that are compared like scores, outside the family."""
LOWER_IS_BETTER = frozenset(
    {
        *COSTS,
        "calls",
        "seconds",
        "crps",
        "crps_hard",
        "ece",
        "brier",
        "error",
        "wrong",
        "acted",
        "egress",
        "changed",
        "later",
    }
)
LOWER_PREFIXES = (
    "crps_", "unsupported", "invented", "wrong_", "error_", "leak", "missed", "moved", "dropped", "false_alarm", "later_",
    "score_moved", "adaptive_score_moved", "seconds_", "off_topic_found",
)  # fmt: skip

Array = NDArray[np.float64]
Word = Literal["better", "worse", "not shown"]


class Difference(Record):
    """One metric: run − base."""

    metric: str
    run_value: Annotated[float | None, Field(description="the run's own figure; None: it has none")]
    base_value: Annotated[float | None, Field(description="the base's own figure")]
    difference: Annotated[float | None, Field(description="mean of run − base over the paired cases; None: no pair")]
    interval: Annotated[Interval | None, Field(description="95 %; None: too few clusters, or no pair")]
    p: Annotated[float | None, Field(description="two-sided, not adjusted")]
    p_holm: Annotated[float | None, Field(description="adjusted over the family; None: not of the family")]
    n_paired: Annotated[int, Field(description="cases that both runs graded")]
    n_changed: Annotated[int, Field(description="of those, cases with another score")]
    clusters: Annotated[int, Field(description="that were drawn")]
    visible: Annotated[
        float | None,
        Field(description="± what this comparison finds with a chance of 80 % at the level of Holm's first step"),
    ]
    lower_is_better: bool
    verdict: Word
    why: Annotated[str | None, Field(description="why there is no interval or no verdict; None: there is one")] = None


class Comparison(Record):
    """A run against a base, metric by metric in the order of names, the family first."""

    run_id: str
    base_id: str
    suite: str
    layer: Layer
    same_data: Annotated[bool, Field(description="the two graded the same data by digest")]
    only_run: Annotated[int, Field(description="cases that only the run has")]
    only_base: Annotated[int, Field(description="cases that only the base has")]
    other_expectation: Annotated[int, Field(description="cases of both whose label differs: not paired")]
    clustered_by: Kind
    family: tuple[str, ...]
    alpha: float = ALPHA
    draws: int
    seed: int
    differences: tuple[Difference, ...]

    @property
    def worse(self) -> tuple[str, ...]:
        """Metrics of the family that got worse."""
        return tuple(each.metric for each in self.differences if each.verdict == "worse")


def lower_is_better(metric: str) -> bool:
    """Whether a metric of this name is the better the lower it is."""
    return metric in LOWER_IS_BETTER or metric.startswith(LOWER_PREFIXES)


def compare(run: Run, base: Run, *, seed: int, family: Collection[str] | None = None, draws: int = DRAWS) -> Comparison:
    """`run` − `base`. `family`: the scores declared beforehand; None: those that the gates declare of the suite, or where they name
    none of the scores at hand, every score that both runs have.

    Raises UsageError for runs of two suites or two layers, and for runs without a common case.
    """
    if (run.suite, run.layer) != (base.suite, base.layer):
        raise UsageError(
            f"{run.run_id} is {run.suite} ({run.layer}), {base.run_id} is {base.suite} ({base.layer}): "
            "only runs of one suite and one layer compare. `rhyme eval list` shows both."
        )
    ours, theirs = ({case.id: case for case in each.cases} for each in (run, base))
    common = [(ours[name], theirs[name]) for name in sorted(ours.keys() & theirs.keys())]
    pairs = [(mine, other) for mine, other in common if mine.expected == other.expected]
    if not pairs:
        raise UsageError(
            f"{run.run_id} and {base.run_id} have no case in common that expects the same: run both on the same data and seed."
        )
    named = [*sorted({name for pair in pairs for each in pair for name in each.scores}), *COSTS]
    declared = _declared([name for name in named if name not in COSTS], run.suite, family)
    clusters = clusters_of([mine.cluster for mine, _ in pairs], [mine.day for mine, _ in pairs])
    found = [_Paired(name, pairs, draws, seed) for name in [*declared, *(n for n in named if n not in declared)]]
    adjusted = holm({each.name: each.p for each in found if each.name in declared and each.p is not None})
    whole = sorted((run.metrics.keys() & base.metrics.keys()) - {each.name for each in found})
    return Comparison(
        run_id=run.run_id,
        base_id=base.run_id,
        suite=run.suite,
        layer=run.layer,
        same_data=run.data_digest == base.data_digest,
        only_run=len(ours) - len(common),
        only_base=len(theirs) - len(common),
        other_expectation=len(common) - len(pairs),
        clustered_by=clusters.kind,
        family=tuple(declared),
        draws=draws,
        seed=seed,
        differences=(
            *(
                each.difference(run, base, adjusted.get(each.name), len(declared) if each.name in declared else 1)
                for each in found
                if each.values is not None or each.name not in COSTS
            ),
            *(_whole(name, run, base) for name in whole),
        ),
    )


def _declared(named: Sequence[str], suite: str, family: Collection[str] | None) -> list[str]:
    if family is not None:
        return [name for name in named if name in family]
    by_gates = load_registry().family(suite)
    return [name for name in named if name in by_gates] or list(named)


class _Paired:
    """One score of the paired cases."""

    def __init__(self, name: str, pairs: Sequence[tuple[Case, Case]], draws: int, seed: int) -> None:
        self.name = name
        self.values: Array | None = None
        self.p: float | None = None
        both = [(mine, _score(mine, name), _score(other, name)) for mine, other in pairs]
        kept = [(mine, one, other) for mine, one, other in both if one is not None and other is not None]
        if not kept:
            return
        self.values = np.array([one - other for _, one, other in kept])
        self._bounded = all(0 <= each <= 1 for _, one, other in kept for each in (one, other))
        self._clusters: Clusters = clusters_of([mine.cluster for mine, _, _ in kept], [mine.day for mine, _, _ in kept])
        self._drawn = self._clusters.means(self.values, draws=draws, seed=seed)
        if self._clusters.count >= FEWEST_CLUSTERS:
            self.p = bootstrap_p(self._drawn) if self.values.any() else 1.0

    def difference(self, run: Run, base: Run, p_holm: float | None, tests: int) -> Difference:
        """The finished row; `tests`: in its family."""
        clusters = 0 if self.values is None else self._clusters.count
        mean = None if self.values is None else float(self.values.mean())
        verdict, why = self._verdict(mean, p_holm)
        interval, seen = self._spread(tests)
        return Difference(
            metric=self.name,
            run_value=_own(run, self.name),
            base_value=_own(base, self.name),
            difference=mean,
            interval=interval,
            p=self.p,
            p_holm=p_holm,
            n_paired=0 if self.values is None else len(self.values),
            n_changed=0 if self.values is None else int((self.values != 0).sum()),
            clusters=clusters,
            visible=seen,
            lower_is_better=lower_is_better(self.name),
            verdict=verdict,
            why=why,
        )

    def _spread(self, tests: int) -> tuple[Interval | None, float | None]:
        """The interval and what could have been seen; where nothing changed, both by the rule of three if scores lie in 0 to 1."""
        if self.values is None or self.p is None:
            return None, None
        if not self.values.any():
            bound = rule_of_three(self._clusters.count) if self._bounded else None
            return (None if bound is None else (-bound, bound)), bound
        drawn = self._drawn[np.isfinite(self._drawn)]
        low, high = np.quantile(drawn, [0.025, 0.975])
        return (float(low), float(high)), visible(float(drawn.std(ddof=1)), ALPHA / tests)

    def _verdict(self, mean: float | None, p_holm: float | None) -> tuple[Word, str | None]:
        if self.values is None or mean is None:
            return "not shown", "no case has this score in both runs"
        if self.p is None:
            return "not shown", f"{self._clusters.count} clusters, {FEWEST_CLUSTERS} are needed"
        if p_holm is None:
            return "not shown", "not of the declared family"
        if p_holm >= ALPHA:
            return "not shown", None
        return ("better" if (mean < 0) == lower_is_better(self.name) else "worse"), None


def _whole(name: str, run: Run, base: Run) -> Difference:
    """A metric of the whole run that no case has a share in: two figures, no inference."""
    one, other = run.metrics[name], base.metrics[name]
    return Difference(
        metric=name,
        run_value=one,
        base_value=other,
        difference=None,
        interval=None,
        p=None,
        p_holm=None,
        n_paired=0,
        n_changed=0,
        clusters=0,
        visible=None,
        lower_is_better=lower_is_better(name),
        verdict="not shown",
        why="a figure of the whole run, no score of its cases",
    )


def _score(case: Case, name: str) -> float | None:
    value = getattr(case, name) if name in COSTS else case.scores.get(name)
    return None if value is None or not np.isfinite(value) else float(value)


def _own(run: Run, name: str) -> float | None:
    """The run's own figure of this name, else the mean over its cases."""
    if name in run.metrics:
        return run.metrics[name]
    values = [value for case in run.cases if (value := _score(case, name)) is not None]
    return float(np.mean(values)) if values else None
