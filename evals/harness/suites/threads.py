"""Threads: do two headlines meet that tell one story, and only those?"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from evals.harness.datasets import SHIPPED, given, shipped
from evals.harness.run import Case
from evals.harness.suites.corpus import STORIES_FILE
from evals.harness.suites.parts import Parts, ablation_of, of_intervals, sources
from evals.harness.task import Figures, Mark, Reply, Sample, Task
from evals.threads.bcubed import Graded, differences, grade
from evals.threads.pairs import Pair, load_pairs
from records.database import Database
from records.errors import SourceUnreadable
from vectorstore.threads import StoryThreads, load_model
from vectorstore.threads.decide import SAME_STORY
from vectorstore.threads.features import shared
from vectorstore.threads.sketch import sketch

SUITE = "threads"
OTHERWISE = (
    ("what is read; in the run headlines", "with bodies", "probability_with_bodies"),
    ("where they meet; in the run each pair alone", "all headlines in one database", "together"),
)
"""What is varied, how it is set, and the score of a case that it gives."""


def load(parts: Parts) -> Task:
    """Pairs the shipped model was not fitted on. Raises SourceError."""
    folder = parts.data or SHIPPED
    model = load_model()
    pairs = {pair.digest: pair for pair in load_pairs(folder) if pair.digest not in model.fitted_on}
    if not pairs:
        raise SourceUnreadable(f"All pairs in {folder} are those the model was fitted on. Give others.")
    files = sorted((folder / "dup" if (folder / "dup").is_dir() else folder).glob("*.jsonl"))
    origin = (
        shipped("pairs", "self-written stories", SHIPPED / STORIES_FILE)
        if parts.data is None
        else given("pairs", "half not fitted on", *files)
    )
    digests, told = sources(origin)

    def ask(pair: Pair, *, bodies: bool) -> float:
        a, b = (sketch(article) for article in pair.articles(bodies=bodies))
        return model.probability(a, b, shared(a, b))

    def solve(sample: Sample) -> Reply:
        found = ask(pairs[sample.id], bodies=False), ask(pairs[sample.id], bodies=True)
        return Reply(f"P(one story) {found[0]:.3f}; with bodies {found[1]:.3f}", found)

    together = _together(tuple(pairs.values()))
    return Task(
        suite=SUITE,
        kind="code",
        split="shipped" if parts.data is None else origin.split,
        data_digest=origin.digest,
        samples=tuple(
            Sample(name, f"{pair.a}\n\n{pair.b}", pair.same, cluster=pair.ticker or pair.digest)
            for name, pair in pairs.items()
        ),
        scored=("probability", "correct", "probability_with_bodies", "together"),
        solve=solve,
        mark=lambda sample, reply: _mark(sample, reply, together),
        figures=figures,
        data_digests=digests,
        data_sources=told,
        notes=(f"the story model {model.version}, threshold {SAME_STORY}",),
    )


def _together(pairs: Sequence[Pair]) -> Mapping[str, bool]:
    """All headlines placed in one database, in the order of time: the others are each pair's distractors."""
    waiting = [(article, pair.ticker) for pair in pairs for article in pair.articles(bodies=False)]
    stories = {}
    with tempfile.TemporaryDirectory() as folder, Database.open(Path(folder) / "pairs.db") as database:
        threads = StoryThreads(database)
        for article, ticker in sorted(waiting, key=lambda one: (one[0].first_seen_at, one[0].id)):
            stories[article.id] = threads.place(article, tickers=[ticker] if ticker else []).story_id
    return {pair.digest: len({stories[one.id] for one in pair.articles(bodies=False)}) == 1 for pair in pairs}


def _mark(sample: Sample, reply: Reply, together: Mapping[str, bool]) -> Mark:
    plain, with_bodies = reply.value
    right = (plain >= SAME_STORY) == sample.expected
    fault = "two stories joined" if not sample.expected else "one story kept apart"
    return Mark(
        {
            "probability": plain,
            "correct": float(right),
            "probability_with_bodies": with_bodies,
            "together": float(together[sample.id]),
        },
        () if right else (fault,),
    )


def figures(cases: Sequence[Case]) -> Figures:
    """B-cubed, pair F1 and AUC from headlines alone, and the same pairs with bodies and in one database."""
    main = _graded(cases, "probability")
    metrics, intervals = of_intervals(grade(main))
    ablations = []
    for varied, setting, name in OTHERWISE:
        other = _graded(cases, name)
        values = of_intervals(grade(other))[0]
        ablations.append(ablation_of(varied, setting, values, differences(main, other)))
    failures: dict[str, int] = {}
    for check in (check for case in cases for check in case.checks):
        failures[check] = failures.get(check, 0) + 1
    return Figures(metrics, intervals, failures=failures, ablations=tuple(ablations))


def _graded(cases: Sequence[Case], name: str) -> Graded:
    same = np.array([bool(case.expected) for case in cases], dtype=np.bool_)
    probability = np.array([case.scores[name] for case in cases], dtype=np.float64)
    return Graded(same, probability, probability >= SAME_STORY, tuple(case.cluster for case in cases))
