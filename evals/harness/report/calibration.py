"""Forecast against outcome, for the suites whose cases carry both."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from evals.harness.run import Case, Run
from evals.impact.curves import Reliability, reliability

LEAST_CASES, PER_BIN, MOST_BINS, DRAWS = 40, 20, 10, 1_000

Read = Callable[[Case], float | None]


def _score(name: str) -> Read:
    return lambda case: case.scores.get(name)


def _beyond_two(case: Case) -> float | None:
    abs_z = case.scores.get("abs_z")
    return None if abs_z is None else float(abs_z > 2)


def _expected(case: Case) -> float | None:
    return float(case.expected) if isinstance(case.expected, bool) else None


PAIRS: Mapping[str, Sequence[tuple[str, str, str, Read, Read]]] = {
    "impact": (
        ("Does a score mean what it says?", "mean score", "mean realised impact", _score("score"), _score("y")),
        ("Does P(|z| > 2) mean what it says?", "mean P(|z| > 2)", "share beyond 2σ", _score("p_material"), _beyond_two),
    ),
    "threads": (
        (
            "Does P(same story) mean what it says?",
            "mean probability",
            "share of one story",
            _score("probability"),
            _expected,
        ),
    ),
}
"""Suite → title, axes, and how forecast and outcome are read from a case."""


def reliabilities(run: Run) -> list[tuple[str, str, str, Reliability]]:
    """Title, labels of x and y, and the bins; nothing where fewer than LEAST_CASES cases carry both."""
    found = []
    for title, x_label, y_label, forecast, outcome in PAIRS.get(run.suite, ()):
        both: list[tuple[Any, Any, str]] = [
            (p, y, case.day or case.cluster or case.id)
            for case in run.cases
            if (p := forecast(case)) is not None and (y := outcome(case)) is not None and 0 <= p <= 1
        ]
        if len(both) < LEAST_CASES:
            continue
        days = np.unique([day for _, _, day in both], return_inverse=True)[1].astype(np.int64)
        bins = max(2, min(MOST_BINS, len(both) // PER_BIN))
        said, came = np.array([one for one, _, _ in both]), np.array([two for _, two, _ in both])
        found.append((title, x_label, y_label, reliability(said, came, days, bins=bins, draws=DRAWS)))
    return found
