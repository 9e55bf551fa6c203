"""`rhyme bench recall`: what it prints for people."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 132
"""Fixed, so that a table put into a file looks as it does on a terminal."""
OURS, WHOLE = "Rhyme, nearest", "Rhyme, whole recall"


def table(figures: Mapping[str, Any]) -> str:
    """Times and agreement by share of knowable events, the costs, and the verdict."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(file=out, width=WIDTH)
    console.print(_times(figures))
    for name, reason in figures["peers_missing"].items():
        console.print(f"{name}: {reason}", markup=False)
    for line in [*_ratios(figures), *_costs(figures), *_busy(figures), f"Verdict: {figures['verdict']}"]:
        console.print(line, markup=False)
    return out.getvalue().rstrip()


def _times(figures: Mapping[str, Any]) -> "Table":
    from rich import box
    from rich.table import Table

    shown = Table(
        title=f"{figures['events']:,} events, {figures['n_queries']} questions a share, seed {figures['seed']}: "
        "p50/p95 ms, recall@10 (short)",
        box=box.SIMPLE,
    )
    shown.add_column("knowable at as_of", no_wrap=True)
    for level in figures["selectivity"]:
        shown.add_column(f"{level['kept']:.0%}", justify="right", no_wrap=True)
    contestants = {OURS: figures["selectivity"], WHOLE: figures["hybrid"], **figures["peers"]}
    for name, levels in contestants.items():
        shown.add_row(name, *map(_cell, levels))
    return shown


def _cell(level: Mapping[str, Any]) -> str:
    recall = level.get("recall_at_10")
    agreement = f" {recall:.3f}" if recall is not None else ""
    return f"{_ms(level['p50_ms'])}/{_ms(level['p95_ms'])}{agreement} ({level['short']})"


def _ms(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _ratios(figures: Mapping[str, Any]) -> list[str]:
    """Ours against the full scan and against the fastest peer that is as right, by p95."""
    peers: Mapping[str, Sequence[Mapping[str, Any]]] = figures["peers"]
    lines = []
    for place, level in enumerate(figures["selectivity"]):
        parts = []
        if "exact" in peers:
            parts.append(
                f"{peers['exact'][place]['p95_ms'] / level['p95_ms']:.1f} times as fast as the scan of everything"
            )
        right = {
            name: levels[place]["p95_ms"]
            for name, levels in peers.items()
            if not name.startswith("exact") and levels[place]["short"] == 0 and levels[place]["recall_at_10"] >= 0.98
        }
        if right:
            name = min(right, key=lambda each: right[each])
            parts.append(
                f"{right[name] / level['p95_ms']:.1f} times as {name}, the best peer with recall .98 and none short"
            )
        elif len(peers) > 2:
            parts.append("no other index has recall .98 and none short")
        if parts:
            lines.append(f"At {level['kept']:.0%}, by p95: {'; '.join(parts)}")
    return lines


def _busy(figures: Mapping[str, Any]) -> list[str]:
    machine = figures["machine"]
    if machine["load_before"] is None or machine["load_before"] < machine["cores"] / 2:
        return []
    return [
        f"The machine was busy before this began (load {machine['load_before']:.1f} on {machine['cores']} processors): times by "
        "the clock are too long; --json has processor time too"
    ]


def _costs(figures: Mapping[str, Any]) -> list[str]:
    own, mapped = figures["memory_anonymous_mb"], figures["memory_mapped_mb"]
    kinds = f" ({own:,.0f} its own, {mapped:,.0f} of mapped files)" if own is not None else ""
    lines = [
        f"Memory {figures['memory_mb']:,.0f} MB{kinds}, {figures['bytes_per_event_memory']:,.0f} bytes an event; disk "
        f"{figures['disk_mb']:,.0f} MB, {figures['bytes_per_event_disk']:,.0f} bytes an event",
        f"Added {figures['add_per_second']:,.0f} events a second; reopened and answered after "
        f"{figures['reopen_seconds']:.2f} s",
    ]
    for name, cost in figures["peer_costs"].items():
        disk = f", disk {cost['disk_mb']:,.0f} MB" if cost["disk_mb"] is not None else ""
        lines.append(f"{name}: built in {cost['build_seconds']:,.0f} s, memory {cost['memory_mb']:,.0f} MB{disk}")
    embedding = figures["embedding"]
    if embedding is None:
        lines.append(f"Embedding throughput was not measured: {figures['embedding_missing']}")
    else:
        lines.append(
            f"Embedding by {embedding['embedder']}: {embedding['texts_per_second']:.0f} texts a second into the memory, "
            f"{embedding['limit_texts_per_second']:.0f} by the embedder alone ({embedding['share']:.0%}); one text "
            f"{embedding['one_text_ms']:.1f} ms"
        )
    return lines
