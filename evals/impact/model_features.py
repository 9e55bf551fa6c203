"""What a language model's reading adds to the score: `python -m evals.impact.model_features --data DIR --limit N`.

A language model cannot read a hundred thousand stories here, so it reads a weighted sample of two periods: one fits, the other
grades. Each story is asked for by the probabilities of one token: the sentiment as the embedded reader asks it, the surprise, and
the model's own guess of the move. Answers are kept by content, and a run takes up where another ended.
"""

import argparse
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.read_embedded import Calibration
from agent.score import ScoreModel
from evals.impact import weighted
from evals.impact.bootstrap import Interval, interval
from evals.impact.events import load_stories
from evals.impact.fit import CALIBRATED_ON
from evals.impact.metrics import MATERIAL, crps
from evals.impact.reading_answers import ASKED_WITH, DIRECTION, FEATURES, Answers, answered, features_of
from evals.impact.reading_sample import Forecast, Story, drawn_stories, forecasts, in_order, validation_stories
from markets.reference import Reference, reference
from models.interface import LanguageModel
from prompts import PromptLibrary

Array = NDArray[np.float64]

SEED = 0
OTHERS = {
    "the score less the model's own guess": "score_less_guess",
    "P(positive) − P(negative) with the signed z": "direction_with_signed_z",
}
DRAWS = 2000
STEPS: Array = np.linspace(-1.0, 1.0, 801)
"""Coefficients tried, in log s for a standard deviation of the feature: the edges multiply the scale by e."""


@dataclass(frozen=True)
class Sample:
    """Events of one period, (n,) each."""

    log_s: Array
    z: Array
    y: Array
    day: NDArray[np.int64]
    hard: NDArray[np.bool_]
    weight: Array
    features: Mapping[str, Array]

    def drawn(self, seed: int) -> Array:
        """(DRAWS, n) weights under draws of whole session-days."""
        return weighted.drawn_weights(self.weight, self.day, draws=DRAWS, seed=seed)


def sample_of(
    stories: Sequence[Story],
    forecast: Mapping[str, Forecast],
    answers: Mapping[str, Answers],
    calibration: Calibration,
    ref: Reference,
) -> Sample:
    """Joins what was asked and what was forecast."""
    rows = [forecast[story.event_id] for story in stories]
    found = [features_of(answers[story.event_id], calibration) for story in stories]
    z = np.array([row.z for row in rows])
    return Sample(
        log_s=np.array([row.log_s for row in rows]),
        z=z,
        y=ref.cdf(np.abs(z)),
        day=np.array([row.day for row in rows], dtype=np.int64),
        hard=np.array([row.hard for row in rows], dtype=np.bool_),
        weight=np.array([story.weight for story in stories]),
        features={name: np.array([each[name] for each in found]) for name in (*FEATURES, DIRECTION)},
    )


@dataclass(frozen=True)
class Ranking:
    """How one number ranks the events of a sample."""

    spearman: Interval | None
    spearman_hard: Interval | None
    auc: Interval | None
    """Of |z| > 2."""


def ranking(x: Array, sample: Sample, seed: int) -> Ranking:
    """Against y, weighted, with intervals over session-days."""
    drawn, material = sample.drawn(seed), np.abs(sample.z) > MATERIAL
    return Ranking(
        spearman=_with_interval(lambda w: weighted.spearman(x, sample.y, w), sample.weight, drawn),
        spearman_hard=_with_interval(lambda w: weighted.spearman(x, sample.y, w * sample.hard), sample.weight, drawn),
        auc=_with_interval(lambda w: weighted.auc(material, x, w), sample.weight, drawn),
    )


def _with_interval(statistic: Callable[[Array], Array], weight: Array, drawn: Array) -> Interval | None:
    return interval(float(statistic(weight)), statistic(drawn))


@dataclass(frozen=True)
class Term:
    """A linear term in log s: coefficient · (x − mean)."""

    coefficient: float
    standard_error: float
    """Of the coefficient, over draws of session-days."""
    mean: float
    standard_deviation: float
    drawn: Array
    """(draws,): the coefficient that each draw of the fitting sample would give."""


def fit(x: Array, sample: Sample, model: ScoreModel, seed: int) -> Term:
    """The coefficient of least weighted squared error of the calibrated E[y]."""
    mean = float(weighted.mean(x, sample.weight))
    deviation = math.sqrt(float(weighted.mean((x - mean) ** 2, sample.weight)))
    if deviation == 0:
        return Term(0.0, math.inf, mean, 0.0, np.zeros(DRAWS))
    unit = (x - mean) / deviation
    losses = np.array([(model.finish(sample.log_s + step * unit).score - sample.y) ** 2 for step in STEPS])

    def best(weights: Array) -> Array:
        return np.asarray(STEPS[np.argmin(weights @ losses.T, axis=-1)])

    drawn = best(sample.drawn(seed)) / deviation
    return Term(
        coefficient=float(best(sample.weight)) / deviation,
        standard_error=float(drawn.std()),
        mean=mean,
        standard_deviation=deviation,
        drawn=drawn,
    )


