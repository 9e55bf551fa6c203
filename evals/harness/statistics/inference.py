"""Small pieces of inference: p of a bootstrap, Holm's method, the interval of a rate, what zero failures allow, power."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm  # type: ignore[import-untyped]

from evals.harness.run import Interval
from evals.wilson import wilson

Name = TypeVar("Name")

ALPHA, POWER = 0.05, 0.80


def bootstrap_p(drawn: NDArray[np.float64]) -> float:
    """Two-sided p of "the difference is 0" from its draws (m,): twice the smaller share of draws on either side of 0.

    One is added to count and number, as the sample itself is a draw (Davison & Hinkley 1997, 4.2.3): never 0. Undefined draws
    count against both sides.
    """
    undefined = int((~np.isfinite(drawn)).sum())
    below, above = int((drawn <= 0).sum()) + undefined, int((drawn >= 0).sum()) + undefined
    return min(1.0, 2 * (1 + min(below, above)) / (1 + len(drawn)))


def holm(p_values: Mapping[Name, float]) -> dict[Name, float]:
    """Adjusted p of a family, in its own order (Holm 1979, Scandinavian Journal of Statistics 6, 65–70). Raises ValueError for a p
    outside 0 to 1.
    """
    wrong = {name: p for name, p in p_values.items() if not 0 <= p <= 1}
    if wrong:
        raise ValueError(f"a p lies in 0 to 1; seen are {wrong}")
    adjusted: dict[Name, float] = {}
    least = 0.0
    for place, (name, p) in enumerate(sorted(p_values.items(), key=lambda pair: pair[1])):
        least = max(least, min(1.0, p * (len(p_values) - place)))
        adjusted[name] = least
    return {name: adjusted[name] for name in p_values}


def rule_of_three(n: int, level: float = 0.95) -> float:
    """The greatest rate that leaves a chance of 1 − `level` of seeing none in n independent trials: about 3/n. `n` ≥ 1."""
    if n < 1:
        raise ValueError(f"nothing was tried (n = {n}): no rate is excluded")
    return float(1 - (1 - level) ** (1 / n))


def rate(hits: int, n: int) -> Interval | None:
    """Wilson's 95 % interval of hits / n; None without trials."""
    if n < 1:
        return None
    found = wilson(hits, n)
    return (found.value if found.low is None else found.low, found.value if found.high is None else found.high)


def visible(standard_error: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """The difference that a two-sided test at `alpha` finds with the chance `power`, from its standard error."""
    return float((norm.ppf(1 - alpha / 2) + norm.ppf(power)) * standard_error)
