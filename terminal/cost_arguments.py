"""The arguments of `rhyme cost`. Standard library only, like all that is read before a command is known."""

import argparse
from datetime import UTC, date, datetime, time

from terminal.command_tree import Tree

GROUPS = ("day", "model", "prompt", "run")


def add_cost(tree: Tree) -> None:
    """Adds the command."""
    cost = tree.command(
        "cost",
        "cost",
        "show what language models cost, and what is left of the budgets",
        "rhyme cost --since 2026-11-01 --by model",
        "Tokens are the provider's own count. Answers from the cache cost nothing and are counted apart.",
    )
    cost.add_argument("--since", metavar="DATE", type=_day, help="from that day (UTC) on; default: all there is")
    cost.add_argument(
        "--by", metavar="GROUP", type=_group, default="day", help="day, model, prompt or run (default day)"
    )
    cost.add_argument("--json", action="store_true", help="print a JSON object on stdout")


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date: write it like 2026-11-01") from None


def _group(text: str) -> str:
    if text not in GROUPS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(GROUPS)}")
    return text
