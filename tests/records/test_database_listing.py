"""Lists and counts against a plain search of everything: whatever was analysed again, in whatever order it was kept."""

import importlib
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

from records.analysis import Analysis
from records.database import Database, listing
from records.database.browse import Wanted
from records.reading import Mention, Sentiment
from records.taxonomy import EventType, Tag

START = datetime(2020, 1, 1, tzinfo=UTC)
TICKERS, TAGS = ("AA", "BB", "CC"), (Tag.MERGERS, Tag.LABOR, Tag.BANKING)
TYPES = (EventType.GUIDANCE, EventType.LITIGATION, EventType.CYBER_INCIDENT)
SENTIMENTS = (None, Sentiment.of(0.7, 0.2, 0.1), Sentiment.of(0.1, 0.2, 0.7))
SCORES = (None, 0.2, 0.4, 0.4, 0.9)
LIMIT = 3
Make = Callable[..., Analysis]


@pytest.fixture
def history(database: Database, make_analysis: Make) -> list[Analysis]:
    """Sixty analyses of twenty-five articles, kept in no order of time; some moments and scores are the same."""
    draw = random.Random(5)
    made = []
    for number in range(60):
        one = make_analysis(f"{number:016x}", article_id=f"a{draw.randrange(25)}", score=draw.choice(SCORES),
                            day=draw.randrange(12))  # fmt: skip
        named = draw.sample(TICKERS, draw.randrange(3))
        tags = tuple(draw.sample(TAGS, draw.randrange(3)))
        mentions = tuple(Mention(name=each, ticker=each, role="subject") for each in named)
        event_type, sentiment = draw.choice(TYPES), draw.choice(SENTIMENTS)
        reading = one.reading.model_copy(
            update={"tags": tags, "mentions": mentions, "event_type": event_type, "sentiment": sentiment}
        )
        impact = one.impact.model_copy(update={"ticker": named[0] if named and one.impact.score is not None else None})
        if impact.ticker is None:
            impact = make_analysis("x", score=None).impact
        made.append(one.model_copy(update={"reading": reading, "impact": impact}))
    draw.shuffle(made)
    half = len(made) // 2
    for each in made[:half]:
        database.save_analysis(each)
    assert database.save_analyses([(each, None) for each in made]) == len(made) - half
    return made


def expected(history: Sequence[Analysis], wanted: Wanted, order: str) -> list[str]:
    by_article = defaultdict(list)
    for one in history:
        if one.provenance.as_of <= wanted.until:
            by_article[one.article.id].append(one)
    newest = [max(some, key=lambda one: (one.created_at, one.id)) for some in by_article.values()]
    fit = [
        one
        for one in newest
        if (wanted.since is None or one.provenance.as_of >= wanted.since)
        and (not wanted.tickers or {*wanted.tickers} & {*one.tickers})
        and (not wanted.tags or {*wanted.tags} & {tag.value for tag in one.reading.tags})
        and (not wanted.event_types or one.reading.event_type.value in wanted.event_types)
        and wanted.sentiment in (None, one.reading.sentiment.label if one.reading.sentiment else "unknown")
        and (wanted.min_score is None or (one.impact.score is not None and one.impact.score >= wanted.min_score))
    ]
    if order == "newest":
        fit.sort(key=lambda one: (one.provenance.as_of, one.id), reverse=True)
    else:
        fit.sort(key=lambda one: (one.impact.score is not None, one.impact.score or 0.0, one.id), reverse=True)
    return [one.id for one in fit]


def listed(database: Database, wanted: Wanted, order: str) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        page = database.browse.analyses(wanted, order=order, limit=LIMIT, after=after)  # type: ignore[arg-type]
        found += [one.id for one in page.items]
        after = page.next
        if after is None:
            return found


NARROWED: list[dict[str, object]] = [
    {"sentiment": "negative"},
    {"sentiment": "neutral"},
    {"sentiment": "positive", "min_score": 0.4},
    {"event_types": ("litigation",)},
    {"event_types": ("litigation", "guidance"), "sentiment": "negative", "since": START + timedelta(days=2)},
    {
        "tickers": ("AA", "BB"),
        "tags": (Tag.MERGERS.value, Tag.LABOR.value),
        "event_types": ("guidance",),
        "sentiment": "positive",
    },
]
"""By what became labels later than companies and themes."""


