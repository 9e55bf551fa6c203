"""What the tests of the Ask, Brief, Track record, Evals, Jobs and Settings pages share."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from starlette.testclient import TestClient

from records.article import Article
from records.database import Database
from terminal.home import Home
from terminal.web.app import create_app
from tests.terminal.web_kit import site_of

AT = datetime(2024, 5, 10, 20, 30, tzinfo=UTC)
ARTICLE = "article:" + "a" * 16
HOSTILE = "<img src=x onerror=alert(1)>"


@contextmanager
def database_of(home: Path) -> Iterator[Database]:
    """The database of a home, made if it is not there."""
    place = Home(home)
    place.prepare()
    with Database.open(place.database) as database:
        yield database


def keep_articles(home: Path, count: int = 1) -> list[str]:
    """The article that the chat answers from, and others; their ids."""
    titles = ["Apple recalls 5 million chargers", *(f"Story {number} {HOSTILE}" for number in range(1, count))]
    articles = [
        Article(id=f"{number + 10:x}" * 16, title=title, text=f"They overheat. {HOSTILE}", source="Wire",
                published_at=AT, first_seen_at=AT)
        for number, title in enumerate(titles)
    ]  # fmt: skip
    with database_of(home) as database:
        database.intake.save_articles(articles)
    return [one.id for one in articles]


@contextmanager
def opened(home: Path, **settings: object) -> Iterator[TestClient]:
    """The pages over a home, for whoever uses this machine."""
    with site_of(home, **settings) as site:
        app = create_app(site)
        with TestClient(app, base_url="http://127.0.0.1", headers={"Origin": "http://127.0.0.1"}) as client:
            yield client


def field(page: str) -> str:
    """The value of the hidden field of a page's forms."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found is not None, "the page has no form of ours"
    return found[1]


def words(page: str) -> str:
    """What a page says, without its tags, on one line."""
    main = page[page.index("<main") : page.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())
