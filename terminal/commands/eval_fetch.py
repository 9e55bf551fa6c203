"""`rhyme eval fetch`: a public set from its home into the home folder."""

import argparse

from terminal.eval_runs import shelf_of
from terminal.plain import plain
from terminal.progress import ProgressView


def run(options: argparse.Namespace) -> int:
    """Fetches, or lists the sets. Raises UsageError, SourceError, StoreUnwritable, SettingsError."""
    from evals.harness.datasets import CATALOGUE, fetch

    if options.name is None:
        for one in CATALOGUE.values():
            print(f"{one.name:12} {one.suite:10} {one.version}; {one.split}; licence: {one.licence}; {one.home}")
        return 0
    with ProgressView.open(quiet=options.quiet) as view:
        folder = fetch(options.name, shelf_of(options).data, address=options.address, say=view.say)
    print(plain(f"{options.name} is in {folder}. Grade it: rhyme eval {CATALOGUE[options.name].suite} --data {folder}"))
    return 0
