"""`rhyme eval report`: a report of runs that are kept."""

import argparse
from pathlib import Path

from terminal.eval_runs import chosen_runs, compared, reported
from terminal.plain import plain


def run(options: argparse.Namespace) -> int:
    """Writes the report. Raises NotFound, UsageError, StoreError, SettingsError."""
    runs = chosen_runs(options)
    reported(Path(options.report), runs, compared(options, runs))
    print(plain(f"The report of {len(runs)} runs is in {options.report}."))
    return 0
