"""Articles as they come in, feeds and their entries, on both engines."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from records.analysis import Analysis
from records.article import Article
from records.database import Database
from records.errors import NotFound, UsageError
from records.feed import Feed
from records.story import Placement, Relation

START = datetime(2026, 11, 23, 15, tzinfo=UTC)


def article(number: int, **changes: object) -> Article:
    fields: dict[str, object] = {
        "id": f"{number:016x}", "title": f"Title {number}", "text": "Words.", "first_seen_at": START, "notes": ("a note",),
    }  # fmt: skip
    return Article.model_validate(fields | changes)


def feed(name: str = "wire", **changes: object) -> Feed:
    fields: dict[str, object] = {
        "name": name, "kind": "feed", "address": f"https://{name}.example.com/rss", "added_at": START, "due_at": START,
    }  # fmt: skip
    return Feed.model_validate(fields | changes)


def place(database: Database, one: Article, relation: Relation, *, story: str = "S1", minute: int = 0) -> None:
    dated = one.model_copy(update={"first_seen_at": START + timedelta(minutes=minute)})
    placement = Placement(
        article_id=one.id, story_id=story, relation=relation, why="", novelty=1, first_seen_at=START, as_of=START, model="1"
    )  # fmt: skip
    with database.stories() as shelf:
        shelf.add(dated, placement, [], tickers=(), event_type=None, embedder=None, vector=None)


def test_an_article_saved_twice_is_kept_once_as_it_was_first_seen(database: Database) -> None:
    later = article(1, first_seen_at=START + timedelta(hours=1))
    assert database.intake.save_articles([article(1), article(2)]) == {article(1).id, article(2).id}
    assert database.intake.save_articles([later, article(3), article(3)]) == {article(3).id}
    assert database.intake.articles_without_story([later.id]) == [article(1)]


def test_more_articles_than_one_statement_takes_are_all_saved(database: Database) -> None:
    many = [article(number) for number in range(1_201)]
    assert len(database.intake.save_articles(many)) == 1_201
    assert database.intake.save_articles(many) == set()
    assert database.intake.articles_without_story([one.id for one in many]) == many


def test_an_article_without_story_is_no_longer_one_when_it_was_placed(database: Database) -> None:
    database.intake.save_articles([article(1), article(2)])
    place(database, article(1), "first")
    asked = [article(2).id, article(1).id, article(2).id, "0" * 16]
    assert database.intake.articles_without_story(asked) == [article(2)]


def test_only_what_says_something_new_waits_for_its_analysis_newest_first(
    database: Database, make_analysis: Callable[..., Analysis]
) -> None:
    relations: list[Relation] = ["first", "reprint", "update", "recombination", "correction"]
    for number, relation in enumerate(relations):
        place(database, article(number), relation, minute=number)
    assert [one.id for one in database.intake.articles_to_analyse(10)] == [article(n).id for n in (4, 2, 0)]
    analysis = make_analysis("aa01")
    database.save_analysis(analysis.model_copy(update={"article": article(2)}))
    assert [one.id for one in database.intake.articles_to_analyse(1)] == [article(4).id]
    assert [one.id for one in database.intake.articles_to_analyse(10)] == [article(n).id for n in (4, 0)]


def test_a_feed_comes_back_as_it_was_kept(database: Database) -> None:
    kept = feed(etag='W/"1"', checked_at=START, failures=2, error="no answer", full_text=True)
    database.intake.add_feed(kept)
    database.intake.add_feed(feed("atom"))
    assert database.intake.feed("wire") == kept
    assert [one.name for one in database.intake.feeds()] == ["atom", "wire"]


@pytest.mark.parametrize("same", [{"address": "https://other.example.com/"}, {"name": "other"}])
def test_a_second_feed_of_one_name_or_address_is_refused(database: Database, same: dict[str, str]) -> None:
    database.intake.add_feed(feed())
    with pytest.raises(UsageError, match=r"already, of https://wire\.example\.com/rss.*--name"):
        database.intake.add_feed(feed().model_copy(update=same))
    assert database.intake.feeds() == [feed()]


def test_a_feed_removed_while_it_was_read_is_not_brought_back(database: Database) -> None:
    database.intake.add_feed(feed())
    assert database.intake.update_feed(feed(failures=1))
    assert database.intake.feed("wire").failures == 1
    assert database.intake.remove_feed("wire") == feed(failures=1)
    assert not database.intake.update_feed(feed(failures=2))
    assert database.intake.feeds() == []


def test_an_unknown_feed_is_answered_with_those_there_are(database: Database) -> None:
    with pytest.raises(NotFound, match="None was added yet"):
        database.intake.feed("wires")
    database.intake.add_feed(feed())
    with pytest.raises(NotFound, match="There are: wire"):
        database.intake.remove_feed("wires")


def test_entries_keep_their_newest_version_and_go_with_their_feed(database: Database) -> None:
    database.intake.add_feed(feed())
    address, other = feed().address, "/news"
    database.intake.note_entries(address, {f"e{number}": "1" for number in range(600)}, START)
    database.intake.note_entries(address, {"e1": "2", "e999": "1"}, START)
    database.intake.note_entries(other, {"e1": "1"}, START)
    found = database.intake.entries(address)
    assert (len(found), found["e1"], found["e2"]) == (601, "2", "1")
    database.intake.remove_feed("wire")
    assert database.intake.entries(address) == {}
    assert database.intake.entries(other) == {"e1": "1"}
