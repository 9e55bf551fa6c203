"""Fit the constants of recall on the earlier split and write them: `python -m evals.recall.fit --data DIR --cache DIR`.

A value of a weight is accepted when it puts more events of the same type and sector among the five shown, in at least four of
five stretches of time, and what the neighbours say about the size of the move does not suffer; of the accepted ones that is kept
whose neighbours say most. Topicality alone would measure the weights by their own labels; the outcome decides from outside.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.impact.metrics import midranks
from evals.recall.absence import nearest_of, off_topic, threshold_of
from evals.recall.arms import Finder, answer, ask_of, candidates_of
from evals.recall.bench import Bench, load_bench
from evals.recall.judge import LARGEST_ABS_Z, Judge
from evals.recall.pool import FIT_SPLIT
from vectorstore import postings
from vectorstore.fitted import FILE, Bm25, Fitted, Weights, random_pairs
from vectorstore.ranking import Candidate

QUERIES = 800
K = 50
FOLDS = 5
MARGIN = 0.005
"""Rank correlation with the outcome that a weight may cost at most: far below its own standard error (.03)."""
AGREEING = 4
"""Folds in which a weight must put more on topic."""

START = Weights(rrf_k=60, lexical=1.0, same_type=1.0, same_ticker=1.0, same_sector=1.0, old_loss=0.0)
TRIED: Sequence[tuple[str, Sequence[float]]] = (
    ("rrf_k", (10, 120)),
    ("lexical", (0.5, 2.0)),
    ("same_type", (1.1, 1.25, 1.5, 2.0)),
    ("same_sector", (1.1, 1.25, 1.5)),
    ("same_ticker", (1.1, 1.25, 1.5)),
    ("old_loss", (0.2, 0.4)),
)
"""One after the other, each beside what was kept before."""
BM25_TRIED: Sequence[Bm25] = tuple(Bm25(k1=k1, b=b) for k1, b in ((0.9, 0.4), (0.6, 0.2), (1.2, 0.75), (1.5, 0.4)))
"""The first is the usual one for short texts; another must be better by the same rule."""
SAME_AS = {"minilm": "minilm-int8", "mpnet": "mpnet-int8"}
"""The float models whose quantised form was fitted: their cosines differ in the third digit."""


@dataclass(frozen=True)
class Tried:
    """One setting and how it did on the earlier split."""

    name: str
    topical_top5: float
    outcome_spearman_k50: float
    topical_folds: tuple[float, ...]


class Trials:
    """Settings graded on the same queries."""

    def __init__(self, bench: Bench, queries: NDArray[np.int64], matrix: NDArray[np.float32]) -> None:
        self._bench, self._queries = bench, queries
        self._judge = Judge(bench.pool, queries)
        self._asks = [ask_of(bench.pool, int(query), bench.sector_of) for query in queries]
        self._matrix = matrix
        self._own = midranks(np.minimum(bench.pool.abs_z[queries], LARGEST_ABS_Z))
        self.log: list[Tried] = []

    def candidates(self, finder: Finder, *, dense: bool) -> list[list[Candidate]]:
        """Of every query: of both lists, or of the lexical one alone."""
        return [
            candidates_of(self._bench.pool, finder.lists(int(query), self._matrix), dense=dense, lexical=True)
            for query in self._queries
        ]

    def grade(self, candidates: Sequence[Sequence[Candidate]], weights: Weights, name: str) -> Tried:
        """Grades and logs one setting."""
        chosen = answer(self._bench.pool, candidates, self._asks, weights, K)
        topical = self._judge.topical(chosen)["topical_top5"]
        expected = midranks(self._judge.expected(chosen, K))
        folds = tuple(round(float(part.mean()), 4) for part in np.array_split(topical, FOLDS))
        spearman = float(np.corrcoef(expected, self._own)[0, 1])
        found = Tried(name, round(float(topical.mean()), 4), round(spearman, 4), folds)
        self.log.append(found)
        print(f"{name:24} topical {found.topical_top5:.3f}  outcome {spearman:.3f}  {folds}", flush=True)
        return found

    def better(self, one: Tried, than: Tried) -> bool:
        """The rule of this file."""
        agreeing = sum(a > b for a, b in zip(one.topical_folds, than.topical_folds, strict=True))
        outcome_holds = one.outcome_spearman_k50 >= than.outcome_spearman_k50 - MARGIN
        return one.topical_top5 > than.topical_top5 and agreeing >= AGREEING and outcome_holds


def fit_words(trials: Trials, bench: Bench) -> Bm25:
    """The constants of BM25, by the lexical list alone."""
    best, best_found = BM25_TRIED[0], None
    for one in BM25_TRIED:
        with bm25(one):
            candidates = trials.candidates(Finder(bench.pool, depth=100), dense=False)
            found = trials.grade(candidates, START, f"BM25 k1 {one.k1} b {one.b}")
        if best_found is None or trials.better(found, best_found):
            best, best_found = one, found
    return best


def fit_weights(trials: Trials, finder: Finder) -> Weights:
    """One weight after the other."""
    using, candidates = START, trials.candidates(finder, dense=True)
    found = trials.grade(candidates, using, "fused alone")
    for name, values in TRIED:
        accepted = []
        for value in values:
            one = using.model_copy(update={name: float(value)})
            graded = trials.grade(candidates, one, f"{name} {value:g}")
            if trials.better(graded, found):
                accepted.append((graded.outcome_spearman_k50, one, graded))
        if accepted:
            _, using, found = max(accepted, key=lambda each: each[0])
    return using


def fit_thresholds(bench: Bench) -> tuple[dict[str, float], float]:
    """Embedder → threshold, and how many standard deviations above the mean of random pairs they lie on average."""
    thresholds: dict[str, float] = {}
    spreads = []
    earlier = np.array([story.split == FIT_SPLIT for story in bench.pool.stories.events])
    for name, whole in bench.matrices.items():
        matrix = whole[earlier]
        off = nearest_of(bench.embed(name, off_topic("fit")), matrix)
        thresholds[name] = threshold_of(off)
        mean, spread = random_pairs(matrix)
        spreads.append((thresholds[name] - mean) / spread)
        print(f"{name}: threshold {thresholds[name]}, random pairs {mean:.3f} ± {spread:.3f}", flush=True)
    thresholds |= {name: thresholds[other] for name, other in SAME_AS.items() if other in thresholds}
    return dict(sorted(thresholds.items())), round(float(np.mean(spreads)), 2)


@contextmanager
def bm25(constants: Bm25) -> Iterator[None]:
    """The event memory's own lexical search with other constants."""
    before = postings.K1, postings.B
    postings.K1, postings.B = constants.k1, constants.b
    try:
        yield
    finally:
        postings.K1, postings.B = before


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Fit the constants of recall.")
    parser.add_argument("--data", type=Path, required=True, help="folder with impact/ and ref/")
    parser.add_argument("--models", type=Path, required=True, help="the models folder, with the embedders pulled")
    parser.add_argument("--embedder", action="append", help="repeatable; the first one fits the weights")
    parser.add_argument("--cache", type=Path, help="folder for embeddings")
    parser.add_argument("--limit", type=int, default=12_000, help="events in the pool")
    parser.add_argument("--out", type=Path, default=Path("vectorstore/data") / FILE)
    parser.add_argument("--log", type=Path, help="JSON file for all that was tried")
    options = parser.parse_args(arguments)
    bench = load_bench(options.data, options.models, options.embedder, options.cache, options.limit, print)
    queries = bench.pool.queries(FIT_SPLIT, QUERIES)
    main_embedder = next(iter(bench.matrices))
    thresholds, spreads = fit_thresholds(bench)
    trials = Trials(bench, queries, bench.matrices[main_embedder])
    words = fit_words(trials, bench)
    with bm25(words):
        weights = fit_weights(trials, Finder(bench.pool, depth=150))
    found = Fitted(
        schema_version=1,
        version="recall-1",
        weights=weights,
        bm25=words,
        thresholds=thresholds,
        fallback_spreads=spreads,
        provenance={
            "command": "python -m evals.recall.fit --data DIR --models DIR --cache DIR",
            "events": sum(story.split == FIT_SPLIT for story in bench.pool.stories.events),
            "period": f"until the end of the split {FIT_SPLIT!r}",
            "queries": len(queries),
            "weights_with": main_embedder,
            "off_topic_sentences": len(off_topic("fit")),
        },
    )
    options.out.write_text(json.dumps(found.model_dump(), indent=1, default=dict) + "\n", encoding="utf-8")
    if options.log:
        told = [one.__dict__ for one in trials.log]
        options.log.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
