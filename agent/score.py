"""The market-impact score: computed in code from a prior and the precedents, never by the language model.

The forecast is one distribution, |z| ~ s·|ε_ref|. The scale s joins a structural prior s0 (how far such events move their
stock, past only) with the mean |z| of the precedents:

    log s = (n_eff·log s_P + k0·log s0) / (n_eff + k0),   s_P = Σ w·|z| / Σ w / E|ε_ref|,   n_eff = (Σ w)² / Σ w²

A weight is similarity × event-type match × recency; one ticker holds at most a third of the weight.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from markets.reference import Reference, reference
from records.errors import SettingsError
from records.event import Precedent
from records.impact import Driver, Impact
from records.market import Instrument
from records.taxonomy import EventType

VERSION = "score_v1"
SIMILARITY_POWER = 2.0
"""Weights grow with the square of the cosine: neighbours at .8 count twice those at .57."""
OTHER_TYPE_WEIGHT = 0.4
"""A precedent of another event type is weaker evidence about the size of the move; v1's guess, refitted with the score model."""
RECENCY_HALF_LIFE_YEARS = 8.0
"""Reactions to like events change slowly; half the weight after two business cycles or so."""
TICKER_SHARE = 1 / 3
GROUNDED_FROM = 3.0
"""Fewer effective precedents than this and the forecast is `prior_only`."""
PRIOR_ONLY_WIDENING = 1.25
"""Factor on both ends of the |z| interval without precedents: the spread of true scales within an event type."""
RANK_MINIMUM = 20
"""Fewer recent scores than this give no percentile worth showing."""


@dataclass(frozen=True)
class Prior:
    """Scales by event type, fitted on past events only."""

    version: str
    blend: float
    """k0: how many effective precedents the prior weighs."""
    global_log_s: float
    log_s: Mapping[EventType, float]
    counts: Mapping[EventType, int]

    def scale(self, event_type: EventType) -> float:
        """s0 of the type; the overall scale for a type without history."""
        return math.exp(self.log_s.get(event_type, self.global_log_s))


def load_prior(name: str = "prior_v1") -> Prior:
    """The shipped prior with the shipped blend. Raises SettingsError if a file is missing or damaged."""
    raw, fitted = _shipped(name), _shipped(VERSION)
    try:
        types = {EventType(key): value for key, value in raw["event_types"].items()}
        return Prior(
            version=raw["version"],
            blend=float(fitted["blend"]),
            global_log_s=float(raw["global_log_s"]),
            log_s={key: float(value["log_s"]) for key, value in types.items()},
            counts={key: int(value["n"]) for key, value in types.items()},
        )
    except (KeyError, ValueError, TypeError) as error:
        raise SettingsError(
            f"The score's prior {name!r} is damaged ({error!r}). Restore agent/data from the project."
        ) from error


def _shipped(name: str) -> dict[str, Any]:
    file = resources.files("agent") / "data" / f"{name}.json"
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"agent/data/{name}.json cannot be read ({error}). Restore it from the project.") from error
    return content


