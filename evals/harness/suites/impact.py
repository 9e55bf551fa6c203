"""Impact: the score of each shipped precedent as of its own day, from precedents known before, against what the market did."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from agent.event_rules import label
from agent.features import speaks_of_results
from agent.score import Question, ScoreModel, Step
from evals.harness.run import Case
from evals.harness.suites.parts import Parts, of_intervals, sources
from evals.harness.suites.recall import starter_set
from evals.harness.task import Figures, Mark, Reply, Sample, Task
from evals.impact.bootstrap import evaluate
from evals.impact.metrics import Forecasts, Outcomes, crps
from markets.reference import Reference, reference
from records.event import Event
from records.impact import Impact
from records.times import new_york_date
from vectorstore.starter import DATA, EVENTS_FILE, read_events

SUITE = "impact"
RECALLED = 50
EVERY = 3
"""Each third of the shipped precedents is forecast: a run of all suites is to end within a minute."""
PRECEDENTS: Step = "precedents"
MAIN, PRIOR, CONSTANT = "score", "prior only", "constant"
FIELDS = ("score", "low", "high", "p_material", "multiplier")
SCORED = ("y", "abs_z", "sigma", "crps", "crps_prior_only", *FIELDS, *(f"prior_{name}" for name in FIELDS))
NOTE = (
    "shipped precedents: movers stand in them more often than in life, and some are of the years the score was fitted on. This "
    "shows that the way from event to grade holds; the skill is measured by `rhyme eval impact --data` on news the score never saw"
)


def load(parts: Parts) -> Task:
    """Raises StoreError, ModelError."""
    bench, ref = parts.open_bench(), reference()
    events = {event.id: event for event in read_events(DATA / EVENTS_FILE)[::EVERY] if event.reaction}
    alone = ScoreModel(without=[PRECEDENTS])

    def solve(sample: Sample) -> Reply:
        event = events[sample.id]
        until = known_until(event)
        instrument = bench.desk.given(event.tickers[0], until).instrument
        found = bench.memory.recall(
            event.summary,
            until,
            RECALLED,
            event_type=event.event_type,
            tickers=event.tickers,
            published_at=event.published_at,
            exclude_ids=[event.id],
            exclude_story=event.story_id,
        ).precedents
        question = Question(
            instrument=instrument,
            event_type=event.event_type,
            headline=event.summary,
            published_at=event.published_at,
            date_only=event.date_only,
            words_type=label(event.summary, ""),
        )
        both = [model.forecast(question, found, as_of=until) for model in (bench.score_model, alone)]
        return Reply(f"{both[0].score}, {both[0].evidence}, n_eff {both[0].n_eff}", both)

    digests, told = sources(starter_set())
    return Task(
        suite=SUITE,
        kind="code",
        split="shipped",
        data_digest=starter_set().digest,
        samples=tuple(_sample(event, ref) for event in events.values()),
        scored=SCORED,
        solve=solve,
        mark=lambda sample, reply: _mark(events[sample.id], reply.value, ref),
        figures=lambda cases: figures(cases, ref),
        data_digests=digests,
        data_sources=told,
        embedder=bench.memory.embedder,
        score_version=bench.score_model.version,
        store_snapshot=bench.memory.snapshot,
        notes=(NOTE,),
    )


def known_until(event: Event) -> datetime:
    """What a forecast of the event may know: a date without a time counts from the day's start, as its window does."""
    if not event.date_only:
        return event.published_at
    return datetime.combine(new_york_date(event.published_at), time(0), ZoneInfo("America/New_York"))


def _sample(event: Event, ref: Reference) -> Sample:
    z = event.reaction.z if event.reaction else math.nan
    day = new_york_date(event.published_at).isoformat()
    return Sample(
        event.id, event.summary, round(float(ref.cdf(abs(z))), 6), cluster=event.story_id or event.id, day=day
    )


def _mark(event: Event, both: Sequence[Impact], ref: Reference) -> Mark:
    reaction = event.reaction
    if reaction is None or any(one.score is None for one in both):
        return Mark({}, ("not scoreable",))
    y = float(ref.cdf(abs(reaction.z)))
    scores: dict[str, float | None] = {"y": y, "abs_z": abs(reaction.z), "sigma": reaction.sigma}
    for name, prefix, one in (("crps", "", both[0]), ("crps_prior_only", "prior_", both[1])):
        scores[name] = float(crps([one.multiplier or math.nan], [y], ref)[0])
        scores |= {f"{prefix}{field}": getattr(one, field) for field in FIELDS}
    low, high = both[0].low, both[0].high
    outside = low is not None and high is not None and not low <= y <= high
    return Mark(scores, ("outside the interval",) if outside else ())


def figures(cases: Sequence[Case], ref: Reference) -> Figures:
    """The measures of the impact evaluation, the prior alone and a constant beside the score."""
    graded = [case for case in cases if case.scores.get("crps") is not None]
    failures = {"not scoreable": len(cases) - len(graded)}
    failures["outside the interval"] = sum("outside the interval" in case.checks for case in graded)
    if len(graded) < 2:
        return Figures({"spearman": None, "crps": None}, failures=failures)
    columns = {name: np.array([case.scores[name] for case in graded], dtype=np.float64) for name in SCORED}
    found = evaluate(_ladder(columns), _outcomes(graded, columns), ref, main=MAIN)
    metrics, intervals = of_intervals(found.metrics[MAIN])
    others = {name: of_intervals(found.metrics[name])[0] for name in (PRIOR, CONSTANT)}
    return Figures(metrics, intervals, others, {kind: count for kind, count in failures.items() if count})


def _ladder(columns: Mapping[str, np.ndarray]) -> dict[str, Forecasts]:
    def forecasts(prefix: str) -> Forecasts:
        score, low, high, p_material, scale = (columns[f"{prefix}{name}"] for name in FIELDS)
        return Forecasts(score=score, scale=scale, p_material=p_material, low=low, high=high)

    n = len(columns["y"])
    constant = Forecasts(
        score=np.full(n, columns["y"].mean()), scale=np.ones(n), p_material=np.full(n, (columns["abs_z"] > 2).mean())
    )
    return {MAIN: forecasts(""), PRIOR: forecasts("prior_"), CONSTANT: constant}


def _outcomes(cases: Sequence[Case], columns: Mapping[str, np.ndarray]) -> Outcomes:
    days = {day: place for place, day in enumerate(sorted({case.day or "" for case in cases}))}
    ranks = np.argsort(np.argsort(columns["sigma"], kind="stable"), kind="stable")
    return Outcomes(
        y=columns["y"],
        abs_z=columns["abs_z"],
        hard=np.array([not speaks_of_results(case.prompt or "") for case in cases], dtype=np.bool_),
        day=np.array([days[case.day or ""] for case in cases], dtype=np.int64),
        tercile=(3 * ranks // len(cases)).astype(np.int64),
    )
