"""What the tools look at, put together from an assembly; what is missing is left out, and the tools say so."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING

from records.taxonomy import EventType
from terminal.alert_parts import open_alerts
from terminal.assembly import Assembly
from terminal.kept_track_record import KeptTrackRecord
from terminal.warm_memory import WarmMemory

if TYPE_CHECKING:
    from evals.track_record import Estimate, TrackRecord
    from records.database import LedgerForecast
    from tools.sources import Sources

SourcesAsOf = Callable[[datetime], "Sources"]


def tool_sources(parts: Assembly, closing: ExitStack) -> SourcesAsOf:
    """A function from the moment a question is asked as of to its sources; what it keeps open is closed with `closing`.

    Raises StoreError, SettingsError for a database or prices that are set and cannot be opened.
    """
    from markets.portfolio import read_portfolio
    from tools.sources import Sources

    database = parts.database
    # opened when it is first asked: with the embedding model it takes longer to load than most questions to answer
    memory = closing.enter_context(WarmMemory(parts.memory))
    track_record = KeptTrackRecord(database)
    alerts = open_alerts(parts)
    prices = parts.prices if parts.settings.prices else None
    path = parts.settings.portfolio

    def sources(as_of: datetime) -> Sources:
        return Sources(
            database,
            as_of,
            memory=memory,
            prices=prices,
            track_record=track_record,
            alerts=lambda since, until, limit: alerts.report(until, since=since, limit=limit),
            portfolio=None if path is None else lambda: read_portfolio(path),
        )

    return sources


def track_record_text(
    entries: "list[LedgerForecast]", as_of: datetime, event_type: EventType | None
) -> tuple[str, dict[str, object]]:
    """The record of what was graded by `as_of`, in sentences and as data; too few is said as too few."""
    from dataclasses import replace

    from evals.track_record import track_record
    from markets.reference import reference

    known = [
        entry if entry.forecast.outcome_known_at <= as_of else replace(entry, grade=None)
        for entry in entries
        if entry.forecast.recorded_at <= as_of and event_type in (None, entry.forecast.event_type)
    ]
    record = track_record(known, reference())
    kind = "all event types" if event_type is None else event_type.value.replace("_", " ")
    return _said(record, kind), record.model_dump(mode="json")


def _said(record: "TrackRecord", kind: str) -> str:
    counts = (
        f"Track record for {kind}: {record.forward} forecasts made before their outcome, {record.graded} of them graded, "
        f"{record.waiting} still waiting"
    )
    numbers = record.statistics
    if numbers is None:
        return f"{counts}. Too few to judge: {record.needed} graded forecasts on {record.needed_sessions} session-days are needed."
    parts = [
        counts,
        f"mean score {numbers.score:.2f}, mean realised impact {numbers.y:.2f}",
        f"rank correlation {_estimate(numbers.spearman)}",
        f"share that moved beyond 2σ {_estimate(numbers.material)} where {numbers.p_material:.2f} was expected",
        f"80 % interval held the outcome in {_estimate(numbers.coverage)}",
        f"Brier skill against the base rate {_estimate(numbers.brier_skill)}",
    ]
    return "; ".join(parts) + "."


def _estimate(value: "Estimate | None") -> str:
    if value is None:
        return "unknown"
    interval = f" ({value.low:.2f} to {value.high:.2f})" if value.low is not None and value.high is not None else ""
    return f"{value.value:.2f}{interval}"
