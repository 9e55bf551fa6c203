"""The market-impact score: computed in code from a prior and the precedents, never by the language model.

The forecast is one distribution, |z| ~ s·|ε_ref|. Its scale is built in steps, each of which can be switched off:

1. prior: a forest of small trees over what was known before the event (agent/features.py) gives E[y], and so s0;
2. precedents: log s1 = log s0 + n_eff/(n_eff + k0)·log(m/m0) (agent/precedent_weights.py);
3. model: what the reading says of surprise and sentiment, a linear term in log s;
4. calibration: the curve that makes mean(y | score = p) = p on past forecasts.

An index has no company news behind it: its prior is the mean by event type of `agent/data/prior_v1.json`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from agent.calibration import Platt
from agent.features import GROUP_OF, GROUPS, NAMES, Known, row, speaks_of_results
from agent.flow import NewsFlow
from agent.index_prior import IndexPrior, load_index_prior
from agent.precedent_weights import capped, effective, limited_shift, weigh
from agent.scales import Scales
from agent.score_artifact import ScoreArtifact, load_artifact
from agent.score_drivers import DriverInputs, drivers_of
from agent.wording import Likeness, Wording, event_text, words_of
from markets.reference import Reference, reference
from markets.state import MarketState
from records.defences import Defence, holds
from records.event import Event, Precedent
from records.impact import Impact
from records.market import Instrument
from records.reading import Sentiment
from records.taxonomy import EventType
from records.times import new_york_date

Step = Literal[
    "wording", "event", "calendar", "rhythm", "stock", "market", "flow", "precedents", "model", "calibration"
]
STEPS: tuple[Step, ...] = get_args(Step)

GROUNDED_FROM = 3.0
"""Fewer effective precedents than this and the forecast is `prior_only`."""
PRIOR_ONLY_WIDENING = 1.25
"""Factor on both ends of the |z| interval without precedents or without prices: the spread of true scales within an event type."""
RANK_MINIMUM = 20
"""Fewer recent scores than this give no percentile worth showing."""
LIMITS = "limits-1"
"""Names the limits that code sets to a reading and to the sources of precedents."""
TYPE_LIMIT = 0.02
"""How far, in score units, the event type that a model read may move the expectation from where the rule's type puts it. The score
was fitted and graded with types by rule, so this costs nothing that was measured; and a model that was talked into another type
moves no score by more than twice this."""
SCORE_RANGE = (0.30, 0.95)
"""No honest score lies outside: the forest's answers are cut to it before they become a scale."""
TWO_SESSIONS = float(np.sqrt(2))
TEXTS_KEPT = 200_000
"""Past events whose words, and whose expected scales, are kept."""

_Past = tuple[str, EventType, str]
"""Summary, type and ticker of a precedent."""

_GROUP_NAMES = tuple(GROUPS)
_GROUP_INDEX = tuple(_GROUP_NAMES.index(group) for group in GROUP_OF)


@dataclass(frozen=True)
class Question:
    """One event to be forecast: everything known of it before its outcome."""

    instrument: Instrument
    event_type: EventType
    headline: str
    lead: str = ""
    """First paragraphs of the body, or the summary."""
    published_at: datetime | None = None
    """None: `as_of` stands for it."""
    date_only: bool = False
    state: MarketState | None = None
    flow: NewsFlow | None = None
    surprise: int | None = None
    sentiment: Sentiment | None = None
    words_type: EventType | None = None
    """The type that the words have by rule (agent/event_rules.py); None: `event_type` stands by itself."""


@dataclass(frozen=True)
class Priors:
    """What the forest says of n events."""

    base: float
    contributions: NDArray[np.float64]
    """(n, groups) in units of y, in the order of GROUPS."""

    @property
    def expected(self) -> NDArray[np.float64]:
        """(n,) E[y], cut to SCORE_RANGE."""
        return np.asarray(np.clip(self.base + self.contributions.sum(axis=1), *SCORE_RANGE), dtype=np.float64)


