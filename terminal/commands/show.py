"""`rhyme show ID`: a kept analysis again, exactly as it was."""

import argparse

from terminal.assembly import Assembly
from terminal.deliver import check_target, deliver
from terminal.settings import load_settings


def run(options: argparse.Namespace) -> int:
    """Shows one analysis. Raises NotFound with recent ids, UsageError for an ambiguous prefix, StoreError."""
    settings = load_settings({"home": options.home}).settings
    check_target(options.html)
    with Assembly(settings) as parts:
        analysis = parts.database.load_analysis(options.id)
    deliver(analysis, options)
    return 0
