"""`rhyme bench flow`: what a day's news takes, measured where it is run."""

import argparse
from contextlib import ExitStack
from importlib import resources
from pathlib import Path

from records.errors import UsageError
from terminal.bench_flow import table
from terminal.output import as_json


def run(options: argparse.Namespace) -> int:
    """Measures and prints. Raises UsageError, ModelError, SourceError, StoreError."""
    figures = measure_flow(options)
    print(as_json(figures) if options.json else table(figures))
    return 0


def measure_flow(options: argparse.Namespace) -> dict[str, object]:
    """See `evals/flow`."""
    from evals.flow.bench import Machine, Request, bench_flow
    from terminal.assembly import embeds_here, open_embedder
    from terminal.home import Home
    from terminal.progress import ProgressView
    from terminal.settings import load_settings, plain_environment

    work = Path(options.work) if options.work else None
    if work is not None and work.exists() and any(work.iterdir()):
        raise UsageError(f"The folder {work} is not empty. Name a new one with --work.")
    request = Request(
        articles=options.articles,
        duplicates=options.duplicates,
        data=Path(options.data) if options.data else None,
        workers=options.workers,
        concurrency=options.concurrency,
        database=options.database,
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
        latency_seconds=options.latency,
        faults=options.faults,
        seed=options.seed,
        work=work,
    )
    settings = load_settings({"home": options.home}).settings
    shipped = resources.files("models") / "data" / "prices.json"
    with ProgressView.open(quiet=options.quiet) as view, ExitStack() as closing, resources.as_file(shipped) as prices:
        here = embeds_here(settings)
        if here:
            open_embedder(
                settings, closing
            )  # what is missing is told now, and not by a worker in the middle of the run
        embedder = settings.embedder if here else None
        machine = Machine(plain_environment(), Home(settings.home).models, embedder, prices)
        return bench_flow(request, machine, view.say)
