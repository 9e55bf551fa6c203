"""A database with a few analyses of 2024, and the sources over it."""

import itertools
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from records.analysis import Analysis, Claim, Provenance
from records.article import Article
from records.database import Database
from records.event import Event, Precedent
from records.impact import Driver, Impact
from records.market import Reaction
from records.reading import Fact, Mention, Reading, Sentiment, Span
from records.story import Placement
from records.taxonomy import EventType, Scope, Tag
from tools.sources import Sources

NOW = datetime(2024, 5, 10, 20, 30, tzinfo=UTC)
"""A Friday, half past four in New York."""


def reaction(ticker: str, day: date, move: float = 0.02) -> Reaction:
    return Reaction(
        ticker=ticker, window="one_session", session_on=day, abnormal_return=move, beta=1.1, sigma=0.01, z=move / 0.01,
        known_at=datetime(day.year, day.month, day.day, 20, tzinfo=UTC),
    )  # fmt: skip


@dataclass(frozen=True)
class Recalled:
    precedents: tuple[Precedent, ...]


class ListedMemory:
    """Gives the precedents it was made with that were known, whatever is asked; what was asked is kept."""

    def __init__(self, *precedents: Precedent) -> None:
        self.precedents = precedents
        self.asked: list[tuple[str, datetime, int, object, Collection[str]]] = []

    def recall(
        self, text: str, as_of: datetime, k: int, *, event_type: EventType | None = None, tickers: Collection[str] = ()
    ) -> Recalled:
        self.asked.append((text, as_of, k, event_type, tickers))
        return Recalled(tuple(one for one in self.precedents if one.reaction.known_at <= as_of)[:k])


MakeNews = Callable[..., Analysis]


@pytest.fixture
def make_news() -> MakeNews:
    """An analysis of an article published `ago` before NOW."""
    numbers = itertools.count(1)

    def make(title: str = "Microsoft wins an order", *, ago: timedelta = timedelta(0), **changes: Any) -> Analysis:
        number = next(numbers)
        at = NOW - ago
        ticker, score = changes.get("ticker", "MSFT"), changes.get("score", 0.6)
        text = changes.get("text", "The order is worth 3 billion dollars.")
        article = Article(
            id=f"{number:016x}", title=title, text=text, source="Example Wire", published_at=at, first_seen_at=at, language="en"
        )  # fmt: skip
        start = article.body.index(text)
        fact = Fact(id="A1", text=text, quote=text, span=Span(start=start, end=start + len(text)))
        reading = Reading(
            summary=f"{title}.",
            event_type=changes.get("event_type", EventType.CONTRACT_PARTNERSHIP),
            tags=changes.get("tags", (Tag.SOFTWARE_CLOUD,)),
            mentions=(Mention(name=ticker, ticker=ticker, role="subject"),) if ticker else (),
            sentiment=Sentiment.of(0.1, 0.3, 0.6),
            surprise=None, scheduled=None, scope=Scope.COMPANY if ticker else Scope.NONE, facts=(fact,),
        )  # fmt: skip
        return Analysis(
            id=f"{number:016x}",
            created_at=at + timedelta(minutes=1),
            article=article,
            reading=reading,
            impact=impact(ticker, score),
            precedents=changes.get("precedents", ()),
            precedent_status="found",
            claims=(
                Claim(
                    text="An order of 3 billion dollars bears on revenue.",
                    support=("A1",),
                    spans=(fact.span,),
                    verdict="supported",
                ),
                Claim(text="It will double.", support=("A1",), verdict="dropped", faults=("not there",)),
            ),
            story=placement(article, changes["story"]) if "story" in changes else None,
            provenance=provenance(at),
        )

    return make


def impact(ticker: str | None, score: float | None) -> Impact:
    scored = ticker is not None and score is not None
    numbers = {"low": 0.1, "high": 0.9, "p_material": 0.125, "multiplier": 1.3, "n_eff": 9.0} if scored else {}
    names = ("low", "high", "p_material", "multiplier", "n_eff")
    return Impact(
        **{**dict.fromkeys(names), **numbers},  # type: ignore[arg-type]
        ticker=ticker if scored else None,
        score=score if scored else None,
        evidence="grounded" if scored else "not_scoreable",
        drivers=(Driver(name="ordinary_day", text="an ordinary day", contribution=0.5),) if scored else (),
        reason=None if scored else "no company",
        model_version="test",
    )


def provenance(as_of: datetime) -> Provenance:
    return Provenance(
        model="m", provider="scripted", profile="capable", prompts={}, embedder=None, store=None, as_of=as_of, calls=0,
        input_tokens=0, output_tokens=0, cost_usd=0.0, seconds=0.0, cache_hit=False, rhyme_version="test",
    )  # fmt: skip


def placement(article: Article, story: str) -> Placement:
    return Placement(
        article_id=article.id, story_id=story, relation="first", why="nothing like it", novelty=1.0,
        first_seen_at=article.first_seen_at, as_of=article.first_seen_at, model="test",
    )  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rhyme.db") as opened:
        yield opened


@pytest.fixture
def sources(database: Database) -> Sources:
    return Sources(database, NOW)


@pytest.fixture
def make_event() -> Callable[..., Event]:
    def make(name: str, day: date, **changes: Any) -> Event:
        at = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
        values = {
            "summary": f"{name} happened.", "event_type": EventType.MERGER_ACQUISITION, "tickers": ("MSFT",),
            "tags": (Tag.MERGERS,), "reaction": reaction("MSFT", day), **changes,
        }  # fmt: skip
        return Event(id=name, published_at=at, **values)

    return make
