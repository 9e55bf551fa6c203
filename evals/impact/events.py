"""News events with what the market did: loaded from a folder of Parquet files, typed by rules, measured from prices.

An event is one company on one day with all its stories. Whatever cannot be measured is left out and counted, never guessed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from agent.features import speaks_of_results
from evals.starter.labeller import label
from evals.starter.pools import end_of_day
from markets.price_sources import open_prices
from markets.prices import ParquetPrices, PriceSource
from markets.reaction import UnknownReaction, measure
from markets.sessions import EventWindow, Sessions
from markets.state import MarketState, state_before
from records.errors import SourceUnreachable, SourceUnreadable, UsageError
from records.market import Reaction
from records.taxonomy import EventType

COLUMNS = (
    "id",
    "event_id",
    "split",
    "date",
    "ticker",
    "company",
    "headline",
    "body",
    "price_leak",
    "earn",
    "z01",
    "sigma",
    "beta",
    "car01",
)


@dataclass(frozen=True)
class Event:
    """One company, one day, all its stories. Nothing here is later than the end of that day."""

    id: str
    split: str
    day: date
    ticker: str
    company: str
    headlines: tuple[str, ...]
    body: str
    """The stories' leads, joined."""
    stories: int
    earnings: bool
    """The data's own flag for words of earnings: parts the hard subset off, and is no feature."""
    tells_price: bool
    event_type: EventType
    results: bool

    @property
    def published_at(self) -> datetime:
        """The end of its day in New York."""
        return end_of_day(self.day)

    @property
    def outcomes_until(self) -> datetime:
        """The end of the day before. An outcome known later may hold a part of this event's own window, which opens at the last
        close before its day: so it is left out, of this company and of all others, though it was known when the day ended."""
        return end_of_day(self.day - timedelta(days=1))


