"""Impact: the score of each shipped precedent as of its own day, from precedents known before, against what the market did."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from agent.event_rules import label
from agent.features import speaks_of_results
from agent.score import Question, ScoreModel, Step
from evals.harness.run import Ablation, Case
from evals.harness.suites.parts import Parts, ablation_of, of_intervals, sources
from evals.harness.suites.recall import starter_set
from evals.harness.task import Figures, Mark, Reply, Sample, Task
from evals.impact.bootstrap import Evaluation, evaluate
from evals.impact.metrics import Forecasts, Outcomes, crps
from markets.reference import Reference, reference
from records.event import Event, Precedent
from records.impact import Impact
from records.times import new_york_date
from vectorstore.memory import EventMemory
from vectorstore.starter import DATA, EVENTS_FILE, read_events

SUITE = "impact"
RECALLED = 50
EVERY = 3
"""Each third of the shipped precedents is forecast: a run of all suites is to end within a minute."""
PRECEDENTS: Step = "precedents"
MAIN, CONSTANT = "score", "constant"
ARMS: Mapping[str, int] = {"": RECALLED, "_k0": 0, "_k5": 5, "_k500": 500}
"""Behind the names of its scores → precedents that may be recalled for it; 0: the prior alone. The first is the run itself."""
FIELDS = ("score", "low", "high", "p_material", "multiplier")
IN_ARM = (*FIELDS, "crps", "recalled")
SCORED = ("y", "abs_z", "sigma", *(f"{name}{arm}" for arm in ARMS for name in IN_ARM))
ABLATED = ("spearman", "spearman_hard", "crps", "auc_2sigma")
ROUNDING = 1e-9
VARIED = f"precedents recalled at most; in the run {RECALLED}"
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
        question = Question(
            instrument=bench.desk.given(event.tickers[0], until).instrument,
            event_type=event.event_type,
            headline=event.summary,
            published_at=event.published_at,
            date_only=event.date_only,
            words_type=label(event.summary, ""),
        )
        known: dict[int, Impact] = {}
        answers = {}
        for arm, found in _by_arm(bench.memory, event, until).items():
            if not ARMS[arm]:
                answers[arm] = (alone.forecast(question, (), as_of=until), 0)
                continue
            if len(found) not in known:
                known[len(found)] = bench.score_model.forecast(question, found, as_of=until)
            answers[arm] = (known[len(found)], len(found))
        main = answers[""][0]
        return Reply(f"{main.score}, {main.evidence}, n_eff {main.n_eff}", answers)

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


def _by_arm(memory: EventMemory, event: Event, until: datetime) -> dict[str, Sequence[Precedent]]:
    """Neither the event itself nor its story. Fewer found than asked for: there are no more to ask for. Raises StoreError."""

    def recalled(most: int) -> Sequence[Precedent]:
        return memory.recall(
            event.summary,
            until,
            most,
            event_type=event.event_type,
            tickers=event.tickers,
            published_at=event.published_at,
            exclude_ids=[event.id],
            exclude_story=event.story_id,
        ).precedents

    found = recalled(RECALLED)
    longest = recalled(max(ARMS.values())) if len(found) == RECALLED else found
    return {arm: (longest if most > RECALLED else found)[:most] for arm, most in ARMS.items()}


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


def _mark(event: Event, answers: Mapping[str, tuple[Impact, int]], ref: Reference) -> Mark:
    reaction = event.reaction
    if reaction is None or any(one.score is None for one, _ in answers.values()):
        return Mark({}, ("not scoreable",))
    y = float(ref.cdf(abs(reaction.z)))
    scores: dict[str, float | None] = {"y": y, "abs_z": abs(reaction.z), "sigma": reaction.sigma}
    for arm, (one, found) in answers.items():
        scores |= {f"{field}{arm}": getattr(one, field) for field in FIELDS}
        scores[f"crps{arm}"] = float(crps([one.multiplier or math.nan], [y], ref)[0])
        scores[f"recalled{arm}"] = float(found)
    low, high = answers[""][0].low, answers[""][0].high
    outside = low is not None and high is not None and not low <= y <= high
    return Mark(scores, ("outside the interval",) if outside else ())


def figures(cases: Sequence[Case], ref: Reference) -> Figures:
    """The measures of the impact evaluation, a constant beside the score, and the score from other numbers of precedents."""
    graded = [case for case in cases if case.scores.get("crps") is not None]
    failures = {"not scoreable": len(cases) - len(graded)}
    failures["outside the interval"] = sum("outside the interval" in case.checks for case in graded)
    if len(graded) < 2:
        return Figures({"spearman": None, "crps": None}, failures=failures)
    columns = {name: np.array([case.scores[name] for case in graded], dtype=np.float64) for name in SCORED}
    found = evaluate(_ladder(columns), _outcomes(graded, columns), ref, main=MAIN)
    metrics, intervals = of_intervals(found.metrics[MAIN])
    others = {CONSTANT: of_intervals(found.metrics[CONSTANT])[0]}
    return Figures(
        metrics,
        intervals,
        others,
        {kind: count for kind, count in failures.items() if count},
        ablations=tuple(_ablation(arm, found, columns) for arm in ARMS if arm),
    )


def _ablation(arm: str, found: Evaluation, columns: Mapping[str, np.ndarray]) -> Ablation:
    most, mean = ARMS[arm], {name: float(columns[f"recalled{name}"].mean()) for name in (arm, "")}
    changed = int((np.abs(columns[f"score{arm}"] - columns["score"]) > ROUNDING).sum())
    values = {name: value for name, value in of_intervals(found.metrics[arm])[0].items() if name in ABLATED}
    setting = f"the first {most}" if most < RECALLED else f"at most {most}"
    return ablation_of(
        VARIED,
        setting if most else "none: not grounded",
        values,
        found.differences[arm],
        f"{mean[arm]:.2f} a forecast, {mean['']:.2f} in the run; {changed:,} of {len(columns['y']):,} scores differ",
    )


def _ladder(columns: Mapping[str, np.ndarray]) -> dict[str, Forecasts]:
    def forecasts(arm: str) -> Forecasts:
        score, low, high, p_material, scale = (columns[f"{name}{arm}"] for name in FIELDS)
        return Forecasts(score=score, scale=scale, p_material=p_material, low=low, high=high)

    n = len(columns["y"])
    constant = Forecasts(
        score=np.full(n, columns["y"].mean()), scale=np.ones(n), p_material=np.full(n, (columns["abs_z"] > 2).mean())
    )
    return {arm or MAIN: forecasts(arm) for arm in ARMS} | {CONSTANT: constant}


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
