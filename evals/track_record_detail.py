"""What a page shows of the track record besides its statistics: rank correlation over time, and the worst misses."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from evals.impact.curves import MIN_EVENTS, by_group
from evals.track_record import Estimate, came_of, first_forecasts, graded_pairs, period_of, said_of
from markets.reference import Reference
from records.base import Record
from records.database import LedgerForecast
from records.forecast import Forecast, Grade


class PeriodCorrelation(Record):
    """Rank correlation of score and realised impact in one quarter or year."""

    name: str
    n: Annotated[int, Field(ge=1, description="graded forecasts")]
    spearman: Annotated[
        Estimate | None, Field(description=f"null: fewer than {MIN_EVENTS} graded, or all scores are the same")
    ]


class Miss(Record):
    """A forecast that was far from what came."""

    forecast: Forecast
    grade: Grade

    @property
    def distance(self) -> float:
        """Of the realised impact from the score."""
        return abs(self.grade.y - self.forecast.score)

    @property
    def outside(self) -> bool:
        """Whether the 80 % interval failed to hold it; one in five is to."""
        return not self.forecast.low <= self.grade.y <= self.forecast.high


def correlation_by_period(entries: Sequence[LedgerForecast], ref: Reference) -> tuple[PeriodCorrelation, ...]:
    """In the order of time, of the forecasts that count for `track_record`."""
    pairs = graded_pairs(first_forecasts(entries)[0])
    if not pairs:
        return ()
    period = period_of(sorted({forecast.session_on for forecast, _ in pairs}))
    names = np.array([period(forecast) for forecast, _ in pairs])
    found = {point.x: point for point in by_group(said_of(pairs), came_of(pairs), ref, names)}
    estimates = {name: Estimate(value=point.y, low=point.low, high=point.high) for name, point in found.items()}
    return tuple(
        PeriodCorrelation(name=name, n=n, spearman=estimates.get(name))
        for name, n in sorted(Counter(names.tolist()).items())
    )


def worst_misses(entries: Sequence[LedgerForecast], limit: int) -> tuple[Miss, ...]:
    """The graded forecasts whose score was farthest from what came, farthest first."""
    misses = [Miss(forecast=said, grade=came) for said, came in graded_pairs(first_forecasts(entries)[0])]
    return tuple(
        sorted(misses, key=lambda one: (-one.distance, one.forecast.recorded_at, one.forecast.analysis_id))[:limit]
    )
