"""`rhyme bench chat`: what a question takes, measured where it is run."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from terminal.bench_chat import table
from terminal.output import as_json

if TYPE_CHECKING:
    from terminal.chat_parts import Talk

MODEL = "gpt-4.1-mini"
"""Any name will do; of this one the shipped price table knows the price."""


def run(options: argparse.Namespace) -> int:
    """Measures and prints. Raises UsageError, StoreError."""
    from evals.chat_bench.bench import Parts, Request, bench_chat
    from terminal.kept_track_record import KeptTrackRecord
    from terminal.progress import ProgressView
    from terminal.settings import plain_environment

    request = Request(
        analyses=options.analyses,
        events=options.events,
        questions=options.questions,
        each=options.calls,
        processes=options.processes,
        latency_seconds=options.latency,
        seed=options.seed,
        work=Path(options.work) if options.work else None,
    )
    environment = {
        **plain_environment(),
        "RHYME_MODEL": MODEL,
        "RHYME_PROVIDER": "openai",
        "RHYME_ANSWER_CACHE": "false",
    }
    with ProgressView.open(quiet=options.quiet) as view:
        figures = bench_chat(request, Parts(_open_talk, KeptTrackRecord, environment), view.say)
    print(as_json(figures) if options.json else table(figures))
    return 0


@contextmanager
def _open_talk(home: Path, base_url: str) -> "Iterator[Talk]":
    """The chat that `rhyme ask` uses."""
    from agent.chat import ChatLimits
    from terminal.assembly import Assembly
    from terminal.chat_parts import open_chat
    from terminal.settings import Settings

    # an answer out of the cache takes no time worth measuring
    settings = Settings(home=home, model=MODEL, provider="openai", base_url=base_url, answer_cache=False)
    with Assembly(settings) as parts, ExitStack() as closing:
        yield open_chat(parts, closing, ChatLimits())
