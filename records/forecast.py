"""A forecast as the ledger keeps it, fixed before its outcome, and the grade the market gave it."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from records.base import Record
from records.market import Window, simple_return
from records.times import UtcDatetime

LEDGER_SCHEMA_VERSION = 1
MATERIAL_Z = 2.0
"""Standard deviations beyond which a move is material; about 6 % of ordinary stock-days are."""

Share = Annotated[float, Field(ge=0, le=1)]


class Forecast(Record):
    """What was said about one instrument, and when: every number a grade will need, none of the outcome."""

    schema_version: int = LEDGER_SCHEMA_VERSION
    analysis_id: Annotated[str, Field(min_length=1)]
    article_id: Annotated[str, Field(min_length=1)]
    ticker: Annotated[str, Field(min_length=1, description="the predicted instrument, fixed before the outcome")]
    published_at: Annotated[UtcDatetime, Field(description="knowledge time: what decides the window")]
    date_only: bool
    as_of: Annotated[UtcDatetime, Field(description="what the analysis was allowed to know")]
    session_on: Annotated[date, Field(description="first session of the window")]
    window: Window
    outcome_known_at: Annotated[UtcDatetime, Field(description="close of the window's last session")]
    event_type: Annotated[str, Field(description="as it was called then; a later taxonomy may not know it")]
    score: Annotated[Share, Field(description="E[y]")]
    low: Annotated[Share, Field(description="10 % quantile of y")]
    high: Annotated[Share, Field(description="90 % quantile of y")]
    p_material: Annotated[Share, Field(description="P(|z| > 2)")]
    multiplier: Annotated[float, Field(gt=0, description="scale s against an ordinary day")]
    evidence: Literal["grounded", "prior_only"]
    n_eff: Annotated[float, Field(ge=0, description="effective number of precedents")]
    model_version: str
    recorded_at: Annotated[UtcDatetime, Field(description="when it was written, by this machine's clock")]
    forward: Annotated[bool, Field(description="recorded before outcome_known_at; False for a replay of old news")]

    @model_validator(mode="after")
    def _forward_is_a_fact(self) -> "Forecast":
        if self.forward != (self.recorded_at < self.outcome_known_at):
            raise ValueError("forward must say whether recorded_at comes before outcome_known_at")
        return self


class Grade(Record):
    """What the market did in a forecast's window (see `records.market.Reaction`), on the scale of the score."""

    schema_version: int = LEDGER_SCHEMA_VERSION
    forecast: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="digest of the forecast's ledger row")]
    session_on: Annotated[
        date, Field(description="first session measured; the forecast's own, unless the calendar was corrected since")
    ]
    abnormal_return: Annotated[float, Field(allow_inf_nan=False, description="in log: -0.644 is a fall of 47.5 %")]
    beta: Annotated[float | None, Field(allow_inf_nan=False, description="None for an index")]
    sigma: Annotated[float, Field(gt=0, allow_inf_nan=False, description="of one session, as a fraction")]
    z: Annotated[float, Field(allow_inf_nan=False)]
    y: Annotated[Share, Field(description="F_ref(|z|): what the score forecast")]
    reference_version: Annotated[str, Field(description="which F_ref")]
    price_source: Annotated[str, Field(description="where the prices came from, without passwords")]
    graded_at: UtcDatetime

    @property
    def simple_return(self) -> float:
        """The move as it is shown (see `records.market.Reaction.simple_return`), a fraction."""
        return simple_return(self.abnormal_return)

    @property
    def material(self) -> bool:
        """|z| > 2: what p_material forecast."""
        return abs(self.z) > MATERIAL_Z
