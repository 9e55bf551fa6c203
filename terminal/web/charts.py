"""Charts made on the server: points in a viewBox, which templates draw as SVG. The same numbers stand in tables beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evals.track_record import Bin
    from evals.track_record_detail import PeriodCorrelation

SIDE = 300.0
"""Of a square panel, in units of the viewBox."""
WIDTH, HEIGHT = 640.0, 200.0
"""Of a panel over time."""
TICKS = 5
LABELS = 12
"""Names of periods that fit side by side."""


@dataclass(frozen=True)
class Mark:
    """A point with its whisker, in units of the viewBox; y grows downwards as SVG's does."""

    x: float
    y: float
    low: float
    high: float
    label: str


@dataclass(frozen=True)
class Tick:
    """A place on an axis and its number."""

    at: float
    label: str


@dataclass(frozen=True)
class Panel:
    """Points over two axes."""

    marks: tuple[Mark, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    zero: float | None
    """Where y is nought; None: outside, or of no interest."""


def reliability_panel(bins: "Sequence[Bin]") -> Panel:
    """Forecast against outcome over one range for both axes, so that the diagonal is where what was forecast is what came."""
    values = [value for each in bins for value in (each.forecast, *_whisker(each.outcome.value, each.outcome))]
    first, last = _range(values)
    span = last - first

    def at(value: float) -> float:
        return round((value - first) / span * SIDE, 2)

    marks = []
    for each in bins:
        low, high = _whisker(each.outcome.value, each.outcome)
        marks.append(
            Mark(at(each.forecast), SIDE - at(each.outcome.value), SIDE - at(low), SIDE - at(high), f"{each.n:,}")
        )
    steps = [first + span * number / (TICKS - 1) for number in range(TICKS)]
    return Panel(
        marks=tuple(marks),
        x_ticks=tuple(Tick(at(one), f"{one:.2f}") for one in steps),
        y_ticks=tuple(Tick(SIDE - at(one), f"{one:.2f}") for one in steps),
        zero=None,
    )


def correlation_panel(periods: "Sequence[PeriodCorrelation]") -> Panel:
    """Rank correlation by period from left to right; a period with too few has no point."""
    known = [(one.spearman.value, *_whisker(one.spearman.value, one.spearman)) for one in periods if one.spearman]
    first, last = _span([0.0, *(value for each in known for value in each)])

    def at(value: float) -> float:
        return round(HEIGHT - (value - first) / (last - first) * HEIGHT, 2)

    step = WIDTH / max(1, len(periods))
    marks, ticks = [], []
    every = -(-len(periods) // LABELS) or 1
    for place, one in enumerate(periods):
        x = round((place + 0.5) * step, 2)
        if place % every == 0:
            ticks.append(Tick(x, one.name))
        if one.spearman is not None:
            low, high = _whisker(one.spearman.value, one.spearman)
            marks.append(Mark(x, at(one.spearman.value), at(low), at(high), f"{one.spearman.value:.2f}"))
    steps = [first + (last - first) * number / (TICKS - 1) for number in range(TICKS)]
    return Panel(tuple(marks), tuple(ticks), tuple(Tick(at(one), f"{one:.2f}") for one in steps), at(0.0))


def _whisker(value: float, found: object) -> tuple[float, float]:
    low, high = getattr(found, "low", None), getattr(found, "high", None)
    return (value if low is None else low, value if high is None else high)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """With room for the labels above the whiskers; inside 0 to 1, where shares and impacts are."""
    low, high = min(values), max(values)
    margin = max(0.02, 0.1 * (high - low))
    return max(0.0, low - margin), min(1.0, high + margin)


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = max(0.05, 0.1 * (high - low))
    return max(-1.0, low - margin), min(1.0, high + margin)
