"""Fit the score on development data: `python -m evals.impact.fit --data DIR [--until 2015-12-31]`.

Rolling origin: what forecasts a year was taught by the years before it, with an embargo. The words' weights and the event types'
means enter the forest as such out-of-sample values; the blend with the precedents and every calibration are fitted on forecasts of
forests that had not seen their year. The same data give the same bytes; rows after --until change nothing.
"""

import argparse
import json
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.calibration import band, isotonic, platt
from agent.features import GROUPS, NAMES
from agent.forest import from_lightgbm
from agent.score import PRIOR_ONLY_WIDENING, ScoreModel
from agent.score_artifact import VERSION, Blending, ModelTerms, ScoreArtifact, artifact_of, packed
from agent.wording import Vocabulary, terms_of, write
from evals.impact.baselines import baselines_of
from evals.impact.events import Measured, events_of, load_stories, measured, price_source
from evals.impact.features import EMBARGO, expected_words, flows_of, rows_of, texts_of, type_means, vectors_of
from evals.impact.forecast import Precedents, combine, precedents_of
from evals.impact.neighbours import lexical, nearest
from markets.reference import Reference, reference
from records.errors import SourceUnreachable

UNTIL = date(2015, 12, 31)
FIRST_WARM_YEAR = 2012
"""Events of the first year have no past to learn words from: they teach, and are not fitted on."""
CALIBRATED_ON = (2014, 2015)
"""Years whose forecasts, made without them, fit the blend and the calibration."""
MIN_DOCUMENTS, MAX_SHARE, MAX_TERMS = 8, 0.2, 30_000
"""A term stands in at least 8 events, or its weight is noise, and in at most a fifth, or it tells nothing apart."""
RIDGE = 10.0
"""10 and 30 rank alike; no finer search was made."""
TYPE_SHRINK = 50.0
NEIGHBOURS = 300
FOREST: dict[str, Any] = {
    "objective": "regression",
    "n_estimators": 300,
    "learning_rate": 0.03,
    "num_leaves": 12,
    "max_depth": 4,
    "min_child_samples": 300,
    "subsample": 0.5,
    "subsample_freq": 1,
    "colsample_bytree": 0.3,
    "reg_lambda": 20.0,
    "deterministic": True,
    "force_row_wise": True,
    "n_jobs": 2,
    "verbose": -1,
}
"""Small trees, many rows a leaf: chosen by rank correlation on 2014 and 2015, each forecast from the years before."""
SEEDS = (0, 1, 2)
HIDDEN_SHARES = {"flow": 0.5, "stock": 0.3, "wording": 0.15}
"""In the second, lightly weighted copy of the rows: how often a group is hidden, so that the forest learns to do without it."""
HIDDEN_WEIGHT = 0.25
GRID = {
    "k0": (15.0, 30.0, 60.0, 120.0),
    "half_life_years": (2.0, 8.0),
    "other_type": (0.5, 1.0),
    "size_width": (0.8, 3.0),
}
START = Blending(
    k0=60.0,
    similarity_power=2.0,
    dense_weight=0.5,  # the embeddings alone rank worse than the words and add nothing beside them
    other_type=0.5,
    half_life_years=8.0,
    size_width=0.8,
    largest_abs_z=6.0,
)
CURVE_BINS = 20

Words = tuple[Vocabulary, Any]


def vocabulary_of(texts: Sequence[Sequence[str]], y: NDArray[np.float64]) -> Vocabulary:
    """Terms, inverse document frequencies and ridge weights from the texts and outcomes given, nothing else."""
    from sklearn.linear_model import Ridge  # type: ignore[import-untyped]

    documents = Counter(term for words in texts for term in set(terms_of(words)))
    frequent = [
        (count, term)
        for term, count in documents.items()
        if MIN_DOCUMENTS <= count <= max(MIN_DOCUMENTS, MAX_SHARE * len(texts))
    ]
    terms = sorted(term for _, term in sorted(frequent, key=lambda pair: (-pair[0], pair[1]))[:MAX_TERMS])
    idf = np.array([np.log((1 + len(texts)) / (1 + documents[term])) + 1 for term in terms], dtype=np.float32)
    bare = Vocabulary(terms, idf, np.zeros(len(terms), dtype=np.float32), 0.0)
    fitted = Ridge(alpha=RIDGE, solver="sparse_cg", tol=1e-5).fit(vectors_of(bare, texts).astype(np.float64), y)
    return Vocabulary(terms, idf, fitted.coef_.astype(np.float32), float(fitted.intercept_))


