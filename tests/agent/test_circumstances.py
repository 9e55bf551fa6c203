"""What is known around an article: unknown is said, never made up, and nothing breaks for want of prices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agent import circumstances
from agent.circumstances import NO_PRICES, Circumstances
from agent.features import GROUPS, NAMES, Known, row
from agent.flow import COVERAGE_EVENTS
from agent.score import Question, ScoreModel
from markets.prices import MARKET
from markets.sessions import sessions
from markets.state import state_before
from records.article import Article
from records.database import Database
from records.errors import SourceUnreadable
from records.event import Event
from records.market import Instrument, Reaction
from records.reading import Reading, Sentiment
from records.taxonomy import EventType
from tests.agent.conftest import AS_OF, CONTOSO, NORTHWIND

INDEX = Instrument(ticker="^GSPC", name="S&P 500", kind="index")


@dataclass
class InventedPrices:
    """Returns of a seed; a ticker named in `unknown` has none. Raises `fails` if it is set."""

    unknown: frozenset[str] = frozenset()
    fails: Exception | None = None

    def returns(self, ticker: str, days: Sequence[date]) -> NDArray[np.float64]:
        if self.fails is not None:
            raise self.fails
        if ticker in self.unknown:
            return np.full(len(days), np.nan)
        seed = sum(map(ord, ticker))
        return np.array([np.random.default_rng([seed, day.toordinal()]).normal(0, 0.01) for day in days])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rhyme.sqlite3") as opened:
        yield opened


def _event(
    number: int, before: timedelta, ticker: str = "ELSE", *, z: float | None = 1.0, lag_days: float = 1
) -> Event:
    published = AS_OF - before
    reaction = None
    if z is not None:
        reaction = Reaction(
            ticker=ticker,
            window="one_session",
            session_on=published.date(),
            abnormal_return=0.01 * z,
            sigma=0.01,
            z=z,
            known_at=published + timedelta(days=lag_days),
        )
    return Event(
        id=f"e{number}",
        summary=f"{ticker} said something, item {number}",
        event_type=EventType.GUIDANCE,
        tickers=(ticker,),
        published_at=published,
        reaction=reaction,
    )


def _crowd(count: int) -> list[Event]:
    """Other companies' events, spread over the eighty days before yesterday."""
    return [_event(n, timedelta(days=1 + 80 * (n + 1) / count)) for n in range(count)]


def _asked(
    database: Database,
    article: Article,
    reading: Reading,
    score_model: ScoreModel,
    prices: InventedPrices | None = None,
    instrument: Instrument = CONTOSO,
    as_of: datetime = AS_OF,
) -> tuple[Question, list[str]]:
    return Circumstances(database, prices, score_model).question(article, reading, instrument, as_of)


