"""`rhyme eval gate`: may these runs be let in?"""

import argparse

from terminal.eval_runs import chosen_runs, shelf_of
from terminal.eval_verdicts import as_object, exit_code, lines, verdicts_of
from terminal.output import as_json


def run(options: argparse.Namespace) -> int:
    """Judges; returns 1 when a hard gate fails. Raises NotFound, UsageError, StoreError, SettingsError."""
    runs = chosen_runs(options)
    verdicts = verdicts_of(runs, shelf_of(options).load(options.base) if options.base else None)
    print(as_json(as_object(runs, verdicts)) if options.json else "\n".join(lines(runs, verdicts)))
    return exit_code(verdicts)