@pytest.mark.parametrize("order", ["newest", "score"])
@pytest.mark.parametrize(
    "narrowed",
    [
        *NARROWED,
        {},
        {"tickers": ("AA",)},
        {"tickers": ("AA", "BB", "CC")},
        {"tags": (Tag.MERGERS.value,)},
        {"tags": (Tag.MERGERS.value, Tag.LABOR.value)},
        {"tickers": ("AA", "CC"), "tags": (Tag.BANKING.value, Tag.LABOR.value)},
        {"tickers": ("BB",), "min_score": 0.4, "since": START + timedelta(days=3)},
    ],
)
def test_a_list_holds_of_each_article_the_newest_analysis_known_then_once_and_in_order(
    database: Database, history: list[Analysis], order: str, narrowed: dict[str, object]
) -> None:
    for day in (0, 4, 8, 12):
        wanted = Wanted.model_validate({"until": START + timedelta(days=day), **narrowed})
        right = expected(history, wanted, order)
        assert listed(database, wanted, order) == right
        assert database.browse.count(wanted) == len(right)


OLDER = (
    "DELETE FROM analysis_labels WHERE kind IN ('type', 'polarity')",
    "UPDATE analyses SET summary = NULL WHERE id < '000000000000001e'",
    "DROP INDEX ix_analyses_as_of_id_score",
    "DROP INDEX ix_analysis_labels_in_order",
    "DROP INDEX ix_analysis_labels_by_score",
    "CREATE INDEX ix_analyses_as_of ON analyses (as_of)",
    "CREATE INDEX ix_analysis_labels_kind_label_as_of ON analysis_labels (kind, label, as_of)",
    "CREATE INDEX ix_analysis_labels_kind_label_score_analysis_id ON analysis_labels (kind, label, score, analysis_id)",
)
"""Back to what was kept before event types and sentiments were labels; some of it was kept before there were summaries."""


def test_event_types_and_sentiments_that_were_kept_before_they_were_labels_are_found_after_the_migration(
    database: Database, history: list[Analysis]
) -> None:
    migration = importlib.import_module("records.database.migrations.versions.r0015_more_labels")
    with database._writing() as connection:
        for statement in OLDER:
            connection.execute(text(statement))
        with Operations.context(MigrationContext.configure(connection)):
            migration.upgrade()
    for day in (4, 12):
        for narrowed in NARROWED:
            wanted = Wanted.model_validate({"until": START + timedelta(days=day), **narrowed})
            assert listed(database, wanted, "newest") == expected(history, wanted, "newest")
            assert listed(database, wanted, "score") == expected(history, wanted, "score")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("order", ["newest", "score"])
@pytest.mark.parametrize(
    "narrowed",
    [
        {"sentiment": "negative"},
        {"sentiment": "negative", "min_score": 0.8},
        {"event_types": ("litigation",)},
        {"event_types": ("litigation",), "sentiment": "negative", "tags": (Tag.MERGERS.value,)},
        {"tickers": ("AA",), "min_score": 0.8},
    ],
)
def test_a_list_by_labels_is_read_from_the_index_in_its_order_and_reads_no_analysis(
    database: Database, order: str, narrowed: dict[str, object]
) -> None:
    plan = _plan(database, Wanted.model_validate({"until": START + timedelta(days=12), **narrowed}), order)
    read = [step for step in plan if not step.startswith("CORRELATED")]
    assert read
    assert all("USING COVERING INDEX" in step for step in read), plan


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_list_from_a_score_on_passes_by_lower_ones_within_an_index(database: Database) -> None:
    wanted = Wanted(until=START + timedelta(days=12), min_score=0.8)
    assert "ix_analyses_as_of_id_score" in _plan(database, wanted, "newest")[0]
    assert "ix_analyses_score_id (score>" in _plan(database, wanted, "score")[0]
    assert not any("TEMP B-TREE" in step for step in _plan(database, wanted, "newest"))


def _plan(database: Database, wanted: Wanted, order: str) -> list[str]:
    """What SQLite does for the list, a step a line."""
    with database._reading() as connection:
        query = listing._queries(connection, wanted)[0].ordered(order, None).limit(LIMIT)  # type: ignore[arg-type]
        told = query.compile(connection, compile_kwargs={"literal_binds": True})
        return [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {told}")]


@pytest.mark.parametrize("days", [1, 3])
def test_activity_counts_what_the_lists_hold(database: Database, history: list[Analysis], days: int) -> None:
    until = START + timedelta(days=9)
    lines = database.browse.activity("ticker", until=until, since=START, days=days)
    for ticker in TICKERS:
        right = expected(history, Wanted(until=until, tickers=(ticker,)), "newest")
        assert sum(one.analyses for one in lines if one.label == ticker) == len(right)
    keys = [(-one.begins.timestamp(), -one.analyses, one.label) for one in lines]
    assert keys == sorted(keys)
    few = database.browse.activity("ticker", until=until, since=START, days=days, limit=4)
    assert few == lines[:4]
