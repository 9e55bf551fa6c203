"""What each part of the score is worth: the same events forecast with one thing changed, paired."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.features import NAMES
from agent.score import STEPS
from evals.impact.bootstrap import Evaluation, Interval, evaluate
from evals.impact.curves import Curve, Curves, Point, by_group, coverage_by_tercile, point, reliability
from evals.impact.features import expected_words, texts_of, vectors_of
from evals.impact.forecast import Precedents, precedents_of
from evals.impact.metrics import Forecasts, Outcomes, spearman
from evals.impact.neighbours import NOBODY, Neighbours, known_order, lexical, nearest
from evals.impact.run import SCORED_WITH, Ground

Rows = Sequence[Mapping[str, object]]

KS = (5, 10, 20, 50, 100, 200, 300, 500)
STORE_SHARES = (0.01, 0.03, 0.1, 0.3, 1.0)
SUBSAMPLE = 8_000
"""Events on which texts are cut to their headline: each asks for a search of its own."""
METRICS = ("spearman", "spearman_hard", "crps", "auc_2sigma", "brier_skill", "ece", "coverage_80")
FULL = "score"
PRECEDENTS_USED = "precedents used (k)"


def compared(ground: Ground, outcomes: Outcomes, variants: Mapping[str, Forecasts]) -> Evaluation:
    """The variants against the whole score, paired."""
    return evaluate(variants, outcomes, ground.ref, main=FULL, draws=1_000, metrics=METRICS)


def table(found: Evaluation) -> Rows:
    """One row a variant: its metrics, and what it lacks against the whole score (main − variant, with interval)."""
    rows = []
    for name, metrics in found.metrics.items():
        difference = found.differences.get(name, {})
        rows.append(
            {
                "variant": name,
                "spearman": metrics["spearman"],
                "score better by": difference.get("spearman"),
                "spearman_hard": metrics["spearman_hard"],
                "score better by (hard)": difference.get("spearman_hard"),
                "crps": metrics["crps"],
                "auc_2sigma": metrics["auc_2sigma"],
            }
        )
    return rows


def steps(ground: Ground, outcomes: Outcomes) -> Rows:
    """Every step left out in turn, and the number of stories of the day alone."""
    variants = {FULL: ground.forecasts()}
    for step in STEPS:
        if step != "model":  # no reading of a language model stands behind these rows
            variants[f"without {step}"] = ground.forecasts(without=[step])
    variants["without anything but words and event"] = ground.forecasts(
        without=["calendar", "rhythm", "stock", "market", "flow", "precedents"]
    )
    rows = ground.rows.copy()
    rows[:, NAMES.index("same_day")] = np.nan
    single = ground.scored.with_prior(ground.model.log_scales(ground.model.expected(rows[ground.graded])))
    variants["not knowing how many stories the day had"] = ground.forecasts(single)
    return table(compared(ground, outcomes, variants))


def precedents(ground: Ground, outcomes: Outcomes) -> Rows:
    """What of the precedents matters: their outcomes, their likeness, their company."""
    given, generator = ground.scored, np.random.default_rng(7)
    shuffled = generator.permuted(given.abs_z.ravel()).reshape(given.abs_z.shape)
    variants = {
        FULL: ground.forecasts(),
        "no precedents": ground.forecasts(without=["precedents"]),
        "outcomes shuffled among the precedents": ground.forecasts(given.with_moves(shuffled)),
        "random past events of the same type": ground.forecasts(_random_matched(ground)),
        "without the same ticker": ground.forecasts(given.only(~given.same_ticker)),
        "the same ticker only": ground.forecasts(given.only(given.same_ticker)),
    }
    return table(compared(ground, outcomes, variants))


def _random_matched(ground: Ground) -> Precedents:
    """For every event as many past events of its type, drawn at random among those known before its day."""
    given, data = ground.scored, ground.data
    generator = np.random.default_rng(11)
    order, known = known_order(data)
    types = np.array([event.event_type.value for event in data.events])
    places = np.zeros_like(given.words, dtype=np.int32)
    for name in np.unique(types[given.queries]).tolist():
        mine = order[types[order] == name]
        times = known[types[order] == name]
        for line in np.flatnonzero(types[given.queries] == name):
            now = data.events[given.queries[line]].outcomes_until.timestamp()
            count = int(np.searchsorted(times, now, side="right"))
            places[line] = mine[generator.integers(0, count, len(places[line]))] if count else NOBODY
    similarity = np.where(places == NOBODY, 0.0, given.words).astype(np.float32)
    return precedents_of(ground.model, data, ground.rows, ground.words, Neighbours(given.queries, places, similarity))


def neighbours_curve(ground: Ground, outcomes: Outcomes) -> tuple[Rows, Curve]:
    """The score with k precedents, k from none to 500."""
    variants = {"0": ground.forecasts(without=["precedents"])}
    variants |= {str(k): ground.forecasts(ground.found.first(k)) for k in KS}
    return _curve(ground, outcomes, variants, PRECEDENTS_USED, main=str(SCORED_WITH))


def store_curve(ground: Ground, outcomes: Outcomes) -> tuple[Rows, Curve]:
    """The score with a random share of the store: only that share of the past events may be recalled."""
    generator = np.random.default_rng(3)
    chance = generator.random(len(ground.data.events))
    places = ground.neighbour_places
    variants = {}
    for share in STORE_SHARES:
        kept = (chance[np.maximum(places, 0)] < share) & (places != NOBODY)
        variants[f"{share:g}"] = ground.forecasts(ground.found.only(kept))
    whole = list(variants)[-1]
    return _curve(ground, outcomes, variants, "share of the past events in the store", main=whole)


def _curve(
    ground: Ground, outcomes: Outcomes, variants: Mapping[str, Forecasts], label: str, *, main: str
) -> tuple[Rows, Curve]:
    """`main`: the variant that is the score itself, which the others are paired with."""
    found = evaluate(variants, outcomes, ground.ref, main=main, draws=1_000, metrics=METRICS)
    lines: dict[str, list[Point]] = {"all": [], "hard": []}
    for name, metrics in found.metrics.items():
        if float(name) > 0:
            for line, metric in (("all", "spearman"), ("hard", "spearman_hard")):
                one = point(float(name), metrics[metric])
                if one is not None:
                    lines[line].append(one)
    rows = [
        {
            label: name,
            **{metric: found.metrics[name][metric] for metric in ("spearman", "spearman_hard", "crps")},
            "score better by": found.differences.get(name, {}).get("spearman"),
            "score better by (hard)": found.differences.get(name, {}).get("spearman_hard"),
        }
        for name in variants
    ]
    return rows, Curve(label, "rank correlation", lines, log_x=True)


def headline_only(ground: Ground) -> Rows:
    """A sample of events read by their headlines alone, against the same events with their leads."""
    generator = np.random.default_rng(5)
    lines = np.sort(generator.permutation(len(ground.graded))[:SUBSAMPLE])
    places = ground.graded[lines]
    vocabulary = ground.model.artifact.vocabulary
    short = vectors_of(vocabulary, texts_of(ground.data.events, headline_only=True))
    words = ground.words.copy()
    words[places] = expected_words(vocabulary, short)[places]
    rows = ground.rows.copy()
    rows[:, NAMES.index("wording")] = words
    order, _ = known_order(ground.data)
    stored = ground.vectors[order].T.tocsr()

    def by_headline(queries: NDArray[np.int64], count: int) -> NDArray[np.float32]:
        result: NDArray[np.float32] = (short[queries] @ stored)[:, :count].toarray()
        return result

    found = nearest(ground.data, places, by_headline, SCORED_WITH)
    given = precedents_of(ground.model, ground.data, rows, ground.words, found)
    mask = np.zeros(len(ground.graded), dtype=bool)
    mask[lines] = True
    variants = {FULL: ground.forecasts().subset(mask), "headline only": ground.forecasts(given)}
    return table(compared(ground, ground.outcomes().subset(mask), variants))


def told_price(ground: Ground) -> Rows:
    """Events whose text tells the price move: graded apart, since reading the outcome is no forecast."""
    places = np.array(
        [
            place
            for place, event in enumerate(ground.data.events)
            if event.tells_price and event.split == ground.about["split"]
        ],
        dtype=np.int64,
    )
    if len(places) < 100:
        return [{"events": len(places), "result": "too few to grade"}]
    found = nearest(ground.data, places, lexical(ground.vectors, ground.data), SCORED_WITH)
    apart = ground.on(places, precedents_of(ground.model, ground.data, ground.rows, ground.words, found))
    graded = evaluate({FULL: apart.forecasts()}, apart.outcomes(), ground.ref, main=FULL, draws=1_000, metrics=METRICS)
    return [{"events": len(places), **{name: graded.metrics[FULL][name] for name in METRICS}}]


def ceiling(scale: NDArray[np.float64], outcomes: Outcomes, ground: Ground) -> Rows:
    """What a forecaster could reach that knew the true scale of every event, if |z| = s·|ε_ref| with log s normal.

    Mean and spread of log s are those whose y has the observed mean and variance; the oracle ranks by s. The score's own ceiling
    is what it would reach if its scales were the true ones.
    """
    rows = []
    for name, mask in (("all", np.ones(len(outcomes), dtype=bool)), ("hard", outcomes.hard)):
        y = outcomes.y[mask]
        oracle, spread = _oracle(y, ground)
        own = _rank_if_true(np.log(scale[mask]), ground)
        reached = spearman(scale[mask], y)
        rows.append(
            {
                "events": name,
                "spread of log s": spread,
                "oracle's spearman": oracle,
                "score's spearman": reached,
                "share of the ceiling": reached / oracle if oracle > 0 else None,
                "score's spearman if its own scales were true": own,
            }
        )
    return rows


def _oracle(y: NDArray[np.float64], ground: Ground) -> tuple[float, float]:
    generator = np.random.default_rng(2)
    noise = ground.ref.quantile(generator.random(200_000) * (1 - 1e-9))
    normal = generator.standard_normal(200_000)
    best, answer = np.inf, (0.0, 0.0)
    for spread in np.arange(0.0, 1.55, 0.05):
        means = np.arange(-0.6, 1.0, 0.02)
        at = [
            abs(float(ground.ref.cdf(np.exp(m + spread * normal[:20_000]) * noise[:20_000]).mean()) - y.mean())
            for m in means
        ]
        log_s = means[int(np.argmin(at))] + spread * normal
        made = ground.ref.cdf(np.exp(log_s) * noise)
        miss = abs(float(made.var()) - float(y.var()))
        if miss < best:
            best, answer = miss, (spearman(log_s, made) if spread > 0 else 0.0, float(spread))
    return answer


def _rank_if_true(log_s: NDArray[np.float64], ground: Ground) -> float:
    generator = np.random.default_rng(4)
    noise = ground.ref.quantile(generator.random(len(log_s)) * (1 - 1e-9))
    return spearman(log_s, np.exp(log_s) * noise)


def curves_of(ground: Ground, outcomes: Outcomes, main: Forecasts, neighbours: Curve, store: Curve) -> Curves:
    """Everything that the report draws."""
    months = np.array([f"{ground.data.reactions[place].session_on:%Y-%m}" for place in ground.graded])
    by_month = {
        "all": by_group(main, outcomes, ground.ref, months),
        "hard": by_group(main.subset(outcomes.hard), outcomes.subset(outcomes.hard), ground.ref, months[outcomes.hard]),
    }
    p_material = main.p_material if main.p_material is not None else np.zeros(0)
    return Curves(
        score=reliability(main.score, outcomes.y, outcomes.day, draws=1_000),
        p_material=reliability(p_material, outcomes.material, outcomes.day, draws=1_000),
        coverage=coverage_by_tercile(main, outcomes, draws=1_000),
        months=Curve("month", "rank correlation", by_month),
        neighbours=neighbours,
        store=store,
    )


def by_event_type(ground: Ground, outcomes: Outcomes, main: Forecasts) -> Rows:
    """Rank correlation, mean forecast and mean outcome within each event type of at least 100 events."""
    types = np.array([ground.data.events[place].event_type.value for place in ground.graded])
    points = {one.x: one for one in by_group(main, outcomes, ground.ref, types, draws=500)}
    rows = []
    for name in np.unique(types).tolist():
        mask, one = types == name, points.get(name)
        within = (
            None
            if one is None
            else Interval(one.y, one.y if one.low is None else one.low, one.y if one.high is None else one.high)
        )
        rows.append(
            {
                "event type": name.replace("_", " "),
                "events": int(mask.sum()),
                "mean score": float(main.score[mask].mean()),
                "mean y": float(outcomes.y[mask].mean()),
                "spearman": within,
            }
        )
    return sorted(rows, key=lambda each: -int(str(each["events"])))
