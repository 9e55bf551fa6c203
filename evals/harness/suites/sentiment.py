"""Sentiment: towards a company or of a whole headline, against what a person called it."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from evals.harness.datasets import SHIPPED, given, shipped
from evals.harness.run import Case
from evals.harness.suites.parts import NO_ANSWER, Parts, answered_rate, of_intervals, prompt_digests, sources
from evals.harness.task import Figures, Mark, Reply, Sample, Task
from evals.impact import bootstrap
from evals.kept_answers import KeptAnswers
from evals.sentiment.ask import CAPABLE_PROMPTS, EMBEDDED_PROMPTS, SentimentReader
from evals.sentiment.baselines import by_words, commonest
from evals.sentiment.metrics import grade
from evals.sentiment.run import MAJORITY, WORDS, fitted_on
from evals.sentiment.sets import FILES, LABELS, WHOLE, Label, Labelled, load_sets

SUITE = "sentiment"
UNANSWERED = "no sentiment given"


def load(parts: Parts) -> Task:
    """Raises SourceError for data that is missing or broken, SettingsError."""
    folder = parts.data or SHIPPED
    sets = load_sets(folder, (), fitted_on())
    inside = folder / "labels" if (folder / "labels").is_dir() else folder
    origins = [
        shipped("headlines", "self-written headlines", inside / FILES[one.name][0])
        if parts.data is None
        else given(one.name, "all", inside / FILES[one.name][0])
        for one in sets
    ]
    rows = [row for one in sets for row in parts.few(one.rows)]
    reader = SentimentReader(parts.asked(), KeptAnswers(None, resume=False))
    digests, told = sources(*origins)
    texts = {row.id: row for row in rows}
    always = commonest(rows)

    def solve(sample: Sample) -> Reply:
        label = reader.label(texts[sample.id])
        return Reply(label or UNANSWERED, label)

    return Task(
        suite=SUITE,
        kind="model",
        split="shipped" if parts.data is None else "given",
        data_digest=hashlib.sha256("".join(sorted(texts)).encode()).hexdigest()[:16],
        samples=tuple(_sample(row) for row in texts.values()),
        scored=("correct",),
        solve=solve,
        mark=_mark,
        figures=lambda cases: figures(cases, texts, always),
        data_digests=digests,
        data_sources=told,
        prompt_digests=prompt_digests(EMBEDDED_PROMPTS if parts.is_embedded else CAPABLE_PROMPTS),
    )


def _sample(row: Labelled) -> Sample:
    about = "the whole" if row.subject == WHOLE else row.subject
    return Sample(row.id, f"{row.text}\n\nTowards: {about}", row.label, cluster=row.text_id)


def _mark(sample: Sample, reply: Reply) -> Mark:
    if reply.value is None:
        return Mark({"correct": None}, (UNANSWERED,))
    right = reply.value == sample.expected
    return Mark({"correct": float(right)}, () if right else (f"{sample.expected} called {reply.value}",))


def figures(cases: Sequence[Case], texts: Mapping[str, Labelled], always: Label) -> Figures:
    """Accuracy and F1 on what was answered, with the same of the baselines."""
    answered = [case for case in cases if case.scores.get("correct") is not None]
    failures = Counter(check for case in cases for check in case.checks)
    failures[NO_ANSWER] = sum(case.error is not None for case in cases)
    unanswered = answered_rate(cases, answered)
    if not answered:
        return Figures(unanswered, failures=+failures)
    rows = [texts[case.id] for case in answered]
    metrics, intervals = of_intervals(_graded(rows, [LABELS[LABELS.index(case.answer)] for case in answered]))
    return Figures(
        {**metrics, **unanswered},
        intervals,
        {
            MAJORITY: of_intervals(_graded(rows, [always] * len(rows)))[0],
            WORDS: of_intervals(_graded(rows, [by_words(row.text) for row in rows]))[0],
        },
        +failures,
    )


def _graded(rows: Sequence[Labelled], answers: Sequence[Label]) -> Mapping[str, bootstrap.Interval]:
    return grade([row.label for row in rows], answers, [row.text_id for row in rows])
