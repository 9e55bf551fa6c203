"""The declared tests and what is shown beside them, as docs/grounding-experiment.md fixes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.harness.grounding.arms import CALIBRATED, GROUNDED, RIVALS, SHUFFLED, SWITCHED_OFF, Field
from evals.harness.statistics import bootstrap_p, holm, visible
from evals.harness.statistics.inference import ALPHA
from evals.impact.bootstrap import Evaluation, Interval, evaluate, interval, resample, value
from evals.impact.day_sums import days_of, statistic
from evals.impact.metrics import LOWER_IS_BETTER, Forecasts
from evals.impact.targets import advantage
from markets.reference import Reference

DRAWS, SEED = 10_000, 0
CO_PRIMARY = ("crps", "spearman")
SMALL = {"crps": 0.0005, "spearman": 0.01}
"""A difference below this is called small even where it is sure."""
METRICS = ("spearman", "crps", "spearman_hard", "crps_hard", "auc_2sigma", "ece", "coverage_80")
LEAST_EVENTS = 100
"""Parts with fewer events are not shown: their interval would say nothing."""

Key = tuple[str, str, str]
"""Data set, rival, metric."""


@dataclass(frozen=True)
class Test:
    """One of the declared tests. Differences are turned: above 0 grounding is better."""

    data_set: str
    rival: str
    metric: str
    n_events: int
    n_weeks: int
    difference: Interval | None
    p: float | None
    p_holm: float | None
    visible: float | None
    """± found with a chance of 80 % at Holm's first step."""
    verdict: str
    """better, worse or not shown; "small" is added for a difference below SMALL."""


@dataclass(frozen=True)
class Part:
    """Grounding against the calibrated prior on some of the events: no verdict, an interval."""

    name: str
    n_events: int
    differences: Mapping[str, Interval | None]
    """Metric → advantage."""


@dataclass(frozen=True)
class Findings:
    """One data set, all that is shown of it."""

    field: Field
    by_week: Evaluation
    by_day: Evaluation
    parts: Mapping[str, Sequence[Part]]
    """Kind of part → parts."""


def declared_tests(fields: Sequence[Field], ref: Reference) -> tuple[Test, ...]:
    """The whole family, Holm over all of it. Raises ValueError for a field without events."""
    raw: dict[Key, tuple[Field, float, NDArray[np.float64]]] = {}
    for field in fields:
        for (rival, metric), pair in _drawn(field, ref).items():
            raw[field.name, rival, metric] = (field, *pair)
    p_values = {key: bootstrap_p(drawn) for key, (_, _, drawn) in raw.items()}
    adjusted = holm(p_values)
    found = []
    for key, (field, observed, drawn) in raw.items():
        error = float(drawn[np.isfinite(drawn)].std(ddof=1))
        found.append(
            Test(
                *key,
                n_events=len(field.outcomes),
                n_weeks=len(np.unique(field.weekly().day)),
                difference=interval(observed, drawn),
                p=p_values[key],
                p_holm=adjusted[key],
                visible=visible(error, ALPHA / len(raw)),
                verdict=_verdict(key[2], observed, adjusted[key]),
            )
        )
    return tuple(found)


def _drawn(field: Field, ref: Reference) -> dict[tuple[str, str], tuple[float, NDArray[np.float64]]]:
    """(rival, metric) → advantage of grounding in the sample and in all draws of weeks."""
    outcomes = field.weekly()
    weeks = days_of(outcomes.day)
    statistics = {
        (arm, metric): found
        for arm in (GROUNDED, *RIVALS)
        for metric in CO_PRIMARY
        if (found := statistic(metric, field.arms[arm], outcomes, weeks, ref)) is not None
    }
    drawn = resample(statistics, draws=DRAWS, seed=SEED)
    answers = {}
    for rival in RIVALS:
        for metric in CO_PRIMARY:
            ours, theirs = (GROUNDED, metric), (rival, metric)
            sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
            observed = sign * (value(statistics[ours]) - value(statistics[theirs]))
            # equal forecasts differ by the rounding of the matrix product
            answers[rival, metric] = (observed, np.round(sign * (drawn[ours] - drawn[theirs]), 12))
    return answers


