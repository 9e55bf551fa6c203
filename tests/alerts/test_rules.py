"""Rules as people write them: what there is not is refused with the nearest that there is, and names are made that can be had."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import insert

from alerts import Alerts, Wish, conditions_of, rule_of
from markets.desk import MarketDesk
from records.alert import MOST_RULES, AlertRule, Conditions
from records.database import Database
from records.database.alert_tables import alert_rules
from records.errors import NotFound, UsageError
from records.taxonomy import EventType, Tag
from records.times import to_epoch
from tests.alerts.conftest import NOW, KeepNews, MakeRule, told


def wished(**words: Any) -> Conditions:
    return conditions_of(Wish(**words), MarketDesk, NOW)


def test_words_become_conditions_in_the_spelling_that_is_kept() -> None:
    found = wished(
        tickers=["msft", " goog "],
        tags=["oil & gas"],
        event_types=["Product Recall Safety"],
        min_score=0.6,
        sentiment="Negative",
        words=["safety  warning"],
    )
    assert found == Conditions(
        tickers=("GOOG", "GOOGL", "MSFT"),
        tags=(Tag.OIL_GAS,),
        event_types=(EventType.PRODUCT_RECALL_SAFETY,),
        min_score=0.6,
        sentiment="negative",
        words=("safety warning",),
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"tickers": ["MSTF"]}, "Did you mean MSFT"),
        ({"tickers": ["microsoft"]}, r"Did you mean MSFT\?"),
        ({"tickers": ["%%%%"]}, "Write it as it trades"),
        ({"tags": ["cyber"]}, r"Did you mean 'Cybersecurity & Data Privacy'\?"),
        ({"tags": ["Antitrust and Competition"]}, "'Antitrust & Competition'"),
        ({"event_types": ["recall"]}, r"Did you mean 'product_recall_safety'\?"),
        ({"event_types": ["zzz"]}, "There are: earnings_results"),
        ({"sentiment": "bad"}, "There are: negative, neutral, positive"),
        ({"min_score": 1.5}, "min_score 1.5 cannot be"),
        ({"min_p_material": float("nan")}, "min_p_material nan cannot be"),
        ({"words": ["--"]}, "give a word or a few"),
        ({"words": ["x" * 101]}, "at most 100 characters"),
        ({}, "names no condition"),
        ({"tickers": [" ", ""], "words": [""]}, "names no condition"),
    ],
)
def test_what_there_is_not_is_refused_with_what_to_do(words: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        wished(**words)


def test_a_rule_without_a_condition_is_no_rule() -> None:
    with pytest.raises(ValidationError, match="a rule needs a condition"):
        Conditions()


def test_a_name_is_made_of_the_conditions_and_is_one_that_is_free() -> None:
    wanted = Conditions(tickers=("MSFT",), min_score=0.6)
    assert rule_of(wanted, None, [], NOW).name == "msft-score-0.60"
    assert rule_of(wanted, None, ["msft-score-0.60", "msft-score-0.60-2"], NOW).name == "msft-score-0.60-3"
    assert rule_of(Conditions(words=("日本",)), None, [], NOW).name == "rule"
    for name in ("", "Not One", "-a", "x" * 65, "a/b"):
        with pytest.raises(UsageError, match="cannot be a rule's name"):
            rule_of(wanted, name, [], NOW)


def test_a_name_is_taken_while_its_rule_is_in_force_and_free_after(database: Database, set_rule: MakeRule) -> None:
    set_rule("msft", tickers=("MSFT",))
    with pytest.raises(UsageError, match="rhyme alerts remove msft"):
        set_rule("msft", tickers=("AAPL",))
    with pytest.raises(NotFound, match=r"Did you mean msft\?"):
        database.alerts.remove("msf", NOW)
    database.alerts.remove("msft", NOW)
    with pytest.raises(NotFound, match="None is set yet"):
        database.alerts.remove("msft", NOW)
    again = set_rule("msft", at=NOW, tickers=("AAPL",))
    assert database.alerts.rules() == [again]
    assert database.alerts.rule("msft") == again


def test_a_rule_looks_from_midnight_in_new_york_on_also_on_days_of_23_hours() -> None:
    wanted = Conditions(tickers=("MSFT",))
    summer = AlertRule(name="a", conditions=wanted, added_at=datetime(2024, 3, 10, 20, tzinfo=UTC))
    assert summer.begins_at == datetime(2024, 3, 10, 5, tzinfo=UTC)
    after = AlertRule(name="a", conditions=wanted, added_at=datetime(2024, 3, 11, 3, 59, tzinfo=UTC))
    assert after.begins_at == datetime(2024, 3, 10, 5, tzinfo=UTC)
    assert after.model_copy(update={"added_at": datetime(2024, 3, 11, 4, tzinfo=UTC)}).begins_at == datetime(
        2024, 3, 11, 4, tzinfo=UTC
    )


def test_among_a_thousand_rules_those_that_are_met_raise_and_one_more_is_refused(
    alerts: Alerts, database: Database, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    wide = [Conditions(min_score=0.5 + number / 2_000) for number in range(200)]
    narrow = [Conditions(tickers=(f"T{number}",), tags=(Tag.SOFTWARE_CLOUD,)) for number in range(MOST_RULES - 202)]
    both = [Conditions(tickers=("T5", "MSFT")), Conditions(tags=(Tag.SOFTWARE_CLOUD, Tag.RETAIL))]
    rows = [
        {"name": f"r{number:04}", "added_at": to_epoch(NOW), "payload": conditions.model_dump_json()}
        for number, conditions in enumerate((*wide, *narrow, *both))
    ]
    with database._engine.begin() as connection:
        connection.execute(insert(alert_rules), rows)
    one = keep_news(score=0.5505, ticker="T5")
    met = [f"r{number:04}" for number in (*range(102), 205, 998, 999)]
    assert sorted(told(alerts.report(NOW, limit=1_000))) == [(name, one.id, "first") for name in met]
    with pytest.raises(UsageError, match="1,000 rules already"):
        set_rule("one-more", tickers=("MSFT",))
