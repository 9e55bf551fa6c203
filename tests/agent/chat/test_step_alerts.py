"""A small model asked for alerts: looked up by the question's words, told in the alerts' own, with three answers apart."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agent.chat import StepChat
from alerts import Alerts
from markets.desk import MarketDesk
from models.scripted import ScriptedModel
from prompts import PromptLibrary
from records.alert import AlertReport, AlertRule, Conditions
from records.analysis import Analysis
from records.database import Database
from tests.agent.chat.conftest import NOW
from tests.tools.conftest import make_news  # noqa: F401 - a fixture
from tools.sources import Sources


@pytest.fixture
def chat(database: Database, sources: Callable[[datetime], Sources]) -> StepChat:
    """With a model that is not to be asked."""

    def alerts(since: datetime, as_of: datetime, limit: int) -> AlertReport:
        return Alerts(database, None).report(as_of, since=since, limit=limit)

    model = ScriptedModel([], profile="embedded")
    return StepChat(model, lambda as_of: replace(sources(as_of), alerts=alerts), MarketDesk(), PromptLibrary())


def ask(chat: StepChat, question: str) -> tuple[str, tuple[str, ...], bool]:
    told = chat.ask(question, conversation="c", as_of=NOW)
    return told.answer, told.provenance.tools, told.refused


def test_alerts_are_told_in_their_own_words_with_their_ids_and_no_call_to_the_model(
    chat: StepChat,
    database: Database,
    make_news: Callable[..., Analysis],  # noqa: F811
) -> None:
    made = make_news()
    database.save_analysis(made)
    rule = AlertRule(name="msft", conditions=Conditions(tickers=("MSFT",)), added_at=NOW - timedelta(hours=1))
    database.alerts.add(rule)
    told = chat.ask("What are today's alerts?", conversation="c", as_of=NOW)
    assert told.provenance.tools == ("alerts_of_the_day",)
    assert [one.support for one in told.sentences] == [(f"alert:msft.{made.id}",)]
    assert told.answer.startswith("Alert of the rule 'msft': Microsoft wins an order")


def test_no_rule_and_no_alert_are_different_answers(chat: StepChat, database: Database) -> None:
    answer, tools, refused = ask(chat, "Did anything meet my rules?")
    assert (tools, refused) == (("alerts_of_the_day",), True)
    assert "No rule is set" in answer
    database.alerts.add(AlertRule(name="msft", conditions=Conditions(tickers=("MSFT",)), added_at=NOW))
    assert "Nothing met the one rule: no analyses from 2024-05-10 04:00 UTC" in ask(chat, "Any alerts today?")[0]


@pytest.mark.parametrize(
    "question", ["What do the new SEC rules mean for MSFT?", "Which stocks did the FDA safety alert move?"]
)
def test_other_rules_and_alerts_are_not_meant(chat: StepChat, question: str) -> None:
    assert "alerts_of_the_day" not in ask(chat, question)[1]
