"""What the tools look at, and the moment they look at it as of."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from markets.prices import PriceSource
from records.alert import AlertReport
from records.database import Database
from records.event import Precedent
from records.portfolio import Position
from records.taxonomy import EventType


class Recalled(Protocol):
    """What a memory answers."""

    @property
    def precedents(self) -> tuple[Precedent, ...]: ...


class Memory(Protocol):
    """Where precedents are found (`vectorstore.memory.EventMemory`)."""

    def recall(
        self, text: str, as_of: datetime, k: int, *, event_type: EventType | None = None, tickers: Collection[str] = ()
    ) -> Recalled: ...


class RecordOfTrack(Protocol):
    """The statistics of past forecasts (`evals.track_record`), as of a time, all or of one event type."""

    def __call__(self, as_of: datetime, event_type: EventType | None) -> tuple[str, dict[str, object]]: ...


class AlertsAsked(Protocol):
    """The alerts of a stretch of time, as they were known at its end, at most so many (`alerts.Alerts`)."""

    def __call__(self, since: datetime, as_of: datetime, limit: int) -> AlertReport: ...


@dataclass(frozen=True)
class Sources:
    """What there is of each kind; None, or a reason in its place, where there is none."""

    database: Database
    as_of: datetime
    memory: Memory | None = None
    prices: PriceSource | None = None
    track_record: RecordOfTrack | None = None
    alerts: AlertsAsked | None = None
    portfolio: Callable[[], tuple[Position, ...]] | None = None
    """Reads the file anew. Raises SourceError, UsageError."""
