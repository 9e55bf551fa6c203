"""`rhyme ask` and `rhyme chat` with the real client over HTTP: tools called, citations checked, conversations kept."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evals.chat.tool_server import Says, ToolServer, calls
from records.article import Article
from records.database import Database
from terminal.main import main

ROOT = Path(__file__).parents[3]
AT = datetime(2024, 5, 10, 20, 30, tzinfo=UTC)
ARTICLE = "article:" + "a" * 16
CITES = f"Apple recalls 5 million chargers. [{ARTICLE}]"


@pytest.fixture
def server() -> Iterator[ToolServer]:
    with ToolServer() as made:
        yield made


@pytest.fixture(autouse=True)
def home(tmp_path: Path, server: ToolServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    article = Article(id="a" * 16, title="Apple recalls 5 million chargers", text="They overheat.", source="Wire",
                      published_at=AT, first_seen_at=AT)  # fmt: skip
    with Database.open(folder / "rhyme.db") as database:
        database.intake.save_articles([article])
    for name, value in {"HOME": str(folder), "MODEL": "m", "PROVIDER": "openai", "BASE_URL": server.url}.items():
        monkeypatch.setenv(f"RHYME_{name}", value)
    return folder


SEARCH = calls("search_news", words="apple chargers")


def test_a_question_is_looked_up_answered_with_citations_and_in_the_cost_ledger(
    server: ToolServer, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.turns = [SEARCH, Says(CITES)]
    assert main(["ask", "What", "of", "Apple?", "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["answer"] == "Apple recalls 5 million chargers."
    assert told["sentences"] == [{"text": told["answer"], "support": [ARTICLE]}]
    assert told["retrieved"] == [{"id": ARTICLE, "kind": "article"}]
    assert (told["refused"], told["reason"]) == (False, None)
    assert (told["provenance"]["calls"], told["provenance"]["input_tokens"]) == (2, 200)
    assert [one["function"]["name"] for one in server.bodies[0]["tools"]][:2] == ["search_news", "list_analyses"]
    answered = [one for one in server.bodies[1]["messages"] if one["role"] == "tool"]
    assert ARTICLE in answered[0]["content"]
    with Database.open(home / "rhyme.db") as database:
        entries = database.model_calls.entries()
    assert [(one.purpose, one.input_tokens) for one in entries] == [("chat", 100), ("chat", 100)]


def test_people_see_what_was_looked_up_the_answer_and_what_it_cites(
    server: ToolServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.turns = [SEARCH, Says(CITES)]
    assert main(["ask", "What of Apple?"]) == 0
    shown = capsys.readouterr()
    assert "Apple recalls 5 million chargers. [1]" in shown.out
    assert f"[1] {ARTICLE}" in shown.out
    assert "search_news(words=apple chargers)" in shown.err


def test_a_conversation_goes_on_in_another_process(server: ToolServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.turns = [SEARCH, Says(CITES), Says(CITES)]
    assert main(["ask", "What of Apple?", "--conversation", "c1", "--json", "--quiet"]) == 0
    capsys.readouterr()
    done = subprocess.run(
        [sys.executable, "-m", "terminal.main", "ask", "And it?", "--conversation", "c1", "--json", "--quiet"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert told["sentences"][0]["support"] == [ARTICLE]
    assert [one["content"] for one in server.bodies[2]["messages"] if one["role"] == "user"] == [
        "What of Apple?",
        "And it?",
    ]


def test_a_small_models_conversation_goes_on_in_another_process_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RHYME_PROFILE", "embedded")
    words = ["--conversation", "c1", "--as-of", "2024-05-10T21:00Z"]
    assert main(["ask", "What happened to Apple this week?", *words]) == 0
    assert "Apple recalls 5 million chargers" in capsys.readouterr().out
    assert main(["ask", "And what did it do today?", *words]) == 0
    assert "list_analyses(tickers=['AAPL'], since=today" in capsys.readouterr().err


def test_what_was_written_before_a_connection_broke_is_kept_and_marked(
    server: ToolServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.turns = [SEARCH, *[Says("BROKEN", then="break")] * 12]
    assert main(["ask", "What of Apple?", "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["reason"].startswith("the model failed before it had ended")
    assert [one["text"] for one in told["dropped"]] == ["BROKEN"]  # of the last try alone
    assert told["refused"]


def test_the_chat_answers_line_by_line_and_an_error_does_not_end_it(
    server: ToolServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.turns = [SEARCH, Says(CITES), Says("I can't do that: I only read.")]
    typed = iter(["What of Apple?", f"/show {ARTICLE}", "/show nonsense", "Buy 100 of it", "/help", "/quit"])
    monkeypatch.setattr("builtins.input", lambda _prompt="": next(typed))
    assert main(["chat"]) == 0
    shown = capsys.readouterr()
    assert "Apple recalls 5 million chargers. [1]" in shown.out
    assert "They overheat." in shown.out
    assert "is no id" in " ".join(shown.err.split())
    assert "I can't do that" in shown.out
    assert "/quit" in shown.out


@pytest.mark.parametrize(("words", "code"), [(["ask", "x" * 9_000], 2), (["ask", " "], 2)])
def test_a_question_that_is_none_is_refused_before_the_model_is_asked(
    server: ToolServer, words: list[str], code: int
) -> None:
    assert main(words) == code
    assert server.bodies == []


def test_doctor_says_how_a_model_answers_questions_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor"])
    assert "as an agent" in " ".join(capsys.readouterr().out.split())


def test_doctor_says_that_a_model_of_this_machine_answers_in_steps(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RHYME_PROVIDER", "local")
    main(["doctor"])
    assert "in steps: a model on this machine calls no tools" in " ".join(capsys.readouterr().out.split())
