"""Jobs and feeds: what is shown of them, and what the forms change."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from starlette.testclient import TestClient

from agent.jobs import JobDesk, JobQueue
from records.feed import Feed
from records.job import JobCounts, JobOutcome
from terminal.web.pages.jobs_words import bars, failure_rows
from tests.terminal.work_kit import AT, HOSTILE, database_of, field, keep_articles, opened, words

RSS = f"""<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title>
<item><title>Apple recalls chargers {HOSTILE.replace("<", "&lt;")}</title><link>https://news.example.com/1</link>
<pubDate>Fri, 10 May 2024 20:30:00 GMT</pubDate><description>They overheat.</description></item></channel></rss>""".encode()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Four jobs: one that failed, one that rests, two that wait; the second's title is hostile."""
    ids = keep_articles(tmp_path / "home", 4)
    with database_of(tmp_path / "home") as database:
        with JobQueue.open(database.place) as queue:
            JobDesk(database, queue, lambda: AT).add(ids)
            JobDesk(database, queue, lambda: AT).pause(ids[1:2])
        database.jobs.begin(ids[0], 1)
        database.jobs.finish(ids[0], 1, JobOutcome(failure="model_unavailable", reason=f"It is away. {HOSTILE}"), AT)
    return tmp_path / "home"


@pytest.fixture
def feed() -> Iterator[str]:
    """The address of a feed with one entry."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.end_headers()
            self.wfile.write(RSS)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/rss"
    server.shutdown()
    server.server_close()


def send(client: TestClient, action: str, /, **form: object) -> str:
    """Sends a form of the page; what the page that follows says."""
    answer = client.post(action, data={"csrf": field(client.get("/jobs").text), **form})
    return words(answer.text)


def test_progress_failures_by_kind_and_each_job_are_shown_and_hostile_words_are_text(home: Path) -> None:
    with opened(home) as client:
        page = client.get("/jobs").text
        failed = words(client.get("/jobs?show=failed").text)
        part = client.get("/jobs?part=progress").text
    said = words(page)
    assert "1 failed (model_unavailable)" in said
    assert "What was away may be back: retry." in said
    assert "2 waiting" in said
    assert "1 paused" in said
    assert "Apple recalls 5 million chargers" in failed
    assert "Story 2" not in failed
    assert "1 failed (model_unavailable)" in part
    assert "<html" not in part
    assert "<img" not in page


def test_a_failed_job_is_retried_and_a_waiting_one_paused_resumed_and_cancelled(home: Path) -> None:
    failed, rests, waits = "a" * 16, "b" * 16, "c" * 16
    with opened(home) as client:
        assert "In line again: 1." in send(client, "/jobs/retry", id=failed)
        assert "Paused: 1." in send(client, "/jobs/pause", id=waits)
        assert "In line again: 2." in send(client, "/jobs/resume", id=[rests, waits])
        assert "Cancelled: 1." in send(client, "/jobs/cancel", id=rests)
        assert "no longer" not in send(client, "/jobs/retry", id=rests)
    with database_of(home) as database:
        states = {one: database.jobs.get(one).status for one in (failed, rests, waits)}
        assert database.jobs.get(failed).round == 2
    assert states == dict.fromkeys((failed, rests, waits), "waiting")


def test_everything_is_paused_and_goes_on(home: Path) -> None:
    with opened(home) as client:
        assert "Everything is paused since" in send(client, "/jobs/pause", every="true")
        assert "Everything is paused since" not in send(client, "/jobs/resume", every="true")


def test_what_cannot_be_done_changes_nothing_and_says_why(home: Path) -> None:
    with opened(home) as client:
        assert "only one that is waiting can be made paused" in send(client, "/jobs/pause", id="a" * 16)
        assert "one of the two" in send(client, "/jobs/retry")
        assert client.post("/jobs/retry", data={"every": "true"}).status_code == 403  # no form of ours
    with database_of(home) as database:
        assert database.jobs.get("a" * 16).status == "failed"


def test_a_feed_is_tried_added_once_and_removed(home: Path, feed: str) -> None:
    with opened(home, allow_private_addresses=True) as client:
        tried = send(client, "/jobs/feeds/test", address=feed)
        assert "1 articles, 0 entries that are none. Nothing was kept." in tried
        assert "Apple recalls chargers" in tried
        added = send(client, "/jobs/feeds/add", address=feed, name="wire", minutes="30")
        assert "The feed was added." in added
        assert "0:30:00" in added
        assert "There is a feed &#39;wire&#39; already" in send(client, "/jobs/feeds/add", address=feed, name="wire")
        assert "Nothing was kept" in send(client, "/jobs/feeds/test", feed="wire")
        assert "The feed was removed" in send(client, "/jobs/feeds/remove", feed="wire")


@pytest.mark.parametrize(
    "address", ["/etc/passwd", "file:///etc/passwd", "inbox", "http://169.254.169.254/latest", "http://127.0.0.1:9/rss"]
)
def test_files_of_the_server_and_addresses_inside_are_not_read_for_a_browser(home: Path, address: str) -> None:
    with opened(home) as client:
        for form in ("/jobs/feeds/test", "/jobs/feeds/add"):
            answer = client.post(form, data={"csrf": field(client.get("/jobs").text), "address": address})
            assert answer.status_code == 400
            assert 'role="alert"' in answer.text
    with database_of(home) as database:
        assert database.intake.feeds() == []


def test_a_feed_that_fails_is_told_with_its_reason(home: Path) -> None:
    with database_of(home) as database:
        gone = f"gone {HOSTILE}"
        address = "https://news.example.com/rss"
        kept = Feed(
            name="wire", kind="feed", address=address, added_at=AT, due_at=AT, checked_at=AT, failures=3, error=gone
        )
        database.intake.add_feed(kept)
    with opened(home) as client:
        page = client.get("/jobs").text
    assert "failed 3 times: gone" in words(page)
    assert "<img" not in page


def test_the_bar_has_the_share_of_each_state_and_the_most_frequent_failure_is_first() -> None:
    counts = JobCounts(analysed=50, waiting=30, paused=10, failed={"not_kept": 2, "model_refused": 8})
    made = bars(counts)
    assert [(one.name, one.width) for one in made] == [("done", 500), ("failed", 100), ("waiting", 300), ("rest", 100)]
    assert [one.x for one in made] == [0, 500, 600, 900]
    assert [one.kind for one in failure_rows(counts)] == ["model_refused", "not_kept"]
    assert bars(JobCounts()) == ()
