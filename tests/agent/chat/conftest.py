"""A database with one article of May 2024, from which the chat answers."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from records.article import Article
from records.database import Database
from tools.sources import Sources

NOW = datetime(2024, 5, 10, 20, 30, tzinfo=UTC)
ARTICLE = "article:" + "a" * 16


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    article = Article(id="a" * 16, title="Apple recalls 5 million chargers", text="They overheat.", source="Wire",
                      published_at=NOW, first_seen_at=NOW)  # fmt: skip
    with Database.open(tmp_path / "rhyme.db") as opened:
        opened.intake.save_articles([article])
        yield opened


@pytest.fixture
def sources(database: Database) -> Callable[[datetime], Sources]:
    return lambda as_of: Sources(database, as_of)
