"""`rhyme bench web`: what it prints for people."""

from collections.abc import Mapping
from typing import Any


def table(figures: Mapping[str, Any]) -> str:
    """The figures beside their limits."""
    limits, run = figures["limits_ms"], figures["run"]
    lines = [f"{run['analyses']:,} analyses, {run['rate']:g} requests a second for {run['seconds']:g} s"]
    for kind in ("list", "article", "search"):
        lines.append(
            f"{kind}: p95 {_ms(figures[f'{kind}_p95_ms'])}, p50 {_ms(figures[f'{kind}_p50_ms'])} of {figures['answers'][kind]:,} "
            f"pages (limit of p95: {limits[kind]} ms)"
        )
    for kind, failed in figures["failed"].items():
        lines.append(f"{kind}: failed {', '.join(f'{count:,} × {name}' for name, count in failed.items())}")
    lines += [
        f"Streams: {figures['streams_reached']:,} of {figures['streams']:,} heard of all {run['told']} analyses; delay p95 "
        f"{_ms(figures['stream_delay_p95_ms'])}, at most {_ms(figures['stream_delay_max_ms'])} (limit: {limits['stream']:,} ms)",
        f"From the start to the first page: {figures['start_seconds']} s (limit: 3 s)",
        f"Memory: {figures['peak_memory_mb']:,} MB at most; "
        + ", ".join(f"{size} MB {when}" for when, size in figures["memory_mb"].items()),
    ]
    return "\n".join(lines)


def _ms(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,} ms"
