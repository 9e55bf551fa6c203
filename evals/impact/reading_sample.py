"""A small weighted sample of events that a language model can afford to read, with the score's own forecast of each.

The rule is that of the fixed validation sample: one event a company's day, its first story that does not tell the price; a third of
the events moved by more than 2σ, and the weight of an event makes up for that.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.features import NAMES
from agent.score import ScoreModel
from agent.score_artifact import VERSION, ModelTerms, ScoreArtifact, artifact_of, load_artifact, packed
from agent.wording import Vocabulary, write
from evals.impact.events import Measured, events_of, load_stories, measured, price_source
from evals.impact.features import expected_words, flows_of, rows_of, texts_of, type_means, vectors_of
from evals.impact.fit import CALIBRATED_ON, NO_CALIBRATION, TYPE_SHRINK, Development, grow, rounded
from evals.impact.forecast import Precedents, combine, precedents_of
from evals.impact.metrics import MATERIAL
from evals.impact.neighbours import lexical, nearest
from evals.impact.run import SCORED_WITH
from markets.reference import Reference, reference
from records.errors import SourceUnreachable

MOVERS, OTHERS = 500, 1000
"""Sizes of the two strata: those of the validation sample."""
VALIDATION = "eval_small_1500_val.jsonl"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Story:
    """One event's story as the model will read it."""

    event_id: str
    company: str
    headline: str
    lead: str
    mover: bool
    """The data's own |z| is above 2: the stratum, not the outcome that is graded."""
    weight: float
    """Share of all events that this one stands for."""


@dataclass(frozen=True)
class Forecast:
    """What the score says of an event before any language model, and what happened."""

    event_id: str
    log_s: float
    """Prior and precedents joined, before calibration: where the model's term is added."""
    z: float
    day: int
    """Ordinal of the session: the cluster of the bootstrap."""
    hard: bool


def validation_stories(folder: Path) -> list[Story]:
    """The fixed sample. Raises SourceUnreachable when it is not in `folder` or its impact/."""
    for path in (folder / "impact" / VALIDATION, folder / VALIDATION):
        if path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            return [_story(row, row["w"]) for row in map(json.loads, lines)]
    raise SourceUnreachable(f"There is no {VALIDATION} in {folder} or its impact/. Give the folder that holds it.")


def drawn_stories(rows: Sequence[Mapping[str, Any]], years: Sequence[int], seed: int) -> list[Story]:
    """A sample of these years by the rule of the validation sample; `rows` in file order decide which story is first."""
    first: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        z = row["z01"]
        if row["date"].year in years and not row["price_leak"] and z is not None and np.isfinite(z):
            first.setdefault(row["event_id"], row)
    strata: dict[bool, list[Mapping[str, Any]]] = {True: [], False: []}
    for name in sorted(first):
        strata[_mover(first[name])].append(first[name])
    chosen = []
    for mover, size in ((True, MOVERS), (False, OTHERS)):
        stratum = strata[mover]
        taken = Random(seed).sample(stratum, min(size, len(stratum)))
        chosen += [_story(row, len(stratum) / len(first) / len(taken)) for row in taken]
    return chosen


def in_order(stories: Sequence[Story], seed: int) -> list[Story]:
    """A seeded order in which every beginning keeps the shares of the strata: one mover, then two others.

    More of it extends less of it; the order does not depend on that of `stories`.
    """
    ranked = sorted(stories, key=lambda story: Random(f"{seed}:{story.event_id}").random())
    movers = [story for story in ranked if story.mover]
    others = [story for story in ranked if not story.mover]
    places = [(3.0 * at, story) for at, story in enumerate(movers)]
    places += [(1.5 * at + 1.0, story) for at, story in enumerate(others)]
    return [story for _, story in sorted(places, key=lambda pair: pair[0])]


def _story(row: Mapping[str, Any], weight: float) -> Story:
    return Story(
        event_id=row["event_id"],
        company=row["company"] or row["ticker"],
        headline=(row["headline"] or "").strip(),
        lead=(row["body"] or "").strip(),
        mover=_mover(row),
        weight=float(weight),
    )


def _mover(row: Mapping[str, Any]) -> bool:
    return abs(float(row["z01"])) > MATERIAL


