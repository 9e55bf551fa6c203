"""Small real values for the agent's tests."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from agent.evidence import Evidence
from agent.score import Question, ScoreModel
from records.article import Article
from records.event import Precedent
from records.market import Candidate, Instrument, Reaction
from records.reading import Fact, Mention, Reading, Sentiment, Span
from records.taxonomy import EventType, Scope, Tag

AS_OF = datetime(2024, 2, 20, 14, 0, tzinfo=UTC)
TITLE = "Northwind to buy Contoso in $35.3 billion deal"
TEXT = (
    "Northwind agreed to buy Contoso for $35.3 billion, a premium of 26.6 percent. The deal should close in early 2025."
)
NORTHWIND = Instrument(ticker="NWND", name="Northwind")
CONTOSO = Instrument(ticker="CTSO", name="Contoso")

MakePrecedent = Callable[..., Precedent]


@pytest.fixture
def article() -> Article:
    return Article(
        id="00112233445566aa",
        title=TITLE,
        text=TEXT,
        published_at=AS_OF,
        first_seen_at=AS_OF + timedelta(days=1),
        language="en",
    )


@pytest.fixture
def candidates() -> tuple[Candidate, ...]:
    body = f"{TITLE}\n\n{TEXT}"
    return tuple(
        Candidate(
            instrument=one,
            name=one.name,
            match="name",
            in_title=True,
            spans=tuple(Span(start=at, end=at + len(one.name)) for at in _places(body, one.name)),
        )
        for one in (NORTHWIND, CONTOSO)
    )


def _places(body: str, word: str) -> list[int]:
    return [at for at in range(len(body)) if body.startswith(word, at)]


@pytest.fixture
def make_precedent() -> MakePrecedent:
    def make(
        number: int,
        *,
        z: float = 1.0,
        ticker: str = "AAA",
        days: int = 400,
        similarity: float = 0.7,
        event_type: str = "merger_acquisition",
    ) -> Precedent:
        published_at = AS_OF - timedelta(days=days)
        return Precedent(
            id=f"P{number}",
            event_id=f"E{number}",
            summary=f"Company {ticker} agreed to a takeover worth $4 billion.",
            event_type=EventType(event_type),
            tickers=(ticker,),
            published_at=published_at,
            similarity=similarity,
            why="same event type",
            reaction=Reaction(
                ticker=ticker,
                window="one_session",
                session_on=date(2023, 1, 10),
                abnormal_return=0.012 * z,
                beta=1.0,
                sigma=0.012,
                z=z,
                known_at=published_at + timedelta(days=1),
            ),
        )

    return make


@pytest.fixture
def score_model() -> ScoreModel:
    return ScoreModel()


def question(event_type: EventType = EventType.MERGER_ACQUISITION, headline: str = TITLE) -> Question:
    """What the score is asked about Contoso."""
    return Question(instrument=CONTOSO, event_type=event_type, headline=headline)


@pytest.fixture
def reading(article: Article) -> Reading:
    quote = "a premium of 26.6 percent"
    start = article.body.index(quote)
    positive = Sentiment.of(0.1, 0.1, 0.8)
    return Reading(
        summary="Northwind agreed to buy Contoso for $35.3 billion.",
        event_type=EventType.MERGER_ACQUISITION,
        tags=(Tag.MERGERS,),
        mentions=(
            Mention(name="Northwind", ticker="NWND", role="subject", sentiment=positive, quote="Northwind"),
            Mention(name="Contoso", ticker="CTSO", role="subject", sentiment=positive, quote="Contoso"),
        ),
        sentiment=positive,
        surprise=None,
        scheduled=False,
        scope=Scope.COMPANY,
        facts=(
            Fact(id="A1", text=TITLE, quote=TITLE, span=Span(start=0, end=len(TITLE))),
            Fact(id="A2", text=quote, quote=quote, span=Span(start=start, end=start + len(quote))),
        ),
    )


@pytest.fixture
def fallen(evidence: Evidence) -> Evidence:
    """The same with a first precedent of -0.644 in log: the price fell by 47.5 % against its market."""
    first = evidence.precedents[0]
    reaction = first.reaction.model_copy(update={"abnormal_return": -0.644, "z": -53.7})
    changed = first.model_copy(update={"reaction": reaction})
    return replace(evidence, precedents=(changed, *evidence.precedents[1:]), recalled=(changed, *evidence.recalled[1:]))


@pytest.fixture
def evidence(
    article: Article,
    reading: Reading,
    candidates: tuple[Candidate, ...],
    score_model: ScoreModel,
    make_precedent: MakePrecedent,
) -> Evidence:
    recalled = tuple(make_precedent(n, z=0.5 * n, ticker=f"T{n}") for n in range(1, 7))
    impact = score_model.forecast(question(reading.event_type), recalled, as_of=AS_OF)
    return Evidence(
        body=article.body,
        reading=reading,
        impact=impact,
        precedents=recalled[:5],
        recalled=recalled,
        candidates=candidates,
        as_of=AS_OF,
    )
