"""Analyses are kept whole, found by id or prefix, and counted once an article."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from records.analysis import Analysis
from records.database import Database
from records.errors import NotFound, StoreCorrupt, StoreMismatch, UsageError
from records.story import Placement

START = datetime(2020, 1, 1, tzinfo=UTC)
MakeAnalysis = Callable[..., Analysis]


def test_an_analysis_comes_back_equal_after_reopening(address: str, make_analysis: MakeAnalysis) -> None:
    analysis = make_analysis("00ff00ff00ff00ff")
    with Database.open(address) as database:
        assert database.save_analysis(analysis)
    with Database.open(address) as database:
        assert database.load_analysis(analysis.id) == analysis


def test_saving_twice_keeps_one_and_the_first(database: Database, make_analysis: MakeAnalysis) -> None:
    first, second = make_analysis("aa01", score=0.5), make_analysis("aa01", score=0.7)
    assert database.save_analysis(first)
    assert not database.save_analysis(second)
    assert database.load_analysis("aa01") == first
    assert len(database.recent_analyses(10)) == 1


def test_a_unique_prefix_finds_and_an_ambiguous_one_lists_what_fits(
    database: Database, make_analysis: MakeAnalysis
) -> None:
    for name in ("aa01", "aa02", "bb01"):
        database.save_analysis(make_analysis(name))
    assert database.load_analysis("bb").id == "bb01"
    assert database.load_analysis(" AA02 ").id == "aa02"
    with pytest.raises(UsageError, match=r"aa01, aa02"):
        database.load_analysis("aa")


def test_a_whole_id_wins_over_longer_ids_that_begin_with_it(database: Database, make_analysis: MakeAnalysis) -> None:
    for name in ("aa", "aab"):
        database.save_analysis(make_analysis(name))
    assert database.load_analysis("aa").id == "aa"


@pytest.mark.parametrize("wanted", ["cc", "", "%", "a_", "'; --", "a" * 500])
def test_an_unknown_id_says_which_are_recent(database: Database, make_analysis: MakeAnalysis, wanted: str) -> None:
    database.save_analysis(make_analysis("aa01"))
    with pytest.raises(NotFound, match=r"most recent are: aa01 \(Acme cuts its forecast"):
        database.load_analysis(wanted)


def test_an_unknown_id_in_an_empty_database_says_how_to_make_one(database: Database) -> None:
    with pytest.raises(NotFound, match="rhyme analyze"):
        database.load_analysis("aa")


def test_recent_analyses_are_newest_first_with_their_title_and_score(
    database: Database, make_analysis: MakeAnalysis
) -> None:
    for day, name in enumerate(("aa", "bb", "cc")):
        database.save_analysis(make_analysis(name, article_id=f"article-{name}", day=day, score=None if day else 0.6))
    lines = database.recent_analyses(2)
    assert [line.id for line in lines] == ["cc", "bb"]
    assert lines[0].title == "Acme cuts its forecast (article-cc)"
    assert lines[0].score is None
    assert lines[0].evidence == "not_scoreable"
    assert lines[0].created_at == START + timedelta(days=2, hours=1)


def test_scores_count_the_latest_of_each_article_within_the_window_and_leave_unscored_out(
    database: Database, make_analysis: MakeAnalysis
) -> None:
    database.save_analysis(make_analysis("old", article_id="w", score=0.9, day=-1))
    database.save_analysis(make_analysis("first", article_id="x", score=0.8, day=1))
    database.save_analysis(make_analysis("rerun", article_id="x", score=0.6, day=2))
    database.save_analysis(make_analysis("none", article_id="y", score=None, day=2))
    database.save_analysis(make_analysis("later", article_id="z", score=0.4, day=5))
    assert database.scores_since(START) == [0.4, 0.6]
    assert database.scores_since(START, until=START + timedelta(days=1)) == [0.8]
    assert database.scores_since(START, until=START + timedelta(days=4)) == [0.6]


def test_a_naive_moment_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="naive"):
        database.scores_since(datetime(2020, 1, 1))


def test_an_analysis_of_a_newer_schema_asks_for_an_update(database: Database, make_analysis: MakeAnalysis) -> None:
    database.save_analysis(make_analysis("aa01"))
    with database._engine.begin() as connection:
        connection.execute(text("UPDATE analyses SET schema_version = 999"))
    with pytest.raises(StoreMismatch, match=r"schema 999.*update Rhyme"):
        database.load_analysis("aa01")


def test_an_analysis_changed_from_outside_is_reported_as_damaged(
    database: Database, make_analysis: MakeAnalysis
) -> None:
    database.save_analysis(make_analysis("aa01"))
    with database._engine.begin() as connection:
        connection.execute(text("UPDATE analyses SET payload = '{\"id\": 3}'"))
    with pytest.raises(StoreCorrupt, match="aa01 cannot be read"):
        database.load_analysis("aa01")


def test_an_analysis_of_before_changes_were_told_is_still_read(database: Database, make_analysis: MakeAnalysis) -> None:
    former = make_analysis("aa01")
    database.save_analysis(former)
    kept = json.loads(former.model_dump_json(exclude={"former_id", "former_as_of", "changes"})) | {"schema_version": 2}
    with database._writing() as connection:
        connection.execute(text("UPDATE analyses SET schema_version = 2, payload = :kept"), {"kept": json.dumps(kept)})
    assert database.load_analysis("aa01") == former.model_copy(update={"schema_version": 2})


def test_the_analyses_of_a_story_are_found_with_the_times_of_their_articles(
    database: Database, make_analysis: MakeAnalysis
) -> None:
    analysis = make_analysis("aa01")
    placement = Placement(
        article_id=analysis.article.id, story_id="S1", relation="first", why="", novelty=1.0, as_of=START,
        first_seen_at=START, model="m",
    )  # fmt: skip
    with database.stories() as shelf:
        shelf.add(analysis.article, placement, (), tickers=(), event_type=None, embedder=None, vector=None)
    assert database.analyses_of_story("S1") == []
    database.save_analysis(analysis)
    [found] = database.analyses_of_story("S1")
    assert (found.id, found.article_id, found.known_at) == ("aa01", analysis.article.id, analysis.article.known_at)
    assert (found.as_of, found.created_at) == (analysis.provenance.as_of, analysis.created_at)
    assert database.analyses_of_story("S2") == []
