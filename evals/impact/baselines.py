"""The ladder: simple forecasters that the score has to beat, each from the same knowledge as of the same day."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from agent.calibration import Curve
from agent.features import NAMES
from agent.score import SCORE_RANGE, ScoreModel
from evals.impact.events import Measured, by_company
from evals.impact.forecast import Precedents, precedents_of
from evals.impact.metrics import Forecasts
from evals.impact.neighbours import dense, nearest
from evals.impact.run import Ground
from markets.reference import Reference
from records.embedder import Embedder

KNN = (5, 50, 200)
DENSE_CURVE = f"kNN lexical k={max(KNN)}"
"""Dense neighbours were not searched in fitting: their mean |z| means the same, so the lexical curve serves."""
DENSE = f"kNN dense k={max(KNN)}"
EMBED_BATCH = 512
LARGEST_ABS_Z = 6.0
SHRINK = 8.0


def baselines_of(
    data: Measured, y: NDArray[np.float64], rows: NDArray[np.float64], given: Precedents
) -> dict[str, NDArray[np.float64]]:
    """Name → (queries,) its own number, higher for a larger expected move; NaN where it has none.

    `y`: (n events,) outcomes, looked at only where they were known before the query's day; `rows`: (n events, features).
    """
    queries = given.queries
    random = np.random.default_rng(0)
    mine = rows[queries]

    def feature(name: str) -> NDArray[np.float64]:
        return np.asarray(mine[:, NAMES.index(name)])

    found = {
        "random": random.random(len(queries)),
        "constant": np.zeros(len(queries)),
        "trailing volatility": np.array(
            [np.nan if state is None else np.log(state.sigma) for state in (data.states[place] for place in queries)]
        ),
        "volatility clustering": -feature("fast_to_slow"),
        "words of earnings": feature("results"),
        "event-type mean": feature("type_mean"),
        "same-ticker mean": same_ticker_mean(data, y)[queries],
        "TF-IDF ridge": feature("wording"),
        **{f"kNN lexical k={k}": knn(given, k) for k in KNN},
    }
    shuffled = given.with_moves(np.random.default_rng(1).permuted(given.abs_z.ravel()).reshape(given.abs_z.shape))
    found["kNN lexical k=200, outcomes shuffled"] = knn(shuffled, 200)
    sentiment = sentiment_magnitude(data, queries)
    if sentiment is not None:
        found["sentiment magnitude (VADER)"] = sentiment
    return found


def dense_numbers(ground: Ground, embedder: Embedder) -> NDArray[np.float64]:
    """(graded,) mean |z| of the 200 nearest by the cosine of the embeddings of headlines and lead."""
    texts = [f"{' . '.join(event.headlines)[:220]}. {event.body[:160]}" for event in ground.data.events]
    matrix = np.zeros((len(texts), embedder.dimensions), dtype=np.float32)
    by_length = sorted(range(len(texts)), key=lambda place: len(texts[place]))  # alike lengths waste no padding
    for start in range(0, len(texts), EMBED_BATCH):
        places = by_length[start : start + EMBED_BATCH]
        matrix[places] = embedder.embed([texts[place] for place in places])
    found = nearest(ground.data, ground.graded, dense(matrix, ground.data), max(KNN))
    return knn(precedents_of(ground.model, ground.data, ground.rows, ground.words, found, dense=True), max(KNN))


def knn(given: Precedents, k: int) -> NDArray[np.float64]:
    """(n,) mean |z| of the k nearest, weighted by similarity; NaN without any."""
    near = given.first(k)
    weights = near.words if near.dense is None else near.dense
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, (weights * np.minimum(near.abs_z, LARGEST_ABS_Z)).sum(axis=1) / total, np.nan)


def same_ticker_mean(data: Measured, y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) mean y of the company's past events known before the day, shrunk to the mean of all known by then."""
    known = np.array([reaction.known_at.timestamp() for reaction in data.reactions])
    now = np.array([event.outcomes_until.timestamp() for event in data.events])
    order = np.argsort(known, kind="stable")
    counts = np.searchsorted(known[order], now, side="right")
    overall = np.concatenate([[np.nan], np.cumsum(y[order]) / np.arange(1, len(y) + 1)])[counts]
    result = np.full(len(y), np.nan)
    for _, places in by_company(data.events):
        for order_, place in enumerate(places):
            past = [each for each in places[:order_] if known[each] <= now[place]]
            if np.isfinite(overall[place]):
                result[place] = (y[past].sum() + SHRINK * overall[place]) / (len(past) + SHRINK)
    return result


def sentiment_magnitude(data: Measured, queries: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """(queries,) |compound| of VADER (Hutto and Gilbert 2014) over the headlines; None where the library is not installed."""
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # type: ignore[import-untyped]
    except ImportError:
        return None
    analyzer = SentimentIntensityAnalyzer()
    return np.array(
        [abs(analyzer.polarity_scores(" . ".join(data.events[place].headlines))["compound"]) for place in queries]
    )


def graded(
    found: Mapping[str, NDArray[np.float64]], curves: Mapping[str, Curve], model: ScoreModel, ref: Reference
) -> dict[str, Forecasts]:
    """Baselines as forecasters: their number through the curve fitted on the development years, as a scale and P(|z| > 2).

    A query for which a baseline has no number gets the middle of its curve, which no graded event has a part in;
    one without a curve gives a ranking alone.
    """
    result = {}
    for name, values in found.items():
        curve = curves.get(DENSE_CURVE if name == DENSE else name)
        if curve is None:  # it only ranks: whoever it cannot rank stands in the middle
            result[name] = Forecasts(score=np.where(np.isfinite(values), values, np.nanmedian(values)))
            continue
        filled = np.where(np.isfinite(values), values, np.median(curve.x))
        flat = np.ptp(curve.y) == 0
        expected = np.full(len(filled), curve.y[0]) if flat else np.interp(filled, curve.x, curve.y)
        scale = np.exp(model.log_scales(np.clip(expected, *SCORE_RANGE)))
        result[name] = Forecasts(score=filled, scale=scale, p_material=1 - ref.cdf(2.0 / scale))
    return result
