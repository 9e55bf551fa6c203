"""What is known around an article before its outcome: the state of the share, its news flow, the reading. For the score."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from agent.event_rules import label
from agent.features import speaks_of_results
from agent.flow import COVERAGE_DAYS, COVERAGE_EVENTS, NewsFlow, PastStory, flow_of
from agent.score import Question, ScoreModel
from agent.wording import LEAD_CHARACTERS
from markets.prices import PriceSource
from markets.state import MarketState, state_before
from records.article import Article
from records.errors import SourceError
from records.event import Event
from records.market import Instrument
from records.reading import Reading
from records.times import new_york_date

MOST_EVENTS = 500
"""Of one company: enough for years of news; older ones say little."""
NO_PRICES = "no price history is set (setting `prices`): the score does not know how volatile the share has been"


def outcomes_until(article: Article) -> datetime:
    """The start of the article's day in New York. The window of a date-only article opens at the last close before it: an outcome
    known on the day itself may hold a part of the move to be forecast."""
    return datetime.combine(new_york_date(article.known_at), time(0), ZoneInfo("America/New_York"))


class PastEvents(Protocol):
    """What of the archive the news flow needs (`records.database.Database`)."""

    def events_of_ticker(self, ticker: str, *, before: datetime, limit: int) -> list[Event]: ...
    def count_published(self, since: datetime, until: datetime) -> int: ...


@dataclass(frozen=True)
class Circumstances:
    """Builds the questions that the score answers."""

    past: PastEvents
    prices: PriceSource | None
    score_model: ScoreModel

    def question(
        self, article: Article, reading: Reading, instrument: Instrument, as_of: datetime
    ) -> tuple[Question, list[str]]:
        """The question, and what could not be known, in sentences. Nothing later than the article's own time is looked at."""
        state, missing = self._state(article, instrument)
        flow = None if instrument.kind == "index" else self._flow(article, instrument, as_of)
        mention = next((one for one in reading.mentions if one.ticker == instrument.ticker and one.sentiment), None)
        question = Question(
            instrument=instrument,
            event_type=reading.event_type,
            words_type=label(article.title, article.text[:LEAD_CHARACTERS]),
            headline=article.title,
            lead=article.text or reading.summary,
            published_at=article.known_at,
            date_only=article.date_only,
            state=state,
            flow=flow,
            surprise=reading.surprise,
            sentiment=mention.sentiment if mention else reading.sentiment,
        )
        return question, missing

    def _state(self, article: Article, instrument: Instrument) -> tuple[MarketState | None, list[str]]:
        if self.prices is None:
            return None, [NO_PRICES]
        from markets.sessions import sessions  # late: loading the calendar takes a second, unneeded without prices

        try:
            state = state_before(
                instrument.ticker, article.known_at, self.prices, sessions(), date_only=article.date_only
            )
        except SourceError as error:
            return None, [f"the price history could not be read: {error}"]
        if state is None:
            return None, [f"the price history has too little of {instrument.ticker} before the article"]
        return state, []

    def _flow(self, article: Article, instrument: Instrument, as_of: datetime) -> NewsFlow | None:
        now, day, midnight = article.known_at, new_york_date(article.known_at), outcomes_until(article)
        if self.past.count_published(midnight - timedelta(days=COVERAGE_DAYS), midnight) < COVERAGE_EVENTS:
            return None
        events = self.past.events_of_ticker(instrument.ticker, before=now, limit=MOST_EVENTS)
        earlier = [event for event in reversed(events) if new_york_date(event.published_at) < day]
        same_day = sum(new_york_date(event.published_at) == day for event in events)
        return flow_of(self._stories(earlier, instrument, as_of, day), day, same_day + 1)

    def _stories(self, events: Sequence[Event], instrument: Instrument, as_of: datetime, day: date) -> list[PastStory]:
        """An outcome enters if it was known before `day`: one that closed on it may hold a part of the move to be forecast."""
        return [
            PastStory(
                day=new_york_date(event.published_at),
                results=speaks_of_results(event.summary),
                surprise=self.score_model.surprise_of(event, instrument)
                if event.reaction is not None
                and event.reaction.known_at <= as_of
                and new_york_date(event.reaction.known_at) < day
                else None,
            )
            for event in events
        ]
