"""`alerts_of_the_day`: found, nothing found and unavailable, as of the moment asked, bounded, and cited by id."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts import Alerts
from records.alert import AlertReport, AlertRule, Conditions
from records.analysis import Analysis
from tests.tools.conftest import NOW
from tools.sources import Sources
from tools.toolbox import Refused, call

MakeNews = Callable[..., Analysis]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def with_alerts(sources: Sources) -> Sources:
    alerts = Alerts(sources.database, None)

    def asked(since: datetime, as_of: datetime, limit: int) -> AlertReport:
        return alerts.report(as_of, since=since, limit=limit)

    return replace(sources, alerts=asked)


def set_rule(sources: Sources, name: str = "msft", at: datetime = NOW - 7 * DAY, **conditions: Any) -> None:
    wanted = Conditions(**(conditions or {"tickers": ("MSFT",)}))
    sources.database.alerts.add(AlertRule(name=name, conditions=wanted, added_at=at))


def test_without_a_rule_alerts_are_unavailable_with_what_to_do_and_never_none(
    sources: Sources, with_alerts: Sources, make_news: MakeNews
) -> None:
    sources.database.save_analysis(make_news())
    assert call("alerts_of_the_day", {}, sources).status == "unavailable"
    told = call("alerts_of_the_day", {}, with_alerts)
    assert told.status == "unavailable"
    assert "No rule is set" in told.note
    assert "`rhyme alerts add" in told.note


def test_an_alert_is_cited_by_id_and_says_its_rule_its_score_and_its_analysis(
    with_alerts: Sources, make_news: MakeNews
) -> None:
    set_rule(with_alerts)
    made = make_news(ago=HOUR)
    with_alerts.database.save_analysis(made)
    told = call("alerts_of_the_day", {}, with_alerts)
    assert told.status == "found"
    (item,) = told.items
    assert (item.id, item.kind) == (f"alert:msft.{made.id}", "alert")
    for words in ("the rule 'msft'", "Microsoft wins an order", "market impact 0.60 for MSFT", f"[analysis:{made.id}]"):
        assert words in item.text
    assert item.data["analysis"]["id"] == made.id
    assert call("show", {"id": item.id}, with_alerts).items[0].id == f"analysis:{made.id}"
    assert told.note.startswith("1 alert of one rule; 1 analysis from 2024-05-10 04:00 UTC to 2024-05-10 20:30 UTC")


def test_nothing_that_met_a_rule_is_nothing_found_and_says_how_much_was_judged(
    with_alerts: Sources, make_news: MakeNews
) -> None:
    set_rule(with_alerts, tickers=("AAPL",))
    with_alerts.database.save_analysis(make_news())
    told = call("alerts_of_the_day", {}, with_alerts)
    assert told.status == "nothing_found"
    assert "1 analysis from" in told.note
    assert "all of them judged" in told.note


def test_what_could_not_be_judged_is_said_and_is_not_called_nothing(with_alerts: Sources, make_news: MakeNews) -> None:
    set_rule(with_alerts, min_score=0.5)
    unscored = make_news("A garden opens", ticker=None)
    with_alerts.database.save_analysis(unscored)
    waiting = make_news("Boeing delays a jet", ago=HOUR).article
    with_alerts.database.jobs.keep(waiting)
    with_alerts.database.jobs.add([waiting.id], 1, NOW - HOUR)
    told = call("alerts_of_the_day", {}, with_alerts)
    assert "Nothing is known to have met" in told.note
    assert "1 story without a market-impact score, so that the least score or chance could not be judged" in told.note
    assert f"(analysis:{unscored.id})" in told.note
    assert "Articles of the time that wait to be analysed, so that no rule was held against them yet: 1." in told.note


def test_when_nothing_could_be_judged_the_answer_is_unavailable(with_alerts: Sources, make_news: MakeNews) -> None:
    set_rule(with_alerts)
    waiting = make_news(ago=HOUR).article
    with_alerts.database.jobs.keep(waiting)
    with_alerts.database.jobs.add([waiting.id], 1, NOW)
    assert call("alerts_of_the_day", {}, with_alerts).status == "unavailable"
    assert call("alerts_of_the_day", {"day": "yesterday"}, with_alerts).status == "nothing_found"


def test_only_what_was_known_and_set_at_the_moment_raises(with_alerts: Sources, make_news: MakeNews) -> None:
    set_rule(with_alerts, at=NOW - 2 * HOUR)
    for ago in (HOUR, 3 * HOUR):
        with_alerts.database.save_analysis(make_news(ago=ago))

    def at(moment: datetime) -> tuple[str, int]:
        told = call("alerts_of_the_day", {}, replace(with_alerts, as_of=moment))
        return told.status, len(told.items)

    assert at(NOW) == ("found", 2)
    assert at(NOW - 1.5 * HOUR) == ("found", 1)
    assert at(NOW - 2.5 * HOUR) == ("unavailable", 0)
    assert at(NOW + DAY) == ("nothing_found", 0)


def test_another_day_may_be_asked_for_and_none_that_is_to_come(with_alerts: Sources, make_news: MakeNews) -> None:
    set_rule(with_alerts)
    yesterday = make_news(ago=DAY)
    with_alerts.database.save_analysis(yesterday)
    told = call("alerts_of_the_day", {"day": "2024-05-09"}, with_alerts)
    assert [one.id for one in told.items] == [f"alert:msft.{yesterday.id}"]
    assert call("alerts_of_the_day", {}, with_alerts).status == "nothing_found"
    for stretch in ("this week", "last 7 days", "30 hours ago"):
        assert len(call("alerts_of_the_day", {"day": stretch}, with_alerts).items) == 1
    with pytest.raises(Refused, match="after the moment that may be known"):
        call("alerts_of_the_day", {"day": "2024-05-12"}, with_alerts)
    with pytest.raises(Refused, match="is no time"):
        call("alerts_of_the_day", {"day": "someday"}, with_alerts)


def test_many_alerts_are_bounded_and_counted(with_alerts: Sources, make_news: MakeNews) -> None:
    set_rule(with_alerts)
    for number in range(60):
        with_alerts.database.save_analysis(make_news(f"Order {number}", ago=number * timedelta(minutes=1)))
    told = call("alerts_of_the_day", {"limit": 50}, with_alerts)
    assert (len(told.items), told.more) == (50, 10)
    with pytest.raises(Refused, match="limit"):
        call("alerts_of_the_day", {"limit": 51}, with_alerts)
