"""`rhyme bench flow`: what it prints for people."""

from collections.abc import Mapping
from typing import Any


def table(figures: Mapping[str, Any]) -> str:
    """The figures in sentences, the three that matter first."""
    run, calls, broken = figures["run"], figures["calls"], figures["broken_off"]
    limit = (
        f"{run['requests_per_minute']:,} requests"
        if run["requests_per_minute"]
        else f"{run['tokens_per_minute']:,} tokens"
    )
    lines = [
        f"Share of the limit: {_percent(figures['share_of_limit'])} ({figures['calls_per_minute']:,.0f} calls and "
        f"{figures['tokens_per_minute']:,} tokens a minute; the limit is {limit})",
        f"Processor time: {figures['cpu_ms_per_article']:.1f} ms an article, beyond {figures['embedding']['cpu_seconds']:.1f} s "
        f"for embedding ({', '.join(f'{name} {seconds:.1f} s' for name, seconds in figures['cpu_seconds'].items())}); that is "
        f"{figures['cpu_per_article_in_yardsticks']:.2f} times the yardstick's, {figures['yardstick_ms']:.1f} ms meanwhile",
        f"Ledger: {figures['ledger_difference_tokens']:,} tokens; the server counts {figures['server_tokens']:,}",
        f"Articles: {figures['articles']:,} in {figures['stories']:,} stories; {figures['analysed']:,} analysed, "
        f"{figures['updated']:,} updates, {figures['joined']:,} joined, {sum(figures['failures'].values()):,} set aside",
        f"Calls: {calls['answered']:,} answered, {calls['over_the_limit']:,} over the limit, {calls['asked_twice']:,} asked twice; "
        f"{figures['seconds']:,.0f} s with {run['workers']} worker{'s' * (run['workers'] > 1)}",
        f"Memory: {figures['peak_memory_mb']:,} MB at most; by thirds of the run {_thirds(figures['memory_mb_by_third'])}",
    ]
    if figures["cost_usd"] is not None:
        lines.append(f"Cost at {run['model']}'s price: {figures['cost_usd']:.2f} USD")
    if calls["faults"]:
        lines.append(f"Faults put in: {_counts(calls['faults'])}; set aside: {_counts(figures['failures']) or 'none'}")
        lines.append(
            f"Broken off: {broken['calls']:,} answers, billed {broken['server_tokens']:,} tokens, for which "
            f"{broken['held_tokens']:,} are held"
        )
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.1%}"


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counted.items())


def _thirds(sizes: list[int]) -> str:
    return ", ".join(f"{size:,} MB" for size in sizes) or "not known"
