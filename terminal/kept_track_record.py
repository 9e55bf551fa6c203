"""The track record as a conversation asks for it: made when it is first asked for, kept while nothing of it can have changed."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from records.taxonomy import EventType

if TYPE_CHECKING:
    from records.database import Database, LedgerForecast

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
Told = tuple[str, dict[str, object]]


@dataclass(frozen=True)
class _Kept:
    """One record, and as of which moments it is the same."""

    rows: int
    """Of the ledger when it was made: the ledger only grows."""
    since: datetime
    until: datetime
    told: Told


class KeptTrackRecord:
    """Safe to share between threads; a `tools.sources.RecordOfTrack`. Raises StoreError."""

    def __init__(self, database: "Database") -> None:
        """Reads nothing yet."""
        self._database = database
        self._guard = threading.Lock()
        self._kept: dict[EventType | None, _Kept] = {}

    def __call__(self, as_of: datetime, event_type: EventType | None) -> Told:
        """Of one event type, or all, as of a moment."""
        newest = self._database.ledger_rows(1)
        rows = newest[0].sequence if newest else 0
        with self._guard:
            kept = self._kept.get(event_type)
            if kept is None or kept.rows != rows or not kept.since <= as_of < kept.until:
                kept = self._made(as_of, event_type, rows)
                self._kept[event_type] = kept
            return kept.told

    def _made(self, as_of: datetime, event_type: EventType | None, rows: int) -> _Kept:
        from terminal.tool_sources import track_record_text

        entries = self._database.forecasts()
        moments = [moment for entry in entries for moment in _moments(entry)]
        return _Kept(
            rows,
            max((moment for moment in moments if moment <= as_of), default=EARLIEST),
            min((moment for moment in moments if moment > as_of), default=LATEST),
            track_record_text(entries, as_of, event_type),
        )


def _moments(entry: "LedgerForecast") -> tuple[datetime, datetime]:
    """When a record as of a time begins to know the forecast, and its outcome."""
    return entry.forecast.recorded_at, entry.forecast.outcome_known_at
