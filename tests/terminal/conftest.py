"""Finished analyses to show: invented wording about public companies, with every field of a real one."""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from records.analysis import Analysis, Claim, ModelCall, Provenance
from records.article import Article
from records.event import Precedent
from records.impact import Driver, Impact
from records.market import Reaction
from records.reading import Fact, Mention, Reading, Sentiment, Span
from records.taxonomy import EventType, Scope, Tag

PUBLISHED = datetime(2014, 3, 5, 13, 30, tzinfo=UTC)
TITLE = "General Mills raises its outlook after a strong winter"
TEXT = (
    "Kellogg and General Mills shares were little changed. General Mills said it now expects sales to grow 4 percent "
    "this year, up from 2 percent.\n\nThe company said demand for cereal recovered in the winter quarter."
)


def _fact(number: int, quote: str, text: str, body: str) -> Fact:
    start = body.index(quote)
    return Fact(id=f"A{number}", text=text, quote=quote, span=Span(start=start, end=start + len(quote)))


def _precedent(number: int, move: float, z: float, *, summary: str, why: str) -> Precedent:
    return Precedent(
        id=f"P{number}",
        event_id=f"starter-{number:04d}",
        summary=summary,
        event_type=EventType.GUIDANCE,
        tickers=("GIS",),
        published_at=datetime(2012, 6, number, 12, tzinfo=UTC),
        similarity=0.91 - number / 20,
        why=why,
        reaction=Reaction(
            ticker="GIS",
            window="one_session" if number != 2 else "two_session",
            session_on=date(2012, 6, number),
            intraday=number == 3,
            abnormal_return=move,
            beta=0.5,
            sigma=0.011,
            z=z,
            known_at=datetime(2012, 6, number, 20, tzinfo=UTC),
        ),
    )


def make_article(**changes: object) -> Article:
    fields: dict[str, object] = {
        "id": "9c1f0a2b3c4d5e6f",
        "title": TITLE,
        "text": TEXT,
        "url": "https://news.example.com/2014/03/outlook",
        "source": "news.example.com",
        "published_at": PUBLISHED,
        "first_seen_at": datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
        "language": "en",
    }
    return Article.model_validate(fields | changes)


def make_reading(article: Article, **changes: object) -> Reading:
    body = article.body
    fields: dict[str, object] = {
        "summary": "General Mills doubled the sales growth it expects this year to 4 percent.",
        "event_type": EventType.GUIDANCE,
        "tags": (Tag.GUIDANCE, Tag.AGRICULTURE_FOOD, Tag.CONSUMER_GOODS),
        "mentions": (
            Mention(name="Kellogg", ticker="K", role="competitor", quote="Kellogg"),
            Mention(name="General Mills", ticker="GIS", role="subject", quote="General Mills"),
            Mention(name="General Mills", ticker="GIS", role="mentioned", quote="General Mills"),
        ),
        "sentiment": Sentiment(label="positive", negative=0.06, neutral=0.16, positive=0.78),
        "surprise": 2,
        "scheduled": False,
        "scope": Scope.COMPANY,
    }
    if "facts" not in changes:
        fields["facts"] = (
            _fact(1, "expects sales to grow 4 percent this year", "It expects sales growth of 4 percent.", body),
            _fact(2, "demand for cereal recovered", "Demand for cereal recovered.", body),
        )
    return Reading.model_validate(fields | changes)


def make_impact(**changes: object) -> Impact:
    fields: dict[str, object] = {
        "ticker": "GIS",
        "score": 0.552,
        "low": 0.12,
        "high": 0.93,
        "p_material": 0.093,
        "multiplier": 1.18,
        "move_low": 0.0017,
        "move_high": 0.0214,
        "rank": None,
        "evidence": "grounded",
        "n_eff": 3.42,
        "drivers": (
            Driver(name="ordinary_day", text="an ordinary day of GIS", contribution=0.5),
            Driver(name="event_type", text="guidance moves 1.3× an ordinary day (n 61)", contribution=0.0614),
            Driver(name="precedents", text="3 precedents moved 1.1×, weight 3.4 of 9.4", contribution=-0.0094),
        ),
        "model_version": "prior-knn-1",
    }
    return Impact.model_validate(fields | changes)


