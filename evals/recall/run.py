"""Grade recall on a folder of events: nothing is fitted here, the shipped constants are graded on the later split.

`rhyme eval recall --data DIR`. Every query is an event of the later split, asked as of the day before its own window opened.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.impact.bootstrap import Interval
from evals.impact.day_sums import Statistic
from evals.recall import absence
from evals.recall.arms import MOST, NOBODY, Chosen, Finder, answer, ask_of, candidates_of, place_all
from evals.recall.bench import Bench, load_bench
from evals.recall.judge import DEPTHS, SHOWN, Judge, graded
from evals.recall.pool import REPORT_SPLIT, SEED, text_of
from vectorstore.fitted import Weights, fitted
from vectorstore.ranking import Candidate, ranked

QUERIES = 1200
TAGGED = 200
"""Later stories with the publisher's own tickers, of which the nearest event is looked for."""

RANDOM, LEXICAL, DENSE = "random", "lexical", "dense"
HYBRID, WEIGHTED = "hybrid", "hybrid_weighted"
UNTYPED, CUT, REPEATING = "hybrid_weighted_without_type", "hybrid_weighted_cut", "hybrid_weighted_undiversified"
MAIN = WEIGHTED
"""What the product does, but for the threshold: `hybrid_weighted_cut` has it too."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What is to be graded, and where embeddings are kept."""

    data: Path
    models: Path
    embedders: tuple[str, ...] = ()
    """None named: every one that is ready, the default first."""
    cache: Path | None = None
    limit: int = 12_000
    queries: int = QUERIES


@dataclass(frozen=True)
class RecallReport:
    """Everything that a report tells."""

    embedder: str
    n_events: int
    n_queries: int
    n_judged: int
    """Queries with an event type and a known sector."""
    arms: Mapping[str, Mapping[str, Interval | None]]
    explained: Mapping[str, Mapping[int, float]]
    """Arm → k → R²."""
    differences: Mapping[str, Mapping[str, Interval | None]]
    absences: Mapping[str, absence.Absence]
    tagged_kept: Mapping[str, float]
    """Embedder → share of the tagged stories that keep a precedent; empty without tagging/."""
    repeats: Mapping[str, Mapping[str, float]]
    """Arm → how mixed its first five are."""
    left_out: Mapping[str, int]
    data: Mapping[str, object] = field(default_factory=dict)


def evaluate(request: Request, say: Say) -> RecallReport:
    """Loads, ranks and judges. Raises SourceError, ModelError."""
    bench = load_bench(request.data, request.models, request.embedders, request.cache, request.limit, say)
    pool, main = bench.pool, next(iter(bench.matrices))
    queries = pool.queries(REPORT_SPLIT, request.queries)
    judge = Judge(pool, queries)
    arms = _arms(bench, queries, say)
    say("Drawing the intervals …")
    statistics: dict[str, Mapping[str, Statistic]] = {name: judge.statistics(chosen) for name, chosen in arms.items()}
    values, differences = graded(statistics, _pairs(list(arms)))
    stories = [pool.stories.events[place] for place in queries]
    return RecallReport(
        embedder=main,
        n_events=len(pool.events),
        n_queries=len(queries),
        n_judged=int(judge.judged.sum()),
        arms=values,
        explained={name: {k: judge.explained(chosen, k) for k in DEPTHS} for name, chosen in arms.items()},
        differences=differences,
        absences={name: _absence(bench, name, queries) for name in bench.matrices},
        tagged_kept=_tagged(bench, request.data),
        repeats={name: _mixed(bench, arms[name]) for name in (WEIGHTED, REPEATING)},
        left_out=pool.stories.left_out,
        data={
            "split": REPORT_SPLIT,
            "first_query": min(story.day for story in stories),
            "last_query": max(story.day for story in stories),
            "events_of_the_earlier_split": sum(story.split != REPORT_SPLIT for story in pool.stories.events),
            "outcomes_from": pool.stories.outcomes_from,
            "seed": SEED,
            "recall": fitted().version,
        },
    )


