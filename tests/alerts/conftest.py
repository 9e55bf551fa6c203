"""Rules, and analyses of 2024 to hold against them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts import Alerts
from records.alert import Alert, AlertReport, AlertRule, Conditions
from records.analysis import Analysis
from records.database import Database
from records.story import Relation
from tests.tools.conftest import NOW, make_news, placement  # noqa: F401 - make_news is a fixture

MIDNIGHT = datetime.fromisoformat("2024-05-10T00:00-04:00")
MakeRule = Callable[..., AlertRule]
KeepNews = Callable[..., Analysis]


@pytest.fixture
def database(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "rhyme.sqlite3"
    path.write_bytes(migrated_sqlite.read_bytes())
    with Database.open(path) as opened:
        yield opened


@pytest.fixture
def alerts(database: Database) -> Alerts:
    return Alerts(database, None)


@pytest.fixture
def set_rule(database: Database) -> MakeRule:
    """Sets one in the week before NOW, or at `at`."""

    def make(name: str = "rule", *, at: datetime = NOW - timedelta(days=7), **conditions: Any) -> AlertRule:
        rule = AlertRule(name=name, conditions=Conditions(**conditions), added_at=at)
        database.alerts.add(rule)
        return rule

    return make


@pytest.fixture
def keep_news(database: Database, make_news: Callable[..., Analysis]) -> KeepNews:  # noqa: F811
    """Keeps an analysis of an article of a story, by default one of its own, made when it came out unless `made_at`."""

    def keep(title: str = "Microsoft wins an order", *, relation: Relation = "first", **changes: Any) -> Analysis:
        changed: dict[str, Any] = {}
        if "made_at" in changes:
            changed["created_at"] = changes.pop("made_at")
        sentiment = changes.pop("sentiment", "kept")
        analysis = make_news(title, **changes)
        if analysis.story is not None:
            changed["story"] = analysis.story.model_copy(update={"relation": relation})
        if sentiment != "kept":
            changed["reading"] = analysis.reading.model_copy(update={"sentiment": sentiment})
        analysis = analysis.model_copy(update=changed)
        database.save_analysis(analysis)
        return analysis

    return keep


def told(report: AlertReport) -> list[tuple[str, str, str]]:
    """(rule, analysis, cause) of each alert, newest first."""
    return [_told(one) for one in report.alerts]


def _told(one: Alert) -> tuple[str, str, str]:
    return one.rule, one.analysis.id, one.cause


__all__ = ["MIDNIGHT", "NOW", "KeepNews", "MakeRule", "placement", "told"]
