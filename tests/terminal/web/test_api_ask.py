"""Questions through the API, over the real client and a model server on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from evals.chat.tool_server import Says, ToolServer, calls
from records.errors import SourceUnreachable
from terminal.web.client import Client, Refused
from terminal.web.traces import Traces
from tests.terminal.web.conftest import Serve, Served
from tests.terminal.work_kit import ARTICLE, keep_articles

SEARCH = calls("search_news", words="apple chargers")
CITES = Says(f"Apple recalls 5 million chargers. [{ARTICLE}]")


@pytest.fixture
def model() -> Iterator[ToolServer]:
    with ToolServer() as server:
        yield server


@pytest.fixture
def at(serve: Serve, tmp_path: Path, model: ToolServer) -> Served:
    keep_articles(tmp_path / "home", 2)
    return serve(tmp_path / "home", model="m", provider="openai", base_url=model.url)


def _events(text: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_a_question_is_answered_with_what_it_rests_on_and_the_conversation_goes_on(
    at: Served, model: ToolServer
) -> None:
    model.play(SEARCH, CITES, Says(f"They overheat. [{ARTICLE}]"))
    with Client(at.url) as client:
        first = client.ask("What of Apple?", "0123456789abcdef")
        assert first.sentences[0].support == (ARTICLE,)
        assert not first.refused
        again = client.ask("And why?", "0123456789abcdef")
    assert again.sentences[0].text.startswith("They overheat")
    assert "What of Apple?" in json.dumps(model.bodies[-1])


def test_an_answer_is_streamed_to_its_end(at: Served, model: ToolServer) -> None:
    model.play(SEARCH, CITES)
    told = _events(at.client.post("/api/v1/ask/stream", json={"question": "What of Apple?"}, timeout=60).text)
    names = [name for name, _ in told]
    assert (names[0], names[-1]) == ("begun", "answer")
    assert "".join(data["text"] for name, data in told if name == "text") == CITES.text
    assert told[-1][1]["sentences"][0]["support"] == [ARTICLE]


def test_a_model_that_refuses_is_a_problem_and_the_end_of_a_stream(at: Served) -> None:
    with Client(at.url) as client, pytest.raises((Refused, SourceUnreachable), match="no more turns"):
        client.ask("What of Apple?")
    told = _events(at.client.post("/api/v1/ask/stream", json={"question": "What of Apple?"}, timeout=60).text)
    assert told[-1][0] == "failed"
    assert told[-1][1]["kind"] == "model_refused"


@pytest.mark.parametrize(
    "body", [{}, {"question": ""}, {"question": "x" * 20_001}, {"question": "x", "conversation": "../x"}]
)
def test_a_question_that_is_none_is_refused_before_a_model_is_asked(
    at: Served, model: ToolServer, body: dict[str, str]
) -> None:
    for path in ("/api/v1/ask", "/api/v1/ask/stream"):
        assert at.client.post(path, json=body).status_code == 422
    assert model.bodies == []


def test_the_calls_of_an_answer_are_traced_below_its_request(
    serve: Serve, tmp_path: Path, model: ToolServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = InMemorySpanExporter()
    monkeypatch.setattr(Traces, "of", classmethod(lambda cls, _: cls(kept)))
    keep_articles(tmp_path / "home", 2)
    at = serve(tmp_path / "home", model="m", provider="openai", base_url=model.url)
    model.play(SEARCH, CITES)
    assert at.client.post("/api/v1/ask", json={"question": "What of Apple?"}, timeout=60).status_code == 200
    assert at.site.traces is not None
    at.site.traces.provider.force_flush()
    spans = {span.name: span for span in kept.get_finished_spans()}
    request = spans["POST /api/v1/ask"]
    assert spans["chat m"].parent is not None
    assert spans["chat m"].parent.span_id == request.context.span_id
    assert "Apple" not in repr([span.attributes for span in spans.values()])
