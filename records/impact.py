"""The market-impact forecast."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from records.base import Record

Evidence = Literal["grounded", "prior_only", "not_scoreable"]


class Driver(Record):
    """One step of the score: the contributions of all drivers sum to `Impact.score`."""

    name: Annotated[str, Field(description="'ordinary_day', 'event_type', 'precedents', …")]
    text: Annotated[str, Field(description="the step in numbers, one clause")]
    contribution: Annotated[float, Field(description="change of the score, in score units")]


class Impact(Record):
    """A forecast of y = F_ref(|z|) in [0, 1] for one fixed instrument; every number is None when it is not scoreable."""

    ticker: Annotated[str | None, Field(description="the predicted primary instrument, fixed before the outcome")]
    score: Annotated[float | None, Field(ge=0, le=1, description="E[y]; an ordinary day is .50")]
    low: Annotated[float | None, Field(ge=0, le=1, description="10 % quantile of y")]
    high: Annotated[float | None, Field(ge=0, le=1, description="90 % quantile of y")]
    p_material: Annotated[float | None, Field(ge=0, le=1, description="P(|z| > 2)")]
    multiplier: Annotated[float | None, Field(gt=0, description="scale s against an ordinary day")]
    move_low: Annotated[
        float | None, Field(description="10 % quantile of |abnormal return|, in log; None if σ is unknown")
    ] = None
    move_high: Annotated[
        float | None, Field(description="90 % quantile of |abnormal return|, in log; None if σ is unknown")
    ] = None
    rank: Annotated[
        float | None,
        Field(ge=0, le=1, description="share of the last 90 days' scored articles below it; None under 20 of them"),
    ] = None
    evidence: Evidence
    n_eff: Annotated[float | None, Field(ge=0, description="effective number of precedents, (Σw)²/Σw²")]
    drivers: tuple[Driver, ...] = ()
    reason: Annotated[str | None, Field(description="why it is not scoreable or prior only; None when grounded")] = None
    model_version: Annotated[str, Field(description="name of the score model's artifact")]

    @model_validator(mode="after")
    def _numbers_or_none(self) -> "Impact":
        numbers = (self.score, self.low, self.high, self.p_material, self.multiplier, self.n_eff)
        if self.evidence == "not_scoreable":
            if any(number is not None for number in numbers) or not self.reason:
                raise ValueError("a not_scoreable impact has no numbers and says why")
        elif any(number is None for number in numbers) or self.ticker is None:
            raise ValueError(
                f"a {self.evidence} impact needs ticker, score, low, high, p_material, multiplier and n_eff"
            )
        return self