class ScoreModel:
    """Score v2. Holds no state that changes an answer; one object may serve all forecasts."""

    def __init__(
        self,
        artifact: ScoreArtifact | None = None,
        ref: Reference | None = None,
        index_prior: IndexPrior | None = None,
        *,
        without: Collection[Step] = (),
    ) -> None:
        """`without`: steps left out, for ablations; a feature group left out is treated as not known."""
        unknown = set(without) - set(STEPS)
        if unknown:
            raise ValueError(f"no such steps of the score: {sorted(unknown)}; there are {', '.join(STEPS)}")
        self._artifact = artifact or load_artifact()
        self._reference = ref or reference(self._artifact.reference_version)
        self._index_prior = index_prior or load_index_prior()
        self._without = frozenset(without)
        self._scales = Scales(self._reference)
        self._vector_of = lru_cache(maxsize=TEXTS_KEPT)(self._vector)
        self._kept_scales: dict[_Past, float] = {}

    @property
    def version(self) -> str:
        """Names everything a forecast depends on."""
        left_out = "".join(f"-{step}" for step in STEPS if step in self._without)
        artifact = self._artifact
        return f"{artifact.version}:{artifact.digest}+{self._index_prior.version}+{self._reference.version}+{LIMITS}{left_out}"

    @property
    def artifact(self) -> ScoreArtifact:
        """The fitted numbers in use."""
        return self._artifact

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
        question: Question,
        precedents: Sequence[Precedent],
        *,
        as_of: datetime,
        recent_scores: Sequence[float] = (),
        why_no_precedents: str | None = None,
    ) -> Impact:
        """The forecast for the question's instrument. `precedents` must all be known at `as_of` (ValueError otherwise)."""
        late = [precedent.event_id for precedent in precedents if precedent.reaction.known_at > as_of]
        if late:
            raise ValueError(f"precedents not yet known at {as_of.isoformat()}: {late}")
        used = [] if "precedents" in self._without else list(precedents)
        words = words_of(event_text([question.headline], question.lead), question.instrument.name)
        wording = self._artifact.vocabulary.vector(words)
        is_index = question.instrument.kind == "index"
        priors = None if is_index else self._limited_priors(question, wording, as_of)
        log_s0 = (
            self._index_log_scale(question) if priors is None else float(self._scales.log_scale(priors.expected)[0])
        )
        weights = self._weights(question, wording, used, as_of)
        expected = self._expected_scales(used)
        moved = self._shift(used, weights, expected)
        term = self._model_term(question)
        finished = self.finish(np.array([log_s0 + moved + term]), calibrate=not is_index)
        n_eff = effective(weights)
        grounded = n_eff >= GROUNDED_FROM
        s = float(finished.scale[0])
        low, high = self._ends(question.state, grounded)
        return Impact(
            ticker=question.instrument.ticker,
            score=float(finished.score[0]),
            low=float(self._reference.cdf(low * s)),
            high=float(self._reference.cdf(high * s)),
            p_material=float(finished.p_material[0]),
            multiplier=s,
            move_low=_move(low * s, question),
            move_high=_move(high * s, question),
            rank=_rank(float(finished.score[0]), recent_scores),
            evidence="grounded" if grounded else "prior_only",
            n_eff=n_eff,
            drivers=drivers_of(
                DriverInputs(
                    ordinary=self._reference.expected_y(1.0),
                    prior=float(self._scales.expected(log_s0)),
                    with_precedents=float(self._scales.expected(log_s0 + moved)),
                    with_model=float(self._scales.expected(log_s0 + moved + term)),
                    score=float(finished.score[0]),
                    priors=priors,
                    telling=self._artifact.vocabulary.telling(wording) if priors is not None else [],
                    count=self._artifact.count if priors is not None else self._index_prior.count(question.event_type),
                    type_count=self._artifact.type_count.get(question.event_type, 0),
                    abs_z=np.minimum(_abs_z(used), self._artifact.blending.largest_abs_z),
                    weights=weights,
                    expected_abs_z=expected * self._reference.mean_abs_z,
                    question=question,
                )
            ),
            reason=None
            if grounded
            else why_no_precedents or f"only {n_eff:.1f} effective precedents, {GROUNDED_FROM:.0f} are needed",
            model_version=self.version,
        )

    def priors(self, rows: NDArray[np.float64]) -> Priors:
        """The forest over (n, features) rows in the order of agent.features.NAMES; NaN where unknown."""
        contributions = self._artifact.forest.contributions(self._shown(rows), _GROUP_INDEX, len(_GROUP_NAMES))
        return Priors(self._artifact.forest.base, contributions)

    def expected(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) E[y] of the forest alone, `priors(rows).expected` without its parts: several times faster."""
        return np.clip(self._artifact.forest.predict(self._shown(rows)), *SCORE_RANGE)

    def _shown(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        hidden = [place for place, name in enumerate(NAMES) if GROUP_OF[place] in self._without]
        if hidden:
            rows = rows.copy()
            rows[:, hidden] = np.nan
        return rows

    def log_scales(self, expected: NDArray[np.float64]) -> NDArray[np.float64]:
        """log s at which E[y] is what was expected; (n,) each."""
        return self._scales.log_scale(expected)

    @staticmethod
    def scales_of(ref: Reference) -> Scales:
        """E[y] ↔ log s of a reference distribution."""
        return Scales(ref)

    def finish(self, log_s: NDArray[np.float64], *, calibrate: bool = True) -> "Finished":
        """Calibrated forecasts from raw log s, (n,)."""
        raw = self._scales.expected(log_s)
        calibrated = calibrate and "calibration" not in self._without
        score = np.clip(self._artifact.curve(raw), *SCORE_RANGE) if calibrated else raw
        log_scale = self._scales.log_scale(score)
        p = 1 - self._reference.cdf(2.0 / np.exp(log_scale))
        platt = self._artifact.platt if calibrated else Platt(1.0, 0.0)
        return Finished(score=score, scale=np.exp(log_scale), p_material=platt(p))

    def _limited_priors(self, question: Question, wording: Wording, as_of: datetime) -> Priors:
        """The forest with the type that was read, no farther than TYPE_LIMIT from the forest with the type by rule."""
        rows = [row(self._known(question, wording, as_of))]
        if question.words_type in (None, question.event_type) or not holds(Defence.READING_LIMITS):
            return self.priors(np.stack(rows))
        rows.append(row(self._known(replace(question, event_type=question.words_type), wording, as_of)))
        both = self.priors(np.stack(rows))
        read, by_rule = both.expected.tolist()
        wanted = float(np.clip(read, by_rule - TYPE_LIMIT, by_rule + TYPE_LIMIT))
        contributions = both.contributions[:1].copy()
        contributions[0, _GROUP_NAMES.index("event")] += wanted - read
        return Priors(both.base, contributions)

    def _index_log_scale(self, question: Question) -> float:
        read = self._index_prior.log_scale(question.event_type)
        rule = question.words_type
        if rule is None or rule == question.event_type or not holds(Defence.READING_LIMITS):
            return read
        middle = self._scales.expected(self._index_prior.log_scale(rule))
        wanted = np.clip(self._scales.expected(read), middle - TYPE_LIMIT, middle + TYPE_LIMIT)
        return float(self._scales.log_scale(wanted))

    def _known(self, question: Question, wording: Wording, as_of: datetime) -> Known:
        return Known(
            day=new_york_date(question.published_at or as_of),
            wording=self._artifact.vocabulary.expected(wording),
            type_mean=self._artifact.type_mean.get(question.event_type, self._artifact.mean),
            results=speaks_of_results(question.headline),
            state=question.state,
            flow=question.flow,
        )

    def _weights(
        self, question: Question, wording: Wording, precedents: Sequence[Precedent], as_of: datetime
    ) -> NDArray[np.float64]:
        if not precedents:
            return np.zeros(0)
        sigma = question.state.sigma if question.state else None
        year = 365.25 * 86_400
        likeness = Likeness(wording)
        weights = weigh(
            self._artifact.blending,
            words=np.array([likeness.cosine(self._vector_of(each.summary)) for each in precedents]),
            dense=np.array([each.similarity for each in precedents]),
            same_type=np.array([each.event_type == question.event_type for each in precedents]),
            years=np.array([(as_of - each.published_at).total_seconds() / year for each in precedents]),
            log_size=None if sigma is None else np.log([each.reaction.sigma / sigma for each in precedents]),
        )
        tickers = [each.reaction.ticker for each in precedents]
        codes = {ticker: code for code, ticker in enumerate(sorted(set(tickers)))}
        return capped(weights, np.array([codes[ticker] for ticker in tickers]))

    def _expected_scales(self, precedents: Sequence[Precedent]) -> NDArray[np.float64]:
        asked: list[_Past] = [(each.summary, each.event_type, each.reaction.ticker) for each in precedents]
        found = {past: scale for past in asked if (scale := self._kept_scales.get(past)) is not None}
        fresh = [past for past in dict.fromkeys(asked) if past not in found]
        if fresh:
            made = dict(zip(fresh, self._expected(fresh), strict=True))
            if len(self._kept_scales) + len(made) > TEXTS_KEPT:
                self._kept_scales.clear()
            self._kept_scales.update(made)
            found |= made
        return np.array([found[past] for past in asked], dtype=np.float64)

    def _shift(
        self, precedents: Sequence[Precedent], weights: NDArray[np.float64], expected: NDArray[np.float64]
    ) -> float:
        if not precedents:
            return 0.0
        sources, mean = [each.source for each in precedents], self._reference.mean_abs_z
        return limited_shift(self._artifact.blending, weights, _abs_z(precedents), expected, mean, sources)

    def _model_term(self, question: Question) -> float:
        if "model" in self._without:
            return 0.0
        terms = self._artifact.model_terms
        surprise = 0.0 if question.surprise is None else terms.surprise * (question.surprise - terms.surprise_mean)
        strength = None if question.sentiment is None else 1 - question.sentiment.neutral
        return surprise + (0.0 if strength is None else terms.sentiment * (strength - terms.sentiment_mean))

    def _ends(self, state: MarketState | None, grounded: bool) -> tuple[float, float]:
        low, high = self._artifact.band.ends(state.sigma if state else None)
        return (low, high) if grounded else (low / PRIOR_ONLY_WIDENING, high * PRIOR_ONLY_WIDENING)

    def _vector(self, summary: str) -> Wording:
        return self._artifact.vocabulary.vector(words_of(summary, ""))

    def _expected(self, pasts: Sequence[_Past]) -> list[float]:
        """The scale that each precedent's type and words let expect, before its outcome: its prices then are not kept."""
        companies = [past for past in pasts if not past[2].startswith("^")]
        texts, types = [summary for summary, _, _ in companies], [event_type for _, event_type, _ in companies]
        results = [speaks_of_results(text) for text in texts]
        logs = dict(zip(companies, self.expected_log_scales(texts, types, results).tolist(), strict=True))
        return [float(np.exp(logs.get(past, self._index_prior.log_scale(past[1])))) for past in pasts]

    def surprise_of(self, event: Event, instrument: Instrument) -> float | None:
        """y of a past event less what its words let expect; None while its outcome is not known."""
        if event.reaction is None:
            return None
        wording = self._artifact.vocabulary.vector(words_of(event.summary, instrument.name))
        return float(self._reference.cdf(abs(event.reaction.z))) - self._artifact.vocabulary.expected(wording)

    def expected_log_scales(
        self,
        texts: Sequence[str],
        event_types: Sequence[EventType],
        results: Sequence[bool],
        expected_words: Sequence[float] | None = None,
    ) -> NDArray[np.float64]:
        """(n,) log scales from words and type alone; `expected_words` when they are known already."""
        vocabulary = self._artifact.vocabulary
        words = expected_words or [vocabulary.expected(self._vector_of(text)) for text in texts]
        rows = np.full((len(event_types), len(NAMES)), np.nan)
        rows[:, NAMES.index("wording")] = words
        rows[:, NAMES.index("type_mean")] = [
            self._artifact.type_mean.get(each, self._artifact.mean) for each in event_types
        ]
        rows[:, NAMES.index("results")] = results
        return self._scales.log_scale(self.expected(rows))


@dataclass(frozen=True)
class Finished:
    """Calibrated forecasts, (n,) each."""

    score: NDArray[np.float64]
    scale: NDArray[np.float64]
    p_material: NDArray[np.float64]


def _abs_z(precedents: Sequence[Precedent]) -> NDArray[np.float64]:
    return np.array([abs(precedent.reaction.z) for precedent in precedents], dtype=np.float64)


def _move(abs_z: float, question: Question) -> float | None:
    if question.state is None:
        return None
    return abs_z * question.state.sigma * (TWO_SESSIONS if question.date_only else 1.0)


def _rank(score: float, recent: Sequence[float]) -> float | None:
    if len(recent) < RANK_MINIMUM:
        return None
    return float(np.mean(np.asarray(recent) < score))