def forecasts(
    folder: Path, development: Sequence[Story], validation: Sequence[Story], cache: Path, say: Say
) -> dict[str, Forecast]:
    """By event id, from `cache` if it was made for the same artifact and events. Events without an outcome are not in it."""
    asked = sorted(story.event_id for story in (*development, *validation))
    version = ScoreModel().version
    if cache.is_file():
        kept = json.loads(cache.read_text(encoding="utf-8"))
        if kept["score"] == version and kept["asked"] == asked:
            return {row["event_id"]: Forecast(**row) for row in kept["forecasts"]}
    made = _forecasts(folder, {story.event_id for story in development}, {s.event_id for s in validation}, say)
    kept = {"score": version, "asked": asked, "forecasts": [asdict(one) for one in made]}
    cache.write_text(json.dumps(kept), encoding="utf-8")
    return {one.event_id: one for one in made}


def _forecasts(folder: Path, development: set[str], validation: set[str], say: Say) -> list[Forecast]:
    prices = price_source([folder])
    if prices is None:
        raise SourceUnreachable(f"There is no prices/ in {folder}: outcomes and the shares' states come from prices.")
    data = measured(events_of(load_stories(folder)), prices)
    say(f"{len(data.events):,} events measured")
    ref = reference()
    last = date(max(CALIBRATED_ON), 12, 31)
    past = data.select(np.array([event.day <= last for event in data.events]))
    return [*_unseen(Development(past, ref, say), development), *_shipped(data, validation, ref)]


def _shipped(data: Measured, wanted: set[str], ref: Reference) -> list[Forecast]:
    """By the shipped artifact, as evals.impact.run makes them."""
    model, y = ScoreModel(), ref.cdf(data.abs_z)
    vectors = vectors_of(model.artifact.vocabulary, texts_of(data.events))
    words = expected_words(model.artifact.vocabulary, vectors)
    types = [model.artifact.type_mean.get(event.event_type, model.artifact.mean) for event in data.events]
    rows = rows_of(data, words, types, flows_of(data, y, words))
    queries = _places(data, wanted)
    found = nearest(data, queries, lexical(vectors, data), SCORED_WITH)
    return _made(data, precedents_of(model, data, rows, words, found), ref)


def _unseen(dev: Development, wanted: set[str]) -> list[Forecast]:
    """By forests and words of the years before each event's: the shipped ones have seen these outcomes."""
    words, types = dev.out_of_sample()
    flows = flows_of(dev.data, dev.y, np.where(np.isnan(words), dev.y.mean(), words))
    rows = rows_of(dev.data, words, types.tolist(), flows)
    result = []
    for year in CALIBRATED_ON:
        before = dev.before(year)
        model = ScoreModel(_taught(dev, rows, before & np.isfinite(types), dev.learn_words(before)), dev.ref)
        vectors = vectors_of(model.artifact.vocabulary, dev.texts)
        queries = np.array([place for place in _places(dev.data, wanted) if dev.years[place] == year], dtype=np.int64)
        found = nearest(dev.data, queries, lexical(vectors, dev.data), SCORED_WITH)
        expected = expected_words(model.artifact.vocabulary, vectors)
        result += _made(dev.data, precedents_of(model, dev.data, rows, expected, found), dev.ref)
        dev.say(f"forecasts of {year} without its own outcomes: {len(queries)}")
    return result


def _taught(
    dev: Development, rows: NDArray[np.float64], past: NDArray[np.bool_], vocabulary: Vocabulary
) -> ScoreArtifact:
    types = [dev.data.events[place].event_type for place in np.flatnonzero(past)]
    means, counts, overall = type_means(types, dev.y[past], TYPE_SHRINK)
    raw = {
        "version": f"{VERSION}-earlier",
        "reference": dev.ref.version,
        "features": list(NAMES),
        "event_types": {name.value: {"mean": means[name], "n": counts[name]} for name in means},
        "mean": overall,
        "count": int(past.sum()),
        "model_terms": asdict(ModelTerms(surprise=0.0, sentiment=0.0, surprise_mean=0.0, sentiment_mean=0.0)),
        "blending": asdict(load_artifact().blending),
        "calibration": NO_CALIBRATION,
        "fitted": {},
        "trees": rounded(grow(rows[past], dev.y[past])),
    }
    return artifact_of(packed(raw), write(vocabulary))


def _places(data: Measured, wanted: set[str]) -> NDArray[np.int64]:
    """Places of the wanted events that no story gives away."""
    return np.array(
        [at for at, event in enumerate(data.events) if event.id in wanted and not event.tells_price], dtype=np.int64
    )


def _made(data: Measured, given: Precedents, ref: Reference) -> list[Forecast]:
    log_s = combine(load_artifact().blending, given, ref)
    return [
        Forecast(
            event_id=data.events[place].id,
            log_s=float(log_s[line]),
            z=float(data.reactions[place].z),
            day=data.reactions[place].session_on.toordinal(),
            hard=not data.events[place].earnings,
        )
        for line, place in enumerate(given.queries)
    ]