def _verdict(metric: str, observed: float, p: float) -> str:
    if not p < ALPHA:
        return "not shown"
    word = "better" if observed > 0 else "worse"
    return f"{word}, small" if abs(observed) < SMALL[metric] else word


def findings(field: Field, ref: Reference) -> Findings:
    """Everything secondary of one data set."""
    return Findings(
        field,
        by_week=evaluate(field.arms, field.weekly(), ref, main=GROUNDED, draws=DRAWS, seed=SEED, metrics=METRICS),
        by_day=evaluate(
            _main_arms(field), field.outcomes, ref, main=GROUNDED, draws=DRAWS, seed=SEED, metrics=CO_PRIMARY
        ),
        parts=_parts(field, ref),
    )


def _main_arms(field: Field) -> dict[str, Forecasts]:
    return {arm: field.arms[arm] for arm in (GROUNDED, SWITCHED_OFF, *RIVALS, SHUFFLED)}


def _parts(field: Field, ref: Reference) -> dict[str, Sequence[Part]]:
    edges = np.quantile(field.n_eff, [1 / 3, 2 / 3])
    third = np.searchsorted(edges, field.n_eff)
    thirds = {
        f"{name} ({field.n_eff[third == number].min():.0f} to {field.n_eff[third == number].max():.0f})": third
        == number
        for number, name in enumerate(("few", "middle", "many"))
        if (third == number).any()
    }
    return {
        "effective precedents": _each(field, thirds, ref),
        "company left out": _each(field, _companies(field), ref)
        if len(np.unique(field.tickers)) < LEAST_EVENTS
        else (),
        "month": _each(field, _months(field), ref),
    }


def _companies(field: Field) -> dict[str, NDArray[np.bool_]]:
    return {f"without {name}": field.tickers != name for name in np.unique(field.tickers).tolist()}


def _months(field: Field) -> dict[str, NDArray[np.bool_]]:
    months = np.array([f"{np.datetime64('0001-01-01') + int(day) - 1}"[:7] for day in field.outcomes.day])
    return {name: months == name for name in np.unique(months).tolist()}


def _each(field: Field, masks: Mapping[str, NDArray[np.bool_]], ref: Reference) -> tuple[Part, ...]:
    return tuple(_part(name, field, mask, ref) for name, mask in masks.items() if int(mask.sum()) >= LEAST_EVENTS)


def _part(name: str, field: Field, mask: NDArray[np.bool_], ref: Reference) -> Part:
    arms = {arm: field.arms[arm].subset(mask) for arm in (GROUNDED, CALIBRATED)}
    graded = evaluate(arms, field.weekly().subset(mask), ref, main=GROUNDED, draws=2_000, seed=SEED, metrics=CO_PRIMARY)
    differences = graded.differences[CALIBRATED]
    return Part(name, int(mask.sum()), {metric: advantage(metric, differences[metric]) for metric in CO_PRIMARY})


def answer(found: Sequence[Test]) -> str:
    """The claims that the plan allows, in one paragraph."""
    sets = list(dict.fromkeys(test.data_set for test in found))
    sentences = []
    helps = {}
    for name in sets:
        mine = {(test.rival, test.metric): test for test in found if test.data_set == name}
        fair = [mine[CALIBRATED, metric].verdict for metric in CO_PRIMARY]
        strict = [mine[RIVALS[1], metric].verdict for metric in CO_PRIMARY]
        helps[name] = all(word.startswith("better") for word in fair)
        beyond = helps[name] and all(word.startswith("better") for word in strict)
        told = ", ".join(f"{metric} {word}" for metric, word in zip(CO_PRIMARY, fair, strict=True))
        also = ", ".join(f"{metric} {word}" for metric, word in zip(CO_PRIMARY, strict, strict=True))
        claim = (
            "grounding helps beyond any prior we can fit"
            if beyond
            else "grounding helps"
            if helps[name]
            else "not shown to help on both measures"
        )
        sentences.append(
            f"On {name}: {claim} (against the calibrated prior: {told}; against the worded prior: {also})."
        )
    general = (
        "The general claim, grounding helps, holds."
        if all(helps.values())
        else ("The general claim, grounding helps, needs both data sets and is not made.")
    )
    return " ".join([*sentences, general])
