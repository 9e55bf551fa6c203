"""`rhyme bench web`: what the web terminal takes, measured where it is run."""

import argparse
from pathlib import Path

from terminal.bench_web import table
from terminal.output import as_json


def run(options: argparse.Namespace) -> int:
    """Measures and prints. Raises UsageError, StoreError."""
    from evals.web.bench import Request, bench_web
    from terminal.progress import ProgressView
    from terminal.settings import plain_environment
    from terminal.web.server import allow_many_files

    allow_many_files()  # a stream at this end holds one too

    request = Request(
        analyses=options.analyses,
        rate=options.rate,
        seconds=options.seconds,
        streams=options.streams,
        told=options.told,
        seed=options.seed,
        work=Path(options.work) if options.work else None,
    )
    with ProgressView.open(quiet=options.quiet) as view:
        figures = bench_web(request, plain_environment(), view.say)
    print(as_json(figures) if options.json else table(figures))
    return 0
