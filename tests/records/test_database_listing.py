"""Lists and counts against a plain search of everything: whatever was analysed again, in whatever order it was kept."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from records.analysis import Analysis
from records.database import Database
from records.database.browse import Wanted
from records.reading import Mention
from records.taxonomy import Tag

START = datetime(2020, 1, 1, tzinfo=UTC)
TICKERS, TAGS = ("AA", "BB", "CC"), (Tag.MERGERS, Tag.LABOR, Tag.BANKING)
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
        reading = one.reading.model_copy(update={"tags": tags, "mentions": mentions})
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


@pytest.mark.parametrize("order", ["newest", "score"])
@pytest.mark.parametrize(
    "narrowed",
    [
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