def _arms(bench: Bench, queries: NDArray[np.int64], say: Say) -> dict[str, Chosen]:
    pool, weights = bench.pool, fitted().weights
    finder = Finder(pool)
    asks = [ask_of(pool, int(query), bench.sector_of) for query in queries]
    arms = {RANDOM: finder.random([int(query) for query in queries])}
    for number, (name, matrix) in enumerate(bench.matrices.items()):
        say(f"Ranking with {name} …")
        suffix = f" {name}" if number else ""
        lists = [finder.lists(int(query), matrix) for query in queries]
        both = [candidates_of(pool, one, dense=True, lexical=True) for one in lists]

        def of(candidates: Sequence[Sequence[Candidate]], using: Weights, minimum: float = 0.0) -> Chosen:
            asked = asks if not minimum else [ask_of(pool, int(q), bench.sector_of, minimum) for q in queries]
            return answer(pool, candidates, asked, using)

        plain = weights.fused_only()
        arms[DENSE + suffix] = of([candidates_of(pool, one, dense=True, lexical=False) for one in lists], plain)
        if not number:
            arms[LEXICAL] = of([candidates_of(pool, one, dense=False, lexical=True) for one in lists], plain)
        arms[HYBRID + suffix] = of(both, plain)
        arms[WEIGHTED + suffix] = of(both, weights)
        if not number:
            arms[UNTYPED] = of(both, weights.model_copy(update={"same_type": 1.0}))
            arms[CUT] = of(both, weights, _threshold(bench, name))
            order = [ranked(theirs, ask, weights) for theirs, ask in zip(both, asks, strict=True)]
            arms[REPEATING] = place_all(pool, [each[:MOST] for each in order], asks, weights)
    return arms


def _pairs(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """What is compared: the fusion with each arm, the weights with the fusion, and what the product leaves out or adds."""
    asked = [
        (HYBRID, DENSE),
        (HYBRID, LEXICAL),
        (WEIGHTED, DENSE),
        (WEIGHTED, LEXICAL),
        (WEIGHTED, HYBRID),
        (WEIGHTED, RANDOM),
        (UNTYPED, HYBRID),
        (CUT, WEIGHTED),
        (WEIGHTED, REPEATING),
    ]
    for name in names:
        base, _, embedder = name.partition(" ")
        if embedder and base == HYBRID:
            asked += [(name, f"{DENSE} {embedder}"), (name, LEXICAL), (HYBRID, name)]
        elif embedder and base == DENSE:
            asked.append((DENSE, name))
    return {f"{one} − {other}": (one, other) for one, other in asked}


def _threshold(bench: Bench, name: str) -> float:
    """The shipped one; for another embedder the same rule, here and now."""
    known = fitted().thresholds.get(name)
    if known is not None:
        return known
    return absence.threshold_of(absence.nearest_of(bench.embed(name, absence.off_topic("fit")), bench.matrices[name]))


def _absence(bench: Bench, name: str, queries: NDArray[np.int64]) -> absence.Absence:
    matrix = bench.matrices[name]
    on = absence.nearest_on_topic(bench.pool, queries, matrix)
    off = absence.nearest_of(bench.embed(name, absence.off_topic("report")), matrix)
    return absence.judge(on, off, _threshold(bench, name))


def _tagged(bench: Bench, folder: Path) -> dict[str, float]:
    path = folder / "tagging" / "reuters_ticker_tags.jsonl"
    if not path.is_file():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    drawn = np.random.default_rng(SEED).permutation(len(rows))[:TAGGED]
    texts = [text_of(rows[place]["headline"], rows[place]["body"] or "") for place in drawn]
    kept = {}
    for name, matrix in bench.matrices.items():
        nearest = absence.nearest_of(bench.embed(name, texts), matrix)
        kept[name] = float((nearest >= _threshold(bench, name)).mean())
    return kept


def _mixed(bench: Bench, chosen: Chosen) -> dict[str, float]:
    """Mean number of different stories and companies among the first five."""
    stories = [
        len({bench.pool.events[place].story_id for place in line if place != NOBODY})
        for line in chosen.places[:, :SHOWN]
    ]
    companies = [
        len({bench.pool.events[place].tickers for place in line if place != NOBODY})
        for line in chosen.places[:, :SHOWN]
    ]
    return {"stories_of_5": float(np.mean(stories)), "companies_of_5": float(np.mean(companies))}
