"""Past events as the pages of a precedent, a company and a theme show them: their reactions, the means by type with counts, and a
price with marks where prices are set."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np

from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType
from terminal import wording
from terminal.html_page import Bar

if TYPE_CHECKING:
    from markets.prices import PriceSource

FEW = 5
"""Reactions below which a mean says more about chance than about the type of event."""
SESSIONS = 250
"""Of a price chart: about a year."""
WIDTH, HEIGHT, MARGIN = 1000.0, 240.0, 14.0
"""Of its viewBox."""


@dataclass(frozen=True)
class EventRow:
    """An event with its reaction in words, if it was known."""

    event: Event
    date: str
    move: str | None
    sigmas: str | None
    window: str | None
    bar: Bar | None

    @classmethod
    def of(cls, event: Event, as_of: datetime) -> "EventRow":
        """As it was known at `as_of`."""
        reaction = known_reaction(event, as_of)
        day = wording.moment(event.published_at, date_only=event.date_only)
        if reaction is None:
            return cls(event, day, None, None, None, None)
        move = f"{reaction.ticker} {wording.percent(reaction.simple_return)}"
        return cls(event, day, move, wording.sigmas(reaction), wording.window(reaction), Bar.of(reaction.z))


def known_reaction(event: Event, as_of: datetime) -> Reaction | None:
    """What could be known of its outcome at `as_of`."""
    return event.reaction if event.reaction is not None and event.reaction.known_at <= as_of else None


@dataclass(frozen=True)
class TypeMean:
    """Reactions after one type of event."""

    event_type: EventType
    count: int
    """Events whose reaction was known."""
    size: str | None
    """Mean |z|; None below FEW."""
    move: str | None
    """Mean move against the market (simple returns) with its standard error; None likewise."""
    beyond: str | None
    """Share with |z| > 2; None likewise."""
    up: str | None
    """Share that rose; None likewise."""


def means_by_type(events: Sequence[Event], as_of: datetime, ticker: str | None = None) -> tuple[TypeMean, ...]:
    """By type, most events first. `ticker`: only the reactions of this share."""
    by_type: dict[EventType, list[Reaction]] = defaultdict(list)
    for event in events:
        reaction = known_reaction(event, as_of)
        if reaction is not None and ticker in (None, reaction.ticker):
            by_type[event.event_type].append(reaction)
    made = [_mean(kind, reactions) for kind, reactions in by_type.items()]
    return tuple(sorted(made, key=lambda one: (-one.count, one.event_type)))


def _mean(kind: EventType, reactions: Sequence[Reaction]) -> TypeMean:
    count = len(reactions)
    if count < FEW:
        return TypeMean(kind, count, None, None, None, None)
    z = np.array([one.z for one in reactions])
    moves = np.array([one.simple_return for one in reactions])
    error = float(moves.std(ddof=1)) / count**0.5
    return TypeMean(
        kind,
        count,
        size=f"{float(np.abs(z).mean()):.1f}σ",
        move=f"{wording.percent(float(moves.mean()))} ± {error * 100:.1f}",
        beyond=wording.share(float((np.abs(z) > 2).mean())),
        up=wording.share(float((moves > 0).mean())),
    )


@dataclass(frozen=True)
class PricePoint:
    """One session: the level is 100 at the first session."""

    on: date
    level: float


@dataclass(frozen=True)
class PriceMark:
    """An event at the session it came in."""

    on: date
    level: float
    event: Event
    reaction: Reaction | None


@dataclass(frozen=True)
class PriceChart:
    """A share's closes as an index, with the events of the same stretch."""

    points: tuple[PricePoint, ...]
    marks: tuple[PriceMark, ...]
    gaps: int
    """Sessions without a price, over which the level stays."""

    @property
    def low(self) -> float:
        """The lowest level."""
        return min(one.level for one in self.points)

    @property
    def high(self) -> float:
        """The highest level."""
        return max(one.level for one in self.points)

    @property
    def line(self) -> str:
        """The points of an SVG polyline."""
        return " ".join(f"{self._x(place)},{self._y(one.level)}" for place, one in enumerate(self.points))

    @property
    def dots(self) -> tuple[tuple[float, float, PriceMark], ...]:
        """(x, y, mark) in the same units."""
        places = {one.on: place for place, one in enumerate(self.points)}
        return tuple((self._x(places[mark.on]), self._y(mark.level), mark) for mark in self.marks)

    @property
    def data(self) -> dict[str, object]:
        """What the interactive chart is drawn from: no words from outside, which plotly would read as markup."""
        return {
            "dates": [one.on.isoformat() for one in self.points],
            "levels": [round(one.level, 3) for one in self.points],
            "marks": [
                {
                    "date": mark.on.isoformat(),
                    "level": round(mark.level, 3),
                    "type": wording.words(mark.event.event_type),
                    "z": None if mark.reaction is None else round(mark.reaction.z, 2),
                }
                for mark in self.marks
            ],
        }

    def _x(self, place: int) -> float:
        return round(WIDTH * place / max(1, len(self.points) - 1), 1)

    def _y(self, level: float) -> float:
        spread = self.high - self.low or 1.0
        return round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (level - self.low) / spread, 1)


def price_chart(ticker: str, prices: "PriceSource", events: Sequence[Event], as_of: datetime) -> PriceChart | None:
    """Of the year before `as_of`; None when no session of it has a price. Raises SourceError, UsageError."""
    from markets.sessions import sessions  # late: loading the calendar takes a second

    calendar = sessions()
    days = calendar.before(as_of.date(), SESSIONS)
    returns = prices.returns(ticker, days)
    known = np.isfinite(returns)
    if not known.any():
        return None
    first = int(known.argmax())
    levels = 100 * np.exp(np.concatenate(([0.0], np.cumsum(np.where(known, returns, 0.0)[first + 1 :]))))
    shown = days[first:]
    by_day = dict(zip(shown, map(float, levels), strict=True))
    marks = []
    for event in events:
        reaction = known_reaction(event, as_of)
        on = (
            reaction.session_on
            if reaction
            else calendar.window(event.published_at, date_only=event.date_only).session_on
        )
        if on in by_day:
            marks.append(PriceMark(on, by_day[on], event, reaction))
    points = tuple(PricePoint(day, level) for day, level in by_day.items())
    return PriceChart(points, tuple(sorted(marks, key=lambda one: one.on)), int((~known[first:]).sum()))
