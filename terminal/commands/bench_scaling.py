"""`rhyme bench scaling`: one, two and four workers on PostgreSQL."""

import argparse
from collections.abc import Mapping
from typing import Any

from terminal.commands.bench_chaos import ENTRY, PRELOADED
from terminal.output import as_json
from terminal.progress import ProgressView


def run(options: argparse.Namespace) -> int:
    """Measures and prints. Raises SettingsError where PostgreSQL cannot run."""
    from evals.flow.chaos import CommandLine
    from evals.flow.scaling import Load, measure

    load = Load(options.articles, options.latency, options.concurrency)
    with ProgressView.open(quiet=options.quiet) as view:
        found = measure(CommandLine(ENTRY, PRELOADED), load, view.say)
    print(as_json(found) if options.json else table(found))
    return 0


def table(figures: Mapping[str, Any]) -> str:
    """A line for each run."""
    ratios = ", ".join(f"{workers} workers {ratio:.2f}×" for workers, ratio in figures["ratio_to_one_worker"].items())
    return "\n".join([*map(_line, figures["runs"]), f"Rate to that of one worker: {ratios}"])


def _line(one: Mapping[str, Any]) -> str:
    limit = (
        "no limit"
        if one["requests_per_minute"] is None
        else f"limit {one['requests_per_minute']:,} a minute, of which {_share(one['share_of_limit'])} used"
    )
    return (
        f"{one['workers']} worker{'s' * (one['workers'] > 1)}, {limit}: {one['calls_per_minute']:,.0f} calls a minute, "
        f"{one['asked_twice']:,} asked twice, {one['over_the_limit']:,} over the limit; {one['cores_used']:.2f} cores"
    )


def _share(share: float | None) -> str:
    return "an unknown share" if share is None else f"{share:.0%}"
