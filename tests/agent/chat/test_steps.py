"""Questions to a small model: planned in code, judged item by item, answered in the items' own words."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver

from agent.chat import StepChat
from agent.chat.step_memory import StepMemories
from agent.chat.steps import refusal
from markets.desk import MarketDesk
from models.scripted import Choice, ScriptedModel
from prompts import PromptLibrary
from tests.agent.chat.conftest import ARTICLE, NOW
from tools.sources import Sources

MakeSources = Callable[[datetime], Sources]
YES, NO = Choice({"Yes": 0.9, "No": 0.1}), Choice({"Yes": 0.1, "No": 0.9})


def talk(sources: MakeSources, *steps: Any) -> tuple[StepChat, ScriptedModel]:
    model = ScriptedModel(list(steps), profile="embedded")
    return StepChat(model, sources, MarketDesk(), PromptLibrary()), model


def test_what_the_model_holds_for_an_answer_is_told_in_the_items_words_with_its_id(sources: MakeSources) -> None:
    chat, model = talk(sources, YES)
    told = chat.ask("Apple chargers?", conversation="c", as_of=NOW)
    model.close()
    assert told.sentences[0].support == (ARTICLE,)
    assert "Apple recalls 5 million chargers" in told.answer
    assert (told.refused, told.reason, told.provenance.mode) == (False, None, "steps")


def test_what_does_not_answer_is_left_out_and_said(sources: MakeSources) -> None:
    chat, model = talk(sources, NO)
    told = chat.ask("Apple chargers?", conversation="c", as_of=NOW)
    model.close()
    assert told.refused
    assert told.answer == "I don't know from what I have: nothing that was found answers it"


def test_nothing_found_is_another_answer_than_found_and_not_fitting(sources: MakeSources) -> None:
    chat, _ = talk(sources)
    assert chat.ask("Zebra migration?", conversation="c", as_of=NOW).answer.endswith("nothing was found")


def test_what_could_not_be_looked_at_is_not_said_to_be_nothing(sources: MakeSources) -> None:
    chat, _ = talk(sources)
    told = chat.ask("When was something like this last seen?", conversation="c", as_of=NOW)
    assert told.provenance.tools == ("find_precedents",)
    assert "rhyme doctor" in told.answer


@pytest.mark.parametrize(
    ("question", "tools"),
    [
        ("What happened to Microsoft this week?", ("list_analyses", "search_news")),
        ("How good have your scores been on FDA news?", ("track_record",)),
        ("When did something similar to the Apple recall happen before?", ("find_precedents",)),
        ("Summarise today for this portfolio", ("positions", "list_analyses")),
        ("How much news was there on Apple?", ("activity",)),
        ("What did Apple do on 2024-05-01?", ("reaction_around", "list_analyses", "search_news")),
    ],
)
def test_the_words_of_a_question_choose_the_lookups(
    sources: MakeSources, question: str, tools: tuple[str, ...]
) -> None:
    chat, _ = talk(sources, *[NO] * 8)
    assert chat.ask(question, conversation="c", as_of=NOW).provenance.tools == tools


def test_it_means_the_company_of_the_question_before_in_the_same_conversation_alone(sources: MakeSources) -> None:
    chat, _ = talk(sources, *[NO] * 8)
    seen: list[Any] = []
    chat.ask("What happened to Microsoft this week?", conversation="one", as_of=NOW)
    chat.ask("And what did it do today?", conversation="one", as_of=NOW, on_event=seen.append)
    assert seen[0].arguments["tickers"] == ["MSFT"]
    seen.clear()
    chat.ask("And what did it do today?", conversation="two", as_of=NOW, on_event=seen.append)
    assert seen[0].arguments["tickers"] == []


def keeps_across_processes(sources: MakeSources, saver: Any) -> None:
    """What "it" is goes on from a chat that is gone, in its own conversation alone."""
    model = ScriptedModel([NO] * 16, profile="embedded")
    first = StepChat(model, sources, MarketDesk(), PromptLibrary(), memories=StepMemories(saver))
    first.ask("What happened to Microsoft this week?", conversation="one", as_of=NOW)
    first.ask("What happened to Apple this week?", conversation="one", as_of=NOW)
    seen: list[Any] = []
    second = StepChat(model, sources, MarketDesk(), PromptLibrary(), memories=StepMemories(saver))
    for name, tickers in (("one", ["AAPL"]), ("two", [])):
        second.ask("And what did it do today?", conversation=name, as_of=NOW, on_event=seen.append)
        assert seen[0].arguments["tickers"] == tickers
        seen.clear()


def test_a_conversation_goes_on_in_another_process(sources: MakeSources, tmp_path: Path) -> None:
    with SqliteSaver.from_conn_string(str(tmp_path / "chat.db")) as saver:
        saver.setup()
        keeps_across_processes(sources, saver)
    keeps_across_processes(sources, InMemorySaver())


def test_a_conversation_goes_on_in_another_process_on_postgres(sources: MakeSources, postgres_url: str) -> None:
    with PostgresSaver.from_conn_string(postgres_url) as saver:
        saver.setup()
        keeps_across_processes(sources, saver)


@pytest.mark.parametrize(
    "question",
    ["Buy 100 shares of MSFT for me", "Place an order for AAPL", "Send an e-mail to my broker now", "Sell my position"],
)
def test_an_order_is_refused_before_anything_is_looked_up(sources: MakeSources, question: str) -> None:
    chat, model = talk(sources)
    told = chat.ask(question, conversation="c", as_of=NOW)
    model.close()
    assert told.refused
    assert told.answer.startswith("I can't do that")
    assert told.provenance.tools == ()


@pytest.mark.parametrize(
    "question", ["Will MSFT rise tomorrow?", "Should I buy AAPL?", "Where will TSLA close next week?"]
)
def test_the_future_is_refused_honestly(question: str) -> None:
    assert str(refusal(question)).startswith("I don't know from what I have: it lies in the future")


@pytest.mark.parametrize(
    "question",
    [
        "What happened to MSFT?",
        "Did insiders buy the stock in May?",
        "Why did Apple recall chargers?",
        "What did it sell?",
    ],
)
def test_questions_about_the_past_are_not_refused(question: str) -> None:
    assert refusal(question) is None
