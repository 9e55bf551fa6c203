"""Relations of financial text: what a figure measures, which way it went, whose it is; comparisons, deals and denials.

Takes a sentence and the sentences it cites, returns reasons why these cannot carry it. What the text's structure does not tell is
no fault.
"""

from agent.relations.periods import PeriodsNamed, period_faults, periods_named, unnamed_period_faults
from agent.relations.roles import crossed_figures
from agent.relations.rules import relation_faults
from agent.relations.statements import Parties, Statement, Telling, contradiction, statements_of, tellings_of

__all__ = [
    "Parties",
    "PeriodsNamed",
    "Statement",
    "Telling",
    "contradiction",
    "crossed_figures",
    "period_faults",
    "periods_named",
    "relation_faults",
    "statements_of",
    "tellings_of",
    "unnamed_period_faults",
]
