"""What the impact score is asked to reach, and by how much it did or did not."""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.impact.bootstrap import Evaluation, Interval
from evals.impact.curves import Reliability
from evals.impact.metrics import LOWER_IS_BETTER

COVERAGE = (0.77, 0.83)
TERCILE_FLOOR = 0.74
ECE_CEILING = 0.03
HEADLINE: dict[str, tuple[float | None, float | None]] = {
    "spearman": (0.36, None),
    "spearman_hard": (0.18, None),
    "auc_2sigma": (0.77, None),
    "ece": (None, ECE_CEILING),
    "coverage_80": COVERAGE,
    "coverage_tercile_min": (TERCILE_FLOOR, None),
}
"""Metric → (least, most), both allowed."""
BEATEN_ON = ("spearman", "spearman_hard", "crps", "crps_hard")
"""On each of these the whole interval of the paired difference has to lie on the better side of 0, against every baseline."""


@dataclass(frozen=True)
class Target:
    """One thing asked for."""

    name: str
    wanted: str
    found: Interval | None
    """Of the metric, or of the main forecaster's advantage over a baseline (turned so that above 0 is better)."""
    margin: float | None
    """How far inside (above 0) or outside (below 0) of what is asked, in the metric's unit. Of a baseline: the lower end of the
    advantage's interval."""
    met: bool | None
    """None: it cannot be graded, for example against a baseline that gives no distribution."""


def headline_targets(evaluation: Evaluation, score: Reliability | None = None) -> tuple[Target, ...]:
    """The bounds of HEADLINE on the main forecaster and, if its reliability is given, the ECE of the score."""
    found = evaluation.metrics[evaluation.main]
    targets = [_bounded(name, found.get(name), *bounds) for name, bounds in HEADLINE.items()]
    if score is not None:
        targets.append(_bounded("ece of the score", score.ece, None, ECE_CEILING))
    return tuple(targets)


def ladder_targets(evaluation: Evaluation, baselines: Sequence[str] | None = None) -> tuple[Target, ...]:
    """Every baseline beaten on BEATEN_ON; without `baselines`, all forecasters but the main one. Raises KeyError for a name
    that was not graded.
    """
    names = list(evaluation.differences) if baselines is None else baselines
    return tuple(
        _beaten(f"{metric} against {name}", advantage(metric, evaluation.differences[name].get(metric)))
        for metric in BEATEN_ON
        for name in names
    )


def advantage(metric: str, difference: Interval | None) -> Interval | None:
    """A difference main − other, turned so that above 0 the main one is better."""
    if difference is None or metric not in LOWER_IS_BETTER:
        return difference
    return Interval(-difference.value, -difference.high, -difference.low)


def _bounded(name: str, found: Interval | None, least: float | None, most: float | None) -> Target:
    if least is not None and most is not None:
        wanted = f"{least:g} to {most:g}"
    else:
        wanted = f"at least {least:g}" if least is not None else f"at most {most:g}"
    if found is None:
        return Target(name, wanted, None, None, None)
    room = ([] if least is None else [found.value - least]) + ([] if most is None else [most - found.value])
    return Target(name, wanted, found, min(room), min(room) >= 0)


def _beaten(name: str, found: Interval | None) -> Target:
    margin = None if found is None else found.low
    return Target(name, "interval above 0", found, margin, None if margin is None else margin > 0)
