"""What a track record says: records alone, so that who only shows one loads no statistics."""

from typing import Annotated

from pydantic import Field

from records.base import Record

ENOUGH = 100
"""Graded forecasts below which no statistic is given: a rank correlation of 100 has a standard error of .10."""
ENOUGH_SESSIONS = 20
"""Session-days below which none is given either: intervals from drawing fewer days are too narrow."""


class Estimate(Record):
    """A number with its 95 % interval; no interval where the data give none."""

    value: float
    low: float | None
    high: float | None


class Bin(Record):
    """Forecasts of about one size, and what came."""

    n: int
    forecast: Annotated[float, Field(description="mean forecast")]
    outcome: Annotated[Estimate, Field(description="mean outcome, or share of true cases")]


class Group(Record):
    """The forecasts of one period or event type. Numbers are None where the group or the whole record is too small."""

    name: str
    n: int
    score: Annotated[float | None, Field(description="mean score")] = None
    y: Annotated[float | None, Field(description="mean realised impact; perfect: the mean score")] = None
    p_material: Annotated[float | None, Field(description="mean P(|z| > 2)")] = None
    material: Annotated[Estimate | None, Field(description="share with |z| > 2")] = None
    brier: Annotated[float | None, Field(description="of p_material")] = None
    brier_constant: Annotated[float | None, Field(description="of the whole record's share, always")] = None
    coverage: Annotated[Estimate | None, Field(description="share inside the 80 % interval")] = None


class Statistics(Record):
    """How good the forecasts were. Each figure stands beside that of a constant forecast."""

    score: Annotated[float, Field(description="mean score")]
    y: Annotated[float, Field(description="mean realised impact; perfect: the mean score")]
    spearman: Annotated[Estimate | None, Field(description="rank correlation of score and y; a constant has none")]
    crps: Annotated[Estimate | None, Field(description="of the whole distribution, in units of y; lower is better")]
    crps_ordinary_day: Annotated[float | None, Field(description="of 'every day is ordinary' (s = 1), always")]
    p_material: Annotated[float, Field(description="mean P(|z| > 2)")]
    material: Annotated[Estimate, Field(description="share with |z| > 2: the base rate")]
    brier: Annotated[float, Field(description="of p_material; lower is better")]
    brier_constant: Annotated[
        float, Field(description="of the base rate, always: known only afterwards, so hard to beat")
    ]
    brier_skill: Annotated[
        Estimate | None, Field(description="1 − brier / brier_constant; 0: no better than the base rate")
    ]
    auc: Annotated[Estimate | None, Field(description="P(a material case had the higher p_material); a constant: .5")]
    ece: Annotated[Estimate | None, Field(description="of p_material; lower is better")]
    coverage: Annotated[Estimate, Field(description="share of y inside the 80 % interval")]
    coverage_ordinary_day: Annotated[float, Field(description="share of y inside .1 to .9, an ordinary day's interval")]
    score_bins: tuple[Bin, ...]
    p_material_bins: tuple[Bin, ...]


class TrackRecord(Record):
    """Counts always; statistics only from ENOUGH graded forecasts on ENOUGH_SESSIONS session-days on."""

    include_replays: bool
    forecasts: Annotated[int, Field(description="in the ledger")]
    forward: Annotated[int, Field(description="of those, recorded before the outcome was knowable")]
    waiting: Annotated[int, Field(description="without a grade, of those that could count")]
    repeated: Annotated[int, Field(description="left out: later forecasts for an article and instrument")]
    graded: Annotated[int, Field(description="what the statistics are made from")]
    needed: Annotated[int, Field(description="graded forecasts that statistics need")] = ENOUGH
    needed_sessions: Annotated[int, Field(description="session-days that statistics need")] = ENOUGH_SESSIONS
    first_session: str | None
    last_session: str | None
    sessions: Annotated[int, Field(description="different session-days")]
    model_versions: Annotated[dict[str, int], Field(description="graded forecasts by score model")]
    reference_versions: Annotated[dict[str, int], Field(description="graded forecasts by reference distribution")]
    statistics: Annotated[Statistics | None, Field(description="null: too few to judge")]
    by_period: tuple[Group, ...]
    by_event_type: tuple[Group, ...]

    @property
    def too_few(self) -> bool:
        """Whether nothing can be said yet."""
        return self.statistics is None
