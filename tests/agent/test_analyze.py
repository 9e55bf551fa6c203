"""The whole path with a scripted model, a real database, a real Chroma and the real instrument table."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.analyze import Analyst, event_id
from agent.explain import ExplainAnswer, SentenceAnswer
from agent.read_capable import FactAnswer, MentionAnswer, ReadAnswer, SentimentAnswer
from agent.score import ScoreModel
from markets.desk import MarketDesk
from models.scripted import Reply, ScriptedModel, Step
from prompts import PromptLibrary
from records.analysis import Analysis
from records.article import Article
from records.database import Database
from records.errors import SourceUnreadable, StoreError, UsageError
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType, Scope, Tag
from vectorstore import EventMemory
from vectorstore.threads import StoryThreads

PUBLISHED = datetime(2024, 3, 21, 15, 0, tzinfo=UTC)
NOW = datetime(2026, 1, 5, tzinfo=UTC)


class WordEmbedder:
    """Hashed bag of words: small, real, the same on every machine."""

    name, digest, dimensions = "words", "0" * 16, 256

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[int.from_bytes(hashlib.sha256(word.strip(".,").encode()).digest()[:4]) % self.dimensions] += 1
            row /= max(float(np.linalg.norm(row)), 1e-9)
        return rows


def past(number: int, *, days: int = 500, z: float = 1.0, known_days: int = 1) -> Event:
    at = PUBLISHED - timedelta(days=days)
    return Event(
        id=f"E{number}",
        summary=f"The justice department sued company number {number} over an illegal monopoly in the smartphone market.",
        event_type=EventType.REGULATORY_ACTION,
        tickers=(f"T{number}",),
        published_at=at,
        reaction=Reaction(
            ticker=f"T{number}",
            window="one_session",
            session_on=at.date(),
            abnormal_return=0.01 * z,
            beta=1.0,
            sigma=0.01,
            z=z,
            known_at=at + timedelta(days=known_days),
        ),
    )


@pytest.fixture
def article() -> Article:
    return Article(
        id="feedfacefeedface",
        title="U.S. sues Apple, accusing it of an illegal smartphone monopoly",
        text="The justice department sued Apple Inc over an illegal monopoly. Apple holds more than 65 percent of the market.",
        published_at=PUBLISHED,
        first_seen_at=NOW,
        language="en",
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rhyme.db") as opened:
        yield opened


@pytest.fixture
def memory(tmp_path: Path, database: Database) -> Iterator[EventMemory]:
    with EventMemory.open(tmp_path / "memory", database, WordEmbedder()) as opened:
        opened.add([past(number, z=0.5 * number) for number in range(1, 8)])
        yield opened


def read_reply(event_type: EventType = EventType.REGULATORY_ACTION) -> Reply:
    sides = SentimentAnswer(negative=0.8, neutral=0.15, positive=0.05)
    none = event_type is EventType.NOT_MARKET_RELEVANT
    mention = MentionAnswer(name="Apple", ticker="AAPL", role="subject", sentiment=sides, quote="Apple")
    return Reply(
        ReadAnswer(
            summary="The justice department sued Apple over an illegal monopoly.",
            event_type=event_type,
            tags=[Tag.ANTITRUST],
            mentions=[] if none else [mention],
            sentiment=sides,
            surprise=2,
            scheduled=False,
            scope=Scope.NONE if none else Scope.COMPANY,
            facts=[
                FactAnswer(
                    text="Apple holds more than 65 percent.", quote="Apple holds more than 65 percent of the market."
                )
            ],
        ),
        purpose="read",
    )


EXPLAIN = Reply(
    ExplainAnswer(sentences=[SentenceAnswer(text="Apple holds more than 65 percent of the market.", support=["A1"])]),
    purpose="explain",
)


def analyse(
    steps: Sequence[Step], article: Article, database: Database, memory: EventMemory | None, **options: object
) -> Analysis:
    with ScriptedModel(steps) as model:
        analyst = Analyst(
            model=model,
            market=MarketDesk(),
            memory=memory,
            archive=database,
            threads=StoryThreads(database),
            score_model=ScoreModel(),
            prompts=PromptLibrary(),
            clock=lambda: NOW,
            version="test",
        )
        return analyst.analyze(article, **options)  # type: ignore[arg-type]


def test_an_article_becomes_a_grounded_analysis_in_two_calls(
    article: Article, database: Database, memory: EventMemory
) -> None:
    analysis = analyse([read_reply(), EXPLAIN], article, database, memory)
    assert analysis.impact.evidence == "grounded"
    assert analysis.impact.ticker == "AAPL"
    assert analysis.tickers == ("AAPL",)
    assert len(analysis.precedents) == 5
    assert analysis.provenance.calls == 2
    assert analysis.provenance.as_of == PUBLISHED
    assert analysis.provenance.embedder == "words:0000000000000000"
    assert set(analysis.provenance.prompts) == {"read", "explain"}
    assert sum(driver.contribution for driver in analysis.impact.drivers) == pytest.approx(analysis.impact.score)


def test_the_analysis_is_kept_and_the_article_remembered_without_an_outcome(
    article: Article, database: Database, memory: EventMemory
) -> None:
    analysis = analyse([read_reply(), EXPLAIN], article, database, memory)
    assert database.load_analysis(analysis.id) == analysis
    [event] = database.events([event_id(article)])
    assert event.reaction is None
    assert event.tickers == ("AAPL",)


def test_an_article_is_never_its_own_precedent(article: Article, database: Database, memory: EventMemory) -> None:
    analyse([read_reply(), EXPLAIN], article, database, memory)
    again = analyse([read_reply(), EXPLAIN], article, database, memory, as_of=NOW)
    assert event_id(article) not in {one.event_id for one in again.precedents}


def test_an_update_is_placed_in_its_story_and_that_story_is_no_precedent_of_it(
    article: Article, database: Database, memory: EventMemory
) -> None:
    first = analyse([read_reply(), EXPLAIN], article, database, memory)
    assert first.story is not None
    assert (first.story.relation, first.story.novelty) == ("first", 1.0)
    [event] = database.events([event_id(article)])
    assert event.story_id == first.story.story_id
    memory.add(
        [event.model_copy(update={"reaction": past(1).reaction})]
    )  # its outcome is known before the update comes
    more = f"{article.text}\n\nSixteen states joined the suit, and the hearing is set for the 19th in New Jersey."
    update = {"id": "feedfacefeedfacf", "title": f"UPDATE 1-{article.title}", "text": more}
    second = analyse([read_reply(), EXPLAIN], article.model_copy(update=update), database, memory)
    assert second.story is not None
    assert (second.story.relation, second.story.story_id) == ("update", first.story.story_id)
    assert 0.1 < second.story.novelty < 0.9
    assert event.id not in {one.event_id for one in second.precedents}


def test_a_story_that_cannot_be_placed_is_named_as_missing(
    article: Article, database: Database, memory: EventMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> object:
        raise StoreError("locked")

    monkeypatch.setattr(StoryThreads, "place", fail)
    analysis = analyse([read_reply(), EXPLAIN], article, database, memory)
    assert analysis.story is None
    assert "the story failed: locked" in analysis.provenance.missing


def test_nothing_known_later_than_as_of_changes_the_output(
    article: Article, database: Database, memory: EventMemory
) -> None:
    before = analyse([read_reply(), EXPLAIN], article, database, memory)
    memory.add([past(90, days=-1, z=40.0), past(91, days=1, z=40.0, known_days=5)])
    after = analyse([read_reply(), EXPLAIN], article, database, memory)
    assert after.impact == before.impact
    assert after.precedents == before.precedents
    assert after.claims == before.claims


def test_an_irrelevant_story_is_not_scoreable_and_gets_no_analysis(
    article: Article, database: Database, memory: EventMemory
) -> None:
    idle = article.model_copy(update={"title": "Ten walks for a rainy weekend near Apple's headquarters"})
    analysis = analyse([read_reply(EventType.NOT_MARKET_RELEVANT)], idle, database, memory)
    assert analysis.impact.evidence == "not_scoreable"
    assert analysis.impact.score is None
    assert analysis.text == ""
    assert analysis.precedent_status == "not_asked"


def test_without_a_memory_the_score_is_prior_only_and_says_that_precedents_were_not_asked_for(
    article: Article, database: Database
) -> None:
    analysis = analyse([read_reply(), EXPLAIN], article, database, None)
    assert analysis.precedent_status == "not_asked"
    assert analysis.impact.evidence == "prior_only"


def test_a_memory_that_fails_is_told_apart_from_no_precedent(
    article: Article, database: Database, memory: EventMemory
) -> None:
    class Broken:
        embedder, snapshot = memory.embedder, memory.snapshot

        def recall(self, *_: object, **__: object) -> object:
            raise StoreError("the index is damaged")

        def add(self, events: Sequence[Event]) -> object:
            return memory.add(events)

    analysis = analyse([read_reply(), EXPLAIN], article, database, Broken())  # type: ignore[arg-type]
    assert analysis.precedent_status == "failed"
    assert any("the index is damaged" in one for one in analysis.provenance.missing)
    assert analysis.impact.evidence == "prior_only"


def test_an_analysis_is_kept_when_its_event_cannot_be_remembered(
    article: Article, database: Database, memory: EventMemory
) -> None:
    class Full:
        embedder, snapshot, recall = memory.embedder, memory.snapshot, memory.recall

        def add(self, events: Sequence[Event]) -> object:
            raise StoreError(f"no room for {len(events)} events")

    with pytest.raises(StoreError, match=r"rhyme show [0-9a-f]{16}.*no room for 1 events"):
        analyse([read_reply(), EXPLAIN], article, database, Full())  # type: ignore[arg-type]
    assert len(database.recent_analyses(5)) == 1


def test_an_empty_memory_answers_no_precedent(article: Article, database: Database, tmp_path: Path) -> None:
    with EventMemory.open(tmp_path / "empty", database, WordEmbedder()) as empty:
        analysis = analyse([read_reply(), EXPLAIN], article, database, empty)
    assert analysis.precedent_status == "no_precedent"


def test_a_given_ticker_is_the_instrument(article: Article, database: Database, memory: EventMemory) -> None:
    assert analyse([read_reply(), EXPLAIN], article, database, memory, ticker="MSFT").impact.ticker == "MSFT"


def test_an_article_from_after_as_of_is_refused(article: Article, database: Database, memory: EventMemory) -> None:
    with pytest.raises(UsageError, match="could not have been known"):
        analyse([], article, database, memory, as_of=PUBLISHED - timedelta(days=1))


def test_another_language_is_refused_by_the_embedded_model_and_noted_with_a_capable_one(
    article: Article, database: Database, memory: EventMemory
) -> None:
    french = article.model_copy(update={"language": "fr"})
    analysis = analyse([read_reply(), EXPLAIN], french, database, memory)
    assert any("'fr'" in one for one in analysis.provenance.missing)
    with ScriptedModel([], profile="embedded") as model, pytest.raises(SourceUnreadable, match="English only"):
        Analyst(
            model=model,
            market=MarketDesk(),
            memory=memory,
            archive=database,
            score_model=ScoreModel(),
            prompts=PromptLibrary(),
            clock=lambda: NOW,
            version="test",
        ).analyze(french)


def test_the_forecast_of_a_kept_analysis_stands_in_the_ledger(
    article: Article, database: Database, memory: EventMemory
) -> None:
    analysis = analyse([read_reply(), EXPLAIN], article, database, memory)
    (entry,) = database.forecasts()
    assert (entry.forecast.analysis_id, entry.forecast.score) == (analysis.id, analysis.impact.score)
    assert (entry.forecast.recorded_at, entry.forecast.forward) == (NOW, False)  # of 2024, written in 2026
    idle = article.model_copy(
        update={"id": "ba" * 8, "title": "Ten walks for a rainy weekend near Apple's headquarters"}
    )
    analyse([read_reply(EventType.NOT_MARKET_RELEVANT)], idle, database, memory, as_of=NOW)
    assert len(database.forecasts()) == 1
    assert len(database.recent_analyses(5)) == 2
