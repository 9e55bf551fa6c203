"""One run of the suite: baselines on the whole set, and a model with the same baselines on a drawn sample."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evals.impact.bootstrap import Interval
from evals.kept_answers import KeptAnswers
from evals.tags.ask import TagReader
from evals.tags.baselines import by_words, commonest
from evals.tags.metrics import grade
from evals.tags.topics import Tagged, TagSet, load_articles
from models.interface import LanguageModel
from records.taxonomy import Tag

Say = Callable[[str], None]

COMMONEST, WORDS = "commonest tag", "word list"


@dataclass(frozen=True)
class Request:
    """What to grade."""

    data: Path
    limit: int = 100
    """Most articles put to the model."""
    seed: int = 0
    """Draws them: a larger limit asks the same ones first."""


@dataclass(frozen=True)
class Graded:
    """One way of answering on one part of the set."""

    n: int
    tags: tuple[Tag, ...]
    """Those that stand in the part: what the macro means are taken over."""
    metrics: Mapping[str, Interval]
    judged: tuple[tuple[Tagged, frozenset[Tag]], ...] = ()
    """The model's articles, each with the tags it gave; empty for baselines."""


@dataclass(frozen=True)
class TagsReport:
    """Everything measured."""

    found: TagSet
    baselines: Mapping[str, Graded]
    model: str | None
    graded: Graded | None
    """The model on the sample."""
    sample_baselines: Mapping[str, Graded]
    prompt_digests: tuple[str, ...]
    answers_reused: int


def run(request: Request, kept: KeptAnswers, say: Say, model: LanguageModel | None = None) -> TagsReport:
    """Grades. Answers are kept one by one: a run that is stopped loses none. Raises SourceError, ModelError, StoreError."""
    found = load_articles(request.data)
    say(f"{len(found.articles):,} articles with tags")
    baselines = _baselines(found, found.articles)
    if model is None:
        return TagsReport(found, baselines, None, None, {}, (), 0)
    reader = TagReader(model, kept, found.tags)
    drawn = random.Random(request.seed).sample(found.articles, len(found.articles))[: request.limit]
    answers = []
    for number, article in enumerate(drawn, 1):
        say(f"{number} of {len(drawn)} articles")
        answers.append(reader.tags(article))
    graded = replace(_graded(found, drawn, answers), judged=tuple(zip(drawn, answers, strict=True)))
    return TagsReport(
        found, baselines, model.name, graded, _baselines(found, drawn), reader.prompt_digests, kept.reused
    )


def _baselines(found: TagSet, articles: Sequence[Tagged]) -> Mapping[str, Graded]:
    always = commonest(found.articles)
    return {
        COMMONEST: _graded(found, articles, [always] * len(articles)),
        WORDS: _graded(found, articles, [by_words(article.text) for article in articles]),
    }


def _graded(found: TagSet, articles: Sequence[Tagged], answers: Sequence[frozenset[Tag]]) -> Graded:
    standing = tuple(tag for tag in found.tags if any(tag in article.tags for article in articles))
    metrics = grade([article.tags for article in articles], answers, standing)
    return Graded(len(articles), standing, metrics)
