"""The arms: the score with precedents, and without them in every fair way."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.calibration import Band, Curve, Platt
from agent.forest import Forest, from_json
from agent.precedent_weights import effective
from agent.score import ScoreModel
from agent.score_artifact import ScoreArtifact, load_artifact
from evals.impact.fit import CALIBRATED_ON, Development, calibration_of, grow, rounded
from evals.impact.metrics import Forecasts, Outcomes
from evals.impact.run import Ground, weights_of

GROUNDED, SWITCHED_OFF, CALIBRATED, WORDED, SHUFFLED = (
    "grounded",
    "switched off",
    "prior, calibrated",
    "prior, worded",
    "shuffled",
)
RIVALS = (CALIBRATED, WORDED)
"""What grounding has to beat."""
KS = (5, 20, 50, 100)
"""Fewer precedents than the 300 that the score uses."""
SHUFFLE_SEED = 7
WEEK_DAYS = 7


@dataclass(frozen=True)
class Rivals:
    """The two priors that do without precedents, calibrated for it."""

    calibrated: ScoreArtifact
    worded: ScoreArtifact


@dataclass(frozen=True)
class Field:
    """The forecasts of one data set, all arms of the same n events."""

    name: str
    arms: Mapping[str, Forecasts]
    outcomes: Outcomes
    """Its `day` is the session's ordinal."""
    published: NDArray[np.int64]
    """(n,) ordinal of the event's own day."""
    tickers: NDArray[np.str_]
    n_eff: NDArray[np.float64]
    """(n,) effective precedents of the grounded forecast."""
    left_out: Mapping[str, int]
    about: Mapping[str, object]

    def subset(self, mask: NDArray[np.bool_], name: str) -> "Field":
        """The events where `mask` (n,) is true."""
        return replace(
            self,
            name=name,
            arms={arm: forecasts.subset(mask) for arm, forecasts in self.arms.items()},
            outcomes=self.outcomes.subset(mask),
            published=self.published[mask],
            tickers=self.tickers[mask],
            n_eff=self.n_eff[mask],
        )

    def weekly(self) -> Outcomes:
        """The outcomes clustered by calendar week, Monday to Sunday, instead of by session-day."""
        return replace(self.outcomes, day=(self.outcomes.day - 1) // WEEK_DAYS)  # ordinal 1 was a Monday


def fit_rival(name: str, dev: Development, rows: NDArray[np.float64], warm: NDArray[np.bool_]) -> ScoreArtifact:
    """One of RIVALS from development data alone: forests of the years before forecast 2014 and 2015, which calibrate it. `rows`,
    `warm`: of `dev.rows()`.
    """
    shipped, without_words = load_artifact(), name == CALIBRATED
    log_s, places = [], []
    for year in CALIBRATED_ON:
        past, now = dev.before(year) & warm, dev.years == year
        model = ScoreModel(_with_forest(shipped, rows[past], dev.y[past], without_words), dev.ref)
        log_s.append(model.log_scales(model.expected(rows[now])))
        places.append(np.flatnonzero(now))
        dev.say(f"{name}: forecasts of {year} from {int(past.sum()):,} earlier events")
    final = _with_forest(shipped, rows[warm], dev.y[warm], without_words=False) if name == WORDED else shipped
    return _calibrated(final, calibration_of(dev, np.concatenate(log_s), np.concatenate(places)))


def _with_forest(
    shipped: ScoreArtifact, rows: NDArray[np.float64], y: NDArray[np.float64], without_words: bool
) -> ScoreArtifact:
    forest: Forest = from_json(rounded(grow(rows, y, without_words=without_words)))
    return replace(shipped, forest=forest)


def _calibrated(artifact: ScoreArtifact, calibration: Mapping[str, Any]) -> ScoreArtifact:
    curve, band = calibration["curve"], calibration["band"]
    return replace(
        artifact,
        curve=Curve(np.array(curve["x"]), np.array(curve["y"])),
        platt=Platt(**calibration["platt"]),
        band=Band(**{name: tuple(ends) for name, ends in band.items()}),
    )


def field_of(name: str, ground: Ground, rivals: Rivals) -> Field:
    """All arms of the graded events of a ground."""
    given = ground.scored
    generator = np.random.default_rng(SHUFFLE_SEED)
    shuffled = generator.permuted(given.abs_z.ravel()).reshape(given.abs_z.shape)
    arms = {
        GROUNDED: ground.forecasts(),
        SWITCHED_OFF: ground.forecasts(without=["precedents"]),
        CALIBRATED: _alone(ground, rivals.calibrated),
        WORDED: _alone(ground, rivals.worded),
        SHUFFLED: ground.forecasts(given.with_moves(shuffled)),
        **{f"{k} precedents": ground.forecasts(ground.found.first(k)) for k in KS},
    }
    places = ground.graded
    sessions = np.array([ground.data.reactions[place].session_on.toordinal() for place in places])
    weights = weights_of(ground.model, given)
    return Field(
        name=name,
        arms=arms,
        outcomes=replace(ground.outcomes(), day=sessions),
        published=np.array([ground.data.events[place].day.toordinal() for place in places]),
        tickers=np.array([ground.data.events[place].ticker for place in places]),
        n_eff=np.array([effective(line) for line in weights]),
        left_out=ground.left_out,
        about=ground.about,
    )


def _alone(ground: Ground, artifact: ScoreArtifact) -> Forecasts:
    return replace(ground, model=ScoreModel(artifact, ground.ref)).forecasts(without=["precedents"])
