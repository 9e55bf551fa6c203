"""`rhyme bench chat`: what it prints for people."""

from collections.abc import Mapping
from typing import Any


def table(figures: Mapping[str, Any]) -> str:
    """First the two limits, then every way of asking."""
    first, fresh, found = figures["first_token"], figures["new_process"], figures["retrieval"]
    added, growing = first["added_seconds"], first["added_seconds_growing_conversation"]
    machine = figures["machine"]
    lines = [
        f"{figures['analyses']:,} analyses and {figures['events']:,} events; load {machine['load_before']} on {machine['cores']} "
        "processors before the run",
        f"First word, beyond the model's own time: {added['p50']:.2f} s, 95 % within {added['p95']:.2f} s (limit "
        f"{first['limit_seconds']:g} s); in a conversation that grows {growing['p50']:.2f} and {growing['p95']:.2f} s; the first "
        f"question of a process {first['added_seconds_first_of_process']:.2f} s",
        f"A new process looks something up after {fresh['first_lookup_seconds']['p50']:.1f} s (most "
        f"{fresh['first_lookup_seconds']['most']:.1f} s)",
        f"Lookups, p50 / p95 ms by the clock (of one processor); limit {found['limit_ms']:g} ms:",
    ]
    for one in found["ways"]:
        lines.append(f"  {one['tool']}, {one['way']}: {_pair(one['ms'])} ({_pair(one['cpu_ms'])})")
    firsts = ", ".join(f"{name} {each['first_ms']:,.0f}" for name, each in found["tools"].items())
    lines.append(f"The first call of each in a process, ms: {firsts}")
    over = "; ".join(found["over_the_limit"])
    lines.append(f"Over the limit: {over}" if over else "None is over the limit.")
    return "\n".join(lines)


def _pair(spread: Mapping[str, float]) -> str:
    return f"{spread['p50']:.1f} / {spread['p95']:.1f}"
