"""Grade the score on a folder of events: nothing is fitted here, everything comes from the shipped artifact.

`rhyme eval impact --data DIR`. Every event is forecast from the texts of its own day and the outcomes known before that day: those
of earlier splits, of `--store` folders, and of the graded split itself as time goes on.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.precedent_weights import effective, weigh
from agent.score import GROUNDED_FROM, PRIOR_ONLY_WIDENING, ScoreModel, Step
from evals.impact.events import Measured, as_given, events_of, load_stories, measured, price_source
from evals.impact.features import expected_words, flows_of, rows_of, texts_of, vectors_of
from evals.impact.forecast import Precedents, combine, precedents_of
from evals.impact.metrics import Forecasts, Outcomes
from evals.impact.neighbours import lexical, nearest
from markets.reference import Reference, reference
from records.errors import SourceUnreadable, UsageError

SCORED_WITH = 300
"""Neighbours behind a score; more change nothing that can be measured (see the k curve)."""
SEARCHED = 500
"""Neighbours found, for the k curve."""
LEAST_MEASURED = 0.5
"""With outcomes for fewer of the graded events than this share, the price files are of another time or market."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What is to be graded."""

    data: Path
    split: str | None = None
    """None: the latest split of the folder."""
    store: tuple[Path, ...] = ()
    """Folders with earlier events to recall from."""


