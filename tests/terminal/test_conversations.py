"""Conversations of agents in their real stores, SQLite and PostgreSQL: side by side without mixing, long ones summarised, kept by a
limit that was reached, and a store that is away told as such."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.chat import ChatLimits
from evals.chat.tool_server import Calls, Says, ToolServer, Turn, calls
from records.article import Article
from records.database import Database
from records.database.engine import place_of
from records.errors import StoreError, StoreUnreachable
from terminal.assembly import Assembly
from terminal.chat_parts import Talk, open_chat
from terminal.conversations import open_conversations
from terminal.settings import Settings

ROOT = Path(__file__).parents[2]
AT = datetime(2024, 5, 10, 20, 30, tzinfo=UTC)
MANY = 50
ARTICLE = "article:" + "a" * 16
CITES = f"Apple recalls 5 million chargers. [{ARTICLE}]"
OpenTalk = Callable[..., tuple[Talk, Assembly]]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "postgresql":
        pytest.importorskip("langgraph.checkpoint.postgres", reason="the extra `postgres` is not installed")
        url: str = request.getfixturevalue("postgres_url")
        return url
    return None


@pytest.fixture
def server() -> Iterator[ToolServer]:
    with ToolServer() as running:
        yield running


@pytest.fixture
def talk_of(tmp_path: Path, database_url: str | None, server: ToolServer) -> Iterator[OpenTalk]:
    """Opens the chat as `rhyme ask` does, as often as a test wants, each as another process would."""
    with ExitStack() as closing:

        def open_one(limits: ChatLimits | None = None, model: str = "m") -> tuple[Talk, Assembly]:
            chosen = Settings(
                home=tmp_path / "home", model=model, provider="openai", base_url=server.url, database_url=database_url,
                answer_cache=False, price_file=ROOT / "models" / "data" / "prices.json",
            )  # fmt: skip
            parts = closing.enter_context(Assembly(chosen))
            article = Article(id="a" * 16, title="Apple recalls 5 million chargers", text="They overheat.", source="Wire",
                              published_at=AT, first_seen_at=AT)  # fmt: skip
            parts.database.intake.save_articles([article])
            return open_chat(parts, closing, limits or ChatLimits()), parts

        yield open_one


def ask(talk: Talk, question: str, conversation: str = "c") -> Any:
    return talk.ask(question, conversation=conversation, as_of=AT, on_event=lambda _: None)


def said(body: Mapping[str, Any], role: str) -> list[str]:
    return [str(one["content"]) for one in body["messages"] if one["role"] == role]


def echo(body: Mapping[str, Any]) -> Turn:
    """Looks something up for a question, then answers with every mark that the conversation holds."""
    if body["messages"][-1]["role"] == "user":
        return calls("search_news", words="apple chargers")
    marks = sorted(set(re.findall(r"mark[a-j]{2}\b", " ".join(said(body, "user")))))
    return Says(f"I don't know from what I have about {' and '.join(marks)}.")


def mark(number: int) -> str:
    return f"mark{'abcdefghij'[number // 10]}{'abcdefghij'[number % 10]}"


@pytest.mark.long
def test_fifty_conversations_at_once_do_not_mix(talk_of: OpenTalk, server: ToolServer) -> None:
    talk, _ = talk_of()
    server.turns = [echo] * (4 * MANY)
    answers: dict[int, list[str]] = {}
    together = threading.Barrier(MANY)

    def converse(number: int) -> None:
        together.wait(60)
        first = ask(talk, f"What of {mark(number)}?", mark(number))
        answers[number] = [first.answer, ask(talk, "And of it again?", mark(number)).answer]

    threads = [threading.Thread(target=converse, args=(number,)) for number in range(MANY)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(answers) == MANY
    for number, both in answers.items():
        assert both == [f"I don't know from what I have about {mark(number)}."] * 2
    for body in server.bodies:
        assert len(set(re.findall(r"mark[a-j]{2}", str(body["messages"])))) == 1


def test_a_conversation_goes_on_in_another_process_with_what_it_may_cite(talk_of: OpenTalk, server: ToolServer) -> None:
    server.turns = [calls("search_news", words="apple chargers"), Says(CITES), Says(CITES)]
    assert not ask(talk_of()[0], "What of Apple?").refused
    again = ask(talk_of()[0], "And it?")
    assert again.sentences[0].support == (ARTICLE,)
    assert said(server.bodies[-1], "user") == ["What of Apple?", "And it?"]


def test_a_long_conversation_is_summarised_and_its_last_turns_are_kept(talk_of: OpenTalk, server: ToolServer) -> None:
    talk, parts = talk_of(ChatLimits(summarise_from_tokens=1_500))

    def answer(body: Mapping[str, Any]) -> Turn:
        return Says(
            "SUMMARY: chargers were asked about." if not body.get("tools") else "I don't know from what I have."
        )

    server.turns = [answer] * 60
    for number in range(12):
        ask(talk, f"Question {number}: {'what of the chargers that overheat, ' * 20}")
    shown = server.bodies[-1]["messages"]
    assert "SUMMARY: chargers were asked about." in str(shown)
    assert "Question 0:" not in str(shown)
    assert "Question 11:" in str(shown[-1]["content"])
    purposes = [one.purpose for one in parts.database.model_calls.entries()]
    assert "chat.summary" in purposes


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (ChatLimits(turns=2), "2 turns"),
        (ChatLimits(tokens=130), "130 tokens"),
        (ChatLimits(usd=0.0000001), "USD"),
        (ChatLimits(seconds=0.0), "0 s"),
    ],
    ids=["turns", "tokens", "usd", "seconds"],
)
def test_a_limit_that_is_reached_is_an_answer_and_the_conversation_goes_on(
    talk_of: OpenTalk, server: ToolServer, limits: ChatLimits, says: str
) -> None:
    search = calls("search_news", words="apple chargers")
    server.turns = [search, search, search, search]
    stopped = ask(talk_of(limits, model="gpt-4.1-mini")[0], "What of Apple?")
    assert stopped.refused
    assert says in str(stopped.reason)
    server.turns = [search, Says(CITES)]
    assert ask(talk_of()[0], "And now?").reason is None
    assert said(server.bodies[-1], "user")[-1] == "And now?"


def test_an_unknown_cost_is_not_taken_for_none(talk_of: OpenTalk, server: ToolServer) -> None:
    search = calls("search_news", words="apple chargers")
    server.turns = [search, search, search]
    stopped = ask(talk_of(ChatLimits(usd=5.0), model="of-unknown-price")[0], "What of Apple?")
    assert stopped.refused
    assert "costs is not known" in str(stopped.reason)
    assert len(server.bodies) == 1


def test_more_lookups_than_allowed_are_told_to_the_model_and_it_answers(talk_of: OpenTalk, server: ToolServer) -> None:
    search = ("search_news", {"words": "apple chargers"})
    server.turns = [Calls((search, search, search, search)), Says(CITES)]
    told = ask(talk_of(ChatLimits(lookups=2))[0], "What of Apple?")
    assert told.provenance.tools == ("search_news", "search_news")
    assert sum("No more lookups" in text for text in said(server.bodies[-1], "tool")) == 2
    assert not told.refused


def test_processes_that_begin_at_once_prepare_the_store_once(tmp_path: Path, database_url: str | None) -> None:
    place = place_of(database_url or tmp_path / "rhyme.db")
    together, failures = threading.Barrier(6), []

    def begin() -> None:
        together.wait(60)
        try:
            with ExitStack() as closing:
                open_conversations(place, tmp_path, closing)
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failures == []


def test_a_store_that_is_away_is_said_with_what_to_do(tmp_path: Path) -> None:
    away = place_of("postgresql://nobody@127.0.0.1:9/none?connect_timeout=1")
    with ExitStack() as closing, pytest.raises(StoreUnreachable, match="Check that the server runs"):
        open_conversations(away, tmp_path, closing)
    (tmp_path / "rhyme-chat.db").write_bytes(b"no database at all" * 100)
    with ExitStack() as closing, pytest.raises(StoreError, match="conversations in rhyme-chat"):
        open_conversations(place_of(tmp_path / "rhyme.db"), tmp_path, closing)


def test_connections_that_the_server_ended_are_made_anew(
    talk_of: OpenTalk, server: ToolServer, database_url: str | None
) -> None:
    if database_url is None:
        pytest.skip("SQLite has no server")
    import psycopg

    talk, _ = talk_of()
    server.turns = [Says("I don't know from what I have.")] * 4
    ask(talk, "What of Apple?")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND datname = current_database() AND query ILIKE '%checkpoint%'"
        )
    assert ask(talk, "And now?").refused
    assert said(server.bodies[-1], "user") == ["What of Apple?", "And now?"]


def test_where_the_database_is_a_file_the_conversations_are_beside_it(tmp_path: Path) -> None:
    with Database.open(tmp_path / "rhyme.db") as database, ExitStack() as closing:
        open_conversations(database.place, tmp_path, closing)
    assert (tmp_path / "rhyme-chat.db").exists()