class Development:
    """Development events with everything the score may learn from, by year."""

    def __init__(self, data: Measured, ref: Reference, say: Callable[[str], None]) -> None:
        self.data, self.ref, self.say = data, ref, say
        self.y = ref.cdf(data.abs_z)
        self.texts = texts_of(data.events)
        self.years = np.array([event.day.year for event in data.events])
        self.sigma = np.array([reaction.sigma for reaction in data.reactions])

    def before(self, year: int) -> NDArray[np.bool_]:
        """Events whose outcome was known an embargo before the year began."""
        limit = date(year, 1, 1) - EMBARGO
        return np.array([reaction.known_at.date() < limit for reaction in self.data.reactions])

    def learn_words(self, keep: NDArray[np.bool_]) -> Vocabulary:
        """A vocabulary from the events of a mask."""
        return vocabulary_of([self.texts[place] for place in np.flatnonzero(keep)], self.y[keep])

    def out_of_sample(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n,) words' expectation and type's mean of every event, each from the years before its own; NaN in the first year."""
        words, types = np.full(len(self.y), np.nan), np.full(len(self.y), np.nan)
        for year in range(FIRST_WARM_YEAR, int(self.years.max()) + 1):
            past, now = self.before(year), self.years == year
            if not now.any() or past.sum() < MIN_DOCUMENTS * 10:
                continue
            vocabulary = self.learn_words(past)
            places = np.flatnonzero(now)
            words[now] = expected_words(vocabulary, vectors_of(vocabulary, [self.texts[place] for place in places]))
            means, _, overall = type_means(
                [self.data.events[place].event_type for place in np.flatnonzero(past)], self.y[past], TYPE_SHRINK
            )
            types[now] = [means.get(self.data.events[place].event_type, overall) for place in places]
            self.say(f"words of the years before {year}: {len(vocabulary):,} terms")
        return words, types

    def rows(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(n, features) of every event, and (n,) whether it has a past to know words and types from: only then is it fitted on."""
        words, types = self.out_of_sample()
        flows = flows_of(self.data, self.y, np.where(np.isnan(words), self.y.mean(), words))
        return rows_of(self.data, words, types.tolist(), flows), np.isfinite(types)


def grow(
    rows: NDArray[np.float64], y: NDArray[np.float64], *, without_words: bool = True
) -> list[dict[str, list[float]]]:
    """Trees from (n, features) rows: for each seed one forest with the words and one without, averaged.

    Half of the forests do without the words: where similar past events are at hand they say the same thing better.
    `without_words`: False grows those with the words alone.
    """
    from lightgbm import LGBMRegressor

    again, weights = _hidden(rows), np.concatenate([np.ones(len(rows)), np.full(len(rows), HIDDEN_WEIGHT)])
    both, twice = np.concatenate([rows, again]), np.concatenate([y, y])
    wordless = both.copy()
    wordless[:, NAMES.index("wording")] = np.nan
    trees: list[dict[str, list[float]]] = []
    tables = (both, wordless) if without_words else (both,)
    for seed, table in product(SEEDS, tables):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            model = LGBMRegressor(**FOREST, random_state=seed).fit(table, twice, sample_weight=weights)
        trees += from_lightgbm(model.booster_.dump_model(), weight=1 / (len(tables) * len(SEEDS)))
    return trees