@dataclass(frozen=True)
class Gain:
    """What adding a term does on the other period; above 0 is better."""

    spearman: Interval | None
    spearman_hard: Interval | None
    crps: Interval | None
    """CRPS without less CRPS with."""
    holds: bool
    """Both whole-sample intervals lie above 0."""
    spearman_refitted: Interval | None
    """As `spearman`, the coefficient drawn anew with each draw: what another fitting sample would have brought, too."""
    crps_refitted: Interval | None


def gain(x: Array, term: Term, sample: Sample, model: ScoreModel, ref: Reference, seed: int) -> Gain:
    """Paired, on the same draws; the term is taken as it was fitted."""
    before = model.finish(sample.log_s)
    after = model.finish(sample.log_s + term.coefficient * (x - term.mean))
    saved = crps(before.scale, sample.y, ref) - crps(after.scale, sample.y, ref)
    drawn = sample.drawn(seed)

    def more(w: Array) -> Array:
        return weighted.spearman(after.score, sample.y, w) - weighted.spearman(before.score, sample.y, w)

    ranks = _with_interval(more, sample.weight, drawn)
    distance = _with_interval(lambda w: weighted.mean(saved, w), sample.weight, drawn)
    refitted = _refitted(x, term, sample, model, ref, drawn)
    return Gain(
        spearman_refitted=interval(ranks.value, refitted[0]) if ranks else None,
        crps_refitted=interval(distance.value, refitted[1]) if distance else None,
        spearman=ranks,
        spearman_hard=_with_interval(lambda w: more(w * sample.hard), sample.weight, drawn),
        crps=distance,
        holds=all(each is not None and each.low > 0 for each in (ranks, distance)),
    )


def _refitted(
    x: Array, term: Term, sample: Sample, model: ScoreModel, ref: Reference, drawn: Array
) -> tuple[Array, Array]:
    """(draws,) gains in Spearman and in CRPS, each draw of the grading sample with a draw of the coefficient."""
    before = model.finish(sample.log_s)
    missed = crps(before.scale, sample.y, ref)
    ranks, saved = np.zeros(len(drawn)), np.zeros(len(drawn))
    for coefficient in np.unique(term.drawn):
        after = model.finish(sample.log_s + coefficient * (x - term.mean))
        chosen = term.drawn == coefficient
        w = drawn[chosen]
        ranks[chosen] = weighted.spearman(after.score, sample.y, w) - weighted.spearman(before.score, sample.y, w)
        saved[chosen] = weighted.mean(missed - crps(after.scale, sample.y, ref), w)
    return ranks, saved


def measure(development: Sample, validation: Sample, model: ScoreModel, ref: Reference, seed: int) -> dict[str, Any]:
    """All numbers of the report, ready for JSON."""
    samples = {"development": development, "validation": validation}
    result: dict[str, Any] = {
        "n": {name: len(sample.y) for name, sample in samples.items()},
        "n_hard": {name: int(sample.hard.sum()) for name, sample in samples.items()},
        "n_days": {name: len(np.unique(sample.day)) for name, sample in samples.items()},
        "effective_n": {name: _effective(sample.weight) for name, sample in samples.items()},
        "draws": DRAWS,
        "score": {name: asdict(ranking(model.finish(s.log_s).score, s, seed)) for name, s in samples.items()},
        "score_less_guess": {name: _plain(_over_guess(s, model), s, seed) for name, s in samples.items()},
        "direction_with_signed_z": {name: _plain(_signed(s), s, seed) for name, s in samples.items()},
        "features": {},
    }
    for name in FEATURES:
        term = fit(development.features[name], development, model, seed)
        result["features"][name] = {
            "ranking": {
                which: asdict(ranking(sample.features[name], sample, seed)) for which, sample in samples.items()
            },
            "term": {key: value for key, value in asdict(term).items() if key != "drawn"},
            "gain": asdict(gain(validation.features[name], term, validation, model, ref, seed)),
        }
    return result


def _over_guess(sample: Sample, model: ScoreModel) -> Callable[[Array], Array]:
    """By how much the score ranks better than the model's own guess, paired."""
    score, guess = model.finish(sample.log_s).score, sample.features["impact"]
    return lambda w: weighted.spearman(score, sample.y, w) - weighted.spearman(guess, sample.y, w)


def _signed(sample: Sample) -> Callable[[Array], Array]:
    return lambda w: weighted.spearman(sample.features[DIRECTION], sample.z, w)


