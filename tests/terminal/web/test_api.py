"""The API: what it gives, how it is asked a page at a time, again, and twice, and how it refuses."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from records.access import AuditEntry
from records.errors import NotFound, SourceUnreachable
from records.taxonomy import Tag
from records.times import utc_now
from terminal.web.client import Client, Refused
from terminal.web.headers import CONTENT_SECURITY_POLICY
from tests.terminal.web.conftest import Serve, Served, with_words


@pytest.fixture
def at(serve: Serve, analysed_home: object) -> Served:
    return serve(analysed_home)


@pytest.fixture
def client(at: Served) -> Client:
    with Client(at.url) as made:
        yield made  # type: ignore[misc]


def test_pages_of_a_list_hold_every_analysis_once_in_either_order(client: Client) -> None:
    whole = client.analyses(limit=200).items
    assert len(whole) >= 6
    for order in ("newest", "score"):
        seen = [one.id for one in client.every_analysis(limit=2, order=order)]
        assert sorted(seen) == sorted(one.id for one in whole)
    newest = [one.as_of for one in client.every_analysis(limit=3)]
    assert newest == sorted(newest, reverse=True)


def test_a_list_is_narrowed_by_each_filter(client: Client) -> None:
    apple = client.analyses(ticker=["aapl"]).items
    assert apple
    assert all("AAPL" in one.tickers for one in apple)
    assert {one.id for one in client.analyses(tag=[Tag.ANTITRUST.value]).items} == {apple[0].id}
    assert apple[0].id in {one.id for one in client.analyses(q="smartphone monopoly").items}
    scored = client.analyses(min_score=0.5).items
    assert all(one.score is not None and one.score >= 0.5 for one in scored)
    assert client.analyses(as_of=datetime(2020, 1, 1, tzinfo=UTC)).items == ()
    assert {one.sentiment for one in client.analyses(sentiment="negative").items} == {"negative"}
    assert {one.id for one in client.analyses(story=apple[0].story_id).items} >= {apple[0].id}


def test_one_analysis_its_article_its_story_and_a_precedent_lead_to_one_another(client: Client, at: Served) -> None:
    line = client.analyses(ticker=["BA"]).items[0]
    whole = client.analysis(line.id)
    assert (whole.id, whole.impact.score) == (line.id, line.score)
    assert client.article(line.article_id).title == line.title
    assert line.story_id is not None
    story = client.story(line.story_id)
    assert line.article_id in {one.article_id for one in story.members}
    assert line.id in {one.id for one in story.analyses}
    cited = next(one for one in whole.precedents)
    event = client.precedent(cited.event_id)
    assert event.reaction is not None
    assert event.summary == cited.summary
    before_known = event.reaction.known_at - timedelta(seconds=1)
    if event.published_at <= before_known:
        assert client.precedent(cited.event_id, as_of=before_known).reaction is None
    before = at.client.get(f"/api/v1/precedents/{cited.event_id}", params={"as_of": "1990-01-01T00:00:00Z"})
    assert before.status_code == 404


def test_past_events_are_searched_as_they_were_known_then(client: Client, at: Served) -> None:
    with_words(at)
    found = client.precedents("antitrust regulators sued over a monopoly", limit=5)
    assert len(found.items) == 5
    latest = max(one.reaction.known_at for one in found.items)
    earlier = client.precedents("antitrust regulators sued over a monopoly", limit=5, as_of=latest)
    assert all(one.reaction.known_at <= latest for one in earlier.items)
    assert client.precedents("antitrust", as_of=datetime(1950, 1, 1, tzinfo=UTC)).items == ()


def test_activity_record_briefs_jobs_feeds_and_views_are_given_as_their_records(client: Client) -> None:
    assert {one.label for one in client.activity().items} >= {"AAPL", "NVDA"}
    assert {one.label for one in client.activity("AAPL").items} == {"AAPL"}
    assert {one.label for one in client.theme_activity(Tag.ANTITRUST.value).items} == {Tag.ANTITRUST.value}
    assert client.track_record().statistics is None
    brief = client.write_brief()
    assert client.brief(brief.id) == brief
    assert client.briefs().items == (brief,)
    article = client.analyses().items[0].article_id
    assert client.add_jobs([article]).changed == (article,)
    assert client.add_jobs([article]).known == (article,)
    assert client.job(article).status == "waiting"
    assert client.change_jobs("cancel", [article]).changed == (article,)
    assert client.jobs().counts.cancelled == 1
    assert client.feeds().items == ()
    view = client.save_view("Chips", {"tag": Tag.SEMICONDUCTORS.value})
    assert client.views().items == (view,)
    client.remove_view("Chips")
    assert client.views().items == ()
    with pytest.raises(NotFound, match="no saved view"):
        client.remove_view("Chips")


def test_runs_of_evaluations_are_listed_without_their_cases_and_given_whole(client: Client, at: Served) -> None:
    from evals.harness.run import Case, Run, RunProvenance
    from evals.harness.shelf import Shelf

    provenance = RunProvenance(model="default", seed=1, limit=None, started=utc_now(), version="0")
    run = Run(run_id="tags-1", suite="tags", layer="offline", split="test", data_digest="d", n=1, metrics={"map": 0.8},
              provenance=provenance, cases=(Case(id="one", scores={"right": 1.0}),), made_at=utc_now())  # fmt: skip
    Shelf(at.site.settings.home / "evals").save(run)
    (at.site.settings.home / "evals" / "other.json").write_text("{}", encoding="utf-8")
    listed = client.evals()
    assert [(one.run_id, one.metrics) for one in listed.items] == [("tags-1", {"map": 0.8})]
    assert listed.unread[0].startswith("other.json")
    assert client.eval_run("tags-1") == run
    with pytest.raises(NotFound, match="no run"):
        client.eval_run("tags-2")


def test_who_has_an_answer_is_not_sent_it_again(at: Served) -> None:
    first = at.client.get("/api/v1/analyses")
    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = at.client.get("/api/v1/analyses", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert at.client.get("/api/v1/analyses", headers={"If-None-Match": '"other"'}).status_code == 200
    assert at.client.get("/api/v1/analyses", params={"limit": 1}).headers["ETag"] != tag
    assert "no-cache" in first.headers["Cache-Control"]


def test_a_request_with_a_key_is_done_once_and_answered_twice(at: Served) -> None:
    key = {"Idempotency-Key": "write-1"}
    first = at.client.post("/api/v1/briefs", json={}, headers=key)
    again = at.client.post("/api/v1/briefs", json={}, headers=key)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert len(at.client.get("/api/v1/briefs").json()["items"]) == 1
    other = at.client.post("/api/v1/briefs", json={"kind": "theme", "theme": "Antitrust"}, headers=key)
    assert (other.status_code, other.json()["kind"]) == (422, "idempotency_key_reused")
    bad = at.client.post("/api/v1/briefs", json={}, headers={"Idempotency-Key": "two words"})
    assert (bad.status_code, bad.json()["kind"]) == (400, "bad_idempotency_key")


def test_a_key_whose_request_is_being_worked_on_is_answered_later(at: Served) -> None:
    shelf = at.site.database.visitor_shelf
    at.client.put("/api/v1/views/a", json={"query": {}}, headers={"Idempotency-Key": "k"})
    import hashlib

    digest = hashlib.sha256(b'PUT /api/v1/views/b?\n{"query":{}}').hexdigest()
    assert shelf.begin_request("local", "k2", digest, at.site.clock()) is None
    waiting = at.client.put("/api/v1/views/b", json={"query": {}}, headers={"Idempotency-Key": "k2"})
    assert (waiting.status_code, waiting.json()["kind"]) == (409, "still_working")
    at.site.clock = lambda: datetime.now(UTC) + timedelta(hours=1)
    assert at.client.put("/api/v1/views/b", json={"query": {}}, headers={"Idempotency-Key": "k2"}).status_code == 200


def test_a_failure_is_not_kept_for_its_key(at: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"Idempotency-Key": "later"}

    def fails(*_: object) -> None:
        raise SourceUnreachable("not now")

    with monkeypatch.context() as patch:
        patch.setattr(at.site.database.visitor_shelf, "save_view", fails)
        assert at.client.put("/api/v1/views/x", json={"query": {}}, headers=key).status_code == 502
    assert at.client.put("/api/v1/views/x", json={"query": {}}, headers=key).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/analyses/ffffffffffffffff", 404, "not_found"),
        ("PATCH", "/analyses", 405, "method_not_allowed"),
        ("GET", "/analyses?limit=0", 422, "invalid_request"),
        ("GET", "/analyses?after=nowhere", 400, "usage_error"),
        ("GET", "/analyses?as_of=2024-01-01T00:00:00", 422, "invalid_request"),
        ("GET", "/analyses?q=%00", 422, "invalid_request"),
        ("POST", "/briefs", 422, "invalid_request"),
        ("GET", "/precedents?q=recall", 503, "model_missing"),
    ],
)
def test_every_refusal_is_a_problem(at: Served, method: str, path: str, status: int, kind: str) -> None:
    answer = at.client.request(method, f"/api/v1{path}", headers={"Content-Type": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["kind"]) == (status, status, kind)
    assert problem["type"] == f"urn:rhyme:problem:{kind}"
    assert problem["instance"] == f"/api/v1{path.partition('?')[0]}"
    assert len(problem["detail"]) > 10


def test_a_wrong_field_is_named(at: Served) -> None:
    answer = at.client.get("/api/v1/analyses", params={"limit": "many", "min_score": "2"}).json()
    assert {one["field"] for one in answer["errors"]} == {"query.limit", "query.min_score"}


def test_a_fault_of_ours_says_nothing_of_our_insides(at: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(at.site.database.browse, "analyses", broken)
    answer = at.client.get("/api/v1/analyses")
    assert (answer.status_code, answer.json()["kind"]) == (500, "internal_error")
    page = at.client.get("/")
    assert page.status_code == 500
    assert "swordfish" not in answer.text + page.text
    assert "<h1>" in page.text


def test_every_answer_has_the_headers_that_keep_browsers_safe(at: Served) -> None:
    for path in ("/", "/nothing", "/api/v1/analyses", "/api/v1/nothing", "/static/app.js", "/healthz"):
        headers = at.client.get(path).headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY, path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "server" not in headers
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_the_client_says_who_must_act(at: Served) -> None:
    with Client(at.url) as client:
        with pytest.raises(Refused, match="limit"):
            client.analyses(limit=0)
        with pytest.raises(NotFound, match="no analysis"):
            client.analysis("ffffffffffffffff")
    with Client("http://127.0.0.1:9") as nobody, pytest.raises(SourceUnreachable, match="no answer"):
        nobody.me()


def test_a_log_that_cannot_be_written_does_not_undo_the_answer(at: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: AuditEntry) -> None:
        raise SourceUnreachable("no space")

    monkeypatch.setattr(at.site.database.access, "note", full)
    assert at.client.put("/api/v1/views/x", json={"query": {}}).status_code == 200


def test_fifty_at_once_are_all_answered(at: Served) -> None:
    async def ask() -> list[int]:
        async with httpx.AsyncClient(base_url=at.url, timeout=60) as client:
            answers = await asyncio.gather(*(client.get("/api/v1/analyses?limit=3") for _ in range(50)))
        return [one.status_code for one in answers]

    assert asyncio.run(ask()) == [200] * 50
