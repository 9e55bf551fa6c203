"""Ask: over the real client and a model server on loopback, with and without JavaScript."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from evals.chat.tool_server import Says, ToolServer, calls
from records.chat import ChatAnswer, ChatProvenance, KeptTurn
from records.errors import UsageError
from terminal.web import asking
from terminal.web.asking import AskDesk, Asked, Told
from tests.terminal.web_kit import served, site_of
from tests.terminal.work_kit import ARTICLE, AT, HOSTILE, database_of, field, keep_articles, opened, words

CONVERSATION = "0123456789abcdef"
SEARCH = calls("search_news", words="apple chargers")
CITES = Says(f"Apple recalls 5 million chargers. [{ARTICLE}]")


@pytest.fixture
def model() -> Iterator[ToolServer]:
    with ToolServer() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    keep_articles(tmp_path / "home", 2)
    return tmp_path / "home"


def settings(model: ToolServer) -> dict[str, object]:
    return {"model": "m", "provider": "openai", "base_url": model.url}


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """(name, data) of a stream."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_an_answer_is_told_as_it_is_written_and_ends_checked_with_its_source_beside_it(
    home: Path, model: ToolServer
) -> None:
    model.play(SEARCH, CITES)
    with opened(home, **settings(model)) as client:
        form = {"csrf": field(client.get("/ask").text), "conversation": CONVERSATION, "question": "What of Apple?"}
        told = events(client.post("/ask/stream", data=form).text)
        page = client.get(f"/ask?c={CONVERSATION}").text
    names = [name for name, _ in told]
    assert names[:3] == ["begun", "looking", "found"]
    assert "".join(data["text"] for name, data in told if name == "text") == CITES.text
    assert (names[-1], names.count("answer")) == ("answer", 1)
    html = told[-1][1]["html"]
    assert 'href="#s1-1"' in html
    assert 'id="s1-1"' in html
    assert "They overheat." in html[html.index("<aside") :]
    assert "Apple recalls 5 million chargers." in words(page)
    assert "What of Apple?" in words(page)


def test_without_javascript_the_form_waits_and_shows_the_answer_and_the_question_is_not_asked_again(
    home: Path, model: ToolServer
) -> None:
    model.play(SEARCH, CITES)
    with opened(home, **settings(model)) as client:
        form = {"csrf": field(client.get("/ask").text), "conversation": CONVERSATION, "question": "What of Apple?"}
        sent = client.post("/ask", data=form, follow_redirects=False)
        assert (sent.status_code, sent.headers["location"]) == (303, f"/ask?c={CONVERSATION}#last")
        shown = words(client.get(sent.headers["location"]).text)
    assert "Apple recalls 5 million chargers. [1]" in shown
    assert "They overheat." in shown
    assert len(model.bodies) == 2


def test_what_a_model_and_an_article_say_is_text_and_nothing_else(home: Path, model: ToolServer) -> None:
    model.play(calls("search_news", words="story"), Says(f"{HOSTILE} I don't know. [article:{'b' * 16}]"))
    with opened(home, **settings(model)) as client:
        form = {"csrf": field(client.get("/ask").text), "conversation": CONVERSATION, "question": f"What? {HOSTILE}"}
        told = events(client.post("/ask/stream", data=form).text)
        page = client.get(f"/ask?c={CONVERSATION}").text
    assert told[-1][0] == "answer"
    assert "<img" not in told[-1][1]["html"]
    assert "<img" not in page
    assert "&lt;img" in page


def test_a_model_that_refuses_is_told_and_the_question_stays_in_the_form(home: Path, model: ToolServer) -> None:
    with opened(home, **settings(model)) as client:  # the server's script is empty: it answers 400
        form = {"csrf": field(client.get("/ask").text), "conversation": CONVERSATION, "question": "What of Apple?"}
        streamed = events(client.post("/ask/stream", data=form).text)
        page = client.post("/ask", data=form)
    assert [name for name, _ in streamed] == ["begun", "failed"]
    assert "The script has no more turns" in streamed[-1][1]["message"]
    assert page.status_code == 502
    assert "What of Apple?</textarea>" in page.text


@pytest.mark.parametrize(
    ("changed", "says"), [({"question": " "}, "is empty"), ({"conversation": "../x"}, "is no conversation")]
)
def test_a_question_that_is_none_costs_nothing(
    home: Path, model: ToolServer, changed: dict[str, str], says: str
) -> None:
    with opened(home, **settings(model)) as client:
        form = {"csrf": field(client.get("/ask").text), "conversation": CONVERSATION, "question": "What?"} | changed
        page = client.post("/ask", data=form)
        streamed = events(client.post("/ask/stream", data=form).text)
    assert page.status_code == 400
    assert says in words(page.text)
    assert says in streamed[0][1]["message"]
    assert model.bodies == []


def test_a_form_of_elsewhere_asks_nothing(home: Path, model: ToolServer) -> None:
    with opened(home, **settings(model)) as client:
        sent = client.post("/ask/stream", data={"conversation": CONVERSATION, "question": "What of Apple?"})
    assert sent.status_code == 403
    assert model.bodies == []


