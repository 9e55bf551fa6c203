"""`rhyme feeds`, `rhyme ingest` and `rhyme watch`, from the command line to the database."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import agent.ingest
from records.database import Database
from records.job import PRIORITIES
from terminal.main import main

ROOT = Path(__file__).parents[3]
RSS = (
    b'<rss version="2.0"><channel><title>Wire</title><item><title>Alcoa cuts its outlook for the year</title><guid>1</guid>'
    b"<description>Demand was weak.</description></item></channel></rss>"
)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = self.headers.get("If-None-Match")
        status = 500 if self.path == "/broken" else 304 if asked == '"1"' else 200
        body = b"" if status != 200 else (b"<html><p>A page</p></html>" if self.path == "/page" else RSS)
        self.send_response(status)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def origin(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("RHYME_ALLOW_PRIVATE_ADDRESSES", "true")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def home() -> Path:
    return Path(os.environ["RHYME_HOME"])


def articles() -> list[tuple[str, str, str]]:
    """(id, story, relation) of all that is kept and placed."""
    from sqlalchemy import text

    with Database.open(home() / "rhyme.db") as database, database._reading() as connection:
        query = (
            "SELECT a.id, coalesce(m.story_id, ''), coalesce(m.relation, '') FROM articles a"
            " LEFT JOIN story_members m ON m.article_id = a.id ORDER BY a.id"
        )
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_feed_is_added_watched_found_unchanged_and_removed(origin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feeds", "add", f"{origin}/rss", "--name", "wire", "--every", "1m"]) == 0
    assert articles() == []
    assert main(["watch", "--once", "--json", "--quiet"]) == 0
    capsys.readouterr()
    assert len(articles()) == 1
    assert main(["watch", "--once", "--json", "--quiet"]) == 0  # not due yet
    assert capsys.readouterr().out == ""
    with Database.open(home() / "rhyme.db") as database:
        kept = database.intake.feed("wire")
        assert kept.etag == '"1"'
        database.intake.update_feed(kept.model_copy(update={"due_at": kept.added_at}))
    assert main(["watch", "--once", "--quiet"]) == 0
    assert "wire: nothing new since the last reading" in capsys.readouterr().out
    assert main(["feeds", "remove", "wire"]) == 0
    assert len(articles()) == 1
    assert main(["watch", "--once"]) == 2


def test_a_feed_that_cannot_be_read_is_added_only_unchecked_and_leaves_with_four(
    origin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["feeds", "add", f"{origin}/broken"]) == 4
    assert main(["feeds", "add", f"{origin}/broken", "--name", "broken", "--unchecked"]) == 0
    assert main(["feeds", "add", f"{origin}/rss", "--name", "wire"]) == 0
    capsys.readouterr()
    assert main(["watch", "--once", "--json", "--quiet"]) == 4
    told = {one["source"]: one for one in map(json.loads, capsys.readouterr().out.splitlines())}
    assert told["broken"]["error"]["kind"] == "source_unreachable"
    assert told["wire"]["new"] == 1
    assert main(["feeds", "list"]) == 0
    assert "failed 1 times" in capsys.readouterr().out


def test_a_web_page_is_refused_as_a_feed_and_taken_as_a_page(origin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feeds", "add", f"{origin}/page"]) == 4
    assert "web page (HTML), not a feed" in " ".join(capsys.readouterr().err.split())
    assert main(["feeds", "add", f"{origin}/page", "--kind", "page"]) == 0
    assert main(["feeds", "test", f"{origin}/rss", "--json"]) == 0
    assert articles() == []


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["https://example.com/rss", "--every", "5s"], ["x", "--kind", "blog"]]
)
def test_what_cannot_be_watched_is_a_wrong_use(arguments: list[str]) -> None:
    assert main(["feeds", "add", *arguments]) == 2


def test_ingest_reports_each_source_and_leaves_with_four_when_one_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "Alcoa cuts its outlook for the year"}\n{bad\n')
    assert main(["ingest", str(tmp_path / "a.jsonl"), str(tmp_path / "gone.csv"), "--json", "--quiet"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert (told["articles"], told["new"], told["stories"]) == (1, 1, 1)
    assert told["failures"] == {"source_unreadable": 2}
    assert [one["error"] is None for one in told["sources"]] == [True, False]


def test_an_ingest_says_what_all_came_to_only_where_there_was_something_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "twice.jsonl"
    path.write_text('{"title": "Alcoa cuts its outlook for the year"}\n' * 2)
    assert main(["ingest", str(path), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["new"], told["known"], told["in_all"]) == (1, 1, None)
    assert main(["ingest", str(path), "--json", "--quiet"]) == 0
    whole = json.loads(capsys.readouterr().out)["in_all"]
    assert (whole["articles"], whole["stories"], whole["duplicates"], whole["analysed"]) == (1, 1, 0, 0)


def _rows(path: Path, count: int) -> None:
    words = "alumina bauxite copper dollar euro freight gold helium iron jet kerosene lithium".split()
    path.write_text(
        "".join(
            json.dumps({
                "title": f"{words[n % 12]} maker {words[n // 12 % 12]} {n % 40} reports quarter", "text": f"Text {n % 70}.",
                "date": "2026-11-20T10:00:00Z",
            }) + "\n"
            for n in range(count)
        )
    )  # fmt: skip


def _killed(rows: Path, place: int, *, before_commit: bool) -> bool:
    """Runs an ingest in a process that dies by SIGKILL at its n-th write, before its commit or after it: wherever a kill could
    fall between two. Forked, since starting an interpreter takes longer than all the rest."""
    process = os.fork()
    if process == 0:
        former, left = Database._writing, [place]

        @contextmanager
        def writing(self: Database) -> Iterator[object]:
            left[0] -= 1
            with former(self) as connection:
                yield connection
                if left[0] == 0 and before_commit:
                    os.kill(os.getpid(), signal.SIGKILL)
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        Database._writing = writing  # type: ignore[method-assign]
        try:
            main(["ingest", str(rows), "--quiet"])
        finally:
            os._exit(1)  # it lived: no test goes on in the child
    _, status = os.waitpid(process, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def test_an_ingest_killed_at_any_point_and_run_again_ends_as_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _rows(tmp_path / "a.jsonl", 120)
    monkeypatch.setattr(agent.ingest, "BATCH", 50)  # three batches; a forked process has it too
    monkeypatch.setenv("RHYME_HOME", str(tmp_path / "whole"))
    assert main(["ingest", str(tmp_path / "a.jsonl"), "--quiet"]) == 0
    whole = articles()
    monkeypatch.setenv("RHYME_HOME", str(tmp_path / "killed"))
    kills = [
        _killed(tmp_path / "a.jsonl", place, before_commit=before)
        for place, before in ((1, True), (1, False), (2, True), (2, False), (3, True))
    ]
    assert kills == [True] * 5
    assert main(["ingest", str(tmp_path / "a.jsonl"), "--quiet"]) == 0
    assert articles() == whole
    capsys.readouterr()
    assert main(["ingest", str(tmp_path / "a.jsonl"), "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["new"] == 0


def waiting_jobs() -> list[tuple[str, int]]:
    """(title, priority) of what is in line."""
    with Database.open(home() / "rhyme.db") as database:
        turns = database.jobs.turns(("waiting",))
        return [(database.jobs.article(turn.article_id).title, turn.priority) for turn in turns]


def test_a_watch_puts_what_is_new_before_a_backfill_and_with_no_jobs_nothing(
    origin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "Fed holds rates steady"}')
    assert main(["ingest", str(tmp_path / "a.jsonl"), "--quiet"]) == 0
    assert main(["feeds", "add", f"{origin}/rss", "--name", "wire"]) == 0
    assert main(["watch", "--once", "--quiet"]) == 0
    assert "1 put in line" in capsys.readouterr().out
    live, backfill = PRIORITIES["live"], PRIORITIES["backfill"]
    assert waiting_jobs() == [("Alcoa cuts its outlook for the year", live), ("Fed holds rates steady", backfill)]
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.txt").write_text("Boeing names a new chair of its board")
    assert main(["feeds", "add", str(tmp_path / "inbox")]) == 0
    assert main(["watch", "--once", "--no-jobs", "--quiet"]) == 0
    assert len(waiting_jobs()) == 2


def test_ctrl_c_ends_a_watch_though_a_server_gives_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHYME_ALLOW_PRIVATE_ADDRESSES", "true")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/rss"
        assert main(["feeds", "add", address, "--name", "silent", "--unchecked", "--quiet"]) == 0
        process = subprocess.Popen(
            [sys.executable, "-m", "terminal.main", "watch", "--json", "--quiet"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        connection, _ = (
            silent.accept()
        )  # it asks, and is never answered: only the watch's own limit of 20 s would end that
        with connection:
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=300)
    assert (process.returncode, out) == (0, "")  # no reading ended, neither well nor badly
    with Database.open(tmp_path / "home" / "rhyme.db") as database:
        assert database.intake.feed("silent").checked_at is None


def test_a_watch_ends_in_order_when_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    assert main(["feeds", "add", str(tmp_path / "inbox"), "--quiet"]) == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "terminal.main", "watch", "--json", "--quiet"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["source"] == "inbox"
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
