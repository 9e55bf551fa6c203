"""Made-up histories: a replay knows no more than then, days add up to the whole, and followers tell each alert once."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from alerts import Alerts, Following
from records.alert import Alert, AlertReport, AlertRule, Conditions
from records.analysis import Analysis
from records.database import Database
from records.story import Relation
from records.taxonomy import EventType, Tag
from records.times import new_york_date, new_york_midnight
from tests.alerts.conftest import NOW

RELATIONS: tuple[Relation, ...] = get_args(Relation)
SPAN = timedelta(days=4)
Made = Callable[..., Analysis]


def history(made: Made, chance: random.Random, count: int = 40) -> list[Analysis]:
    """In the order in which they became known; some are analysed again, some have no score."""
    times = sorted(chance.uniform(0, 1) for _ in range(count))
    found = []
    for place in times:
        at = NOW - SPAN * (1 - place)
        one = made(
            chance.choice(["A recall of cars", "An order of jets", "A garden"]),
            ago=NOW - at,
            ticker=chance.choice(["MSFT", "AAPL", None]),
            score=round(chance.uniform(0.4, 0.9), 2),
            tags=(chance.choice([Tag.AUTOS, Tag.RETAIL]),),
            event_type=chance.choice([EventType.GUIDANCE, EventType.LITIGATION]),
            story=f"s{chance.randrange(8)}",
        )
        relation = chance.choice(RELATIONS)
        assert one.story is not None
        found.append(one.model_copy(update={"story": one.story.model_copy(update={"relation": relation})}))
    return found


def rules(chance: random.Random) -> list[AlertRule]:
    wanted = [
        Conditions(tickers=("MSFT",)),
        Conditions(tags=(Tag.AUTOS,), min_score=0.6),
        Conditions(event_types=(EventType.GUIDANCE,), words=("recall", "garden")),
        Conditions(min_score=0.7),
        Conditions(sentiment="positive", words=("order",)),
    ]
    return [
        AlertRule(name=f"r{number}", conditions=each, added_at=NOW - SPAN * chance.uniform(0.2, 1.2))
        for number, each in enumerate(wanted)
    ]


def kept(path: Path, empty: Path, analyses: list[Analysis], set_rules: list[AlertRule]) -> Database:
    path.write_bytes(empty.read_bytes())
    database = Database.open(path)
    database.save_analyses([(one, None) for one in analyses])
    for rule in set_rules:
        database.alerts.add(rule)
    return database


def day(moment: datetime) -> datetime:
    return new_york_midnight(new_york_date(moment))


def names(alerts: tuple[Alert, ...] | list[Alert]) -> list[str]:
    return [f"{one.id} {one.cause} {one.former_score}" for one in alerts]


def whole(database: Database, as_of: datetime, since: datetime) -> AlertReport:
    return Alerts(database, None).report(as_of, since=since, limit=10_000)


@pytest.mark.parametrize("seed", range(6))
def test_a_replay_answers_as_a_database_that_knows_no_more(
    seed: int, make_news: Made, migrated_sqlite: Path, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    made, set_rules = history(make_news, chance), rules(chance)
    with kept(tmp_path / "all", migrated_sqlite, made, set_rules) as everything:
        for turn in range(3):
            as_of = NOW - SPAN * chance.uniform(0, 0.8)
            before = [one for one in made if one.provenance.as_of <= as_of]
            then = [rule for rule in set_rules if rule.added_at <= as_of]
            with kept(tmp_path / f"then{turn}", migrated_sqlite, before, then) as known:
                assert whole(everything, as_of, day(as_of)) == whole(known, as_of, day(as_of))


@pytest.mark.parametrize("seed", range(6))
def test_the_alerts_of_the_days_are_those_of_the_whole_time_each_once(
    seed: int, make_news: Made, migrated_sqlite: Path, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    with kept(tmp_path / "all", migrated_sqlite, history(make_news, chance), rules(chance)) as database:
        altogether = whole(database, NOW, NOW - SPAN - timedelta(days=1))
        assert altogether.alerts
        days, end = [], NOW
        while end > NOW - SPAN - timedelta(days=1):
            days += names(Alerts(database, None).report(end, rules=database.alerts.rules()).alerts)
            end = day(end) - timedelta(microseconds=1)
        assert days == names(altogether.alerts)
        assert len({*days}) == len(days)


@pytest.mark.parametrize("seed", range(6))
def test_followers_that_come_and_go_tell_each_alert_once_and_miss_none(
    seed: int, make_news: Made, migrated_sqlite: Path, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    made = history(make_news, chance)
    set_rules = [rule.model_copy(update={"added_at": NOW - SPAN}) for rule in rules(chance)]
    told: list[str] = []
    with kept(tmp_path / "all", migrated_sqlite, [], set_rules) as database:
        followers = [Following(database, Alerts(database, None), notes=True) for _ in range(2)]
        for one in made:
            database.save_analysis(one)
            if chance.random() < 0.5:
                told += names(chance.choice(followers).look(one.provenance.as_of))
            if chance.random() < 0.1:  # killed, and begun again
                followers[0] = Following(database, Alerts(database, None), notes=True)
        for follower in followers:
            told += names(follower.look(NOW))
        assert sorted(told) == sorted(names(whole(database, NOW, NOW - SPAN - timedelta(days=1)).alerts))


@pytest.mark.parametrize("seed", range(4))
def test_news_that_is_analysed_out_of_its_order_is_told_as_new_once(
    seed: int, make_news: Made, migrated_sqlite: Path, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    made = history(make_news, chance)
    set_rules = [rule.model_copy(update={"added_at": NOW - SPAN}) for rule in rules(chance)]
    told: list[Alert] = []
    with kept(tmp_path / "all", migrated_sqlite, [], set_rules) as database:
        follower = Following(database, Alerts(database, None), notes=True)
        for one in chance.sample(made, len(made)):
            database.save_analysis(one)
            told += follower.look(NOW)
        report = whole(database, NOW, NOW - SPAN - timedelta(days=1))
    as_new = [(one.rule, one.analysis.story_id) for one in told if one.cause != "score_rose"]
    assert len(as_new) == len(set(as_new))
    # and none is missing; a reprint was told of where the article it repeats was analysed only later, and met no rule
    assert {*as_new} >= {(one.rule, one.analysis.story_id) for one in report.alerts}
