"""A batch worker over the real analyst and the real client, also as a process of its own, to be killed."""

import itertools
import json
import os
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jobs_kit
from pydantic import SecretStr
from sqlalchemy import Engine, event

from agent.analyze import Analyst, Memory
from agent.jobs import Course, JobArchive, JobQueue, Patience
from agent.jobs.batch_evidence import KeptEvidence, SteadyMemory, SteadyScores
from agent.jobs.batch_worker import BatchSettings, BatchWorker
from markets.desk import MarketDesk
from models.batch_api import BatchApi
from models.batch_gate import BatchGate
from models.cost import BatchPrice, ModelPrice, PriceTable, load_prices
from models.gateway import Gateway
from models.open_model import ModelSpec, open_model
from models.openai_provider import Endpoint
from models.retry import RetryPolicy
from models.wire import Usage
from prompts import PromptLibrary
from records.database import Database
from records.database.batch_turn import alone
from records.database.batches import Batches
from records.spending import BudgetLimits
from records.times import utc_now
from vectorstore.threads import StoryThreads

MODEL = "gpt-5.4-mini"
KEY = SecretStr("sk-test")
QUICK = BatchSettings(
    run_id="run",
    model=MODEL,
    first_wait_seconds=0.02,
    longest_wait_seconds=0.1,
    quiet_seconds=1.0,
    patience=Patience(starts=99),
)
RETRY = RetryPolicy(attempts=3, first_wait_seconds=0.05)
PRICE = ModelPrice(
    model=MODEL, input=0.75, cached_input=0.075, cache_write=0.75, output=4.5, up_to_input_tokens=272_000
)


def prices_file(folder: Path) -> Path:
    """A price table with batches at half price: the server on loopback is not OpenAI, whose prices are shipped."""
    half = BatchPrice(factor=0.5, checked_on="2026-11-26", source="test")  # type: ignore[arg-type]
    table = PriceTable(checked_on="2026-11-26", source="test", batch=half, models=(PRICE,))  # type: ignore[arg-type]
    path = folder / "prices.json"
    path.write_text(table.model_dump_json(), encoding="utf-8")
    return path


def plan(base_url: str, **behaviour: Any) -> None:
    """How the server's next batches behave (`evals.flow.simulated_batches.BatchPlan`)."""
    body = json.dumps(behaviour).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{base_url}/simulated/batches", body, method="POST")):
        pass


@cache
def desk() -> MarketDesk:
    """It takes long to load and never changes."""
    return MarketDesk()


def analyst(
    database: Database, model: Any, memory: Memory, scores: SteadyScores | None = None, output_language: str = "en"
) -> Analyst:
    """The real one, without prices and precedents."""
    from agent.score import ScoreModel

    return Analyst(
        model=model,
        market=desk(),
        memory=memory,
        archive=JobArchive(database),
        threads=StoryThreads(database),
        score_model=scores or ScoreModel(),
        prompts=PromptLibrary(),
        clock=utc_now,
        version="test",
        output_language=output_language,
    )


@contextmanager
def batch_worker(
    database: Database,
    base_url: str,
    folder: Path,
    *,
    settings: BatchSettings = QUICK,
    budget: BudgetLimits | None = None,
    memory: Memory | None = None,
    told: Callable[[str], None] = lambda _: None,
    output_language: str = "en",
) -> Iterator[BatchWorker]:
    """A worker in this process."""
    prices = prices_file(folder)
    settings = replace(settings, budget=budget or BudgetLimits())
    books = lambda: database.model_calls  # noqa: E731
    gate = BatchGate(lambda: database.batches, books, settings.run_id)
    spec = ModelSpec("openai", MODEL, base_url=base_url, api_key=KEY, prices=prices, batch=True)
    evidence = KeptEvidence(database.batches)
    table = load_prices(prices).for_batches()
    assert table is not None

    def price(name: str, usage: Usage) -> float | None:
        found = table.find(name)
        return found.cost_usd(usage) if found else None

    with ExitStack() as closing:
        model = open_model(spec, gate=gate)
        closing.callback(model.close)
        service = BatchApi(Endpoint(base_url, KEY), retry=RETRY)
        closing.callback(service.close)
        queue = closing.enter_context(JobQueue.open(database.place))
        steady = SteadyMemory(memory or jobs_kit.PlainMemory(database), evidence)
        real = analyst(database, model, steady, SteadyScores(evidence), output_language)
        course = Course(database, real, StoryThreads(database), steady, clock=utc_now, patience=settings.patience)
        yield BatchWorker(
            database, queue, course, gate, evidence, service, price, settings=settings, clock=utc_now, told=told
        )


def live(database: Database, base_url: str, folder: Path, one: Any) -> Any:
    """One article analysed with its questions sent by themselves."""
    gate = Gateway(lambda: database.model_calls, "live")
    spec = ModelSpec("openai", MODEL, base_url=base_url, api_key=KEY, prices=prices_file(folder))
    model = open_model(spec, gate=gate)
    try:
        return analyst(database, model, jobs_kit.PlainMemory(database)).analyze(one)
    finally:
        model.close()


def work(address: str, base_url: str, folder: str, kill_at: int, kill_after: float) -> None:
    """A process of its own: works until nothing is left, or until its `kill_at`-th transaction is about to be committed and
    `kill_after` seconds more have passed: then SIGKILL ends it. Its batches are small, so that there are many of them."""
    seen = itertools.count(1)

    def count_commit(_: Any) -> None:
        if next(seen) == kill_at:
            killing = threading.Timer(kill_after, os.kill, (os.getpid(), signal.SIGKILL))
            killing.daemon = True
            killing.start()

    event.listen(Engine, "commit", count_commit)
    with (
        Database.open(address) as database,
        alone(database.place),
        batch_worker(database, base_url, Path(folder), settings=replace(QUICK, most_requests=4)) as worker,
    ):
        ending = worker.run()
    os._exit(0 if ending == "empty" else 1)


def work_until(address: str, base_url: str, folder: str, method: str, when: str) -> None:
    """A process of its own that SIGKILL ends at a method of `Batches` or `BatchApi`: before, during or after it."""
    owner = BatchApi if hasattr(BatchApi, method) else Batches
    real = getattr(owner, method)

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def deadly(*args: Any, **options: Any) -> Any:
        if when == "before":
            die()
        if when == "during":  # its request has left, and the server takes longer than this to answer it
            threading.Timer(0.3, die).start()
        done = real(*args, **options)
        if when == "after":
            die()
        return done

    setattr(owner, method, deadly)
    work(address, base_url, folder, 0, 0.0)
