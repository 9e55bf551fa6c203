"""The whole evaluation: the ladder, the experiments and the report."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from evals.impact import experiments
from evals.impact.baselines import DENSE, baselines_of, dense_numbers, graded
from evals.impact.bootstrap import evaluate
from evals.impact.curves import Curves
from evals.impact.report import ImpactReport
from evals.impact.run import Ground, Request, Say, prepare
from evals.impact.targets import headline_targets, ladder_targets
from evals.impact.timing import overnight_against_date_only
from records.embedder import Embedder

MAIN = "score"

NOTES = (
    "Nothing was fitted here: every number of the score comes from the shipped artifact, fitted on events until the day it states.",
    "Each event is forecast from the texts of its day and from outcomes known before that day; its sources carry a date without "
    "a time, so its window is two sessions, the day's own session included.",
    "Event types are by the keyword rules of evals/starter/labeller.py: no language model can read this many stories here.",
    "All stories of a company's day are known when it is forecast; what knowing their number is worth stands in the steps' table.",
    "In the store curve a thinned store recalls from the 500 nearest of the whole store.",
)


def grade(request: Request, say: Say, *, quick: bool = False, embedder: Embedder | None = None) -> ImpactReport:
    """Prepares, forecasts, grades. `quick`: the ladder alone, without the experiments; `embedder`: also the rung of dense
    neighbours, which embeds every event. Raises SourceError, UsageError, ModelError."""
    begun = time.perf_counter()
    ground = prepare(request, say)
    say("forecasting and grading the ladder …")
    outcomes, main = ground.outcomes(), ground.forecasts()
    numbers = baselines_of(ground.data, ground.y, ground.rows, ground.scored)
    if embedder is not None:
        say(f"embedding {len(ground.data.events):,} events with {embedder.name} …")
        numbers[DENSE] = dense_numbers(ground, embedder)
    ladder = {MAIN: main, **graded(numbers, ground.model.artifact.baselines, ground.model, ground.ref)}
    evaluation = evaluate(ladder, outcomes, ground.ref, main=MAIN)
    ladder_seconds = time.perf_counter() - begun
    tables, curves = ({}, None) if quick else _experiments(ground, request.data, say)
    about = {
        **ground.about,
        "seconds_by_stage": ground.seconds,
        "seconds_for_the_whole_ladder": round(ladder_seconds, 1),
        "seconds": round(time.perf_counter() - begun, 1),
    }
    left_out = {**ground.left_out, **_missing_rungs(numbers)}
    report = ImpactReport(
        evaluation=evaluation,
        experiments=tables,
        targets=(*headline_targets(evaluation), *ladder_targets(evaluation)),
        left_out=left_out,
        data=about,
        artifact=ground.model.version,
        notes=NOTES,
    )
    if curves is None:
        return report
    from dataclasses import replace

    return replace(report, curves=curves)


def _missing_rungs(numbers: Mapping[str, object]) -> dict[str, int]:
    missing = {}
    if "sentiment magnitude (VADER)" not in numbers:
        missing["rung not graded: sentiment magnitude (the extra `evals` is not installed)"] = 1
    if DENSE not in numbers:
        missing["rung not graded: dense neighbours (no --dense)"] = 1
    return missing


def _experiments(ground: Ground, folder: Path, say: Say) -> tuple[dict[str, experiments.Rows], Curves]:
    outcomes, main = ground.outcomes(), ground.forecasts()
    tables: dict[str, experiments.Rows] = {}

    def run(title: str, make: Callable[[], experiments.Rows]) -> None:
        say(f"experiment: {title} …")
        tables[title] = make()

    scale = main.scale if main.scale is not None else main.score
    run("Ceiling", lambda: experiments.ceiling(scale, outcomes, ground))
    run("Every step left out in turn", lambda: experiments.steps(ground, outcomes))
    run("What the precedents are worth", lambda: experiments.precedents(ground, outcomes))
    say("experiment: number of precedents, size of the store …")
    tables["Number of precedents"], neighbours = experiments.neighbours_curve(ground, outcomes)
    tables["Size of the store"], store = experiments.store_curve(ground, outcomes)
    run("Headline only against headline and lead (a sample)", lambda: experiments.headline_only(ground))
    run("Stories that tell the price move, graded apart", lambda: experiments.told_price(ground))
    run(
        "Overnight news with its time against date-only (prior alone)",
        lambda: overnight_against_date_only(folder, ground.model, ground.ref),
    )
    run("By event type", lambda: experiments.by_event_type(ground, outcomes, main))
    return tables, experiments.curves_of(ground, outcomes, main, neighbours, store)
