"""What the pages of a company and of a theme have in common: their analyses, their past events, and what came after these."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from records.database.browse import Activity, LabelKind, Wanted
from records.event import Event
from terminal.web.event_view import FEW, EventRow, means_by_type
from terminal.web.pages.news import COUNTED, counted
from terminal.web.site import Site

ANALYSES, EVENTS, LISTED = 20, 1_000, 60
"""Analyses shown; events that the means are made of; events listed."""
WEEKS = 26


def values_of(
    site: Site, kind: LabelKind, label: str, events: Sequence[Event], until: datetime, *, ticker: str | None = None
) -> dict[str, Any]:
    """For the templates. Raises StoreError."""
    database = site.database
    wanted = Wanted(until=until, tickers=(label,)) if kind == "ticker" else Wanted(until=until, tags=(label,))
    found = database.browse.analyses(wanted, limit=ANALYSES)
    return {
        "label": label,
        "items": found.items,
        "count": counted(database.browse.count(wanted, most=COUNTED)),
        "sizes": database.shown.story_sizes(_stories(found.items), until),
        "rows": [EventRow.of(one, until) for one in events[:LISTED]],
        "event_count": len(events),
        "most_events": EVENTS,
        "means": means_by_type(events, until, ticker),
        "few": FEW,
        "weeks": _weeks(site, kind, label, until),
        "until": until,
        "now": site.clock(),
    }


def _stories(items: Collection[Any]) -> set[str]:
    return {one.story_id for one in items if one.story_id}


def _weeks(site: Site, kind: LabelKind, label: str, until: datetime) -> list[Activity]:
    """Analyses by week, the oldest first; a week without any has no entry."""
    since = until - timedelta(weeks=WEEKS)
    found = site.database.browse.activity(kind, until=until, since=since, labels=(label,), days=7)
    return list(reversed(found))