class ScoreModel:
    """Score v1: prior ⊕ precedents."""

    def __init__(self, prior: Prior, ref: Reference | None = None) -> None:
        self._prior = prior
        self._reference = ref or reference()

    @property
    def version(self) -> str:
        """Names everything a forecast depends on."""
        return f"{VERSION}+{self._prior.version}+{self._reference.version}"

    def not_scoreable(self, reason: str) -> Impact:
        """No instrument, no number."""
        return Impact(
            ticker=None,
            score=None,
            low=None,
            high=None,
            p_material=None,
            multiplier=None,
            evidence="not_scoreable",
            n_eff=None,
            reason=reason,
            model_version=self.version,
        )

    def forecast(
        self,
        instrument: Instrument,
        event_type: EventType,
        precedents: Sequence[Precedent],
        *,
        as_of: datetime,
        recent_scores: Sequence[float] = (),
        why_no_precedents: str | None = None,
    ) -> Impact:
        """The forecast for `instrument`. `precedents` must all be known at `as_of` (ValueError otherwise)."""
        late = [precedent.event_id for precedent in precedents if precedent.reaction.known_at > as_of]
        if late:
            raise ValueError(f"precedents not yet known at {as_of.isoformat()}: {late}")
        s0 = self._prior.scale(event_type)
        weights = precedent_weights(precedents, event_type, as_of)
        n_eff = float(weights.sum() ** 2 / (weights**2).sum()) if weights.any() else 0.0
        grounded = n_eff >= GROUNDED_FROM
        s = self._scale(s0, precedents, weights, n_eff)
        score = self._reference.expected_y(s)
        low, high = self._interval(s, 1.0 if grounded else PRIOR_ONLY_WIDENING)
        return Impact(
            ticker=instrument.ticker,
            score=score,
            low=low,
            high=high,
            p_material=self._reference.p_beyond(s),
            multiplier=s,
            rank=_rank(score, recent_scores),
            evidence="grounded" if grounded else "prior_only",
            n_eff=n_eff,
            drivers=self._drivers(event_type, s0, s, precedents, n_eff),
            reason=None
            if grounded
            else why_no_precedents or f"only {n_eff:.1f} effective precedents, {GROUNDED_FROM:.0f} are needed",
            model_version=self.version,
        )

    def _scale(self, s0: float, precedents: Sequence[Precedent], weights: NDArray[np.float64], n_eff: float) -> float:
        if not n_eff:
            return s0
        mean = float(weights @ _abs_z(precedents) / weights.sum())
        own = max(mean, 1e-3) / self._reference.mean_abs_z
        return math.exp((n_eff * math.log(own) + self._prior.blend * math.log(s0)) / (n_eff + self._prior.blend))

    def _interval(self, s: float, widening: float) -> tuple[float, float]:
        low, high = self._reference.z_interval(s)
        ends = self._reference.cdf([low / widening, high * widening])
        return float(ends[0]), float(ends[1])

    def _drivers(
        self, event_type: EventType, s0: float, s: float, precedents: Sequence[Precedent], n_eff: float
    ) -> tuple[Driver, ...]:
        ordinary, prior, final = (self._reference.expected_y(scale) for scale in (1.0, s0, s))
        name, count = event_type.value.replace("_", " "), self._prior.counts.get(event_type, 0)
        drivers = [
            Driver(name="ordinary_day", text="an ordinary day", contribution=ordinary),
            Driver(
                name="event_type",
                text=f"{name}: {count:,} past events moved {s0:.2f}× an ordinary day; alone this gives {_unit(prior)}",
                contribution=prior - ordinary,
            ),
        ]
        if precedents:
            moves = _abs_z(precedents)
            text = (
                f"{len(precedents)} comparable events ({n_eff:.1f} effective): mean move {moves.mean():.1f}σ, "
                f"{int((moves > 2).sum())} of {len(precedents)} beyond 2σ"
            )
        else:
            text = "no comparable events"
        return (*drivers, Driver(name="precedents", text=text, contribution=final - prior))


def precedent_weights(precedents: Sequence[Precedent], event_type: EventType, as_of: datetime) -> NDArray[np.float64]:
    """(n,) weights ≥ 0: similarity × event-type match × recency, one ticker at most a third of the sum (of three or more)."""
    weights = np.array([_weight(precedent, event_type, as_of) for precedent in precedents], dtype=np.float64)
    tickers = np.array([precedent.reaction.ticker for precedent in precedents])
    if len(set(tickers)) >= 1 / TICKER_SHARE:
        _cap_shares(weights, tickers)
    return weights


def _weight(precedent: Precedent, event_type: EventType, as_of: datetime) -> float:
    years = (as_of - precedent.published_at).total_seconds() / (365.25 * 86_400)
    match = 1.0 if precedent.event_type == event_type else OTHER_TYPE_WEIGHT
    return float(precedent.similarity**SIMILARITY_POWER * match * 0.5 ** (max(years, 0.0) / RECENCY_HALF_LIFE_YEARS))


def _cap_shares(weights: NDArray[np.float64], tickers: NDArray[np.str_]) -> None:
    """Scale down, in place, every ticker above the share; repeated because each cut lowers the sum."""
    for _ in range(50):  # each round shrinks the excess geometrically; 50 bring it below 1e-6
        total = weights.sum()
        over = [
            ticker for ticker in set(tickers) if weights[tickers == ticker].sum() > TICKER_SHARE * total * (1 + 1e-9)
        ]
        if not over:
            return
        for ticker in over:
            mine = tickers == ticker
            weights[mine] *= TICKER_SHARE * total / weights[mine].sum()


def _abs_z(precedents: Sequence[Precedent]) -> NDArray[np.float64]:
    return np.array([abs(precedent.reaction.z) for precedent in precedents], dtype=np.float64)


def _rank(score: float, recent: Sequence[float]) -> float | None:
    if len(recent) < RANK_MINIMUM:
        return None
    return float(np.mean(np.asarray(recent) < score))


def _unit(value: float) -> str:
    return f"{value:.2f}".removeprefix("0")
