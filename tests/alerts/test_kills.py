"""Processes killed without warning, and two that keep analyses at once: no alert is lost, and none comes twice."""

import multiprocessing.context
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from alerts import Alerts
from records.analysis import Analysis
from records.database import Database
from tests.alerts.alert_processes import follow, keep
from tests.alerts.conftest import NOW, MakeRule

STORIES = 60
Start = Callable[..., BaseProcess]


@pytest.fixture
def start(fork_server: "multiprocessing.context.ForkServerContext") -> Start:
    def begin(function: Callable[..., None], *arguments: object) -> BaseProcess:
        process = fork_server.Process(target=function, args=arguments, daemon=True)
        process.start()
        return process

    return begin


def kill(process: BaseProcess) -> None:
    process.kill()
    process.join(30)


def made(make_news: Callable[..., Analysis]) -> list[Analysis]:
    """Each story twice, its second analysis no news to the rule."""
    found = []
    for number in range(2 * STORIES):
        story = f"s{number % STORIES}"
        found.append(make_news(f"Order {story}", ago=timedelta(seconds=2 * STORIES - number), story=story))
    return found


@pytest.mark.long
def test_workers_and_followers_that_are_killed_lose_no_alert_and_double_none(
    database: Database, set_rule: MakeRule, make_news: Callable[..., Analysis], start: Start, tmp_path: Path
) -> None:
    chance = random.Random(7)
    set_rule(tickers=("MSFT",))
    path, told, analyses = tmp_path / "rhyme.sqlite3", tmp_path / "told", made(make_news)
    halves = [analyses[0::2], analyses[1::2]]
    follower, kills = start(follow, path, told, NOW), 0
    workers = [start(keep, path, half) for half in halves]
    end = time.monotonic() + 120
    while any(worker.is_alive() for worker in workers) and time.monotonic() < end:
        time.sleep(chance.uniform(0.02, 0.2))
        if kills < 8:
            kills += 1
            kill(follower)
            follower = start(follow, path, told, NOW)
            number = chance.randrange(2)
            kill(workers[number])
            workers[number] = start(keep, path, halves[number])
    assert [worker.exitcode for worker in workers] == [0, 0]
    report = Alerts(database, None).report(NOW, limit=1_000)
    assert report.analyses == len(analyses)
    assert Counter(one.analysis.story_id for one in report.alerts) == {f"s{number}": 1 for number in range(STORIES)}
    while len(set(said(told))) < STORIES - kills and time.monotonic() < end:
        time.sleep(0.05)
    kill(follower)
    assert follower.exitcode == -signal.SIGKILL
    lines = said(told)
    assert len(lines) == len(set(lines))  # noted before it is told: a kill in between is told by the list alone
    assert {line.split(".")[0] for line in lines} == {"rule"}
    assert Alerts(database, None).untold(NOW) == []


def said(told: Path) -> list[str]:
    return told.read_text(encoding="utf-8").splitlines() if told.exists() else []


def test_two_followers_share_the_telling(
    database: Database, set_rule: MakeRule, make_news: Callable[..., Analysis], start: Start, tmp_path: Path
) -> None:
    set_rule(tickers=("MSFT",))
    path = tmp_path / "rhyme.sqlite3"
    files = [tmp_path / "one", tmp_path / "other"]
    followers = [start(follow, path, file, NOW) for file in files]
    for analysis in made(make_news):
        database.save_analysis(analysis)
    end = time.monotonic() + 60
    while sum(len(said(file)) for file in files) < STORIES and time.monotonic() < end:
        time.sleep(0.05)
    for follower in followers:
        kill(follower)
    lines = [line for file in files for line in said(file)]
    assert len(lines) == len(set(lines)) == STORIES