def test_a_model_that_falls_silent_is_stopped_and_its_question_is_no_longer_under_way(
    home: Path, model: ToolServer
) -> None:
    model.play(SEARCH, Says("Apple recalls 5 million", then="hang"))
    with (
        site_of(home, **settings(model)) as site,
        served(site) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        form = {"csrf": field(client.get("/ask").text), "conversation": CONVERSATION, "question": "What of Apple?"}
        seen = ""
        with client.stream("POST", "/ask/stream", data=form) as answer:
            for piece in answer.iter_text():
                seen += piece
                if model.hanging.is_set() and "event: text" in seen and "stop" not in form:
                    form["stop"] = "asked"
                    asked = dict(events(seen))["begun"]["id"]
                    stopped = client.post("/ask/stop", data={"csrf": form["csrf"], "asked": asked}).json()
                    assert stopped == {"stopped": True}
                    assert client.post("/ask/stop", data={"csrf": form["csrf"], "asked": "other"}).json() == {
                        "stopped": False
                    }
        model.released.set()
    assert events(seen)[-1][0] == "stopped"


def test_who_stops_keeps_what_was_written_checked_and_cited(home: Path, model: ToolServer) -> None:
    model.play(SEARCH, Says(f"{CITES.text} It {'goes on. ' * 60}"))
    with site_of(home, **settings(model)) as site:
        written: list[str] = []

        def tell(told: Told) -> None:
            if told.name == "text":
                written.append(told.data["text"])
                if ARTICLE in "".join(written):
                    asked.stop()

        asked = Asked("local", "What of Apple?", CONVERSATION, tell)
        last = asked.work(site)
    assert last.answer is not None
    assert (last.answer.answer, last.answer.reason) == (
        "Apple recalls 5 million chargers.",
        "it was stopped before it had ended",
    )
    assert last.answer.sentences[0].support == (ARTICLE,)


@pytest.mark.parametrize("lets_go", [True, False])
def test_the_end_waits_for_a_question_and_closes_nothing_under_one_that_does_not_let_go(
    home: Path, model: ToolServer, monkeypatch: pytest.MonkeyPatch, lets_go: bool
) -> None:
    monkeypatch.setattr(asking, "LEAVE_SECONDS", 60 if lets_go else 0.3)
    model.play(Says("Wait", then="hang"))
    closed: list[str] = []
    written, ended = threading.Event(), threading.Event()

    def tell(told: Told) -> None:
        if told.name == "text":
            written.set()
        if told.last:
            ended.set()

    with site_of(home, **settings(model)) as site:
        desk = AskDesk(site)
        site.at_end(desk.close)
        site._closing.callback(closed.append, "closed")
        desk.begin("ann", "What of Apple?", CONVERSATION, tell, lambda *_: None)
        assert written.wait(60)  # what is written after the stop would end it
        if lets_go:
            threading.Timer(0.2, model.released.set).start()
    assert closed == (["closed"] if lets_go else [])
    assert ended.is_set() == lets_go
    model.released.set()
    assert ended.wait(60)


def test_one_conversation_takes_one_question_at_a_time_and_no_one_stops_another_ones(
    home: Path, model: ToolServer
) -> None:
    model.play(Says("Wait", then="hang"))
    ended = threading.Event()

    def tell(told: Told) -> None:
        if told.last:
            ended.set()

    with site_of(home, **settings(model)) as site:
        desk = AskDesk(site)
        asked = desk.begin("ann", "What of Apple?", CONVERSATION, tell, lambda *_: None)
        with pytest.raises(UsageError, match="waits for an answer"):
            desk.begin("ann", "And now?", CONVERSATION, tell, lambda *_: None)
        assert model.hanging.wait(60)
        assert not desk.stop("ben", asked.id)
        assert desk.stop("ann", asked.id)
        with pytest.raises(UsageError, match="Begin a new conversation"):
            desk.begin("ann", "And now?", CONVERSATION, tell, lambda *_: None)
        model.released.set()
        assert ended.wait(60)
        desk.close()


def test_conversations_are_for_their_own_visitor_and_are_there_after_a_restart(home: Path) -> None:
    with database_of(home) as database:
        for who, conversation in (("ann", "1"), ("ben", "1"), ("ann", "2"), ("ann", "1")):
            database.chat_turns.add(turn(who, conversation))
    with database_of(home) as database:
        before = database.chat_turns
        assert [one.conversation for one in before.recent("ann", 5)] == ["1", "2"]
        assert [one.who for one in before.turns("ben", "1")] == ["ben"]
        assert len(before.turns("ann", "1")) == 2
        assert before.turns("ben", "2") == []


def turn(who: str, conversation: str) -> KeptTurn:
    provenance = ChatProvenance(
        model="m", mode="steps", as_of=AT, conversation=conversation, tools=(), calls=0, input_tokens=0, output_tokens=0,
        cost_usd=None, seconds=0.0,
    )  # fmt: skip
    answer = ChatAnswer(
        question="What?", answer="", sentences=(), retrieved=(), refused=True, reason=None, provenance=provenance
    )
    return KeptTurn(who=who, conversation=conversation, asked_at=AT, answer=answer, texts={})
