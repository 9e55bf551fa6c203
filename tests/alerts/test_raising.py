"""What raises an alert: a story once a rule, again only when there is more to tell, and the same whenever it is asked."""

from datetime import timedelta
from typing import Any

import pytest

from alerts import Alerts, Following
from records.database import Database
from records.errors import SourceUnreachable
from records.feed import Feed
from records.reading import Sentiment
from records.taxonomy import EventType, Tag
from tests.alerts.conftest import MIDNIGHT, NOW, KeepNews, MakeRule, told
from tools.alert_lines import unjudged

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_news_that_meets_a_rule_raises_one_alert_with_its_analysis(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule("msft", tickers=("MSFT",))
    one = keep_news(ago=HOUR)
    keep_news("Apple opens a shop", ticker="AAPL")
    report = alerts.report(NOW)
    assert told(report) == [("msft", one.id, "first")]
    assert (report.status, report.rules, report.analyses, report.more) == ("alerts", 1, 2, 0)
    assert report.alerts[0].analysis.title == "Microsoft wins an order"


@pytest.mark.parametrize(
    ("conditions", "meets"),
    [
        ({"tickers": ("AAPL", "MSFT")}, True),
        ({"tickers": ("AAPL",)}, False),
        ({"tags": (Tag.RETAIL, Tag.SOFTWARE_CLOUD)}, True),
        ({"tags": (Tag.RETAIL,)}, False),
        ({"event_types": (EventType.CONTRACT_PARTNERSHIP,)}, True),
        ({"event_types": (EventType.GUIDANCE,)}, False),
        ({"min_score": 0.6}, True),
        ({"min_score": 0.61}, False),
        ({"min_p_material": 0.12}, True),
        ({"min_p_material": 0.13}, False),
        ({"sentiment": "positive"}, True),
        ({"sentiment": "negative"}, False),
        ({"words": ("recall", "wins AN order")}, True),
        ({"words": ("win",)}, False),
        ({"words": ("order wins",)}, False),
        ({"words": ("icrosoft wins",)}, False),
        ({"tickers": ("MSFT",), "min_score": 0.6, "words": ("order",), "sentiment": "positive"}, True),
        ({"tickers": ("MSFT",), "min_score": 0.6, "words": ("recall",), "sentiment": "positive"}, False),
        ({"tickers": ("MSFT",), "tags": (Tag.RETAIL,)}, False),
    ],
)
def test_every_condition_must_hold_and_any_value_of_one_is_enough(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews, conditions: dict[str, Any], meets: bool
) -> None:
    set_rule(**conditions)
    keep_news(score=0.6)
    report = alerts.report(NOW)
    assert [len(report.alerts), report.status] == ([1, "alerts"] if meets else [0, "none_met"])


def test_a_reprint_raises_nothing_and_neither_does_the_same_article_analysed_again(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule("msft", tickers=("MSFT",))
    set_rule("order", words=("order",))
    first = keep_news(ago=5 * HOUR, story="s", score=0.6)
    keep_news("Microsoft has won an order", ago=4 * HOUR, story="s", relation="reprint", score=0.9)
    keep_news("The day in orders", ago=3 * HOUR, story="s", relation="recombination", score=0.9)
    keep_news(ago=2 * HOUR, story="s", score=0.65)
    assert sorted(told(alerts.report(NOW))) == [("msft", first.id, "first"), ("order", first.id, "first")]


def test_a_reprint_raises_nothing_either_where_only_its_own_analysis_meets_the_rule(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule(min_score=0.7)
    keep_news(ago=2 * HOUR, story="s", score=0.6)
    keep_news(ago=HOUR, story="s", relation="reprint", score=0.8)
    assert alerts.report(NOW).status == "none_met"


def test_a_reprint_that_is_the_first_of_its_story_to_be_analysed_raises_the_alert(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule(tickers=("MSFT",))
    keep_news(story="s", relation="reprint")
    assert len(alerts.report(NOW).alerts) == 1


def test_an_update_raises_only_what_was_not_met_before_or_a_score_that_rose_by_a_tenth(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule("any", tickers=("MSFT",))
    set_rule("high", min_score=0.66)
    first = keep_news(ago=5 * HOUR, story="s", score=0.60)
    higher = keep_news(ago=4 * HOUR, story="s", relation="update", score=0.66)
    keep_news(ago=3 * HOUR, story="s", relation="update", score=0.69)
    risen = keep_news(ago=2 * HOUR, story="s", relation="correction", score=0.70)
    report = alerts.report(NOW)
    assert told(report) == [
        ("any", risen.id, "score_rose"),
        ("high", higher.id, "newly_met"),
        ("any", first.id, "first"),
    ]
    assert report.alerts[0].former_score == 0.60


def test_a_score_of_another_instrument_has_not_risen(alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews) -> None:
    set_rule(words=("order",))
    first = keep_news(ago=2 * HOUR, story="s", score=0.5)
    keep_news(ago=HOUR, story="s", relation="update", score=0.8, ticker="AAPL")
    assert told(alerts.report(NOW)) == [("rule", first.id, "first")]


def test_a_story_told_yesterday_is_not_told_again_today(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule(tickers=("MSFT",))
    keep_news(ago=DAY, story="s", score=0.6)
    keep_news(story="s", relation="update", score=0.62)
    assert alerts.report(NOW).status == "none_met"
    assert len(alerts.report(NOW, since=NOW - 2 * DAY).alerts) == 1


def test_a_new_rule_sees_the_news_of_its_day_and_none_from_before(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule(at=NOW - HOUR, tickers=("MSFT",))
    keep_news(ago=NOW - MIDNIGHT + HOUR, story="old")
    update = keep_news(ago=3 * HOUR, story="old", relation="update")
    today = keep_news(ago=2 * HOUR)
    assert told(alerts.report(NOW, since=NOW - 3 * DAY)) == [("rule", today.id, "first"), ("rule", update.id, "first")]


def test_a_removed_rule_raises_nothing_now_and_still_did_then(
    alerts: Alerts, database: Database, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule(tickers=("MSFT",))
    keep_news(ago=3 * HOUR)
    database.alerts.remove("rule", NOW - HOUR)
    assert alerts.report(NOW).status == "no_rules"
    assert alerts.report(NOW - 2 * HOUR).status == "alerts"


def test_news_of_yesterday_that_was_analysed_today_is_told_today_and_said_to_be_late(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule(tickers=("MSFT",))
    late = keep_news(ago=2 * DAY, made_at=NOW - HOUR)
    set_rule("past", at=NOW - 10 * DAY, words=("long past",))
    keep_news("Long past", ago=9 * DAY, made_at=NOW - HOUR, story="s")
    goes_on = keep_news("It goes on", story="s", relation="update")
    report = alerts.report(NOW)
    assert [(one.rule, one.analysis.id, one.late) for one in report.alerts] == [
        ("rule", goes_on.id, False),
        ("rule", late.id, True),
    ]


def test_what_is_not_scored_or_has_no_sentiment_is_undecided_and_not_a_no(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule("score", min_score=0.5)
    set_rule("mood", words=("garden",), sentiment="positive")
    set_rule("both", words=("shop",), min_score=0.5, sentiment="negative")
    garden = keep_news("A garden opens", ticker=None, sentiment=None)
    report = alerts.report(NOW)
    assert report.status == "undecided"
    assert [(one.rule, one.why, one.stories, one.analysis_ids) for one in report.undecided] == [
        ("mood", "sentiment_not_measured", 1, (garden.id,)),
        ("score", "not_scored", 1, (garden.id,)),
    ]


def test_what_is_known_not_to_hold_decides_whatever_else_is_unknown(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule(min_score=0.5, sentiment="negative")
    keep_news("A garden opens", ticker=None, sentiment=Sentiment.of(0.1, 0.2, 0.7))
    assert alerts.report(NOW).status == "none_met"


def test_a_story_whose_update_could_be_judged_is_undecided_no_longer(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule(min_score=0.5)
    keep_news(ago=2 * HOUR, story="s", ticker=None)
    scored = keep_news(ago=HOUR, story="s", relation="update")
    report = alerts.report(NOW)
    assert told(report) == [("rule", scored.id, "newly_met")]
    assert report.undecided == ()


def test_what_is_judged_only_later_is_undecided_until_then(
    alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule(min_score=0.5)
    keep_news(ago=3 * HOUR, story="s", ticker=None)
    keep_news(ago=HOUR, story="s", relation="update")
    assert [one.stories for one in alerts.report(NOW - 2 * HOUR).undecided] == [1]


def test_a_portfolio_that_cannot_be_read_leaves_its_rule_undecided_and_the_others_judged(
    database: Database, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule("book", portfolio=True)
    set_rule("msft", tickers=("MSFT",))
    keep_news()
    report = Alerts(database, None).report(NOW)
    assert [one.rule for one in report.alerts] == ["msft"]
    assert [(one.rule, one.why, one.stories) for one in report.undecided] == [("book", "portfolio_unreadable", 0)]
    assert [one.rule for one in Alerts(database, lambda: {"MSFT"}).report(NOW).alerts] == ["msft", "book"]

    def gone() -> set[str]:
        raise SourceUnreachable("The portfolio file is gone.")

    (blind,) = Alerts(database, gone).report(NOW).undecided
    assert (blind.rule, blind.message) == ("book", "The portfolio file is gone.")
    nothing_held = Alerts(database, lambda: set())
    assert [one.rule for one in nothing_held.report(NOW).alerts] == ["msft"]


def test_a_feed_that_failed_is_named_and_is_not_no_news_from_when_that_was_known(
    alerts: Alerts, database: Database, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule(tickers=("AAPL",))
    keep_news(ago=3 * HOUR)
    read = Feed(
        name="wire", kind="feed", address="https://news.example", added_at=NOW, due_at=NOW, checked_at=NOW - HOUR
    )
    database.intake.add_feed(read)
    assert alerts.report(NOW).status == "none_met"
    database.intake.update_feed(read.model_copy(update={"error": "no such host", "failures": 1}))
    report = alerts.report(NOW)
    assert (report.status, report.unread.feeds) == ("undecided", ("wire",))
    assert any("wire" in sentence for sentence in unjudged(report))
    assert alerts.report(NOW - 2 * HOUR).status == "none_met"


def test_without_rules_nothing_was_looked_at(alerts: Alerts, keep_news: KeepNews) -> None:
    keep_news()
    report = alerts.report(NOW)
    assert (report.status, report.analyses) == ("no_rules", 0)


def test_more_alerts_than_asked_for_are_counted(alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews) -> None:
    set_rule(tickers=("MSFT",))
    kept = [keep_news(ago=number * HOUR) for number in range(5)]
    report = alerts.report(NOW, limit=2)
    assert [one.analysis.id for one in report.alerts] == [kept[0].id, kept[1].id]
    assert report.more == 3


def test_news_that_is_dated_ahead_is_told_when_its_time_has_come(
    database: Database, alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule(tickers=("MSFT",))
    for notes in (True, False):
        following = Following(database, alerts, notes=notes)
        following.look(NOW)
        ahead = keep_news(ago=-HOUR if notes else -2 * HOUR)
        assert following.look(NOW) == []
        assert [one.analysis.id for one in following.look(NOW + 3 * HOUR)] == [ahead.id]
        assert following.look(NOW + 3 * HOUR) == []


def test_a_follower_that_notes_nothing_leaves_what_it_tells_to_be_told(
    database: Database, alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    set_rule(tickers=("MSFT",))
    keep_news(ago=HOUR)
    following = Following(database, alerts, notes=False)
    assert following.look(NOW) == []  # from before it began
    one = keep_news()
    assert [each.analysis.id for each in following.look(NOW)] == [one.id]
    assert len(alerts.untold(NOW)) == 2


def test_a_follower_hears_of_rules_that_are_set_and_removed_meanwhile(
    database: Database, alerts: Alerts, set_rule: MakeRule, keep_news: KeepNews
) -> None:
    following = Following(database, alerts, notes=True)
    keep_news(ago=HOUR)
    assert following.look(NOW) == []
    set_rule(at=NOW, tickers=("MSFT",))
    assert len(following.look(NOW)) == 1
    set_rule("another", at=NOW, words=("order",))
    assert [one.rule for one in following.look(NOW)] == ["another"]
    database.alerts.remove("rule", NOW)
    database.alerts.remove("another", NOW)
    keep_news()
    assert following.look(NOW) == []
