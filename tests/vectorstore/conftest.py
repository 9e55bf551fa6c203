"""A memory over a small real embedder, and events."""

import os
import runpy
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from records.database import Database
from records.embedder import Embedder
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType
from vectorstore.chroma_place import ChromaPlace, CloudPlace, ServerPlace
from vectorstore.chroma_server import ChromaServer
from vectorstore.memory import EventMemory

START = datetime(2020, 1, 1, tzinfo=UTC)
HASHING = Path(__file__).with_name("hashing.py")


@pytest.fixture(scope="session")
def make_embedder() -> Callable[..., Embedder]:
    """The class of the hashing embedder: make_embedder(name, dimensions)."""
    found: Callable[..., Embedder] = runpy.run_path(str(HASHING))["HashingEmbedder"]
    return found


@pytest.fixture
def embedder(make_embedder: Callable[..., Embedder]) -> Embedder:
    return make_embedder()


@pytest.fixture
def database(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Database]:
    """An empty database with the newest schema."""
    shutil.copyfile(migrated_sqlite, tmp_path / "rhyme.sqlite3")
    with Database.open(tmp_path / "rhyme.sqlite3") as opened:
        yield opened


@pytest.fixture
def memory(tmp_path: Path, database: Database, embedder: Embedder) -> Iterator[EventMemory]:
    with EventMemory.open(tmp_path / "memory", database, embedder) as opened:
        yield opened


@pytest.fixture(scope="session")
def make_event() -> Callable[..., Event]:
    """Builds an event; `day` is its publication in days after 2020-01-01; its reaction is known `lag` days later."""

    def make(
        event_id: str, summary: str, *, day: float = 0, lag: float | None = 1, instrument: str = "ACME", **changes: Any
    ) -> Event:
        published = START + timedelta(days=day)
        reaction = None
        if lag is not None:
            reaction = Reaction(
                ticker=instrument,
                window="one_session",
                session_on=published.date(),
                abnormal_return=0.01,
                sigma=0.02,
                z=0.5,
                known_at=published + timedelta(days=lag),
            )
        fields = {"event_type": EventType.GUIDANCE, "tickers": (instrument,), "reaction": reaction, **changes}
        return Event(id=event_id, summary=summary, published_at=published, **fields)

    return make


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    """A Chroma server on a free port of this machine, for all tests that do not end it."""
    with ChromaServer.start(tmp_path_factory.mktemp("chroma")) as server:
        yield server


@pytest.fixture(scope="session")
def hosted_place() -> ChromaPlace:
    """Chroma's hosted service when RHYME_TEST_CHROMA_CLOUD_KEY (with _TENANT and _DATABASE if the key does not say them) is
    set, another server when RHYME_TEST_CHROMA_URL (with _TOKEN) is; else the test is skipped."""
    told = {
        name: os.environ.get(f"RHYME_TEST_CHROMA_{name}")
        for name in ("CLOUD_KEY", "CLOUD_TENANT", "CLOUD_DATABASE", "URL", "TOKEN")
    }
    if told["CLOUD_KEY"]:
        return CloudPlace(told["CLOUD_KEY"], told["CLOUD_TENANT"], told["CLOUD_DATABASE"])
    if told["URL"]:
        return ServerPlace(told["URL"], told["TOKEN"])
    pytest.skip("no hosted Chroma: neither RHYME_TEST_CHROMA_CLOUD_KEY nor RHYME_TEST_CHROMA_URL is set")
