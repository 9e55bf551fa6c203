"""Workers that are killed, stopped and many: every article is analysed once, and nothing that was kept is paid for again."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from types import ModuleType

import pytest

from records.database import Database

KILLS = 24
DELAY = 0.01

Start = Callable[[str], ForkServerProcess]


@pytest.fixture
def start(kit: ModuleType, processes: ForkServerContext, tmp_path: Path) -> Start:
    """Starts a worker on the database at an address."""

    def begin(address: str) -> ForkServerProcess:
        child = processes.Process(target=kit.work, args=(address, str(tmp_path), 2, DELAY))
        child.start()
        return child

    return begin


def asked(folder: Path) -> list[str]:
    """The article of every question to the model, in order."""
    calls = folder / "calls"
    return [line.split()[0] for line in calls.read_text().splitlines()] if calls.exists() else []


def kept(database: Database) -> set[str]:
    return {job.article_id for job in database.jobs.listed(None, 10_000) if job.outcome.analysis_id}


def everything_happened_once(database: Database, articles: list[str]) -> None:
    """One finished job, one analysis, one forecast and one event for each article; the chain of the ledger is whole."""
    jobs = database.jobs.listed(None, 10_000)
    assert Counter(job.outcome.result for job in jobs) == {"analysed": len(articles)}
    analyses = [database.load_analysis(job.outcome.analysis_id or "") for job in jobs]
    assert sorted(one.article.id for one in analyses) == sorted(articles)
    assert len(database.recent_analyses(10_000)) == len(articles)
    assert sorted(row.forecast.article_id for row in database.forecasts()) == sorted(articles)
    assert sorted(event.id for event in database.every_event()) == sorted(f"N{one}" for one in articles)
    assert database.verify_ledger().fault is None


@pytest.mark.long
def test_killed_over_and_over_each_article_is_analysed_once_and_no_kept_one_is_asked_for_again(
    kit: ModuleType, start: Start, tmp_path: Path
) -> None:
    rng, address = random.Random(5), str(tmp_path / "rhyme.db")
    articles = [kit.article(number) for number in range(40)]
    paid: list[tuple[int, set[str]]] = []
    with Database.open(address) as database:
        kit.fill(database, articles)
        for _ in range(KILLS):
            questions = len(asked(tmp_path))
            worker = start(address)
            kit.until(lambda: len(asked(tmp_path)) > questions)  # noqa: B023 - called in this turn only
            time.sleep(rng.uniform(0.0, 0.4))
            worker.kill()
            worker.join()
            paid.append((len(asked(tmp_path)), kept(database)))
            if len(articles) - len(kept(database)) < 10:
                more = [kit.article(number) for number in range(len(articles), len(articles) + 20)]
                articles += more
                kit.fill(database, more)
        worker = start(address)
        worker.join()
        assert worker.exitcode == 0
        questions_after = [(asked(tmp_path)[number:], before) for number, before in paid]
        assert [set(later) & before for later, before in questions_after] == [set()] * KILLS
        everything_happened_once(database, [one.id for one in articles])


def test_told_to_stop_a_worker_gives_back_what_it_has_not_finished(
    kit: ModuleType, start: Start, tmp_path: Path
) -> None:
    articles, address = [kit.article(number) for number in range(12)], str(tmp_path / "rhyme.db")
    with Database.open(address) as database:
        kit.fill(database, articles)
        worker = start(address)
        kit.until(lambda: len(asked(tmp_path)) > 2)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGTERM)
        worker.join()
        assert worker.exitcode == 0  # no step was left running
        assert database.job_workers.all() == []
        assert database.jobs.counts().open > 0
        assert len(asked(tmp_path)) == 2 * len(kept(database))  # no analysis was broken off
        start(address).join()
        assert len(asked(tmp_path)) == 2 * len(articles)
        everything_happened_once(database, [one.id for one in articles])


@pytest.mark.parametrize("workers", [2, pytest.param(4, marks=pytest.mark.long)])
def test_workers_on_postgresql_share_the_work_and_do_none_twice(
    kit: ModuleType, start: Start, tmp_path: Path, postgres_url: str, workers: int
) -> None:
    articles = [kit.article(number) for number in range(40)]
    copies = [kit.again(one, place) for place, one in enumerate(articles[:10])]
    with Database.open(postgres_url) as database:
        kit.fill(database, articles)
        crew = [start(postgres_url) for _ in range(workers)]
        for one in crew:
            one.join()
        assert [one.exitcode for one in crew] == [0] * workers
        everything_happened_once(database, [one.id for one in articles])
        assert sorted(asked(tmp_path)) == sorted(2 * [one.id for one in articles])
        kit.fill(database, copies)
        start(postgres_url).join()
        counts = database.jobs.counts()
        assert (counts.analysed, counts.joined, counts.open) == (40, 10, 0)
        assert len(asked(tmp_path)) == 2 * len(articles)


def test_the_work_of_a_killed_worker_is_taken_up_by_the_one_that_lives(
    kit: ModuleType, start: Start, tmp_path: Path, postgres_url: str
) -> None:
    articles = [kit.article(number) for number in range(40)]
    with Database.open(postgres_url) as database:
        kit.fill(database, articles)
        first, second = start(postgres_url), start(postgres_url)
        kit.until(lambda: len(list(tmp_path.glob("ready*"))) == 2 and len(asked(tmp_path)) > 4)
        first.kill()
        first.join()
        second.join()
        assert second.exitcode == 0
        everything_happened_once(database, [one.id for one in articles])