@dataclass
class Ground:
    """The events of one evaluation with everything that forecasts are made from."""

    data: Measured
    graded: NDArray[np.int64]
    """Places of the graded events."""
    y: NDArray[np.float64]
    rows: NDArray[np.float64]
    words: NDArray[np.float64]
    vectors: Any
    """(n, terms) CSR matrix."""
    model: ScoreModel
    ref: Reference
    left_out: Mapping[str, int]
    about: Mapping[str, object]
    found: Precedents
    neighbour_places: NDArray[np.int32]
    """(graded, SEARCHED) places of the neighbours in `found`."""
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def scored(self) -> Precedents:
        """The neighbours that the score uses."""
        return self.found.first(SCORED_WITH)

    def on(self, places: NDArray[np.int64], found: Precedents) -> "Ground":
        """The same ground with other events to grade."""
        return replace(self, graded=places, found=found)

    def outcomes(self) -> Outcomes:
        """Of the graded events."""
        events = [self.data.events[place] for place in self.graded]
        sigma = np.array([self.data.reactions[place].sigma for place in self.graded])
        days = np.array([self.data.reactions[place].session_on.toordinal() for place in self.graded])
        return Outcomes(
            y=self.y[self.graded],
            abs_z=self.data.abs_z[self.graded],
            hard=np.array([not event.earnings and not event.tells_price for event in events]),
            day=np.unique(days, return_inverse=True)[1].astype(np.int64),
            tercile=np.searchsorted(np.quantile(sigma, [1 / 3, 2 / 3]), sigma).astype(np.int64),
        )

    def forecasts(self, given: Precedents | None = None, *, without: Sequence[Step] = ()) -> Forecasts:
        """The score of every graded event; `given`: other neighbours or outcomes; `without`: steps left out."""
        model = ScoreModel(self.model.artifact, self.ref, without=without) if without else self.model
        using = given or self.scored
        if without:
            log_s0 = model.log_scales(model.expected(self.rows[using.queries]))
            using = using.with_prior(log_s0)
        log_s = using.log_s0 if "precedents" in without else combine(model.artifact.blending, using, self.ref)
        finished = model.finish(log_s)
        low, high = self._ends(model, using, "precedents" in without)
        return Forecasts(
            score=finished.score,
            scale=finished.scale,
            p_material=finished.p_material,
            low=self.ref.cdf(low * finished.scale),
            high=self.ref.cdf(high * finished.scale),
        )

    def _ends(
        self, model: ScoreModel, given: Precedents, alone: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        band = model.artifact.band
        weights = weights_of(model, given)
        ends = []
        for line, place in enumerate(given.queries):
            state = self.data.states[place]
            low, high = band.ends(None if state is None else state.sigma)
            grounded = not alone and effective(weights[line]) >= GROUNDED_FROM
            wide = 1.0 if grounded else PRIOR_ONLY_WIDENING
            ends.append((low / wide, high * wide))
        both = np.array(ends)
        return both[:, 0], both[:, 1]


def weights_of(model: ScoreModel, given: Precedents) -> NDArray[np.float64]:
    """(n, K) weights before the cap on tickers."""
    return weigh(
        model.artifact.blending,
        words=given.words,
        dense=given.dense,
        same_type=given.same_type,
        years=given.years,
        log_size=given.log_size,
    )


def prepare(request: Request, say: Say, ref: Reference | None = None) -> Ground:
    """Loads, measures, and finds every graded event's past. Raises SourceError, UsageError."""
    rows = load_stories(request.data)
    split = _split(rows, request)
    first = min(row["date"] for row in rows if row["split"] == split)
    earlier = [row for folder in request.store for row in load_stories(folder) if row["date"] < first]
    return ground_of([*earlier, *rows], split, (request.data, *request.store), say, ref)


def ground_of(
    rows: Sequence[Mapping[str, Any]],
    split: str,
    folders: Sequence[Path],
    say: Say,
    ref: Reference | None = None,
    data: Measured | None = None,
) -> Ground:
    """The events of `rows` (of the impact layout), those of `split` to be graded; prices from the first of `folders` that has them.

    Rows later than the last one graded are not looked at. `data`: these events, if they were measured before. Raises SourceError.
    """
    clock = _Clock()
    data = data or _measured(rows, split, folders, say)
    clock.lap("outcomes and states from prices")
    graded = np.array(
        [place for place, event in enumerate(data.events) if event.split == split and not event.tells_price],
        dtype=np.int64,
    )
    if not len(graded):
        raise SourceUnreadable(
            f"No event of the split {split!r} in {folders[0]} has an outcome: {dict(data.left_out)}. Check prices/."
        )
    model, ref = ScoreModel(), ref or reference()
    y = ref.cdf(data.abs_z)
    vocabulary = model.artifact.vocabulary
    vectors = vectors_of(vocabulary, texts_of(data.events))
    words = expected_words(vocabulary, vectors)
    types = [model.artifact.type_mean.get(event.event_type, model.artifact.mean) for event in data.events]
    features = rows_of(data, words, types, flows_of(data, y, words))
    clock.lap("words, news flow and features")
    say(f"{len(data.events):,} events with their features; looking for precedents …")
    neighbours = nearest(data, graded, lexical(vectors, data), SEARCHED)
    found = precedents_of(model, data, features, words, neighbours)
    clock.lap("precedents of all graded events, exact search")
    about = _about(data, graded, split) | {"reference": ref.version, "score": model.version}
    return Ground(
        data,
        graded,
        y,
        features,
        words,
        vectors,
        model,
        ref,
        data.left_out,
        about,
        found,
        neighbours.places,
        clock.laps,
    )


def _about(data: Measured, graded: NDArray[np.int64], split: str) -> dict[str, object]:
    days = [data.events[place].day for place in graded]
    return {
        "split": split,
        "first_day": min(days),
        "last_day": max(days),
        "events_with_the_price_in_the_text_graded_apart": sum(
            event.split == split and event.tells_price for event in data.events
        ),
        "store_before_the_first_day": sum(event.day < min(days) for event in data.events),
        "outcomes_from": data.outcomes_from,
    }


def _measured(rows: Sequence[Mapping[str, Any]], split: str, folders: Sequence[Path], say: Say) -> Measured:
    last = max(row["date"] for row in rows if row["split"] == split)
    rows = [row for row in rows if row["date"] <= last]
    events = events_of(rows)
    say(f"{len(rows):,} stories of {len(events):,} events; measuring outcomes …")
    prices = price_source(folders)
    if prices is None:
        say("no prices/ here: the outcomes stated in the rows are used, and no state of the share is known")
        return as_given(events, rows)
    data = measured(events, prices)
    mine = sum(event.split == split for event in data.events)
    asked = sum(event.split == split for event in events)
    if mine < LEAST_MEASURED * asked:
        say(
            f"only {mine:,} of {asked:,} graded events have an outcome in the price files: those stated in the rows are used"
        )
        return as_given(events, rows)
    return data


def _split(rows: Sequence[Mapping[str, Any]], request: Request) -> str:
    latest: dict[str, Any] = {}
    for row in rows:
        latest[row["split"]] = max(row["date"], latest.get(row["split"], row["date"]))
    if request.split is None:
        return max(latest, key=lambda name: (latest[name], name))
    if request.split not in latest:
        raise UsageError(f"There is no split {request.split!r} in {request.data}; it has {', '.join(sorted(latest))}.")
    return request.split


class _Clock:
    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 1)
        self._last = now
