"""One run of the suite: baselines on whole sets, and a model with the same baselines on a drawn sample of each."""

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from evals.impact.bootstrap import Interval
from evals.kept_answers import KeptAnswers
from evals.sentiment.ask import SentimentReader
from evals.sentiment.baselines import by_words, commonest
from evals.sentiment.metrics import grade
from evals.sentiment.sets import LABELS, Label, Labelled, LabelledSet, load_sets
from models.interface import LanguageModel

Say = Callable[[str], None]
Metrics = Mapping[str, Interval]

MAJORITY, WORDS = "commonest class", "word list"


@dataclass(frozen=True)
class Request:
    """What to grade."""

    data: Path
    sets: tuple[str, ...] = ()
    """Empty: every one that is there."""
    limit: int = 100
    """Most questions put to the model, a set."""
    seed: int = 0
    """Draws them: a larger limit asks the same ones first."""


@dataclass(frozen=True)
class Graded:
    """One way of answering on one part of one set."""

    n: int
    n_texts: int
    counts: Mapping[Label, int]
    """Rows by label."""
    metrics: Metrics
    unanswered: int = 0
    """Rows the model had no answer to: not among the n."""
    judged: tuple[tuple[Labelled, Label], ...] = ()
    """The model's rows, each with its answer; empty for baselines."""


@dataclass(frozen=True)
class SetReport:
    """One set."""

    found: LabelledSet
    baselines: Mapping[str, Graded]
    """On the whole set."""
    model: Graded | None
    """On the sample."""
    sample_baselines: Mapping[str, Graded]
    """On the rows of the sample that the model answered; empty without a model."""


@dataclass(frozen=True)
class SentimentReport:
    """Everything measured."""

    sets: tuple[SetReport, ...]
    model: str | None
    prompt_digests: tuple[str, ...]
    answers_reused: int
    overlap: int
    """Texts of the mixed set that stand in PhraseBank too."""

    @property
    def digest(self) -> str:
        """Of the files' digests, in order."""
        return hashlib.sha256("".join(one.found.digest for one in self.sets).encode()).hexdigest()


def run(request: Request, kept: KeptAnswers, say: Say, model: LanguageModel | None = None) -> SentimentReport:
    """Grades. Answers are kept one by one: a run that is stopped loses none. Raises SourceError, ModelError, StoreError."""
    sets = load_sets(request.data, request.sets, fitted_on())
    reader = SentimentReader(model, kept) if model else None
    reports = tuple(_report(one, request, reader, say) for one in sets)
    digests = reader.prompt_digests if reader else ()
    return SentimentReport(reports, model.name if model else None, digests, kept.reused, _overlap(sets))


def fitted_on() -> frozenset[str]:
    """Ids of the texts that the embedded model's class weights were fitted on (`evals.embedded.calibrate.headlines`)."""
    file = resources.files("evals.sentiment") / "fitted_on.txt"
    return frozenset(file.read_text(encoding="utf-8").split())


def _report(one: LabelledSet, request: Request, reader: SentimentReader | None, say: Say) -> SetReport:
    say(f"{one.name}: {len(one.rows):,} rows")
    baselines = _baselines(one, one.rows)
    if reader is None:
        return SetReport(one, baselines, None, {})
    drawn = random.Random(request.seed).sample(one.rows, len(one.rows))[: request.limit]
    answers: dict[str, Label] = {}
    for number, row in enumerate(drawn, 1):
        say(f"{one.name}: {number} of {len(drawn)}")
        label = reader.label(row)
        if label is not None:
            answers[row.id] = label
    answered = [row for row in drawn if row.id in answers]
    if not answered:
        return SetReport(one, baselines, None, {})
    graded = _graded(answered, [answers[row.id] for row in answered], len(drawn) - len(answered))
    judged = tuple((row, answers[row.id]) for row in answered)
    return SetReport(one, baselines, replace(graded, judged=judged), _baselines(one, answered))


def _baselines(one: LabelledSet, rows: "tuple[Labelled, ...] | list[Labelled]") -> Mapping[str, Graded]:
    majority = commonest(one.rows)
    return {
        MAJORITY: _graded(rows, [majority] * len(rows)),
        WORDS: _graded(rows, [by_words(row.text) for row in rows]),
    }


def _graded(rows: "tuple[Labelled, ...] | list[Labelled]", answers: list[Label], unanswered: int = 0) -> Graded:
    wanted = [row.label for row in rows]
    texts = [row.text_id for row in rows]
    counts = {label: wanted.count(label) for label in LABELS}
    return Graded(len(rows), len(set(texts)), counts, grade(wanted, answers, texts), unanswered)


def _overlap(sets: tuple[LabelledSet, ...]) -> int:
    by_name = {one.name: {row.text_id for row in one.rows} for one in sets}
    return len(by_name.get("phrasebank", set()) & by_name.get("fiqa_phrasebank", set()))
