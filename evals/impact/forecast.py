"""Forecasts of many events at once, by the score's own functions."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.precedent_weights import capped, shift, weigh
from agent.score import ScoreModel
from agent.score_artifact import Blending
from evals.impact.events import Measured
from evals.impact.neighbours import NOBODY, Neighbours
from markets.reference import Reference

YEAR_DAYS = 365.25


@dataclass(frozen=True)
class Precedents:
    """Queries with their priors and the moves of their neighbours; (n, K) arrays have weight 0 where there is nobody."""

    queries: NDArray[np.int64]
    log_s0: NDArray[np.float64]
    """(n,)."""
    words: NDArray[np.float64]
    """(n, K) cosine of the words."""
    dense: NDArray[np.float64] | None
    same_type: NDArray[np.bool_]
    years: NDArray[np.float64]
    log_size: NDArray[np.float64]
    abs_z: NDArray[np.float64]
    expected: NDArray[np.float64]
    """(n, K) scale that was expected of each neighbour."""
    tickers: NDArray[np.int64]
    """(n, K) codes."""
    same_ticker: NDArray[np.bool_]

    def first(self, k: int) -> "Precedents":
        """Only the k most similar of each."""
        return self._each(slice(0, k))

    def _each(self, part: slice) -> "Precedents":
        cut = {
            name: getattr(self, name)[:, part]
            for name in ("words", "same_type", "years", "log_size", "abs_z", "expected", "tickers", "same_ticker")
        }
        return replace(self, **cut, dense=None if self.dense is None else self.dense[:, part])

    def only(self, keep: NDArray[np.bool_]) -> "Precedents":
        """Neighbours of an (n, K) mask; the others weigh nothing."""
        return replace(
            self,
            words=np.where(keep, self.words, 0.0),
            dense=None if self.dense is None else np.where(keep, self.dense, 0.0),
        )

    def with_prior(self, log_s0: NDArray[np.float64]) -> "Precedents":
        """The same neighbours under another prior, (n,)."""
        return replace(self, log_s0=log_s0)

    def with_moves(self, abs_z: NDArray[np.float64]) -> "Precedents":
        """The same neighbours with other outcomes, (n, K)."""
        return replace(self, abs_z=abs_z)


def precedents_of(
    model: ScoreModel,
    data: Measured,
    rows: NDArray[np.float64],
    expected_words: NDArray[np.float64],
    found: Neighbours,
    *,
    dense: bool = False,
) -> Precedents:
    """Joins queries and neighbours. `expected_words`: (n events,) what the words of every event let expect."""
    queries, places = found.queries, np.maximum(found.places, 0)
    there = found.places != NOBODY
    events = data.events
    types = np.unique([event.event_type.value for event in events], return_inverse=True)[1]
    tickers = np.unique([event.ticker for event in events], return_inverse=True)[1].astype(np.int64)
    days = np.array([event.day.toordinal() for event in events])
    log_sigma = np.log([reaction.sigma for reaction in data.reactions])
    own_sigma = np.array([np.nan if state is None else np.log(state.sigma) for state in data.states])
    scale = np.exp(
        model.expected_log_scales(
            [], [event.event_type for event in events], [event.results for event in events], expected_words.tolist()
        )
    )
    similarity = np.where(there, found.similarity, 0.0).astype(np.float64)
    return Precedents(
        queries=queries,
        log_s0=model.log_scales(model.expected(rows[queries])),
        words=np.zeros_like(similarity) if dense else similarity,
        dense=similarity if dense else None,
        same_type=types[places] == types[queries][:, None],
        years=(days[queries][:, None] - days[places]) / YEAR_DAYS,
        log_size=log_sigma[places] - own_sigma[queries][:, None],
        abs_z=data.abs_z[places],
        expected=scale[places],
        tickers=tickers[places],
        same_ticker=tickers[places] == tickers[queries][:, None],
    )


def combine(blending: Blending, given: Precedents, ref: Reference) -> NDArray[np.float64]:
    """(n,) raw log s: prior and precedents joined."""
    weights = weigh(
        blending,
        words=given.words,
        dense=given.dense,
        same_type=given.same_type,
        years=given.years,
        log_size=given.log_size,
    )
    moved = np.empty(len(given.queries))
    for line, (own, tickers) in enumerate(zip(weights, given.tickers, strict=True)):
        codes = np.unique(tickers, return_inverse=True)[1] if _crowded(own, tickers) else None
        fair = own if codes is None else capped(own, codes)
        moved[line] = shift(blending, fair, given.abs_z[line], given.expected[line], ref.mean_abs_z)
    return given.log_s0 + moved


def _crowded(weights: NDArray[np.float64], tickers: NDArray[np.int64]) -> bool:
    """A ticker may hold more than its share: only then is the cap worth its time."""
    total = weights.sum()
    return bool(total > 0) and bool(np.bincount(tickers, weights=weights).max() > total / 3)
