"""Rules of alerts and what they are held against, on both engines, against a plain search of everything."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from records.alert import Alert, AlertRule, Conditions, Unread
from records.analysis import Analysis
from records.database import Database
from records.database.alert_shelf import Sought, Window
from records.errors import NotFound, UsageError
from records.job import JobOutcome
from records.reading import Mention
from records.summary import AnalysisSummary, summary_of
from records.taxonomy import EventType, Tag

START = datetime(2020, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
Make = Callable[..., Analysis]


def made_history(make: Make) -> list[Analysis]:
    """Kept in no order of time; a third of them made days after their news."""
    draw = random.Random(3)
    found = []
    for number in range(80):
        one = make(
            f"{number:016x}", article_id=f"a{number}", score=draw.choice((None, 0.2, 0.6)), day=draw.randrange(20)
        )
        mentions = tuple(
            Mention(name=each, ticker=each, role="subject") for each in draw.sample(("AA", "BB"), draw.randrange(3))
        )
        changed = {
            "mentions": mentions,
            "tags": (draw.choice((Tag.LABOR, Tag.BANKING)),),
            "event_type": draw.choice((EventType.GUIDANCE, EventType.LITIGATION)),
        }
        late = one.provenance.as_of + draw.choice((0, 0, 3, 9)) * DAY
        found.append(one.model_copy(update={"reading": one.reading.model_copy(update=changed), "created_at": late}))
    draw.shuffle(found)
    return found


@pytest.mark.parametrize(
    "sought",
    [
        Sought(everything=True),
        Sought(everything=True, min_score=0.5),
        Sought(tickers=("AA",)),
        Sought(tags=(Tag.LABOR,), event_types=(EventType.LITIGATION,)),
        Sought(tickers=("BB",), everything=True, min_score=0.5),
        Sought(),
    ],
)
def test_what_is_sought_is_what_a_plain_search_finds(database: Database, make_analysis: Make, sought: Sought) -> None:
    history = made_history(make_analysis)
    for one in history:
        database.save_analysis(one)
    window = Window(START + 9 * DAY, START + 12 * DAY)
    of_the_time = [summary_of(one) for one in history if in_time(summary_of(one), window)]
    assert database.alerts.count(window) == len(of_the_time) > 10
    found = [one.id for one in database.alerts.sought(window, sought)]
    assert sorted(found) == sorted(one.id for one in of_the_time if fits(one, sought))


def in_time(one: AnalysisSummary, window: Window) -> bool:
    late = window.since - 7 * DAY <= one.as_of < window.since <= one.created_at <= window.until
    return window.since <= one.as_of <= window.until or late


def fits(one: AnalysisSummary, sought: Sought) -> bool:
    wide = sought.everything and (one.score is None or one.score >= (sought.min_score or 0))
    labelled = (
        {*one.tickers} & {*sought.tickers} or {*one.tags} & {*sought.tags} or one.event_type in sought.event_types
    )
    return wide or bool(labelled)


def test_rules_are_those_in_force_at_a_moment(database: Database) -> None:
    first = AlertRule(name="a", conditions=Conditions(tickers=("AA",)), added_at=START)
    database.alerts.add(first)
    database.alerts.add(AlertRule(name="b", conditions=Conditions(words=("recall",)), added_at=START + DAY))
    with pytest.raises(UsageError, match="a rule 'a' already"):
        database.alerts.add(first.model_copy(update={"added_at": START + DAY}))
    assert database.alerts.remove("a", START + 2 * DAY).removed_at == START + 2 * DAY
    database.alerts.add(first.model_copy(update={"added_at": START + 3 * DAY}))
    names = [[rule.name for rule in database.alerts.rules(START + number * DAY)] for number in (-1, 0, 1, 2, 3)]
    assert names == [[], ["a"], ["a", "b"], ["b"], ["a", "b"]]
    assert [rule.added_at for rule in database.alerts.rules()] == [START + 3 * DAY, START + DAY]
    with pytest.raises(NotFound, match="There are: a, b"):
        database.alerts.rule("zzz")


def test_an_alert_is_told_once_and_a_rule_set_anew_tells_it_again(database: Database, make_analysis: Make) -> None:
    one, other = make_analysis("aa01"), make_analysis("aa02", article_id="a2")
    for each in (one, other):
        database.save_analysis(each)
    alerts = [Alert(rule="r", rule_added_at=START, cause="first", analysis=summary_of(each)) for each in (one, other)]
    assert database.alerts.tell(alerts[:1]) == alerts[:1]
    assert database.alerts.tell(alerts) == alerts[1:]
    assert database.alerts.tell(alerts) == []
    anew = [each.model_copy(update={"rule_added_at": START + DAY}) for each in alerts]
    assert database.alerts.tell(anew) == anew
    again = summary_of(make_analysis("aa03").model_copy(update={"article": one.article}))
    database.save_analysis(make_analysis("aa03").model_copy(update={"article": one.article}))
    of_the_same = Alert(rule="r", rule_added_at=START, cause="newly_met", analysis=again)
    assert database.alerts.tell([of_the_same]) == []
    assert database.alerts.tell([of_the_same.model_copy(update={"cause": "score_rose"})]) != []


def test_articles_without_an_analysis_are_counted_by_what_became_of_them(
    database: Database, make_analysis: Make
) -> None:
    for number in range(4):
        article = make_analysis(f"aa0{number}", article_id=f"a{number}", day=number).article
        database.jobs.keep(article)
        database.jobs.add([article.id], 1, START)
    database.jobs.begin("a1", 1)
    database.jobs.finish("a1", 1, JobOutcome(failure="model_refused", reason="no"), START)
    database.jobs.begin("a2", 1)
    database.jobs.finish("a2", 1, JobOutcome(result="joined"), START)
    known = [database.jobs.article(f"a{number}").known_at for number in range(4)]
    assert database.alerts.unread(min(known), max(known)) == Unread(failed=1, waiting=2)
    undated = make_analysis("aa09", article_id="a9", day=9).article.model_copy(update={"published_at": None})
    database.jobs.keep(undated)
    database.jobs.add(["a9"], 1, START)
    assert database.alerts.unread(undated.known_at, undated.known_at) == Unread(waiting=1)
    assert database.alerts.unread(max(known) + DAY, max(known) + 2 * DAY) == Unread()
