"""One, two and four workers on PostgreSQL against a model server that takes seconds for an answer: how the rate grows with them,
and what they do together at a limit of requests."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evals.flow.chaos import CommandLine, parts_for
from evals.flow.chaos_articles import made_stories, write_articles
from evals.flow.chaos_world import ModelServer, Parts, World, wait_until
from evals.flow.simulated_server import ServerPlan
from evals.flow.tally import TallyRow
from records.database import Database
from records.errors import StoreError
from vectorstore.chroma_server import ChromaServer

WORKERS = (1, 2, 4)
LIMITED_WORKERS = (2, 4)
LIMIT_SHARE = 0.2
"""The limit, as a share of what four workers could ask: two exceed it too."""
LONGEST_SECONDS = 900.0
TIMEOUT_SECONDS = 60.0

Say = Callable[[str], None]


class RunFailed(StoreError):
    """A measured run did not come to its end."""


@dataclass(frozen=True)
class Load:
    """What is measured with."""

    articles: int
    latency_seconds: float
    concurrency: int
    """Calls at once in each worker."""

    @property
    def limit(self) -> int:
        """Requests a minute of the limited runs."""
        most = max(WORKERS) * self.concurrency * 60 / self.latency_seconds
        return max(1, round(LIMIT_SHARE * most))


def measure(command_line: CommandLine, load: Load, say: Say = lambda _: None) -> Mapping[str, object]:
    """The object that `rhyme bench scaling --json` prints. Raises SettingsError where PostgreSQL cannot run, RunFailed."""
    runs = []
    with parts_for(command_line, "postgres") as parts:
        for limit, crews in ((None, WORKERS), (load.limit, LIMITED_WORKERS)):
            for workers in crews:
                runs.append(_run(parts, load, workers, limit))
                say(", ".join(f"{name} {value}" for name, value in runs[-1].items()))
    alone = float(str(runs[0]["calls_per_minute"]))
    ratios = {
        str(one["workers"]): round(float(str(one["calls_per_minute"])) / alone, 2)
        for one in runs
        if one["requests_per_minute"] is None
    }
    return {
        "articles": load.articles,
        "latency_seconds": load.latency_seconds,
        "concurrency": load.concurrency,
        "ratio_to_one_worker": ratios,
        "runs": runs,
    }


def _run(parts: Parts, load: Load, workers: int, limit: int | None) -> dict[str, object]:
    plan = ServerPlan(requests_per_minute=limit, latency_seconds=load.latency_seconds, tokens_per_chunk=40)
    rng = random.Random(1)
    with (
        World(parts, f"scaling-{workers}-{limit}", plan, rng) as world,
        Database.open(world.address) as database,
        ChromaServer.start(world.home / "chroma") as chroma,
    ):
        source = world.home / "articles.jsonl"
        write_articles(made_stories(load.articles, rng), source)
        # as docs/jobs.md advises for several workers: an embedded memory is one process's at a time
        vectors = ModelServer(parts.servers, world.home, ServerPlan(), "vectors")
        world.configure(None, timeout_seconds=TIMEOUT_SECONDS, embedding_base_url=vectors.base_url, chroma=chroma.url)
        for command in (("ingest", str(source), "--quiet"), ("jobs", "add", "--new", "--quiet")):
            if world.command(*command).code(LONGEST_SECONDS) != 0:
                raise RunFailed(f"`rhyme {command[0]}` failed: {(world.home / 'log').read_text()[-600:]}")
        cpu, begun = parts.commands.cpu_seconds, time.monotonic()
        for _ in range(workers):
            world.add_worker(load.concurrency)
        if not wait_until(lambda: not database.jobs.counts().open, LONGEST_SECONDS, look=0.2):
            raise RunFailed(f"{workers} workers did not come to an end in {LONGEST_SECONDS:.0f} s.")
        seconds = time.monotonic() - begun
        for worker in world.workers:
            worker.stop(60)
        vectors.kill()
        figures = _figures(world.server.rows(), limit)
        counts = database.jobs.counts()
    return {
        "workers": workers,
        "requests_per_minute": limit,
        **figures,
        "analysed": counts.analysed,
        "failed": sum(counts.failed.values()),
        "seconds_with_start": round(seconds, 1),
        "cpu_seconds": round(parts.commands.cpu_seconds - cpu, 1),
        "cores_used": round((parts.commands.cpu_seconds - cpu) / seconds, 2),
    }


def _figures(rows: Sequence[TallyRow], limit: int | None) -> dict[str, object]:
    """From the server's rows: the rate between the first answer and the last, questions asked twice, and at a limit how much of it
    was used once its burst, a minute's worth, was gone."""
    answered = sorted(row.at for row in rows if row.billed)
    span = answered[-1] - answered[0]
    twice = sum(number - 1 for number in Counter(row.digest for row in rows if row.billed).values())
    share = None
    if limit is not None and len(answered) > limit + 1:
        share = round((len(answered) - limit) / ((answered[-1] - answered[limit - 1]) * limit / 60), 3)
    return {
        "calls": len(answered),
        "calls_per_minute": round((len(answered) - 1) / span * 60, 1),
        "over_the_limit": sum(row.status == 429 for row in rows),
        "asked_twice": twice,
        "share_of_limit": share,
    }
