"""The score in steps that sum to it, each said in numbers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.features import GROUPS
from agent.precedent_weights import effective
from records.impact import Driver

if TYPE_CHECKING:
    from agent.score import Priors, Question

SAID_FROM = 0.0005
"""A smaller step of the calibration is rounding."""


@dataclass(frozen=True)
class DriverInputs:
    """The forecast after each step, in units of y, and what the steps looked at."""

    ordinary: float
    prior: float
    with_precedents: float
    with_model: float
    score: float
    priors: "Priors | None"
    """None for an index, whose prior is one number."""
    telling: list[str]
    count: int
    type_count: int
    abs_z: NDArray[np.float64]
    """Of each precedent, cut as the score counts it."""
    weights: NDArray[np.float64]
    expected_abs_z: NDArray[np.float64]
    """Of each precedent, as such events are expected to move."""
    question: "Question"


def drivers_of(given: DriverInputs) -> tuple[Driver, ...]:
    """Ordinary day, prior by its groups, precedents, model, calibration: contributions sum to the score exactly."""
    drivers = [Driver(name="ordinary_day", text="an ordinary day", contribution=given.ordinary), *_prior(given)]
    drivers.append(Driver(name="precedents", text=_precedents(given), contribution=given.with_precedents - given.prior))
    if given.with_model != given.with_precedents:
        text = "surprise and strength of the sentiment as read"
        drivers.append(Driver(name="model", text=text, contribution=given.with_model - given.with_precedents))
    rest = given.score - given.with_model
    if abs(rest) > SAID_FROM:
        text = "set right by how past forecasts of this size came out"
        drivers.append(Driver(name="calibration", text=text, contribution=rest))
    else:
        last = drivers[-1]
        drivers[-1] = last.model_copy(update={"contribution": last.contribution + rest})
    return tuple(drivers)


def _prior(given: DriverInputs) -> list[Driver]:
    kind = given.question.event_type.value.replace("_", " ")
    if given.priors is None:
        text = f"{kind}: {given.count:,} past events alone give {_unit(given.prior)}"
        return [Driver(name="event_type", text=text, contribution=given.prior - given.ordinary)]
    parts = dict(zip(GROUPS, given.priors.contributions[0].tolist(), strict=True))
    known = _known(given.question)
    unsaid = sum(value for name, value in parts.items() if name not in known and name not in ("event", "wording"))
    news = given.priors.base - given.ordinary + unsaid
    # the cut of an extreme prior to its range, 0 elsewhere, belongs to the event itself
    cut = given.prior - (given.priors.base + sum(parts.values()))
    words = f", worded with {', '.join(repr(term) for term in given.telling)}" if given.telling else ""
    return [
        Driver(
            name="company_news",
            text=f"news about a company, the mean of {given.count:,} past events",
            contribution=news,
        ),
        Driver(
            name="event_type",
            text=f"{kind} ({given.type_count:,} past events){words}; the prior alone would be {_unit(given.prior)}",
            contribution=parts["event"] + parts["wording"] + cut,
        ),
        *(Driver(name=name, text=text, contribution=parts[name]) for name, text in known.items()),
    ]


def _known(question: "Question") -> dict[str, str]:
    """Driver name → what was seen, for the groups that are known."""
    said = {"calendar": "the season of the year"}
    state, flow = question.state, question.flow
    if state is not None:
        said["rhythm"] = (
            "largest moves one to four quarters ago: " + ", ".join(f"{each:.1f}" for each in state.quarter_ago) + "σ"
        )
        said["stock"] = (
            f"volatility {np.exp(state.fast_to_slow):.2f}× its two-year level, "
            f"last jump {state.sessions_since_jump:.0f} sessions ago"
        )
        said["market"] = f"market volatility of 20 sessions {np.exp(state.market_20):.2f}× that of the year"
    if flow is not None:
        said["flow"] = (
            f"{flow.same_day:.0f} stories that day, {flow.stories_90:.0f} events in 90 days, "
            f"the last {flow.days_since_story:.0f} days ago"
        )
    return said


def _precedents(given: DriverInputs) -> str:
    if not len(given.abs_z) or not given.weights.any():
        return "no comparable events"
    mean = float(given.weights @ given.abs_z / given.weights.sum())
    n_eff = effective(given.weights)
    beyond = int((given.abs_z > 2).sum())
    expected = float(given.weights @ given.expected_abs_z / given.weights.sum())
    return (
        f"{len(given.abs_z)} comparable events ({n_eff:.1f} effective): mean move {mean:.2f}σ where {expected:.2f}σ was expected, "
        f"{beyond} of {len(given.abs_z)} beyond 2σ"
    )


def _unit(value: float) -> str:
    return f"{value:.2f}".removeprefix("0")