def make_analysis(**changes: object) -> Analysis:
    article = changes.pop("article", None) or make_article()
    assert isinstance(article, Article)
    fact = make_reading(make_article()).facts[0]
    fields: dict[str, object] = {
        "id": "3f9a0c12be45d678",
        "created_at": datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC),
        "article": article,
        "impact": make_impact(),
        "precedents": (
            _precedent(1, 0.031, 2.8, summary="General Mills raised its outlook.", why="same company and event"),
            _precedent(2, -0.004, -0.3, summary="Kellogg kept its sales outlook.", why="outlook of a cereal maker"),
            _precedent(3, -0.052, -4.7, summary="A cereal maker cut its outlook.", why="outlook of a cereal maker"),
        ),
        "precedent_status": "found",
        "claims": (
            Claim(
                text="Sales are to grow 4 percent.",
                support=("A1",),
                spans=(fact.span,),
                verdict="supported",
            ),
            Claim(text="A like outlook moved the share by 3.1 %.", support=("P1", "score"), verdict="supported"),
            Claim(text="Shares fell 9 %.", support=("A2",), verdict="dropped", faults=("9 % is not in A2",)),
        ),
        "provenance": make_provenance(),
    }
    if "reading" not in changes:
        fields["reading"] = make_reading(article)
    return Analysis.model_validate(fields | changes)


def make_provenance(**changes: object) -> Provenance:
    call = ModelCall(
        purpose="read", provider="local", model="default", input_tokens=900, output_tokens=120, cost_usd=0, seconds=12.5
    )
    fields: dict[str, object] = {
        "model": "default",
        "provider": "local",
        "profile": "embedded",
        "prompts": {"read": "1:0123456789abcdef"},
        "embedder": "minilm-int8:fedcba9876543210",
        "store": "612 events, 00112233aabbccdd",
        "as_of": PUBLISHED,
        "calls": 46,
        "input_tokens": 30_412,
        "output_tokens": 310,
        "cost_usd": 0.0,
        "seconds": 38.21,
        "cache_hit": False,
        "stages": {"read": 30.1, "recall": 0.4, "score": 0.01, "explain": 7.6, "check": 0.02},
        "model_calls": (call,),
        "rhyme_version": "0.1.0",
    }
    return Provenance.model_validate(fields | changes)


def make_unscoreable() -> Analysis:
    article = make_article(
        id="00000000000000ab", title="Ten walks for a rainy weekend", text="Bring a coat.", url=None, source=None
    )
    impact = make_impact(
        ticker=None, score=None, low=None, high=None, p_material=None, multiplier=None, move_low=None, move_high=None,
        n_eff=None, drivers=(), evidence="not_scoreable", reason="no listed company, sector or market is touched",
    )  # fmt: skip
    reading = make_reading(
        article, summary="Ten walks near towns are described.", mentions=(), sentiment=None, tags=(), facts=(),
        surprise=None, scheduled=None, event_type=EventType.NOT_MARKET_RELEVANT, scope=Scope.NONE,
    )  # fmt: skip
    return make_analysis(
        article=article, impact=impact, reading=reading, precedents=(), precedent_status="not_asked", claims=(),
        id="00000000000000aa",
    )  # fmt: skip


@pytest.fixture
def analysis() -> Analysis:
    """A grounded analysis with three precedents and one dropped sentence."""
    return make_analysis()


@pytest.fixture
def fallen() -> Analysis:
    """The same with a precedent whose move is -0.644 in log: the price fell by 47.5 % against its market."""
    made = make_analysis()
    first = made.precedents[0]
    reaction = first.reaction.model_copy(update={"abnormal_return": -0.644, "z": -19.5})
    return made.model_copy(
        update={"precedents": (first.model_copy(update={"reaction": reaction}), *made.precedents[1:])}
    )


@pytest.fixture
def unscoreable() -> Analysis:
    """An analysis of an article without market relevance."""
    return make_unscoreable()


@pytest.fixture
def build() -> SimpleNamespace:
    """Builders that take changed fields: article, reading, impact, provenance, analysis."""
    return SimpleNamespace(
        article=make_article,
        reading=make_reading,
        impact=make_impact,
        provenance=make_provenance,
        analysis=make_analysis,
    )


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or touches the settings, keys and stores of whoever runs it."""
    for name in list(os.environ):
        if name.startswith(("RHYME_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RHYME_HOME", str(tmp_path / "home"))
