"""What a run must reach to be let in: one registry of gates, and a judge that fails what is missing, NaN, shrunken or changed.

Takes runs, gives verdicts; measures nothing itself. The thresholds stand in `gates.toml`, each with its reason.
"""

from evals.harness.gates.judge import Verdict, judge, lets_in
from evals.harness.gates.registry import REGISTRY, DataSet, Gate, Registry, load_registry

__all__ = ["REGISTRY", "DataSet", "Gate", "Registry", "Verdict", "judge", "lets_in", "load_registry"]
