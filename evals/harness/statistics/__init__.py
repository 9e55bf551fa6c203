"""Are two runs different, and how sure is a figure? Runs and plain arrays in, differences, intervals and verdicts out.

Intervals are 95 %. What a run is too small to show is said, never taken for "the same".
"""

from evals.harness.statistics.agreement import Kappa, judge_provenance, kappa
from evals.harness.statistics.clusters import Clusters, clusters_of
from evals.harness.statistics.compare import Comparison, Difference, compare
from evals.harness.statistics.inference import bootstrap_p, holm, rate, rule_of_three, visible

__all__ = [
    "Clusters",
    "Comparison",
    "Difference",
    "Kappa",
    "bootstrap_p",
    "clusters_of",
    "compare",
    "holm",
    "judge_provenance",
    "kappa",
    "rate",
    "rule_of_three",
    "visible",
]
