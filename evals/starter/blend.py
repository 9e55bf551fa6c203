"""Fit how many effective precedents the prior weighs: `python -m evals.starter.blend --models DIR --out FILE`.

Every starter event with enough past is forecast as of its publication from the events known then (never its own story), with
the score's own code, for each k0 of a grid. Written is the smallest k0 whose mean CRPS of y = F_ref(|z|) lies within one
standard error (of the paired difference) of the best: where the curve is flat the data do not tell, and then the precedents
keep the voice that the data allow. If none does, the largest finite k0 is. The whole curve is written too.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.analyze import SCORED_WITH
from agent.score import Prior, ScoreModel, load_prior
from markets.reference import Reference, reference
from models.catalog import DEFAULT_EMBEDDER
from models.embedding import load_embedder
from records.database import Database
from records.event import Event, Precedent
from records.market import Instrument
from vectorstore import EventMemory, load_starter

PRIOR_ALONE = 1e6
"""In the curve as the baseline, never chosen: 601 events are too few to say that precedents never matter."""
GRID = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, PRIOR_ALONE)
MIN_PRECEDENTS = 10
LEVELS: NDArray[np.float64] = (np.arange(99) + 1) / 100


@dataclass(frozen=True)
class Case:
    """One event with what was known before it."""

    event: Event
    precedents: tuple[Precedent, ...]


def cases(memory: EventMemory, events: Sequence[Event]) -> Iterator[Case]:
    """Events with a reaction and at least MIN_PRECEDENTS precedents at their time."""
    for event in events:
        recalled = memory.recall(
            event.summary,
            event.published_at,
            SCORED_WITH,
            event_type=event.event_type,
            tickers=event.tickers,
            exclude_ids=[event.id],
        )
        if event.reaction and len(recalled.precedents) >= MIN_PRECEDENTS:
            yield Case(event, recalled.precedents)


def crps(found: Sequence[Case], blend: float, ref: Reference) -> NDArray[np.float64]:
    """CRPS of y, case by case, by pinball losses at 99 levels."""
    prior = load_prior()
    model = ScoreModel(Prior(prior.version, blend, prior.global_log_s, prior.log_s, prior.counts), ref)
    losses = []
    for case in found:
        if case.event.reaction is None:
            continue
        instrument = Instrument(ticker=case.event.reaction.ticker, name=case.event.reaction.ticker)
        impact = model.forecast(instrument, case.event.event_type, case.precedents, as_of=case.event.published_at)
        y = float(ref.cdf(abs(case.event.reaction.z)))
        forecast = ref.cdf(float(impact.multiplier or 1.0) * ref.quantile(LEVELS))
        losses.append(2 * float(np.mean(np.maximum(LEVELS * (y - forecast), (LEVELS - 1) * (y - forecast)))))
    return np.array(losses)


def choose_blend(losses: Mapping[float, NDArray[np.float64]]) -> tuple[float, float]:
    """(the blend of least mean loss, the smallest finite one within a paired standard error of it, else the largest finite)."""
    best = min(losses, key=lambda blend: float(losses[blend].mean()))

    def within(blend: float) -> bool:
        difference = losses[blend] - losses[best]
        return float(difference.mean()) <= float(difference.std() / np.sqrt(len(difference)))

    finite = [blend for blend in losses if blend != PRIOR_ALONE]
    return best, min((blend for blend in finite if within(blend)), default=max(finite))


def main() -> None:
    """Fits and writes the artifact of the score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True, help="folder of the pulled models")
    parser.add_argument("--out", type=Path, required=True, help="agent/data/score_v1.json")
    options = parser.parse_args()
    embedder = load_embedder(DEFAULT_EMBEDDER, options.models, threads=2)
    with (
        tempfile.TemporaryDirectory() as folder,
        Database.open(Path(folder) / "rhyme.db") as database,
        EventMemory.open(Path(folder) / "memory", database, embedder) as memory,
    ):
        load_starter(memory)
        events = sorted(database.every_event(), key=lambda event: event.published_at)
        found = list(cases(memory, events))
    ref = reference()
    losses = {blend: crps(found, blend, ref) for blend in GRID}
    best, chosen = choose_blend(losses)
    artifact = {
        "version": "score_v1",
        "blend": chosen,
        "blend_of_least_crps": best,
        "fitted_on": f"{len(found)} starter events, each with at least {MIN_PRECEDENTS} precedents known at its time",
        "crps_by_blend": {f"{blend:g}": round(float(loss.mean()), 5) for blend, loss in losses.items()},
    }
    options.out.write_text(json.dumps(artifact, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(artifact, indent=1))


if __name__ == "__main__":
    main()
