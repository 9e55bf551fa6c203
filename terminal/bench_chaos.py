"""`rhyme bench chaos`: what it prints for people."""

from collections.abc import Mapping
from typing import Any


def table(figures: Mapping[str, Any]) -> str:
    """The sums of all runs, then each violation with the command that runs its seed again."""
    lines = [
        f"Runs: {figures['runs']:,} on {figures['database']}, {figures['articles']:,} articles, "
        f"{figures['budgeted_runs']:,} runs with a budget; {figures['seconds_median']:.1f} s a run at the median",
        f"Killed: {_counts(figures['kills'])}",
        f"Requests: {figures['requests']:,}; failed on purpose: {_counts(figures['faults'])}",
        f"Articles: {_counts(figures['outcomes'])}",
        f"Tokens: the server billed {figures['tally_tokens']:,}, the ledger has {figures['ledger_tokens']:,} and holds "
        f"{figures['uncertain_tokens']:,} for {figures['uncertain_calls']:,} calls of unknown end, of which "
        f"{figures['unheard_calls']:,} were billed",
        f"Paused: {_counts(figures['pauses'])}; ended by themselves with an error: {_counts(figures['exits'])}",
        f"Violations: {figures['violations']:,}",
    ]
    for one in figures["each"]:
        for violated in one["violations"]:
            lines.append(f"  seed {one['seed']}: {violated['invariant']}: {violated['told']}")
        if one["violations"]:
            lines.append(f"  again: rhyme bench chaos --seed {one['seed']} --runs 1 --database {figures['database']}")
    return "\n".join(lines)


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counted.items()) or "none"
