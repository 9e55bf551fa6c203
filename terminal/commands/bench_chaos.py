"""`rhyme bench chaos`: kills at random moments, and what then did not hold."""

import argparse

from terminal.output import as_json
from terminal.progress import ProgressView

ENTRY = "terminal.main:main"
PRELOADED = (
    "agent.analyze", "agent.ingest", "agent.jobs", "agent.jobs.pausing", "agent.score:ScoreModel", "chromadb", "markets.desk",
    "markets.sessions:sessions", "models.embedding_openai", "models.gateway", "models.open_model", "models.openai_provider",
    "models.tokenizer_tables:encoding=cl100k_base", "models.tokenizer_tables:encoding=o200k_base",
    "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite", "terminal.assembly", "terminal.commands.ingest",
    "terminal.commands.jobs", "terminal.commands.worker", "terminal.gateway", "terminal.jobs_parts", "terminal.jobs_view",
    "vectorstore.memory", "vectorstore.starter", "vectorstore.threads",
)  # fmt: skip
"""What `rhyme ingest`, `rhyme jobs` and `rhyme worker` load anyway."""
VIOLATED = 1


def run(options: argparse.Namespace) -> int:
    """Runs and prints; 1 when an invariant was violated. Raises SettingsError."""
    from evals.flow.chaos import CommandLine, measure
    from terminal.bench_chaos import table

    with ProgressView.open(quiet=options.quiet) as view:
        found = measure(
            CommandLine(ENTRY, PRELOADED),
            runs=options.runs,
            seed=options.seed,
            engine=options.database,
            articles=options.articles,
            faults=options.faults,
            say=view.say,
        )
    print(as_json(found) if options.json else table(found))
    return VIOLATED if found["violations"] else 0
