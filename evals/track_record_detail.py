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
    """Rank correlation of score and realised impact at the end of one quarter or year."""

    name: str
    n: Annotated[int, Field(ge=1, description="forecasts graded in the period")]
    over: Annotated[
        int,
        Field(
            ge=1, description=f"forecasts it is made from: those of the period, or the last {MIN_EVENTS} up to its end"
        ),
    ]
    spearman: Annotated[
        Estimate | None,
        Field(description=f"null: fewer than {MIN_EVENTS} were graded by then, or all scores are the same"),
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
    """In the order of time, of the forecasts that count for `track_record`. A period with too few looks back beyond its
    beginning, so that neighbours may share forecasts."""
    pairs = sorted(
        graded_pairs(first_forecasts(entries)[0]), key=lambda pair: (pair[0].session_on, pair[0].recorded_at)
    )
    if not pairs:
        return ()
    period = period_of([forecast.session_on for forecast, _ in pairs])
    names = [period(forecast) for forecast, _ in pairs]
    found, begin = [], 0
    for name, n in Counter(names).items():
        end = begin + n
        window = pairs[max(0, min(begin, end - MIN_EVENTS)) : end]
        points = by_group(said_of(window), came_of(window), ref, np.full(len(window), name))
        estimate = Estimate(value=points[0].y, low=points[0].low, high=points[0].high) if points else None
        found.append(PeriodCorrelation(name=name, n=n, over=len(window), spearman=estimate))
        begin = end
    return tuple(found)


def worst_misses(entries: Sequence[LedgerForecast], limit: int) -> tuple[Miss, ...]:
    """The graded forecasts whose score was farthest from what came, farthest first."""
    misses = [Miss(forecast=said, grade=came) for said, came in graded_pairs(first_forecasts(entries)[0])]
    return tuple(
        sorted(misses, key=lambda one: (-one.distance, one.forecast.recorded_at, one.forecast.analysis_id))[:limit]
    )
