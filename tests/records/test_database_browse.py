"""Lists, searches and counts of articles and analyses: as of a time, bounded, in a stable order, on both engines."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, text

from records.analysis import Analysis
from records.article import Article
from records.database import Database, alert_tables, texts, web_tables
from records.database.browse import Wanted, excerpt
from records.errors import NotFound, UsageError
from records.reading import Mention, Sentiment
from records.story import Placement
from records.summary import summary_of
from records.taxonomy import EventType, Tag

START = datetime(2020, 1, 1, tzinfo=UTC)
LATE = START + timedelta(days=1000)
MakeAnalysis = Callable[..., Analysis]
Make = Callable[..., Analysis]


@pytest.fixture
def make(make_analysis: MakeAnalysis) -> Make:
    """An analysis with a title, text, tags and companies of its own; `story`: it is the first article of that one."""

    def build(number: int, *, day: float = 0, score: float | None = 0.6, **changes: Any) -> Analysis:
        made = make_analysis(f"{number:016x}", article_id=f"a{number}", score=score, day=day)
        names = {"title": "title", "body": "text"}
        article = made.article.model_copy(update={names[key]: changes[key] for key in names if key in changes})
        mentions = tuple(Mention(name=ticker, ticker=ticker, role="subject") for ticker in changes.get("tickers", ()))
        reading = made.reading.model_copy(
            update={
                "tags": changes.get("tags", ()),
                "mentions": mentions,
                "event_type": changes.get("event_type", EventType.GUIDANCE),
            }
        )
        story = changes.get("story")
        placed = None if story is None else placement(article, story)
        return made.model_copy(update={"article": article, "reading": reading, "story": placed})

    return build


def placement(article: Article, story: str) -> Placement:
    return Placement(
        article_id=article.id,
        story_id=story,
        relation="first",
        why="nothing like it",
        novelty=1.0,
        first_seen_at=article.first_seen_at,
        as_of=article.first_seen_at,
        model="test",
    )


def ids(database: Database, **wanted: Any) -> list[str]:
    asked = Wanted(**{"until": LATE, **wanted})
    return [one.article_id for one in database.browse.analyses(asked).items]


def test_nothing_known_later_is_listed_counted_or_found(database: Database, make: Make) -> None:
    for day in range(4):
        database.save_analysis(make(day, day=day, title=f"Acme news {day}", tickers=("ACME",)))
    noon = START + timedelta(days=1, hours=12)
    assert ids(database, until=noon) == ["a1", "a0"]
    assert database.browse.count(Wanted(until=noon)) == 2
    assert [one.id for one in database.browse.articles("acme", until=noon)] == ["a0", "a1"]
    active = database.browse.activity("ticker", until=noon, since=START)
    assert [(one.label, one.begins.day, one.analyses) for one in active] == [("ACME", 2, 1), ("ACME", 1, 1)]


def test_an_analysis_made_again_replaces_the_one_before_but_not_before_it_was_known(
    database: Database, make: Make
) -> None:
    first = make(1, day=0, score=0.5)
    again = make(2, day=5, score=0.7).model_copy(update={"article": first.article})
    for one in (first, again):
        database.save_analysis(one)
    listed = database.browse.analyses(Wanted(until=LATE)).items
    assert [one.id for one in listed] == [again.id]
    earlier = database.browse.analyses(Wanted(until=START + timedelta(days=1))).items
    assert [one.id for one in earlier] == [first.id]


def test_counting_ends_where_it_is_told_to(database: Database, make: Make) -> None:
    for number in range(5):
        database.save_analysis(make(number, day=number))
    assert database.browse.count(Wanted(until=LATE)) == 5
    assert database.browse.count(Wanted(until=LATE), most=3) == 3


def test_each_part_of_what_is_wanted_narrows(database: Database, make: Make) -> None:
    database.save_analysis(make(1, day=1, tickers=("MSFT",), tags=(Tag.MERGERS,), score=0.9, story="s1"))
    database.save_analysis(make(2, day=2, tickers=("AAPL",), event_type=EventType.LITIGATION, score=0.4))
    database.save_analysis(make(3, day=3, score=None, title="Weather fine", body="The sun shone."))
    assert ids(database, tickers=("MSFT", "TSLA")) == ["a1"]
    assert ids(database, tags=(Tag.MERGERS.value,)) == ["a1"]
    assert ids(database, event_types=("litigation",)) == ["a2"]
    assert ids(database, min_score=0.5) == ["a1"]
    assert ids(database, story_id="s1") == ["a1"]
    assert ids(database, since=START + timedelta(days=2)) == ["a3", "a2"]
    assert ids(database, words="weather") == ["a3"]
    assert ids(database, words="nowhere to be seen anywhere") == []
    assert ids(database, tickers=("MSFT",), tags=(Tag.LABOR.value,)) == []


@pytest.mark.parametrize("order", ["newest", "score"])
def test_pages_hold_everything_once_also_where_scores_and_times_are_equal(
    database: Database, make: Make, order: Any
) -> None:
    scores = [0.5, 0.5, None, 0.9, 0.5, None, 0.1]
    for number, score in enumerate(scores):
        database.save_analysis(make(number, day=number // 3, score=score))
    seen, after = [], None
    while True:
        page = database.browse.analyses(Wanted(until=LATE), order=order, limit=2, after=after)
        seen += page.items
        after = page.next
        if after is None:
            break
    assert len(seen) == len({one.id for one in seen}) == 7
    if order == "score":
        assert [one.score for one in seen] == [0.9, 0.5, 0.5, 0.5, 0.1, None, None]
    else:
        assert [one.as_of for one in seen] == sorted((one.as_of for one in seen), reverse=True)


@pytest.mark.parametrize("order", ["newest", "score"])
def test_pages_of_one_theme_hold_everything_once(database: Database, make: Make, order: Any) -> None:
    for number in range(7):
        tags = (Tag.MERGERS,) if number % 7 != 3 else (Tag.LABOR,)
        database.save_analysis(make(number, day=number // 3, score=0.5, tags=tags, tickers=("MSFT",)))
    seen, after = [], None
    wanted = Wanted(until=LATE, tags=(Tag.MERGERS.value,), tickers=("MSFT",))
    while True:
        page = database.browse.analyses(wanted, order=order, limit=2, after=after)
        seen += [one.article_id for one in page.items]
        after = page.next
        if after is None:
            break
    assert sorted(seen) == ["a0", "a1", "a2", "a4", "a5", "a6"]
    assert database.browse.count(wanted) == 6


def test_analyses_are_found_by_their_sentiment_and_by_no_words_that_look_like_it(
    database: Database, make: Make
) -> None:
    good, bad = make(1), make(2, title='He wrote "sentiment":"positive" on the wall')
    sides = {1: Sentiment.of(0.1, 0.1, 0.8), 2: Sentiment.of(0.8, 0.1, 0.1)}
    for number, one in ((1, good), (2, bad)):
        reading = one.reading.model_copy(update={"sentiment": sides[number]})
        database.save_analysis(one.model_copy(update={"reading": reading}))
    database.save_analysis(make(3).model_copy(update={"reading": good.reading.model_copy(update={"sentiment": None})}))
    assert ids(database, sentiment="positive") == ["a1"]
    assert ids(database, sentiment="negative") == ["a2"]
    assert ids(database, sentiment="neutral") == []


def test_a_place_in_a_list_that_is_none_is_refused(database: Database) -> None:
    for order in ("newest", "score"):
        with pytest.raises(UsageError, match="the page before"):
            database.browse.analyses(Wanted(until=LATE), order=order, after="nonsense")  # type: ignore[arg-type]


def test_a_summary_says_what_the_analysis_says(database: Database, make: Make) -> None:
    made = make(1, tickers=("MSFT",), tags=(Tag.MERGERS,), story="s1")
    database.save_analysis(made)
    listed = database.browse.analyses(Wanted(until=LATE)).items[0]
    assert listed == summary_of(made)
    assert (listed.tickers, listed.tags, listed.story_id) == (made.tickers, ("Mergers & Acquisitions",), "s1")
    assert (listed.score, listed.title) == (made.impact.score, made.article.title)


def test_an_analysis_kept_before_there_were_summaries_is_listed_all_the_same(database: Database, make: Make) -> None:
    made = make(1, tickers=("MSFT",))
    database.save_analysis(made)
    with database._writing() as connection:
        connection.execute(text("UPDATE analyses SET summary = NULL"))
    assert database.browse.analyses(Wanted(until=LATE)).items == (summary_of(made),)


def test_the_headline_counts_more_than_the_text_and_stems_are_one_word(database: Database, make: Make) -> None:
    database.save_analysis(make(1, title="Banks fall", body="Boeing recalled nothing. " + "Lenders lost ground. " * 5))
    database.save_analysis(make(2, title="Boeing recalls its jets", body="Airlines wait. " * 5))
    assert [one.id for one in database.browse.articles("boeing recall", until=LATE)] == ["a2", "a1"]


def test_what_has_only_some_of_the_words_comes_after_what_has_all(database: Database, make: Make) -> None:
    database.save_analysis(make(1, title="Copper Copper Copper", body="Copper."))
    database.save_analysis(
        make(2, title="A mine", body="Copper and a strike in Chile, long after the rains came down.")
    )
    assert [one.id for one in database.browse.articles("copper strike in chile", until=LATE)] == ["a2", "a1"]


def test_where_more_have_the_words_than_are_compared_the_newest_are_and_it_is_said(
    database: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "RANKED", 3)
    for number in range(6):
        database.save_analysis(make(number, day=number, title="Shares rise", body="Shares " * (9 - number)))
    found = database.browse.search("shares", until=LATE)
    assert sorted(one.id for one in found.items) == ["a3", "a4", "a5"]
    assert found.compared == 3
    earlier = database.browse.search("shares", until=START + timedelta(days=2, hours=1))
    assert sorted(one.id for one in earlier.items) == ["a0", "a1", "a2"]
    assert earlier.compared is None


def test_a_frequent_word_beside_a_rare_one_hides_no_old_article(
    database: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "RANKED", 3)
    database.save_analysis(make(0, day=0, title="Lithium found", body="In the desert."))
    for number in range(1, 8):
        database.save_analysis(make(number, day=number, title="Shares rise"))
    found = database.browse.search("shares lithium chile", until=LATE, limit=3)
    assert found.items[0].id == "a0"
    assert len(found.items) == 3


def test_of_a_long_question_the_rarest_words_are_wanted_together(
    database: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "TOGETHER", 2)
    for number in range(5):
        database.save_analysis(make(number, day=number, title="Shares rise on market news", body="Copper. " * 30))
    database.save_analysis(make(7, day=0, title="Shares fall", body="A strike at a zinc mine. " + "Weather. " * 200))
    found = database.browse.search("shares market news copper zinc strike", until=LATE, limit=2)
    assert found.items[0].id == "a7"
    assert len(found.items) == 2


@pytest.mark.parametrize(
    "words", ["", "the of", '"', "a AND OR NOT", "title:x", "x*", "';--", "(((", "ü", "NEAR(a b)", "& | !"]
)
def test_no_question_in_words_breaks_the_search(database: Database, make: Make, words: str) -> None:
    database.save_analysis(make(1))
    assert isinstance(database.browse.articles(words, until=LATE), list)


def test_a_found_article_says_its_story_its_analysis_and_where_the_word_stands(database: Database, make: Make) -> None:
    made = make(1, body="Something else. " * 40 + "The refinery burned down." + " More words." * 40, story="s1")
    database.save_analysis(made)
    with database.stories() as shelf:
        shelf.add(
            made.article, placement(made.article, "s1"), (), tickers=(), event_type=None, embedder=None, vector=None
        )
    found = database.browse.articles("refinery", until=LATE)[0]
    assert "refinery burned" in found.excerpt
    assert found.excerpt.startswith("…")
    assert found.excerpt.endswith("…")
    assert (found.story_id, found.analysis) == ("s1", summary_of(made))


def test_a_story_shows_only_the_articles_known_then(database: Database, make: Make) -> None:
    for number in (1, 2):
        made = make(number, day=number)
        with database.stories() as shelf:
            shelf.add(
                made.article, placement(made.article, "s1"), (), tickers=(), event_type=None, embedder=None, vector=None
            )
    known = database.browse.members("s1", START + timedelta(days=1, hours=1))
    assert [one.article_id for one in known] == ["a1"]
    with pytest.raises(NotFound, match="s1"):
        database.browse.members("s1", START)


def test_activity_counts_by_label_and_stretch_and_an_empty_one_has_no_line(database: Database, make: Make) -> None:
    database.save_analysis(make(1, day=0.5, tags=(Tag.MERGERS, Tag.BANKING), score=0.4))
    database.save_analysis(make(2, day=0.6, tags=(Tag.MERGERS,), score=0.8))
    database.save_analysis(make(3, day=8, tags=(Tag.MERGERS,), score=None))
    until = START + timedelta(days=8, hours=1)
    lines = database.browse.activity("tag", until=until, since=START, days=7)
    assert [(one.label, one.analyses, one.scored, one.highest_score) for one in lines] == [
        ("Mergers & Acquisitions", 1, 0, None),
        ("Mergers & Acquisitions", 2, 2, 0.8),
        ("Banking & Lending", 1, 1, 0.4),
    ]
    assert lines[0].mean_score is None
    assert lines[1].mean_score == pytest.approx(0.6)
    only = database.browse.activity("tag", until=until, since=START, days=7, labels=("Banking & Lending",))
    assert [one.label for one in only] == ["Banking & Lending"]


def test_an_excerpt_is_whole_words_around_the_first_that_was_looked_for() -> None:
    assert excerpt("short", ["short"]) == "short"
    long = "one two three " * 50 + "needle " + "four five " * 50
    shown = excerpt(long, ["needle"])
    assert "needle" in shown
    assert len(shown) <= 245
    assert all(word.strip("…") in {"one", "two", "three", "four", "five", "needle"} for word in shown.split())
    assert excerpt("x" * 1000, ["y"]).startswith("x")


def test_the_labels_and_words_of_what_was_kept_before_come_with_the_migration(address: str, make: Make) -> None:
    from alembic import command
    from alembic.config import Config

    from records.database import schema
    from records.database.engine import connect, place_of

    made = make(1, tickers=("MSFT",), tags=(Tag.MERGERS,), story="s1", title="Microsoft buys a studio")
    with Database.open(address) as database:
        database.save_analysis(made)
        with database._writing() as connection:
            sqlite = connection.dialect.name == "sqlite"
            kept = [dict(row) for row in connection.execute(text("SELECT * FROM articles")).mappings()]
            analyses = [dict(row) for row in connection.execute(text("SELECT * FROM analyses")).mappings()]
    engine = connect(place_of(address))
    with engine.begin() as connection:
        later = [
            one.name for room in (web_tables, alert_tables) for one in vars(room).values() if isinstance(one, Table)
        ]
        for name in (
            *reversed(later),
            "brief_told",
            "briefs",
            "article_texts",
            "article_numbers",
            "analysis_labels",
            "analyses",
            "articles",
        ):
            connection.execute(text(f"DROP TABLE {name}" if sqlite else f"DROP TABLE {name} CASCADE"))
        connection.execute(
            text(
                "CREATE TABLE articles (id VARCHAR(64) PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL, url TEXT, "
                "source TEXT, published_at BIGINT, date_only BOOLEAN NOT NULL, first_seen_at BIGINT NOT NULL, "
                "language VARCHAR(16), notes TEXT NOT NULL)"
            )
        )
        connection.execute(
            text(
                "CREATE TABLE analyses (id VARCHAR(64) PRIMARY KEY, article_id VARCHAR(64), created_at BIGINT, as_of BIGINT, "
                "schema_version INTEGER, event_type VARCHAR(64), ticker VARCHAR(32), score FLOAT, evidence VARCHAR(32), "
                "payload TEXT)"
            )
        )
        names = ", ".join(f":{name}" for name in kept[0])
        connection.execute(text(f"INSERT INTO articles VALUES ({names})"), kept)
        older = [{name: row[name] for name in row if name not in ("summary", "story_id")} for row in analyses]
        names = ", ".join(older[0])
        values = ", ".join(f":{name}" for name in older[0])
        connection.execute(text(f"INSERT INTO analyses ({names}) VALUES ({values})"), older)
        connection.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": _before(schema)})
        config = Config()
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
    with Database.open(address) as database:
        assert ids(database, tickers=("MSFT",), tags=(Tag.MERGERS.value,), words="studio", story_id="s1") == ["a1"]
        assert json.loads(analyses[0]["payload"])["id"] == made.id


def _before(schema: Any) -> str:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    return str(ScriptDirectory.from_config(config).get_revision("rhyme0009").down_revision)
