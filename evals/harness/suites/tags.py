"""Tags: the themes given to an article, against those that stand in the set."""

from collections.abc import Mapping, Sequence

from evals.harness.datasets import SHIPPED, given, shipped
from evals.harness.run import Case
from evals.harness.suites.corpus import STORIES_FILE, stories
from evals.harness.suites.parts import NO_ANSWER, Parts, answered_rate, of_intervals, prompt_digests, sources
from evals.harness.task import Figures, Mark, Reply, Sample, Task
from evals.kept_answers import KeptAnswers
from evals.tags.ask import TagReader
from evals.tags.baselines import by_words, commonest
from evals.tags.metrics import grade
from evals.tags.run import COMMONEST, WORDS
from evals.tags.topics import FILE, Tagged, load_articles
from records.taxonomy import Tag

SUITE = "tags"
EMBEDDED_ARTICLES = 6
"""The embedded model is asked for each theme apart: about half a second a question."""
SHIPPED_TAGS = 8
"""Themes asked of the shipped articles: those that stand there most often."""


def load(parts: Parts) -> Task:
    """Raises SourceError for data that is missing or broken, SettingsError."""
    if parts.data is None:
        articles = [Tagged(story.text, story.tags) for story in stories()]
        tags = _commonest_tags(articles)
        digests, told = sources(shipped("stories with tags", "self-written stories", SHIPPED / STORIES_FILE))
    else:
        found = load_articles(parts.data)
        articles, tags = list(found.articles), found.tags
        inside = parts.data / "labels" if (parts.data / "labels").is_dir() else parts.data
        digests, told = sources(given("articles with topics", "all", inside / FILE))
    chosen = {one.id: one for one in parts.few(articles, EMBEDDED_ARTICLES)}
    reader = TagReader(parts.asked(), KeptAnswers(None, resume=False), tags)

    def solve(sample: Sample) -> Reply:
        names = sorted(tag.value for tag in reader.tags(chosen[sample.id]))
        return Reply(", ".join(names) or "none", names)

    return Task(
        suite=SUITE,
        kind="model",
        split="shipped" if parts.data is None else "given",
        data_digest=next(iter(digests.values())),
        samples=tuple(
            Sample(one.id, one.text, sorted(tag.value for tag in one.tags if tag in tags), cluster=one.id)
            for one in chosen.values()
        ),
        scored=("right", "given", "wanted"),
        solve=solve,
        mark=_mark,
        figures=lambda cases: figures(cases, chosen, tags),
        data_digests=digests,
        data_sources=told,
        prompt_digests=prompt_digests(("embedded_theme",) if parts.is_embedded else ("read",)),
        notes=(f"graded on {len(tags)} themes: {', '.join(tag.value for tag in tags)}",),
    )


def _commonest_tags(articles: Sequence[Tagged]) -> tuple[Tag, ...]:
    counts = {tag: sum(tag in one.tags for one in articles) for tag in Tag}
    kept = sorted(Tag, key=lambda tag: -counts[tag])[:SHIPPED_TAGS]
    return tuple(tag for tag in Tag if tag in kept)


def _mark(sample: Sample, reply: Reply) -> Mark:
    wanted, found = set(sample.expected), set(reply.value)
    faults = [f"missed: {name}" for name in sorted(wanted - found)] + [
        f"added: {name}" for name in sorted(found - wanted)
    ]
    return Mark({"right": len(wanted & found), "given": len(found), "wanted": len(wanted)}, tuple(faults))


def figures(cases: Sequence[Case], articles: Mapping[str, Tagged], tags: Sequence[Tag]) -> Figures:
    """Micro and macro precision, recall and F1 on what was answered."""
    answered = [case for case in cases if case.error is None]
    failures = {"theme missed": 0, "theme added": 0, NO_ANSWER: len(cases) - len(answered)}
    for case in answered:
        failures["theme missed"] += sum(check.startswith("missed") for check in case.checks)
        failures["theme added"] += sum(check.startswith("added") for check in case.checks)
    failures = {kind: count for kind, count in failures.items() if count}
    rows = [articles[case.id] for case in answered]
    standing = tuple(tag for tag in tags if any(tag in row.tags for row in rows))
    if not standing:
        return Figures({"micro_f1": None, "macro_f1": None, **answered_rate(cases, answered)}, failures=failures)
    wanted = [row.tags for row in rows]
    answers = [frozenset(tag for tag in tags if tag.value in (case.answer or "").split(", ")) for case in answered]
    metrics, intervals = of_intervals(grade(wanted, answers, standing))
    always = commonest(rows)
    return Figures(
        {**metrics, **answered_rate(cases, answered)},
        intervals,
        {
            COMMONEST: of_intervals(grade(wanted, [always] * len(rows), standing))[0],
            WORDS: of_intervals(grade(wanted, [by_words(row.text) for row in rows], standing))[0],
        },
        failures,
    )
