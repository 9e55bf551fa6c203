"""Databases for these tests (SQLite in tmp_path, a real PostgreSQL server where it can be started) and records."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from records.analysis import Analysis, Claim, Provenance
from records.article import Article
from records.database import Database
from records.database.tables import metadata
from records.event import Event
from records.forecast import Forecast, Grade
from records.impact import Impact
from records.market import Reaction
from records.reading import Fact, Reading, Sentiment, Span
from records.taxonomy import EventType, Scope

START = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database may be opened, of each kind in turn."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return str(tmp_path / "rhyme.sqlite3")


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: Any) -> Iterator[Database]:
    """One database of the newest schema for all tests that empty it first."""
    with Database.open(postgres_server.get_uri()) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind in turn, with the newest schema."""
    if request.param == "postgresql":
        shared: Database = request.getfixturevalue("migrated_postgres")
        names = ", ".join(table.name for table in metadata.sorted_tables)
        with shared._engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # past the ledger's guards
            connection.execute(text(f"TRUNCATE {names}, article_texts RESTART IDENTITY CASCADE"))
        yield shared
        return
    path = tmp_path / "rhyme.sqlite3"
    shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
    with Database.open(path) as opened:
        yield opened


@pytest.fixture
def make_event() -> Callable[..., Event]:
    """Builds an event; `day` is its publication in days after 2020-01-01, its reaction is known two days later."""

    def make(event_id: str, summary: str = "A company reported something.", *, day: float = 0, **changes: Any) -> Event:
        published = START + timedelta(days=day)
        reaction = Reaction(
            ticker="ACME",
            window="one_session",
            session_on=published.date(),
            abnormal_return=0.0123456789,
            beta=1.1,
            sigma=0.02,
            z=0.617283945,
            known_at=published + timedelta(days=2),
        )
        fields = {"event_type": EventType.GUIDANCE, "tickers": ("ACME",), "reaction": reaction, **changes}
        return Event(id=event_id, summary=summary, published_at=published, **fields)

    return make


@pytest.fixture
def make_forecast() -> Callable[..., Forecast]:
    """Builds a forecast recorded an hour after the news, `day` days after 2020-01-01; its outcome is known two days later."""

    def make(analysis_id: str = "aa01", *, day: float = 0, **changes: Any) -> Forecast:
        moment = START + timedelta(days=day)
        fields: dict[str, Any] = {
            "analysis_id": analysis_id,
            "article_id": f"article-{analysis_id}",
            "ticker": "ACME",
            "published_at": moment,
            "date_only": False,
            "as_of": moment,
            "session_on": moment.date(),
            "window": "one_session",
            "outcome_known_at": moment + timedelta(days=2),
            "event_type": "guidance",
            "score": 0.6123456789012345,
            "low": 0.2,
            "high": 0.9,
            "p_material": 0.1,
            "multiplier": 1.2,
            "evidence": "grounded",
            "n_eff": 4.0,
            "model_version": "test – ö",
            "recorded_at": moment + timedelta(hours=1, microseconds=1),
            "forward": True,
        }
        return Forecast(**fields | changes)

    return make


@pytest.fixture
def make_grade() -> Callable[..., Grade]:
    """Builds the grade of the forecast with that digest."""

    def make(digest: str, *, z: float = 1.5) -> Grade:
        return Grade(
            forecast=digest,
            session_on=START.date(),
            abnormal_return=0.02 * z,
            beta=1.1,
            sigma=0.02,
            z=z,
            y=0.8,
            reference_version="reference_v1",
            price_source="prices",
            graded_at=START + timedelta(days=3),
        )

    return make


@pytest.fixture
def make_analysis() -> Callable[..., Analysis]:
    """Builds an analysis of an article; `day` is its as_of in days after 2020-01-01."""

    def make(analysis_id: str, *, article_id: str = "a1", score: float | None = 0.6, day: float = 0) -> Analysis:
        moment = START + timedelta(days=day)
        article = Article(
            id=article_id,
            title=f"Acme cuts its forecast ({article_id})",
            text="Acme said so.\n\nShares — née stock — fell 3 %.",
            published_at=moment,
            first_seen_at=moment + timedelta(microseconds=1),
            notes=("removed 1 hidden element",),
        )
        fact = Fact(id="A1", text="Acme said so.", quote="Acme said so.", span=Span(start=0, end=13))
        reading = Reading(
            summary="Acme cut its forecast.",
            event_type=EventType.GUIDANCE,
            tags=(),
            mentions=(),
            sentiment=Sentiment.of(0.7, 0.2, 0.1),
            surprise=None,
            scheduled=None,
            scope=Scope.COMPANY,
            facts=(fact,),
        )
        return Analysis(
            id=analysis_id,
            created_at=moment + timedelta(hours=1),
            article=article,
            reading=reading,
            impact=_impact(score),
            precedents=(),
            precedent_status="no_precedent",
            claims=(Claim(text="It fell.", support=("A1",), spans=(fact.span,), verdict="supported"),),
            provenance=_provenance(moment),
        )

    return make


def _impact(score: float | None) -> Impact:
    if score is None:
        nothing = dict.fromkeys(("ticker", "score", "low", "high", "p_material", "multiplier", "n_eff"))
        return Impact(**nothing, evidence="not_scoreable", reason="no instrument", model_version="test")
    numbers = {"score": score, "low": 0.2, "high": 0.9, "p_material": 0.1, "multiplier": 1.2, "n_eff": 4.0}
    return Impact(ticker="ACME", **numbers, evidence="grounded", model_version="test")


def _provenance(moment: datetime) -> Provenance:
    return Provenance(
        model="scripted",
        provider="scripted",
        profile="capable",
        prompts={"read": "1:abc"},
        embedder=None,
        store=None,
        as_of=moment,
        calls=1,
        input_tokens=10,
        output_tokens=5,
        cost_usd=None,
        seconds=0.1,
        cache_hit=False,
        rhyme_version="0",
    )
