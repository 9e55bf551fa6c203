"""`rhyme bench flow`: a day's news from a file to its analyses, by Rhyme's own commands, against the simulated server."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from evals.flow.figures import call_figures, ledger_figures, memory_figures, steady_rate
from evals.flow.metered import MODULE as METERED
from evals.flow.metered import EmbeddingCost, read_cost
from evals.flow.news import News, write_news
from evals.flow.processes import RhymeProcess, Spent, run_rhyme
from evals.flow.simulated_server import ServerPlan, SimulatedServer
from evals.flow.tally import TallyRow
from evals.flow.yardstick import Yardstick
from records.database import Database
from records.job import JobCounts
from records.spending import CallEntry

Say = Callable[[str], None]
MODEL = "gpt-4.1-mini"
"""Any name will do; of this one the shipped price table knows the price."""
REMOTE_EMBEDDER = "text-embedding-3-small"
LOOK_SECONDS = 0.5
SAID_EVERY = 10.0
FAULT_TIMEOUT_SECONDS = 5.0
"""Longest silence before a call is given up, where faults are asked for: a hang costs this long."""
DATABASE = "rhyme.db"
SETUP = "precedents"
"""The command that puts up the event memory with the starter events, once for a home: no article's cost."""


@dataclass(frozen=True)
class Request:
    """What is to be run."""

    articles: int = 5_000
    duplicates: float = 0.7
    data: Path | None = None
    """Folder with impact/ and recent/; None: made-up texts."""
    workers: int = 1
    concurrency: int = 16
    """Articles at once, and calls at once, in each worker."""
    database: str | None = None
    """SQLAlchemy address of an empty database; None: SQLite."""
    requests_per_minute: int | None = 900
    tokens_per_minute: int | None = None
    latency_seconds: float = 0.3
    faults: float = 0.0
    seed: int = 1
    work: Path | None = None
    """Where everything is kept; None: a folder that is removed."""

    @property
    def plan(self) -> ServerPlan:
        """The server of this run."""
        return ServerPlan(
            requests_per_minute=self.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute,
            latency_seconds=self.latency_seconds,
            faults=self.faults,
            seed=self.seed,
            drip_seconds=2 * self.latency_seconds,
        )


@dataclass(frozen=True)
class Machine:
    """What of the user's is used: nothing else of it is read or written."""

    environment: Mapping[str, str] = field(repr=False)
    """For the processes, without any setting of Rhyme's or of OpenAI's client."""
    models: Path
    """The folder of downloaded models."""
    embedder: str | None
    """One of the catalogue, which runs on this machine; None: the simulated server embeds."""
    price_file: Path


@dataclass
class _Run:
    """What a run gathers."""

    spent: dict[str, Spent] = field(default_factory=dict)
    samples: list[int] = field(default_factory=list)
    ingested: dict[str, object] = field(default_factory=dict)
    worker_seconds: float = 0.0
    embedding: EmbeddingCost = field(default_factory=EmbeddingCost)
    """Of the workers; taking in embeds nothing."""
    yardstick_ms: float = 0.0


def bench_flow(request: Request, machine: Machine, say: Say) -> dict[str, object]:
    """The figures. Raises BenchStopped when a command of the run fails, SourceUnreadable, StoreError."""
    with _work_folder(request.work) as work:
        say("Writing the day's news …")
        path = work / "news.jsonl"
        news = write_news(
            path, articles=request.articles, duplicates=request.duplicates, data=request.data, seed=request.seed
        )
        with SimulatedServer(work / "tally.jsonl", request.plan) as server:
            home = _home(work, request, machine, server.base_url)
            run = _flow(request, machine, home, news, say)
            rows = server.rows()
        return _figures(request, machine, home, news, run, rows)


def _flow(request: Request, machine: Machine, home: Path, news: News, say: Say) -> _Run:
    run = _Run()

    def command(name: str, *arguments: str) -> str:
        words = [name, *arguments, "--home", str(home), "--json", "--quiet"]
        run.spent[name], said = run_rhyme(words, machine.environment, home / name)
        return said

    say("Putting up the event memory …")
    command(SETUP, "search", "a takeover bid")
    say(f"Taking in {news.articles:,} articles …")
    with Yardstick() as yardstick:
        run.ingested = json.loads(command("ingest", str(news.path)))
        _work(request, machine, home, run, say)
    run.yardstick_ms = yardstick.median_ms
    return run


def _work(request: Request, machine: Machine, home: Path, run: _Run, say: Say) -> None:
    """The workers, until nothing is left."""
    words = [
        "worker",
        "--until-empty",
        "--concurrency",
        str(request.concurrency),
        "--home",
        str(home),
        "--json",
        "--quiet",
    ]
    meters = [home / f"worker{number}.embedding.json" for number in range(request.workers)]
    begun = said = time.monotonic()
    with ExitStack() as ending:
        workers = []
        for number in range(request.workers):
            by = ("-m", METERED, str(meters[number]))
            workers.append(RhymeProcess(words, machine.environment, home / f"worker{number}", by=by))
            ending.callback(workers[-1].stop)
        while any(worker.poll() is None for worker in workers):
            sizes = [size for worker in workers if (size := worker.resident_bytes()) is not None]
            if sizes:
                run.samples.append(sum(sizes))
            if time.monotonic() - said >= SAID_EVERY:
                said = time.monotonic()
                say(_progress(workers[0].output()))
            time.sleep(LOOK_SECONDS)
        for worker in workers:
            worker.check()
        run.spent |= {f"worker {number}": worker.wait() for number, worker in enumerate(workers, 1)}
    run.worker_seconds = time.monotonic() - begun
    run.embedding = read_cost(meters)


