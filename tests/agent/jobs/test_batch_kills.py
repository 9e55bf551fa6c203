"""A batch worker that is killed over and over: no request is sent twice, nothing is settled twice, no article is lost."""

import random
import signal
from collections import Counter
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from types import ModuleType

import pytest

from evals.flow.simulated_server import SimulatedServer
from evals.flow.tally import billed_tokens
from records.database import Database

pytestmark = pytest.mark.long

KILLS, MOST_KILLS = 10, 30
PHASES = 3


def test_killed_at_random_moments_each_request_is_billed_once_and_each_article_analysed_once(
    kit: ModuleType, batch_kit: ModuleType, processes: ForkServerContext, tmp_path: Path
) -> None:
    rng, address = random.Random(5), str(tmp_path / "rhyme.db")
    articles = [kit.article(number) for number in range(12)]
    killed: list[str] = []
    with SimulatedServer(tmp_path / "tally") as server, Database.open(address) as database:
        # slow enough that kills fall into creating, waiting and collecting alike
        batch_kit.plan(server.base_url, line_seconds=0.03, create_seconds=0.2, validating_seconds=0.2)
        kit.fill(database, articles)

        def start(kill_at: int = 0, kill_after: float = 0.0) -> int | None:
            where = (address, server.base_url, str(tmp_path), kill_at, kill_after)
            child: ForkServerProcess = processes.Process(target=batch_kit.work, args=where)
            child.start()
            child.join()
            return child.exitcode

        # where a kill falls depends on the machine: they go on until they fell into several phases
        while len(killed) < KILLS or (len(set(killed)) < PHASES and len(killed) < MOST_KILLS):
            ended = start(rng.randint(1, 60), rng.choice([0.0, rng.uniform(0.0, 0.4)]))
            if ended == 0:  # nothing was left to do
                break
            assert ended == -signal.SIGKILL
            killed.append(phase(database))
        assert start() == 0
        everything_happened_once(database, server, [one.id for one in articles])
    assert len(killed) >= KILLS
    assert len(set(killed)) >= PHASES, killed


@pytest.mark.parametrize(
    ("method", "when"),
    [
        ("intend", "after"), ("upload", "after"), ("create", "during"), ("create", "after"), ("lines", "before"),
        ("settle", "before"), ("settle", "after"), ("finish", "after"), ("forget", "before"),
    ],
)  # fmt: skip
def test_killed_at_each_step_of_a_batch_it_goes_on_where_it_was(
    kit: ModuleType,
    batch_kit: ModuleType,
    processes: ForkServerContext,
    database: Database,
    tmp_path: Path,
    method: str,
    when: str,
) -> None:
    articles, address = [kit.article(number) for number in range(2)], str(tmp_path / "rhyme.db")
    with SimulatedServer(tmp_path / "tally") as server:
        batch_kit.plan(server.base_url, create_seconds=1.0)
        kit.fill(database, articles)
        child: ForkServerProcess = processes.Process(
            target=batch_kit.work_until, args=(address, server.base_url, str(tmp_path), method, when)
        )
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        with batch_kit.batch_worker(database, server.base_url, tmp_path) as worker:
            assert worker.run() == "empty"
        everything_happened_once(database, server, [one.id for one in articles])


def everything_happened_once(database: Database, server: SimulatedServer, articles: list[str]) -> None:
    """No request was billed twice, the ledger is the server's count, each article has one analysis and its forecast."""
    billed = [row for row in server.rows() if row.billed]
    assert Counter(row.digest for row in billed).most_common(1)[0][1] == 1
    entries = database.model_calls.entries()
    assert sum(one.input_tokens + one.output_tokens for one in entries) == billed_tokens(server.rows())
    assert len(entries) == len(billed)
    assert sum(one.cost_nano or 0 for one in entries) == sum(one.cost_nano for one in database.batches.listed())
    assert database.model_calls.holds() == []
    analyses = [database.load_analysis(job.outcome.analysis_id or "") for job in database.jobs.listed(None, 100)]
    assert sorted(one.article.id for one in analyses) == sorted(articles)
    assert len(database.recent_analyses(100)) == len(articles)
    scored = sorted(one.article.id for one in analyses if one.impact.ticker)
    assert sorted(row.forecast.article_id for row in database.forecasts()) == scored
    assert database.verify_ledger().fault is None


def phase(database: Database) -> str:
    """The phase in which it was killed."""
    under_way = database.batches.listed(open_only=True)
    if not under_way:
        return f"{len(database.batches.listed())} batches, between"
    one = under_way[0]
    stage = "sent" if one.batch_id else "creating" if one.creating_at else "uploaded" if one.file_id else "intended"
    return f"{len(database.batches.listed())} batches, {stage}"