def _plain(statistic: Callable[[Array], Array], sample: Sample, seed: int) -> dict[str, float] | None:
    found = _with_interval(statistic, sample.weight, sample.drawn(seed))
    return None if found is None else asdict(found)


def _effective(weight: Array) -> float:
    """Size of the equally weighted sample that is as informative."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def tables(report: Mapping[str, Any]) -> str:
    """The report's tables in Markdown."""
    rows = [("the score itself", report["score"])]
    rows += [(FEATURES[name], found["ranking"]) for name, found in report["features"].items()]
    lines = [
        "| ranked by | Spearman 2014–2015 | Spearman validation | hard subset, validation | AUC(\\|z\\| > 2), validation |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {title} | {_shown(found['development']['spearman'])} | {_shown(found['validation']['spearman'])} | "
        f"{_shown(found['validation']['spearman_hard'])} | {_shown(found['validation']['auc'])} |"
        for title, found in rows
    ]
    lines += [
        "",
        "| added to log s | coefficient ± standard error | gain in Spearman | … coefficient drawn too | hard subset "
        "| gain in CRPS | … coefficient drawn too | holds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in report["features"].items():
        term, gained = found["term"], found["gain"]
        lines.append(
            f"| {FEATURES[name]} | {term['coefficient']:+.3f} ± {term['standard_error']:.3f} | "
            f"{_shown(gained['spearman'], 4)} | {_shown(gained['spearman_refitted'], 4)} | {_shown(gained['spearman_hard'], 4)} | "
            f"{_shown(gained['crps'], 5)} | {_shown(gained['crps_refitted'], 5)} | "
            f"{'yes' if gained['holds'] else 'no'} |"
        )
    lines += ["", "| Spearman | 2014–2015 | validation |", "|---|---|---|"]
    lines += [
        f"| {title} | {_shown(report[key]['development'])} | {_shown(report[key]['validation'])} |"
        for title, key in OTHERS.items()
    ]
    return "\n".join(lines) + "\n"


def _shown(found: Mapping[str, float] | None, digits: int = 3) -> str:
    if found is None:
        return "not defined"
    return f"{found['value']:+.{digits}f} [{found['low']:+.{digits}f}, {found['high']:+.{digits}f}]"


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with impact/ and prices/")
    parser.add_argument("--limit", type=int, default=150, help="stories of the period that grades")
    parser.add_argument("--fit-limit", type=int, help="stories of the period that fits; default: as many")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--model", default="default", help="a language model of `rhyme models list`, or a GGUF file")
    parser.add_argument("--models", type=Path, help="folder of the models; default: the user's data folder")
    parser.add_argument("--answers", type=Path, default=Path("model-answers.jsonl"), help="what was asked already")
    parser.add_argument("--cache", type=Path, default=Path("model-forecasts.json"), help="the score's own forecasts")
    parser.add_argument("--out", type=Path, help="JSON file of the numbers")
    options = parser.parse_args(arguments)
    development = drawn_stories(load_stories(options.data), CALIBRATED_ON, options.seed)
    validation = validation_stories(options.data)
    forecast = forecasts(options.data, development, validation, options.cache, print)
    chosen = [
        [story for story in in_order(stories, options.seed) if story.event_id in forecast][:limit]
        for stories, limit in ((development, options.fit_limit or options.limit), (validation, options.limit))
    ]
    # By turns, so that what an interrupted run has read is of both periods.
    turns = [story for pair in zip_longest(*chosen) for story in pair if story is not None]
    name, open_it = _model(options.model, options.models)
    answers = answered(turns, options.answers, name, open_it, print)
    calibration, ref, model = Calibration.shipped(), reference(), ScoreModel()
    samples = [sample_of(stories, forecast, answers, calibration, ref) for stories in chosen]
    report = {
        "model": name,
        "prompts": {each: PromptLibrary().load(each).digest for each in ASKED_WITH},
        "score_version": model.version,
        "seed": options.seed,
        "without_forecast": {
            which: sum(story.event_id not in forecast for story in stories)
            for which, stories in (("development", development), ("validation", validation))
        },
        **measure(samples[0], samples[1], model, ref, options.seed),
    }
    if options.out:
        options.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(tables(report))


def _model(name: str, folder: Path | None) -> tuple[str, Callable[[], LanguageModel]]:
    from platformdirs import user_data_path

    from models.model_files import language_model_file
    from models.open_model import ModelSpec, open_model

    file = language_model_file(name, folder or user_data_path("rhyme", appauthor=False) / "models")
    return file.path.stem, lambda: open_model(ModelSpec("local", file.path.stem, path=file.path))


if __name__ == "__main__":
    main()
