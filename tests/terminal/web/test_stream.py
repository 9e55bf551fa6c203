"""The stream of new analyses: what any process keeps arrives once, in order, also after a break."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from records.analysis import Analysis
from records.database import Database
from records.errors import SourceUnreadable, StoreUnreachable
from terminal.web import hub
from terminal.web.client import Client
from tests.terminal.web.conftest import Serve, Served

ROOT = Path(__file__).parents[3]


@pytest.fixture
def at(serve: Serve, analysed_home: object) -> Served:
    return serve(analysed_home)


def _copies(at: Served, names: list[str]) -> Iterator[Analysis]:
    """New analyses of an article that is kept."""
    first = at.site.database.load_analysis(at.site.database.recent_analyses(1)[0].id)
    for name in names:
        yield first.model_copy(update={"id": name})


def _keep(at: Served, *names: str) -> None:
    for one in _copies(at, list(names)):
        assert at.site.database.save_analysis(one)


def test_who_begins_late_is_told_all_from_where_they_were(at: Served) -> None:
    with Client(at.url) as client:
        kept = {one.id for one in client.every_analysis()}
        told = _take(client, 0, len(kept))
        assert {one for one, _ in told} == kept
        assert [number for _, number in told] == sorted(number for _, number in told)
        middle = told[2][1]
        assert _take(client, middle, len(kept) - 3) == told[3:]


def _take(client: Client, after: int | None, count: int) -> list[tuple[str, int]]:
    stream = client.stream(after)
    try:
        return [(one.analysis.id, one.number) for _, one in zip(range(count), stream, strict=False)]
    finally:
        stream.close()  # type: ignore[attr-defined]


def test_an_analysis_that_another_process_keeps_reaches_all_who_wait(at: Served, tmp_path: Path) -> None:
    new = next(_copies(at, ["feedfacefeedface"]))
    (tmp_path / "new.json").write_text(new.model_dump_json(), encoding="utf-8")
    code = (
        "import sys; from records.analysis import Analysis; from records.database import Database\n"
        "with Database.open(sys.argv[1]) as database:\n"
        "    database.save_analysis(Analysis.model_validate_json(open(sys.argv[2]).read()))"
    )
    database = str(at.site.settings.home / "rhyme.db")

    async def heard(client: httpx.AsyncClient, ready: asyncio.Semaphore) -> str:
        async with client.stream("GET", "/api/v1/stream") as answer:
            begun = False
            async for line in answer.aiter_lines():
                if not begun:
                    ready.release()
                    begun = True
                if line.startswith("data:"):
                    return str(json.loads(line[5:])["id"])
        return "ended"

    async def all_wait() -> list[str]:
        limits, ready = httpx.Limits(max_connections=None), asyncio.Semaphore(0)
        async with httpx.AsyncClient(base_url=at.url, timeout=120, limits=limits) as client:
            waiting = [asyncio.create_task(heard(client, ready)) for _ in range(50)]
            for _ in waiting:
                await ready.acquire()
            command = [sys.executable, "-c", code, database, str(tmp_path / "new.json")]
            await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=True)
            return await asyncio.gather(*waiting)

    assert asyncio.run(all_wait()) == ["feedfacefeedface"] * 50


def test_who_comes_back_after_a_break_is_told_what_was_missed_once(at: Served) -> None:
    with at.client.stream("GET", "/api/v1/stream") as answer:
        last = next(line for line in answer.iter_lines() if line.startswith("id:")).removeprefix("id: ")
    _keep(at, "aaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaa2")
    with Client(at.url) as client:
        assert [one for one, _ in _take(client, int(last), 2)] == ["aaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaa2"]


def test_who_is_behind_what_is_kept_ready_is_told_from_the_database_first(at: Served) -> None:
    before = at.site.database.announced.latest()
    with Client(at.url) as client:
        stream = client.stream()
        waiting = threading.Thread(target=lambda: (next(stream), next(stream)))
        waiting.start()
        while not at.site.hub.streams:
            at.client.get("/healthz")
        _keep(at, "aaaaaaaaaaaaaaa4", "aaaaaaaaaaaaaaa5")
        waiting.join()  # they are kept ready now
        numbers = [number for _, number in _take(client, 0, before + 2)]
        assert numbers == list(range(1, before + 3))
        assert [number for _, number in _take(client, before + 1, 1)] == [before + 2]
        stream.close()  # type: ignore[attr-defined]


def test_a_stream_begins_with_an_id_to_go_on_from(at: Served) -> None:
    latest = at.site.database.announced.latest()
    with at.client.stream("GET", "/api/v1/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert [next(lines) for _ in range(3)] == [f"id: {latest}", "retry: 2000", ""]
    for given in ({"Last-Event-ID": "no number"}, {"Last-Event-ID": str(latest + 1_000)}):
        with at.client.stream("GET", "/api/v1/stream", headers=given) as answer:
            assert next(answer.iter_lines()) == f"id: {latest}"


def test_who_missed_too_much_is_told_to_read_the_list_anew(at: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST_REPLAYED", 2)
    with Client(at.url) as client, pytest.raises(SourceUnreadable, match="read the list"):
        _take(client, 0, 1)


def test_a_database_that_goes_away_is_told_and_its_return_too(at: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    since = at.site.database.announced.since

    def away(*_: object) -> None:
        raise StoreUnreachable("not now")

    with at.client.stream("GET", "/api/v1/stream") as answer:
        names = (line for line in answer.iter_lines() if line.startswith("event:"))
        monkeypatch.setattr(at.site.database.announced, "since", away)
        assert next(names) == "event: away"
        monkeypatch.setattr(at.site.database.announced, "since", since)
        assert next(names) == "event: back"
        _keep(at, "aaaaaaaaaaaaaaa3")
        assert next(names) == "event: analysis"


def test_a_stream_that_is_left_is_forgotten(at: Served) -> None:
    with at.client.stream("GET", "/api/v1/stream") as answer:
        lines = answer.iter_lines()
        next(lines)
        assert at.site.hub.streams == 1
    while at.site.hub.streams:  # the test's own time ends it if it does not end
        at.client.get("/healthz")


def test_when_there_are_too_many_streams_one_more_is_refused(at: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST_STREAMS", 0)
    answer = at.client.get("/api/v1/stream")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_numbers_follow_the_order_of_keeping_in_one_transaction_or_many(analysed_home: Path, at: Served) -> None:
    with Database.open(analysed_home / "rhyme.db") as database:
        before = database.announced.latest()
        database.save_analyses([(one, None) for one in _copies(at, ["bbbbbbbbbbbbbbb2", "bbbbbbbbbbbbbbb1"])])
        database.save_analysis(next(_copies(at, ["bbbbbbbbbbbbbbb0"])))
        seen = [one.summary.id for one in database.announced.since(before, 10)]
    assert seen == ["bbbbbbbbbbbbbbb2", "bbbbbbbbbbbbbbb1", "bbbbbbbbbbbbbbb0"]
