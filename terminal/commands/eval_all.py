"""`rhyme eval all`, and the suites that only the harness has: run, kept, compared, reported."""

import argparse

from terminal.eval_runs import assessed, shown


def run(options: argparse.Namespace) -> int:
    """Runs the suites. Raises SettingsError without the engine, UsageError, SourceError, ModelError, StoreError."""
    from evals.harness.registry import SUITES

    suites = [options.suite] if options.suite else list(dict.fromkeys(options.only)) or list(SUITES)
    return shown(options, assessed(options, suites))
