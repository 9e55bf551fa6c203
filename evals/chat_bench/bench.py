"""`rhyme bench chat`: all figures."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from evals.chat_bench.first_token import Talk, ask_command, measure_fresh, measure_warm
from evals.chat_bench.home import make_home
from evals.chat_bench.retrieval import measure_retrieval
from evals.made.analyses import END
from evals.made.request import MadeRequest
from evals.memory.corpus import Say
from records.database import Database
from tools.sources import RecordOfTrack


@dataclass(frozen=True, kw_only=True)
class Request(MadeRequest):
    """What is measured, on what."""

    events: int = 100_000
    questions: int = 30
    each: int = 30
    """Calls of each way of asking each tool."""
    processes: int = 5
    latency_seconds: float = 0.2
    """Of the model's server, from a request to its first piece."""


@dataclass(frozen=True)
class Parts:
    """What Rhyme's commands put together, in place of what evaluations know nothing of."""

    open_talk: Callable[[Path, str], AbstractContextManager[Talk]]
    """Home and the model's address to the chat."""
    track_record: Callable[[Database], RecordOfTrack]
    environment: Mapping[str, str] = field(repr=False)
    """For new processes, without any setting of Rhyme's; with the name of a model."""


def bench_chat(request: Request, parts: Parts, say: Say) -> dict[str, object]:
    """Raises UsageError (BenchFailed among it), StoreError."""
    with request.folder() as work:
        home = make_home(work, analyses=request.analyses, events=request.events, seed=request.seed, say=say)
        load = os.getloadavg()[0]
        say("Asking in a warm process …")
        warm = measure_warm(
            request.latency_seconds, lambda url: parts.open_talk(home.folder, url), END, request.questions
        )
        say("Asking in new processes …")
        fresh = measure_fresh(
            request.latency_seconds, ask_command(home.folder, END), parts.environment, request.processes
        )
        say("Looking up …")
        with Database.open(home.database) as database:
            retrieval = measure_retrieval(home, parts.track_record(database), request.each, say)
        return {
            "analyses": request.analyses,
            "events": request.events,
            "seed": request.seed,
            "machine": {
                "cores": os.cpu_count(),
                "load_before": round(load, 1),
                "load_after": round(os.getloadavg()[0], 1),
            },
            "first_token": warm,
            "new_process": fresh,
            "retrieval": retrieval,
        }
