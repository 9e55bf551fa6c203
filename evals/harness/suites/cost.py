"""Cost: tokens, calls, seconds and US dollars of one analysis, by stage, and at the published prices of models one could choose."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evals.harness.run import Case, Interval
from evals.harness.suites.analyses import analyst_task
from evals.harness.suites.parts import NO_ANSWER, Parts, answered_rate
from evals.harness.task import Figures, Mark, Task
from evals.impact.bootstrap import interval
from models.cost import PriceTable, load_prices
from models.wire import Usage
from records.analysis import Analysis

SUITE = "cost"
EMBEDDED_ANALYSES = 3
STAGES = ("read", "explain", "other")
"""A call belongs to the stage that its purpose begins with."""
PER_STAGE = ("calls", "input_tokens", "output_tokens", "seconds")
SCORED = (
    "calls",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "seconds",
    "cost_usd",
    *(f"{stage}_{name}" for stage in STAGES for name in PER_STAGE),
)
SUMMED = ("calls", "input_tokens", "cached_tokens", "output_tokens", "seconds", "cost_usd")
DRAWS = 1_000


def load_model(parts: Parts) -> Task:
    """Raises ModelError, StoreError, SettingsError."""
    prices = load_prices()
    return analyst_task(parts, SUITE, SCORED, EMBEDDED_ANALYSES, _mark, lambda cases: figures(cases, prices))


def _mark(analysis: Analysis) -> Mark:
    scores: dict[str, float | None] = dict.fromkeys(SCORED, 0.0)
    for call in analysis.provenance.model_calls:
        stage = next((one for one in STAGES if call.purpose.startswith(one)), "other")
        told: Mapping[str, float | None] = {
            "calls": 1.0,
            "input_tokens": call.input_tokens,
            "cached_tokens": call.cached_tokens,
            "output_tokens": call.output_tokens,
            "seconds": call.seconds,
            "cost_usd": call.cost_usd,
        }
        for name, value in told.items():
            scores[name] = _sum(scores[name], value)
            if name in PER_STAGE:
                scores[f"{stage}_{name}"] = _sum(scores[f"{stage}_{name}"], value)
    return Mark(scores, analysis.provenance.missing)


def _sum(one: float | None, other: float | None) -> float | None:
    """Unknown with anything is unknown."""
    return None if one is None or other is None else one + other


def figures(cases: Sequence[Case], prices: PriceTable) -> Figures:
    """Means an article with bootstrap intervals over articles, latency, the share of each stage, and what others would charge."""
    answered = [case for case in cases if case.error is None]
    failures = {NO_ANSWER: len(cases) - len(answered)} if len(answered) < len(cases) else {}
    if not answered:
        unknown = dict.fromkeys(("input_tokens", "output_tokens", "cost_usd"), None)
        return Figures({**unknown, **answered_rate(cases, answered)}, failures=failures)
    metrics: dict[str, float | None] = {}
    intervals: dict[str, Interval | None] = {}
    for name in SUMMED:
        metrics[name], intervals[name] = _mean([case.scores[name] for case in answered])
    seconds = [case.scores["seconds"] or 0.0 for case in answered]
    metrics |= {f"seconds_p{q}": float(np.quantile(seconds, q / 100)) for q in (50, 95)} | answered_rate(
        cases, answered
    )
    stages: dict[str, dict[str, float | None]] = {
        f"stage {stage}": {name: _mean([case.scores[f"{stage}_{name}"] for case in answered])[0] for name in PER_STAGE}
        for stage in STAGES
    }
    return Figures(metrics, intervals, {**stages, **_elsewhere(answered, prices)}, failures)


def _mean(values: Sequence[float | None]) -> tuple[float | None, Interval | None]:
    known = np.array([value for value in values if value is not None])
    if len(known) < len(values) or not len(known):
        return None, None
    generator = np.random.default_rng(0)
    drawn = generator.choice(known, (DRAWS, len(known))).mean(axis=1)
    found = interval(float(known.mean()), drawn)
    return float(known.mean()), None if found is None else (found.low, found.high)


def _elsewhere(cases: Sequence[Case], prices: PriceTable) -> dict[str, dict[str, float | None]]:
    """US dollars an article if these tokens were another model's: its own reading is one call and may be shorter or longer."""
    found: dict[str, dict[str, float | None]] = {}
    for price in prices.models:
        costs: list[Any] = [
            price.cost_usd(
                Usage(
                    input_tokens=int(case.scores["input_tokens"] or 0),
                    cached_tokens=0,
                    output_tokens=int(case.scores["output_tokens"] or 0),
                )
            )
            for case in cases
        ]
        found[f"at the price of {price.model}, checked {prices.checked_on}"] = {"cost_usd": _mean(costs)[0]}
    return found
