"""What the pages of one story, precedent or theme ask of the store, on both engines: as of a time."""

import importlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

from records.analysis import Analysis
from records.article import Article
from records.database import Database
from records.event import Event, Precedent
from records.market import Reaction
from records.story import Placement
from records.summary import summary_of
from records.taxonomy import EventType, Tag

START = datetime(2020, 1, 1, tzinfo=UTC)
LATE = START + timedelta(days=1000)
MakeAnalysis = Callable[..., Analysis]


def precedent(number: int, event_id: str) -> Precedent:
    at = START - timedelta(days=100)
    reaction = Reaction(
        ticker="ACME", window="one_session", session_on=at.date(), abnormal_return=0.01, sigma=0.01, z=1.0, known_at=at
    )
    return Precedent(
        id=f"P{number}", event_id=event_id, summary="Acme cut its forecast before.", event_type=EventType.GUIDANCE,
        tickers=("ACME",), published_at=at, similarity=0.5, why="same company", reaction=reaction,
    )  # fmt: skip


@pytest.fixture
def using(make_analysis: MakeAnalysis) -> MakeAnalysis:
    """An analysis that shows precedents of the given events."""

    def make(number: int, *event_ids: str, day: float = 0, article_id: str | None = None) -> Analysis:
        made = make_analysis(f"{number:016x}", article_id=article_id or f"a{number}", day=day)
        shown = tuple(precedent(place, one) for place, one in enumerate(event_ids, start=1))
        return made.model_copy(update={"precedents": shown, "precedent_status": "found" if shown else "no_precedent"})

    return make


def test_an_event_names_the_analyses_that_showed_it_newest_first_and_none_of_later(
    database: Database, using: MakeAnalysis
) -> None:
    first, second, other = using(1, "E1", day=1), using(2, "E2", "E1", day=2), using(3, "E2", day=3)
    for one in (first, second, other):
        database.save_analysis(one)
    assert database.shown.uses_of_event("E1", LATE, 10) == [summary_of(second), summary_of(first)]
    assert database.shown.uses_of_event("E1", START + timedelta(days=1), 10) == [summary_of(first)]
    assert database.shown.uses_of_event("E1", LATE, 1) == [summary_of(second)]
    assert database.shown.uses_of_event("E9", LATE, 10) == []


def test_an_event_names_an_article_once_by_its_newest_analysis(database: Database, using: MakeAnalysis) -> None:
    old, new = using(1, "E1", day=1, article_id="a1"), using(2, "E1", day=2, article_id="a1")
    for one in (old, new):
        database.save_analysis(one)
    assert [one.id for one in database.shown.uses_of_event("E1", LATE, 10)] == [new.id]


def test_the_events_that_an_analysis_showed_are_no_labels_of_its_lists(database: Database, using: MakeAnalysis) -> None:
    database.save_analysis(using(1, "ACME", day=1))
    assert [one.label for one in database.browse.activity("ticker", until=LATE, since=START)] == ["ACME"]
    assert database.browse.activity("tag", until=LATE, since=START) == []


def test_an_article_knows_its_newest_analysis_at_a_time(database: Database, using: MakeAnalysis) -> None:
    old, new = using(1, day=1, article_id="a1"), using(2, day=5, article_id="a1")
    for one in (old, new):
        database.save_analysis(one)
    assert database.shown.newest_of_article("a1", LATE) == new.id
    assert database.shown.newest_of_article("a1", START + timedelta(days=2)) == old.id
    assert database.shown.newest_of_article("a1", START) is None
    assert database.shown.newest_of_article("a2", LATE) is None


def test_a_story_is_as_large_as_it_was_then(database: Database) -> None:
    for number in range(3):
        at = START + timedelta(days=number)
        article = Article(id=f"a{number}", title="Acme again", text="", published_at=at, first_seen_at=at)
        placed = Placement(
            article_id=article.id, story_id="s1", relation="update", why="more of it", novelty=0.5, first_seen_at=START,
            as_of=at, model="test",
        )  # fmt: skip
        with database.stories() as shelf:
            shelf.add(article, placed, (), tickers=(), event_type=None, embedder=None, vector=None)
    assert database.shown.story_sizes({"s1", "s2"}, LATE) == {"s1": 3}
    assert database.shown.story_sizes({"s1"}, START + timedelta(days=1)) == {"s1": 2}
    assert database.shown.story_sizes(set(), LATE) == {}


def test_a_theme_names_its_events_and_no_others(database: Database) -> None:
    def event(number: int, *tags: Tag) -> Event:
        at = START + timedelta(days=number)
        return Event(id=f"E{number}", summary="It rained.", event_type=EventType.MACRO_DATA, tags=tags, published_at=at)

    database.add_events([event(1, Tag.MACRO), event(2, Tag.MACRO, Tag.MERGERS), event(3, Tag.MERGERS), event(4)])
    assert [one.id for one in database.shown.events_of_tag(Tag.MACRO, LATE, 10)] == ["E2", "E1"]
    assert [one.id for one in database.shown.events_of_tag(Tag.MERGERS, START + timedelta(days=2), 10)] == ["E2"]
    assert [one.id for one in database.shown.events_of_tag(Tag.MERGERS, LATE, 1)] == ["E3"]


def test_what_was_kept_before_uses_were_noted_is_found_after_the_migration(
    database: Database, using: MakeAnalysis
) -> None:
    migration = importlib.import_module("records.database.migrations.versions.r0012_precedent_uses")
    made = using(1, "E1", "E2", day=1)
    database.save_analysis(made)
    with database._writing() as connection:
        connection.execute(text("DELETE FROM analysis_labels WHERE kind = 'event'"))
    assert database.shown.uses_of_event("E1", LATE, 10) == []
    with database._writing() as connection, Operations.context(MigrationContext.configure(connection)):
        migration.upgrade()
    assert database.shown.uses_of_event("E1", LATE, 10) == [summary_of(made)]
    assert database.shown.uses_of_event("E2", LATE, 10) == [summary_of(made)]
