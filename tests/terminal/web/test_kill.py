"""A server that is killed under load and started again on its port: no analysis is lost to a stream, no write is done twice."""

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from records.database import Database
from records.errors import SourceUnreachable
from terminal.web.client import Client
from tests.terminal.commands.test_serve import serving

ROOT = Path(__file__).parents[3]
UNLIMITED = {"RHYME_WEB_REQUESTS_PER_MINUTE": "1000000"}
LAST = "f" * 16
READERS, ASKERS, WRITERS = 5, 2, 2
WAIT = 60
KEEPER = """
import sys, threading
from records.database import Database

ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
with Database.open(sys.argv[1]) as database:
    first, number = database.load_analysis(sys.argv[2]), 0
    while not ended.wait(0.05):
        assert database.save_analysis(first.model_copy(update={"id": f"{number:016x}"}))
        number += 1
"""


@dataclass
class Reader:
    """A stream that is opened again after each break, from the last id that it gave."""

    heard: list[tuple[int, str]] = field(default_factory=list)
    breaks: int = 0

    def read(self, url: str, last: int) -> None:
        while True:
            try:
                with Client(url) as client:
                    for one in client.stream(last):
                        self.heard.append((one.number, one.analysis.id))
                        last = one.number
                        if one.analysis.id == LAST:
                            return
            except SourceUnreachable:
                self.breaks += 1
                time.sleep(0.1)


@dataclass
class Load:
    """Pages that are asked for, and briefs that are written with a key each, until the end is told."""

    ended: threading.Event = field(default_factory=threading.Event)
    statuses: set[int] = field(default_factory=set)
    answers: dict[str, bytes | None] = field(default_factory=dict)
    """By key; None: the connection broke."""

    def ask(self, url: str, paths: list[str]) -> None:
        with httpx.Client(base_url=url, timeout=WAIT) as client:
            for path in itertools.cycle(paths):
                with suppress(httpx.TransportError):
                    self.statuses.add(client.get(path).status_code)
                if self.ended.wait(0.05):
                    return

    def write(self, url: str, name: str) -> None:
        with httpx.Client(base_url=url, timeout=WAIT) as client:
            for number in itertools.count():
                key = f"{name}-{number}"
                self.answers[key] = None
                try:
                    answer = written(client, key)
                except httpx.TransportError:
                    return
                assert answer.status_code == 201
                self.answers[key] = answer.content


def written(client: httpx.Client, key: str) -> httpx.Response:
    return client.post("/api/v1/briefs", json={}, headers={"Idempotency-Key": key})


@contextmanager
def keeping(database: Path, analysis_id: str) -> Iterator[None]:
    """Another process keeps one analysis after the other meanwhile."""
    command = [sys.executable, "-c", KEEPER, str(database), analysis_id]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
    try:
        yield
        process.communicate(timeout=WAIT)  # closes its input, which ends it
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


@contextmanager
def running(*tasks: threading.Thread) -> Iterator[None]:
    for task in tasks:
        task.daemon = True  # a test that fails leaves none to wait for
        task.start()
    yield
    for task in tasks:
        task.join(WAIT)
    assert not any(task.is_alive() for task in tasks)


def until(fits: Callable[[], bool]) -> None:
    ends = time.monotonic() + WAIT
    while not fits():
        assert time.monotonic() < ends
        time.sleep(0.05)


def all_heard(readers: list[Reader], number: int) -> bool:
    return all(one.heard and one.heard[-1][0] >= number for one in readers)


@pytest.mark.long
def test_a_server_killed_under_load_loses_no_analysis_and_does_no_write_twice(analysed_home: Path) -> None:
    database = Database.open(analysed_home / "rhyme.db")
    before, one = database.announced.latest(), database.recent_analyses(1)[0].id
    readers, load = [Reader() for _ in range(READERS)], Load()
    with ExitStack() as stack:
        stack.enter_context(database)
        process, url = stack.enter_context(serving(analysed_home, **UNLIMITED))
        paths = ["/", f"/articles/{one}", "/api/v1/analyses", "/api/v1/jobs"]
        streams = [threading.Thread(target=each.read, args=(url, before)) for each in readers]
        asking = [threading.Thread(target=load.ask, args=(url, paths)) for _ in range(ASKERS)]
        writing = [threading.Thread(target=load.write, args=(url, f"w{number}")) for number in range(WRITERS)]
        with running(*streams), running(*asking):
            with keeping(analysed_home / "rhyme.db", one):
                with running(*writing):
                    until(lambda: all_heard(readers, before + 10))
                    process.kill()
                process.wait(WAIT)
                missed = database.announced.latest() + 10
                until(lambda: database.announced.latest() >= missed)  # kept while no one served
                port = url.rpartition(":")[2]
                assert stack.enter_context(serving(analysed_home, "--port", port, **UNLIMITED))[1] == url
                missed = database.announced.latest()
                until(lambda: all_heard(readers, missed))
            assert database.save_analysis(database.load_analysis(one).model_copy(update={"id": LAST}))
            load.ended.set()
        kept = [(each.number, each.summary.id) for each in database.announced.since(before, 10_000)]
        assert [each.heard for each in readers] == [kept] * READERS
        assert all(each.breaks for each in readers)
        assert load.statuses == {200}
        _done_once(url, load.answers, database)
        assert database.check() == []


def _done_once(url: str, answers: dict[str, bytes | None], database: Database) -> None:
    """What was answered is answered the same; what was not is done now, or was begun by the server that died."""
    again = {}
    with httpx.Client(base_url=url, timeout=WAIT) as client:
        for key, answer in answers.items():
            again[key] = given = written(client, key)
            if answer is not None:
                assert (given.status_code, given.content) == (201, answer)
                assert given.headers["Idempotency-Replayed"] == "true"
    broken = [again[key] for key, answer in answers.items() if answer is None]
    assert broken
    assert {one.status_code for one in broken} <= {201, 409}
    kept = {one.id for one in database.briefs.recent(1_000)}
    answered = {json.loads(one.content)["id"] for one in again.values() if one.status_code == 201}
    assert answered <= kept
    assert len(kept) - len(answered) <= sum(one.status_code == 409 for one in broken)