def _progress(printed: str) -> str:
    lines = printed.splitlines()
    if not lines:
        return "The workers start …"
    counts = json.loads(lines[-1])
    return f"{counts['done']:,} articles done, {counts['waiting']:,} waiting"


def _home(work: Path, request: Request, machine: Machine, base_url: str) -> Path:
    """A home folder of its own whose settings name the simulated server."""
    home = work / "home"
    home.mkdir()
    (home / "models").symlink_to(machine.models.absolute(), target_is_directory=True)
    share = {"requests_per_minute": request.requests_per_minute, "tokens_per_minute": request.tokens_per_minute}
    settings: dict[str, object] = {
        "model": MODEL,
        "provider": "openai",
        "base_url": base_url,
        "api_key": "simulated",
        "price_file": str(machine.price_file),
        "concurrency": request.concurrency,
        "embedder": _embedder_name(machine),
        # a limit is one server's; each worker keeps to its part of it
        **{name: limit // request.workers for name, limit in share.items() if limit is not None},
    }
    if request.faults:
        settings["timeout_seconds"] = FAULT_TIMEOUT_SECONDS
    if request.database is not None:
        settings["database_url"] = request.database
    # TOML takes JSON's strings and numbers as they are
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (home / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return home


def _embedder_name(machine: Machine) -> str:
    return REMOTE_EMBEDDER if machine.embedder is None else machine.embedder


def _figures(
    request: Request, machine: Machine, home: Path, news: News, run: _Run, rows: list[TallyRow]
) -> dict[str, object]:
    with Database.open(request.database or home / DATABASE) as database:
        counts, entries = database.jobs.counts(), database.model_calls.entries()
    rate = steady_rate(rows)
    share = rate.share_of(request.requests_per_minute, request.tokens_per_minute)
    ledger = ledger_figures(rows, entries)
    peaks = {name: spent.peak_bytes for name, spent in run.spent.items()}
    return {
        "share_of_limit": None if share is None else round(share, 3),
        **_cpu(request, run),
        **ledger,
        **_articles(news, run, counts),
        **memory_figures(run.samples, peaks),
        "seconds": round(run.worker_seconds, 1),
        "calls_per_minute": round(rate.calls_per_minute, 1),
        "tokens_per_minute": round(rate.tokens_per_minute),
        "calls": call_figures(rows),
        "ledger_calls": _by_outcome(entries),
        "run": {
            "workers": request.workers,
            "concurrency": request.concurrency,
            "requests_per_minute": request.requests_per_minute,
            "tokens_per_minute": request.tokens_per_minute,
            "latency_seconds": request.latency_seconds,
            "faults": request.faults,
            "seed": request.seed,
            "real_headlines": news.real,
            "embedder": _embedder_name(machine),
            "model": MODEL,
        },
    }


def _articles(news: News, run: _Run, counts: JobCounts) -> dict[str, object]:
    taken = run.ingested
    return {
        "articles": news.articles,
        "stories": taken["stories"],
        "stories_made": news.stories,
        "duplicates": taken["duplicates"],
        "jobs": counts.total,
        "analysed": counts.analysed,
        "updated": counts.updated,
        "joined": counts.joined,
        "failures": dict(counts.failed),
        "unfinished": counts.open,
    }


def _cpu(request: Request, run: _Run) -> dict[str, object]:
    cost, per_text = run.embedding, run.embedding.cpu_ms_per_text
    whole = sum(spent.cpu_seconds for name, spent in run.spent.items() if name != SETUP)
    rest = max(0.0, whole - cost.cpu_seconds)
    return {
        "cpu_ms_per_article": round(1_000 * rest / request.articles, 1),
        "yardstick_ms": round(run.yardstick_ms, 2),
        "cpu_per_article_in_yardsticks": round(1_000 * rest / request.articles / run.yardstick_ms, 2),
        "cpu_seconds": {name: round(spent.cpu_seconds, 1) for name, spent in run.spent.items()},
        "embedding": {
            "texts": cost.texts,
            "cpu_ms_per_text": None if per_text is None else round(per_text, 2),
            "cpu_seconds": round(cost.cpu_seconds, 1),
        },
    }


def _by_outcome(entries: list[CallEntry]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for entry in entries:
        counted[entry.outcome.value] = counted.get(entry.outcome.value, 0) + 1
    return dict(sorted(counted.items()))


@contextmanager
def _work_folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="rhyme-flow-") as made:
        yield Path(made)