def test_without_prices_the_state_is_unknown_and_a_sentence_says_why(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    question, missing = _asked(database, article, reading, score_model)
    assert question.state is None
    assert missing == [NO_PRICES]


def test_prices_that_cannot_be_read_are_a_sentence_not_a_crash(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    broken = InventedPrices(fails=SourceUnreadable("The price file x.parquet is damaged. Fetch it again."))
    question, missing = _asked(database, article, reading, score_model, broken)
    assert question.state is None
    assert missing == ["the price history could not be read: The price file x.parquet is damaged. Fetch it again."]


def test_a_fault_of_the_program_in_the_prices_is_not_swallowed(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    with pytest.raises(ZeroDivisionError):
        _asked(database, article, reading, score_model, InventedPrices(fails=ZeroDivisionError()))


def test_a_share_without_history_is_unknown_and_named(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    question, missing = _asked(database, article, reading, score_model, InventedPrices(frozenset({"CTSO"})))
    assert question.state is None
    assert missing == ["the price history has too little of CTSO before the article"]


def test_with_prices_the_state_is_that_of_the_articles_own_time_whenever_it_is_asked(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    prices = InventedPrices()
    question, missing = _asked(database, article, reading, score_model, prices, as_of=AS_OF + timedelta(days=300))
    assert missing == []
    assert question.state == state_before("CTSO", AS_OF, prices, sessions())
    assert question.published_at == AS_OF
    evening = datetime(2024, 2, 16, 4, 59, 59, tzinfo=UTC)  # the end of the 15th in New York, a session
    dated = article.model_copy(update={"date_only": True, "published_at": evening})
    asked = _asked(database, dated, reading, score_model, prices)[0]
    assert asked.date_only
    assert asked.state == state_before("CTSO", evening, prices, sessions(), date_only=True)
    assert asked.state != state_before("CTSO", evening, prices, sessions())


def test_the_flow_is_unknown_under_thin_coverage_and_known_from_the_least_dense_enough(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    database.add_events(_crowd(COVERAGE_EVENTS - 1))
    thin = _asked(database, article, reading, score_model)[0]
    assert thin.flow is None
    known = Known(AS_OF.date(), 0.5, 0.5, False, None, thin.flow)
    values = row(known)[[NAMES.index(name) for name in GROUPS["flow"]]]
    assert np.isnan(values).all()
    database.add_events([_event(5_000, timedelta(days=2))])
    dense = _asked(database, article, reading, score_model)[0]
    assert dense.flow is not None
    assert (dense.flow.same_day, dense.flow.stories_90, dense.flow.excess) == (1, 0, 0)
    assert dense.flow.days_since_story == 400


def test_events_of_the_day_itself_and_of_long_ago_do_not_make_coverage(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    today = [_event(n, timedelta(minutes=1 + n / 10)) for n in range(COVERAGE_EVENTS)]
    long_ago = [_event(2_000 + n, timedelta(days=92 + n)) for n in range(COVERAGE_EVENTS)]
    database.add_events([*today, *long_ago])
    assert _asked(database, article, reading, score_model)[0].flow is None


@pytest.fixture
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circumstances, "COVERAGE_EVENTS", 5)


@pytest.mark.usefixtures("few_are_enough")
def test_the_flow_is_of_the_companys_own_stories_before_the_article(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    hours = timedelta(hours=1)
    own = [
        _event(100, 100 * 24 * hours, "CTSO"),
        _event(101, 30 * 24 * hours, "CTSO"),
        _event(102, 4 * 24 * hours, "CTSO", z=None),
        _event(103, 2 * hours, "CTSO", z=None),  # of the article's own day
        _event(104, -1 * hours, "CTSO", z=None),  # after it
    ]
    database.add_events([*_crowd(20), *own])
    flow = _asked(database, article, reading, score_model)[0].flow
    assert flow is not None
    assert (flow.same_day, flow.stories_10, flow.stories_90, flow.days_since_story) == (2, 1, 2, 4)
    other = _asked(database, article, reading, score_model, instrument=NORTHWIND)[0].flow
    assert other is not None
    assert (other.same_day, other.stories_90) == (1, 0)


@pytest.mark.usefixtures("few_are_enough")
def test_a_past_surprise_is_what_the_market_did_beyond_the_words(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    wild, open_ = _event(100, timedelta(days=30), "CTSO", z=5.0), _event(101, timedelta(days=20), "CTSO", z=None)
    database.add_events([*_crowd(20), wild, open_])
    flow = _asked(database, article, reading, score_model)[0].flow
    assert flow is not None
    surprise = score_model.surprise_of(wild, CONTOSO)
    assert surprise is not None
    assert surprise > 0.2
    assert flow.excess == pytest.approx(surprise / (1 + 8))
    assert score_model.surprise_of(open_, CONTOSO) is None


@pytest.mark.usefixtures("few_are_enough")
def test_an_index_has_a_state_and_no_news_flow(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    database.add_events(_crowd(20))
    question, missing = _asked(database, article, reading, score_model, InventedPrices(), INDEX)
    assert question.flow is None
    assert question.state is not None
    assert question.state.beta is None
    assert missing == []
    assert INDEX.ticker == MARKET


def test_the_instruments_own_sentiment_comes_before_that_of_the_article(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    bad = Sentiment.of(0.9, 0.05, 0.05)
    mentions = tuple(
        one.model_copy(update={"sentiment": bad}) if one.ticker == "NWND" else one for one in reading.mentions
    )
    read = reading.model_copy(update={"mentions": mentions, "surprise": 3})
    of_northwind = _asked(database, article, read, score_model, instrument=NORTHWIND)[0]
    assert of_northwind.sentiment == bad
    assert of_northwind.surprise == 3
    stranger = CONTOSO.model_copy(update={"ticker": "ZZZZ"})
    assert _asked(database, article, read, score_model, instrument=stranger)[0].sentiment == reading.sentiment


def test_a_bare_headline_is_read_with_the_readings_summary(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    bare = article.model_copy(update={"text": ""})
    assert _asked(database, bare, reading, score_model)[0].lead == reading.summary
    assert _asked(database, article, reading, score_model)[0].lead == article.text


def test_what_is_not_known_still_gives_a_forecast(
    database: Database, article: Article, reading: Reading, score_model: ScoreModel
) -> None:
    question, _ = _asked(database, article, reading, score_model)
    impact = score_model.forecast(question, [], as_of=AS_OF)
    assert impact.score is not None
    assert impact.move_high is None