@dataclass(frozen=True)
class Measured:
    """Events with their outcomes and the state before them, by day and id; arrays are (n,)."""

    events: tuple[Event, ...]
    reactions: tuple[Reaction, ...]
    states: tuple[MarketState | None, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Why → how many events have no outcome."""
    outcomes_from: str = "prices"

    @property
    def abs_z(self) -> NDArray[np.float64]:
        """|z| of the reactions."""
        return np.array([abs(reaction.z) for reaction in self.reactions])

    def select(self, keep: NDArray[np.bool_]) -> "Measured":
        """The events of a mask."""
        chosen = np.flatnonzero(keep)
        return Measured(
            tuple(self.events[place] for place in chosen),
            tuple(self.reactions[place] for place in chosen),
            tuple(self.states[place] for place in chosen),
            self.left_out,
            self.outcomes_from,
        )


class CalendarCache(Sessions):
    """Sessions that remember their answers: a hundred thousand events share a few thousand days."""

    def __init__(self) -> None:
        super().__init__()
        self._windows = lru_cache(maxsize=None)(super().window)
        self._before = lru_cache(maxsize=None)(super().before)

    def window(self, known_at: datetime, *, date_only: bool = False) -> EventWindow:
        """See Sessions."""
        return self._windows(known_at, date_only=date_only)

    def before(self, session: date, count: int) -> tuple[date, ...]:
        """See Sessions."""
        return self._before(session, count)


def load_stories(folder: Path, until: date | None = None) -> list[dict[str, Any]]:
    """Rows of every story file in `folder` or its `impact/`, at most of the day `until`.

    Raises SourceUnreachable without files, SourceUnreadable for files that lack a column.
    """
    files = [*sorted((folder / "impact").glob("*.parquet")), *sorted(folder.glob("*.parquet"))]
    rows: list[dict[str, Any]] = []
    for path in files:
        names = pq.read_schema(path).names
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            if "headline" not in names:
                continue  # not a story file: prices may lie in the same folder
            raise SourceUnreadable(
                f"{path} lacks the columns {', '.join(missing)}. Give story files of the impact layout."
            )
        for row in pq.read_table(path, columns=list(COLUMNS)).to_pylist():
            day = row["date"].date() if isinstance(row["date"], datetime) else row["date"]
            if until is None or day <= until:
                rows.append(row | {"date": day})
    if not rows:
        raise SourceUnreachable(
            f"There are no story files (*.parquet with headline, date, ticker …) in {folder} or its impact/. Give that folder."
        )
    return rows


def events_of(rows: Sequence[Mapping[str, Any]]) -> list[Event]:
    """One event per event id, by day and id; stories in order of their ids, exact reprints once."""
    grouped: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["event_id"], {}).setdefault(row["id"], row)
    return sorted((_event(name, group) for name, group in grouped.items()), key=lambda event: (event.day, event.id))


def _event(name: str, group: Mapping[str, Mapping[str, Any]]) -> Event:
    stories = [group[key] for key in sorted(group)]
    headlines = tuple(dict.fromkeys((story["headline"] or "").strip() for story in stories))
    body = " ".join(dict.fromkeys((story["body"] or "").strip() for story in stories))
    first = stories[0]
    joined = " . ".join(headlines)
    return Event(
        id=name,
        split=first["split"],
        day=first["date"],
        ticker=first["ticker"].replace("-", "."),
        company=first["company"] or first["ticker"],
        headlines=headlines,
        body=body,
        stories=len(stories),
        earnings=any(story["earn"] for story in stories),
        tells_price=any(story["price_leak"] for story in stories),
        event_type=label(joined, body),
        results=speaks_of_results(joined),
    )


def price_source(folders: Sequence[Path]) -> PriceSource | None:
    """The first of `folder/prices` and `folder/../prices` that holds price files; None if no folder has any."""
    for folder in folders:
        for place in (folder / "prices", folder.parent / "prices"):
            if any(place.glob("*.parquet")):
                return ParquetPrices(place)
            if any(place.glob("*.csv")):
                return open_prices(str(place))
    return None


def measured(events: Sequence[Event], prices: PriceSource) -> Measured:
    """Outcomes and states from prices, ticker by ticker, so that each price series is read once."""
    calendar = CalendarCache()
    found: dict[int, tuple[Reaction, MarketState | None]] = {}
    left_out: Counter[str] = Counter()
    for place in sorted(range(len(events)), key=lambda place: events[place].ticker):
        event = events[place]
        try:
            reaction = measure(event.ticker, event.published_at, prices, calendar, date_only=True)
        except UsageError:
            left_out["outside the calendar"] += 1
            continue
        if isinstance(reaction, UnknownReaction):
            left_out[reaction.reason] += 1
            continue
        state = state_before(event.ticker, event.published_at, prices, calendar, date_only=True)
        found[place] = (reaction, state)
    places = sorted(found)
    return Measured(
        tuple(events[place] for place in places),
        tuple(found[place][0] for place in places),
        tuple(found[place][1] for place in places),
        dict(left_out),
    )


def as_given(events: Sequence[Event], rows: Sequence[Mapping[str, Any]]) -> Measured:
    """Outcomes as the rows state them (σ of 120 sessions, no state), for data without prices."""
    calendar, by_event = CalendarCache(), {row["event_id"]: row for row in rows}
    kept: list[Event] = []
    reactions: list[Reaction] = []
    left_out: Counter[str] = Counter()
    for event in events:
        row = by_event[event.id]
        if row["z01"] is None or not np.isfinite(row["z01"]) or not row["sigma"] or not row["sigma"] > 0:
            left_out["no outcome in the row"] += 1
            continue
        window = calendar.window(event.published_at, date_only=True)
        kept.append(event)
        reactions.append(
            Reaction(
                ticker=event.ticker,
                window="two_session",
                session_on=window.session_on,
                date_only=True,
                abnormal_return=float(row["car01"]),
                beta=float(row["beta"]),
                sigma=float(row["sigma"]),
                z=float(row["z01"]),
                known_at=window.known_at,
            )
        )
    return Measured(tuple(kept), tuple(reactions), (None,) * len(kept), dict(left_out), "the rows themselves")


def by_company(events: Sequence[Event]) -> Iterator[tuple[str, list[int]]]:
    """Ticker and the places of its events, in order."""
    grouped: dict[str, list[int]] = {}
    for place, event in enumerate(events):
        grouped.setdefault(event.ticker, []).append(place)
    yield from grouped.items()
