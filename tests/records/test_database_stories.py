"""Stories as rows on both engines: keys found as of a time with a limit of their own, members in order, what is learnt later."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from records.article import Article
from records.database import Database
from records.database.stories import KeyRange
from records.errors import NotFound
from records.story import Placement
from records.taxonomy import EventType

START = datetime(2024, 5, 6, 12, tzinfo=UTC)
BIG, SMALL = 2**63 - 1, -(2**63)
"""The ends of what a key can be."""


def keep(database: Database, number: int, keys: list[int], *, story: str = "S1", seen: float | None = None) -> Article:
    """Adds an article published `number` minutes after START, first seen then or at minute `seen`."""
    at = START + timedelta(minutes=number)
    first_seen = at if seen is None else START + timedelta(minutes=seen)
    article = Article(
        id=f"a{number}", title=f"Title {number}", text="", source="wire", published_at=at, first_seen_at=first_seen
    )
    placement = Placement(
        article_id=article.id,
        story_id=story,
        relation="first",
        why="",
        novelty=1,
        first_seen_at=at,
        as_of=at,
        model="1",
    )
    with database.stories() as shelf:
        shelf.add(article, placement, keys, tickers=(), event_type=None, embedder=None, vector=None)
    return article


def find(database: Database, *ranges: KeyRange, as_of: float = 1_000) -> list[list[str]]:
    with database.stories() as shelf:
        found = shelf.find(ranges, START + timedelta(minutes=as_of))
        rows = shelf.rows({number for numbers in found for number in numbers})
    return [[rows[number].article.id for number in numbers] for numbers in found]


def span(key: int, since: float = 0, until: float = 1_000, limit: int = 10) -> KeyRange:
    return KeyRange(key, START + timedelta(minutes=since), START + timedelta(minutes=until), limit)


def test_each_key_gives_its_newest_members_up_to_its_own_limit(database: Database) -> None:
    for number in range(5):
        keep(database, number, [BIG])
    keep(database, 7, [SMALL, BIG])
    assert find(database, span(BIG, limit=2), span(SMALL), span(0)) == [["a7", "a4"], ["a7"], []]
    assert find(database, span(BIG, since=1, until=3)) == [["a3", "a2", "a1"]]


def test_what_was_seen_later_neither_shows_nor_takes_a_place(database: Database) -> None:
    keep(database, 1, [5])
    keep(database, 2, [5], seen=500)
    keep(database, 3, [5], seen=600)
    assert find(database, span(5, limit=1), as_of=100) == [["a1"]]
    assert find(database, span(5, limit=1), as_of=700) == [["a3"]]


def test_more_keys_than_one_statement_takes_are_all_looked_up(database: Database) -> None:
    keep(database, 1, list(range(300)))
    assert find(database, *(span(key) for key in range(310))) == [["a1"]] * 300 + [[]] * 10


def test_the_newest_members_include_the_first_and_the_head_tells_who_and_when(database: Database) -> None:
    for number in range(6):
        keep(database, number, [])
    with database.stories() as shelf:
        numbers = shelf.newest("S1", START + timedelta(minutes=4), 3)
        rows = shelf.rows(numbers)
        assert [rows[number].article.id for number in numbers] == ["a4", "a3", "a0"]
        head = shelf.head("S1", START + timedelta(minutes=4))
        assert shelf.head("S1", START - timedelta(minutes=1)) is None
    assert head is not None
    assert (head.first_seen_at, head.first_published_at, head.sources) == (START, START, ("wire",))


def test_what_is_learnt_later_is_added_once_and_the_placement_stays(database: Database) -> None:
    article = keep(database, 1, [5])
    vector = np.array([0.6, 0.8], dtype=np.float32)
    with database.stories() as shelf:
        [before] = shelf.stamps(shelf.newest("S1", START + timedelta(days=1), 9)).values()
    for _ in range(2):
        with database.stories() as shelf:
            kept = shelf.placement(article.id)
            extras = {"tickers": ["ACME"], "event_type": EventType.GUIDANCE, "embedder": "e:1", "vector": vector}
            shelf.learn(article, [5, 9], **extras)  # type: ignore[arg-type]
            assert shelf.placement(article.id) == kept
    assert find(database, span(9), span(5)) == [["a1"], ["a1"]]
    with database.stories() as shelf:
        [row] = shelf.rows(shelf.newest("S1", START + timedelta(days=1), 9)).values()
        assert shelf.stamps([row.number]) == {row.number: row.stamp}
        assert row.stamp != before
    assert (row.tickers, row.event_type, row.embedder) == (("ACME",), EventType.GUIDANCE, "e:1")
    assert row.vector is not None
    assert np.allclose(row.vector, vector, atol=1e-3)


def test_a_transaction_that_fails_keeps_nothing(database: Database) -> None:
    def add_and_fail() -> None:
        article = Article(id="a1", title="Title", text="", first_seen_at=START)
        placement = Placement(
            article_id="a1",
            story_id="S1",
            relation="first",
            why="",
            novelty=1,
            first_seen_at=START,
            as_of=START,
            model="1",
        )
        with database.stories() as shelf:
            shelf.add(article, placement, [5], tickers=(), event_type=None, embedder=None, vector=None)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        add_and_fail()
    with database.stories() as shelf:
        assert shelf.placement("a1") is None


def test_an_unknown_story_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound, match="no story 'S9'"):
        database.story("S9")
