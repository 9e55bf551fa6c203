"""What threads keep of stored members from one article to the next changes no placement, whoever writes meanwhile."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evals.flow.news import write_news
from evals.threads.pairs import article_of
from records.article import Article
from records.database import Database
from records.database.stories import StoryShelf
from vectorstore.threads import StoryThreads

ACME = "Acme cuts profit forecast, finance chief to leave"
BODY = "Acme Corp on Monday cut its profit forecast for the year by 20 percent, citing weak demand for its pumps in Europe."
BETA = "Beta Plc agreed to buy drugmaker Gamma for $3 billion in cash, the companies said, the largest takeover of its sector."


def at(minute: int, title: str, text: str) -> Article:
    return article_of(title, text, datetime(2025, 7, 21, 14, minute, tzinfo=UTC), source="wire")


@pytest.fixture
def news(tmp_path: Path) -> list[Article]:
    """Ninety articles, two in three of which reprint another."""
    path = tmp_path / "news.jsonl"
    write_news(path, articles=90, duplicates=0.67, data=None, seed=5)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [article_of(row["title"], row["text"], datetime.fromisoformat(row["published_at"])) for row in rows]


def test_articles_taken_in_by_one_process_are_placed_as_by_a_new_one_for_each(
    database: Database, tmp_path: Path, news: list[Article]
) -> None:
    tickers = {one.id: ["ACME", "BETA"][place % 2 :] for place, one in enumerate(news) if place % 3 == 0}
    threads = StoryThreads(database)
    together = [
        placed
        for start in range(0, len(news), 40)
        for placed in threads.place_all(news[start : start + 40], tickers=tickers)
    ]
    with Database.open(tmp_path / "other.sqlite3") as other:
        alone = [StoryThreads(other).place(one, tickers=tickers.get(one.id, ())) for one in news]
    assert together == alone
    assert {one.relation for one in alone} >= {"first", "reprint"}


def test_what_another_process_learns_of_a_member_counts_from_then_on(database: Database) -> None:
    threads, first = StoryThreads(database), at(0, ACME, BODY)
    threads.place(first)
    threads.place(at(1, f"{ACME}, shares fall", BODY))
    StoryThreads(database).place(first, tickers=["ACME"])
    third = threads.place(at(2, f"{ACME}: union", "The union of pump makers called a strike."), tickers=["ACME"])
    (why,) = [one.why for one in third.closest if one.article_id == first.id]
    assert "both concern ACME" in why


def test_a_number_that_a_failed_transaction_gave_stands_for_the_article_that_has_it_now(
    database: Database, tmp_path: Path
) -> None:
    def fail(_: StoryShelf) -> None:
        raise RuntimeError("power cut")

    threads = StoryThreads(database)
    with pytest.raises(RuntimeError, match="power cut"):
        threads.place_all([at(0, ACME, BODY), at(1, f"{ACME}, shares fall", BODY)], then=fail)
    kept = [at(2, "Beta to buy Gamma", BETA), at(3, "Beta to buy Gamma, shares rise", BETA)]
    with Database.open(tmp_path / "other.sqlite3") as other:
        assert threads.place_all(kept) == StoryThreads(other).place_all(kept)
