"""`rhyme prices check`: what is wrong with a price source, counted by kind, before anything is measured by it."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from records.errors import SourceError
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView

if TYPE_CHECKING:
    from markets.price_checks import Fault


def run(options: argparse.Namespace) -> int:
    """Checks and prints; 4 when a fault was found over which nothing can be measured."""
    from markets.price_checks import check_prices
    from markets.price_sources import open_prices

    with ProgressView.open(quiet=options.quiet) as view:
        view.say(f"Reading {plain(shown_address(options.address))} …")
        prices = open_prices(options.address)
        faults = list(check_prices(prices))
    report = report_of(len(prices.tickers), faults, options.limit)
    print(as_json(report) if options.json else _page(report))
    return 0 if report["usable"] else SourceError.exit_code


def shown_address(address: str) -> str:
    """Without the user and password that stand before a database's host."""
    scheme, mark, rest = address.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else address


def report_of(tickers: int, faults: "Sequence[Fault]", limit: int) -> dict[str, Any]:
    """The object of `--json`: by kind, worst first, how many faults, rows and tickers, and up to `limit` examples."""
    from markets.price_checks import EXPLAINED, UNUSABLE

    kinds: dict[str, Any] = {}
    for kind, meaning in EXPLAINED.items():
        found = [fault for fault in faults if fault.kind == kind]
        if found:
            kinds[kind] = {
                "meaning": meaning,
                "unusable": kind in UNUSABLE,
                "faults": len(found),
                "rows": sum(fault.count for fault in found),
                "tickers": len({fault.ticker for fault in found}),
                "examples": [_example(fault) for fault in found[:limit]],
            }
    return {"tickers": tickers, "usable": not any(kind["unusable"] for kind in kinds.values()), "kinds": kinds}


def _example(fault: "Fault") -> dict[str, Any]:
    day = fault.day.isoformat() if fault.day else None
    return {"ticker": fault.ticker, "day": day, "rows": fault.count, "text": fault.text}


def _page(report: dict[str, Any]) -> str:
    lines = [f"{report['tickers']:,} tickers"]
    for name, kind in report["kinds"].items():
        lines.append(
            f"\n{name}: {kind['faults']:,} ({kind['rows']:,} rows) in {kind['tickers']:,} tickers; {kind['meaning']}"
        )
        lines += ["  " + plain(f"{one['ticker']} {one['day'] or ''}: {one['text']}") for one in kind["examples"]]
        if kind["faults"] > len(kind["examples"]):
            lines.append(f"  and {kind['faults'] - len(kind['examples']):,} more")
    lines.append(
        "\nNo fault forbids measuring."
        if report["usable"]
        else "\nOver some of these nothing is measured: see docs/prices.md."
    )
    return "\n".join(lines)