def _hidden(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    generator = np.random.default_rng(0)
    copy = rows.copy()
    ends = np.cumsum([0, *(len(names) for names in GROUPS.values())])
    columns = {group: list(range(ends[place], ends[place + 1])) for place, group in enumerate(GROUPS)}
    columns["stock"] = columns["stock"] + columns["rhythm"] + columns["market"]  # prices are there or they are not
    for group, share in HIDDEN_SHARES.items():
        lines = np.flatnonzero(generator.random(len(rows)) < share)
        copy[np.ix_(lines, np.array(columns[group]))] = np.nan
    return copy


def artifact(development: Development) -> tuple[bytes, bytes]:
    """The two files of the artifact."""
    dev, say = development, development.say
    rows, warm = dev.rows()
    means, counts, overall = type_means([event.event_type for event in dev.data.events], dev.y, TYPE_SHRINK)
    vocabulary = dev.learn_words(np.ones(len(dev.y), dtype=bool))
    raw: dict[str, Any] = {
        "version": VERSION,
        "reference": dev.ref.version,
        "features": list(NAMES),
        "event_types": {name.value: {"mean": round(means[name], 5), "n": counts[name]} for name in means},
        "mean": round(overall, 5),
        "count": len(dev.y),
        "model_terms": asdict(ModelTerms(surprise=0.0, sentiment=0.0, surprise_mean=0.0, sentiment_mean=0.0)),
        "blending": asdict(START),
        "calibration": NO_CALIBRATION,
        "fitted": {},
    }
    parts = []
    for year in CALIBRATED_ON:
        past = dev.before(year) & warm
        trees = grow(rows[past], dev.y[past])
        young = artifact_of(packed(raw | {"trees": rounded(trees)}), write(dev.learn_words(dev.before(year))))
        parts.append(_forecasts(dev, young, rows, dev.years == year))
        say(f"forecasts of {year} by a forest of {len(trees)} trees from {int(past.sum()):,} earlier events")
    chosen, errors = _blend(dev, parts)
    log_s = np.concatenate([combine(chosen, part, dev.ref) for part in parts])
    places = np.concatenate([part.queries for part in parts])
    raw |= {"blending": asdict(chosen), "calibration": calibration_of(dev, log_s, places)}
    raw["baselines"] = _baseline_curves(dev, parts, rows)
    raw["trees"] = rounded(grow(rows[warm], dev.y[warm]))
    raw["fitted"] = _fitted(dev, warm, places, errors)
    return packed(raw), write(vocabulary)


NO_CALIBRATION: dict[str, Any] = {
    "curve": {"x": [0.0, 1.0], "y": [0.0, 1.0]},
    "platt": {"slope": 1.0, "offset": 0.0},
    "band": {
        "sigma_edges": [0.01, 0.02],
        "low": [0.1] * 3,
        "high": [1.7] * 3,
        "unknown": [0.1, 1.7],
    },
}


def _forecasts(
    dev: Development, young: ScoreArtifact, rows: NDArray[np.float64], mask: NDArray[np.bool_]
) -> Precedents:
    model = ScoreModel(young, dev.ref)
    vectors = vectors_of(young.vocabulary, dev.texts)
    found = nearest(dev.data, np.flatnonzero(mask), lexical(vectors, dev.data), NEIGHBOURS)
    return precedents_of(model, dev.data, rows, expected_words(young.vocabulary, vectors), found)


def _blend(dev: Development, parts: Sequence[Precedents]) -> tuple[Blending, list[dict[str, float]]]:
    """The blending of least squared error of E[y] on the held-out years; of k0, the smallest within a standard error of it.

    Where the curve is flat the data do not tell, and then the precedents keep the voice that the data allow.
    """
    scales = ScoreModel.scales_of(dev.ref)
    y = dev.y[np.concatenate([part.queries for part in parts])]

    def errors(blending: Blending) -> NDArray[np.float64]:
        log_s = np.concatenate([combine(blending, part, dev.ref) for part in parts])
        return np.asarray((scales.expected(log_s) - y) ** 2)

    tried = []
    for values in product(*GRID.values()):
        blending = replace(START, **dict(zip(GRID, values, strict=True)))
        tried.append((errors(blending), blending))
    least, best = min(tried, key=lambda pair: float(pair[0].mean()))
    chosen = best
    for k0 in GRID["k0"]:
        candidate = replace(best, k0=k0)
        loss = errors(candidate) - least
        if loss.mean() <= loss.std() / np.sqrt(len(loss)):
            chosen = candidate
            break
    alone = (scales.expected(np.concatenate([part.log_s0 for part in parts])) - y) ** 2
    dev.say(f"blend: {chosen}, mean squared error {errors(chosen).mean():.6f}, prior alone {alone.mean():.6f}")
    ranked = sorted(tried, key=lambda pair: float(pair[0].mean()))[:5]
    rows = [
        {"squared_error": float(loss.mean()), **{name: getattr(blending, name) for name in GRID}}
        for loss, blending in ranked
    ]
    return chosen, [*rows, {"squared_error_prior_alone": float(alone.mean())}]


def calibration_of(dev: Development, log_s: NDArray[np.float64], places: NDArray[np.int64]) -> dict[str, Any]:
    """Curve, line and band of raw forecasts log s (n,) of the events at `places` (n,)."""
    y, abs_z, sigma = dev.y[places], dev.data.abs_z[places], dev.sigma[places]
    scales = ScoreModel.scales_of(dev.ref)
    curve = isotonic(scales.expected(log_s), y, CURVE_BINS)
    scale = np.exp(scales.log_scale(curve(scales.expected(log_s))))
    line = platt(1 - dev.ref.cdf(2.0 / scale), abs_z > 2)
    ends = band(abs_z / scale, sigma, PRIOR_ONLY_WIDENING)
    return {
        "curve": {"x": np.round(curve.x, 5).tolist(), "y": np.round(curve.y, 5).tolist()},
        "platt": {name: round(value, 5) for name, value in asdict(line).items()},
        "band": {name: [round(each, 5) for each in value] for name, value in asdict(ends).items()},
    }


def _baseline_curves(dev: Development, parts: Sequence[Precedents], rows: NDArray[np.float64]) -> dict[str, Any]:
    """The curve that turns each baseline's own number into E[y], fitted on the same forecasts as the score's."""
    curves = {}
    found = [baselines_of(dev.data, dev.y, rows, part) for part in parts]
    y = dev.y[np.concatenate([part.queries for part in parts])]
    for name in found[0]:
        values = np.concatenate([one[name] for one in found])
        usable = np.isfinite(values)
        if not usable.any() or np.ptp(values[usable]) == 0:
            curves[name] = {"x": [0.0, 1.0], "y": [round(float(y.mean()), 5)] * 2}
            continue
        curve = isotonic(values[usable], y[usable], CURVE_BINS)
        curves[name] = {"x": np.round(curve.x, 6).tolist(), "y": np.round(curve.y, 5).tolist()}
    return curves


def _fitted(
    dev: Development, warm: NDArray[np.bool_], places: NDArray[np.int64], errors: Sequence[Mapping[str, float]]
) -> dict[str, Any]:
    days = [event.day for event in dev.data.events]
    return {
        "events": len(days),
        "first_day": days[0].isoformat(),
        "last_day": days[-1].isoformat(),
        "forest_events": int(warm.sum()),
        "calibration_events": len(places),
        "left_out": dict(dev.data.left_out),
        "forest": {name: value for name, value in FOREST.items() if name not in ("n_jobs", "verbose")},
        "blend_tried": [{name: round(value, 6) for name, value in row.items()} for row in errors],
    }


def rounded(trees: Sequence[Mapping[str, list[float]]]) -> list[dict[str, list[float]]]:
    """Thresholds to 6 and answers to 7 digits after the point: what a float32 holds."""
    digits = {"t": 6, "v": 7}
    return [
        {
            name: [round(each, digits[name]) for each in values] if name in digits else values
            for name, values in tree.items()
        }
        for tree in trees
    ]


def development(folder: Path, until: date, say: Callable[[str], None]) -> Development:
    """Loads and measures. Raises SourceError when stories or prices are missing."""
    events = events_of(load_stories(folder, until))
    prices = price_source([folder])
    if prices is None:
        raise SourceUnreachable(
            f"There is no prices/ in {folder}: the score is fitted on outcomes measured from prices."
        )
    data = measured(events, prices)
    say(f"{len(data.events):,} events measured, left out: {dict(data.left_out)}")
    return Development(data, reference(), say)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with impact/ and prices/")
    parser.add_argument("--until", type=date.fromisoformat, default=UNTIL, help="last day that may be looked at")
    parser.add_argument("--out", type=Path, default=Path("agent/data"), help="folder to write to")
    options = parser.parse_args(arguments)
    numbers, words = artifact(development(options.data, options.until, print))
    (options.out / f"{VERSION}.json.gz").write_bytes(numbers)
    (options.out / f"{VERSION}_wording.csv.gz").write_bytes(words)
    made = artifact_of(numbers, words)
    print(json.dumps({"digest": made.digest, "bytes": [len(numbers), len(words)], **made.fitted}, indent=1))


if __name__ == "__main__":
    main()
