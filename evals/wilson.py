"""The interval of a rate. Light to import: every suite counts rates."""

from math import sqrt
from statistics import NormalDist

from evals.track_record_shape import Estimate

QUANTILE = NormalDist().inv_cdf(0.975)


def wilson(hits: int, n: int) -> Estimate:
    """The share hits / n with its 95 % score interval (Wilson 1927). `n` ≥ 1."""
    share, width = hits / n, QUANTILE**2 / n
    middle = (share + width / 2) / (1 + width)
    half = QUANTILE / (1 + width) * sqrt(share * (1 - share) / n + width / (4 * n))
    return Estimate(value=share, low=max(0.0, middle - half), high=min(1.0, middle + half))
