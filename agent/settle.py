"""Closed windows get their outcome: forecasts their grade in the ledger, remembered events their reaction.

Each part writes in small transactions of its own and looks up what is still to do, so a run may be killed anywhere: the next
one does the rest, and nothing twice. No embedding is needed: the event index holds vectors, the database says what an event is.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from markets.prices import PriceSource
from markets.reaction import measure
from markets.reference import Reference
from markets.sessions import Sessions
from records.base import Record
from records.database import Database, LedgerForecast
from records.errors import UsageError
from records.event import Event
from records.forecast import Grade
from records.market import Reaction
from records.times import Clock, UtcDatetime

T = TypeVar("T")
What = Literal["forecast", "event"]

BATCH = 100
"""Outcomes of one transaction: few enough that a kill costs little and other writers never wait long."""

OnProgress = Callable[[int, int], None]
"""Called with (looked at, in all) of forecasts and events together."""


class Waiting(Record):
    """A closed window whose outcome could not be measured: it is tried again at every run."""

    what: What
    id: Annotated[str, Field(description="the analysis of a forecast; the id of an event")]
    ticker: Annotated[str | None, Field(description="None for an event that names none")]
    reason: Annotated[str, Field(description="as of `markets.reaction`; or no_ticker, outside_calendar")]
    text: str


class SettleReport(Record):
    """What one run did, and what is left."""

    as_of: Annotated[UtcDatetime, Field(description="windows closed by then were looked at")]
    graded: Annotated[int, Field(description="forecasts that got their grade")]
    reactions: Annotated[int, Field(description="events that got their reaction")]
    forecasts_open: Annotated[int, Field(description="forecasts whose window has not closed")]
    events_open: Annotated[int, Field(description="events whose window has not closed")]
    forecasts_waiting: Annotated[dict[str, int], Field(description="closed but not measurable, by reason")]
    events_waiting: Annotated[dict[str, int], Field(description="closed but not measurable, by reason")]
    waiting: Annotated[tuple[Waiting, ...], Field(description="each of those")]


def settle(
    archive: Database,
    prices: PriceSource,
    sessions: Sessions,
    reference: Reference,
    clock: Clock,
    *,
    price_source: str,
    as_of: datetime | None = None,
    progress: OnProgress | None = None,
) -> SettleReport:
    """Grades every ungraded forecast and gives every event without a reaction its own, where the window closed by `as_of`
    (None: now) and the prices allow it.

    `price_source` names the prices in each grade. Raises SourceError when the prices cannot be read and StoreError; what was
    written before stays.
    """
    run = _Run(prices, sessions, as_of if as_of is not None else clock())
    forecasts, event_ids = archive.forecasts(ungraded_only=True), archive.events_without_reaction()
    tell, total = progress or _silent, len(forecasts) + len(event_ids)
    graded = reactions = done = 0
    for entries in _batches(forecasts):
        grades = [grade for entry in entries if (grade := run.grade(entry, reference, price_source, clock))]
        graded += archive.append_grades(grades) if grades else 0
        done += len(entries)
        tell(done, total)
    for ids in _batches(event_ids):
        settled = [event for each in archive.events(ids) if (event := run.settled(each))]
        reactions += archive.add_reactions(settled) if settled else 0
        done += len(ids)
        tell(done, total)
    return SettleReport(
        as_of=run.as_of,
        graded=graded,
        reactions=reactions,
        forecasts_open=run.open["forecast"],
        events_open=run.open["event"],
        forecasts_waiting=run.reasons("forecast"),
        events_waiting=run.reasons("event"),
        waiting=tuple(run.waiting),
    )


class _Run:
    """Measures, and remembers what could not be measured."""

    def __init__(self, prices: PriceSource, sessions: Sessions, as_of: datetime) -> None:
        self._prices = prices
        self._sessions = sessions
        self.as_of = as_of
        self.open: Counter[str] = Counter()
        self.waiting: list[Waiting] = []

    def grade(self, entry: LedgerForecast, reference: Reference, price_source: str, clock: Clock) -> Grade | None:
        forecast = entry.forecast
        found = self._measure(
            "forecast", forecast.analysis_id, forecast.ticker, forecast.published_at, forecast.date_only
        )
        if found is None:
            return None
        return Grade(
            forecast=entry.digest,
            session_on=found.session_on,
            abnormal_return=found.abnormal_return,
            beta=found.beta,
            sigma=found.sigma,
            z=found.z,
            y=float(reference.cdf(abs(found.z))),
            reference_version=reference.version,
            price_source=price_source,
            graded_at=clock(),
        )

    def settled(self, event: Event) -> Event | None:
        """The event with the reaction of its first ticker, which is the one a forecast was made for."""
        if event.reaction is not None:  # another run was here since the ids were read
            return None
        ticker = event.tickers[0] if event.tickers else None
        found = self._measure("event", event.id, ticker, event.published_at, event.date_only)
        return event.model_copy(update={"reaction": found}) if found is not None else None

    def reasons(self, what: What) -> dict[str, int]:
        return dict(Counter(each.reason for each in self.waiting if each.what == what).most_common())

    def _measure(
        self, what: What, name: str, ticker: str | None, known_at: datetime, date_only: bool
    ) -> Reaction | None:
        reason, text = "no_ticker", "The event names no ticker, so no price answers for it."
        if ticker is not None:
            try:
                found = measure(ticker, known_at, self._prices, self._sessions, date_only=date_only, as_of=self.as_of)
            except UsageError as error:
                reason, text = "outside_calendar", str(error)
            else:
                if isinstance(found, Reaction):
                    return found
                reason, text = found.reason, found.text
        if reason == "not_yet":
            self.open[what] += 1
        else:
            self.waiting.append(Waiting(what=what, id=name, ticker=ticker, reason=reason, text=text))
        return None


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""
