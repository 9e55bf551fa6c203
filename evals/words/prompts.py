"""Two versions of the prompts on the same articles with the same model: what the check leaves of each, and what each costs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evals.injection.bench import NOW, Bench
from evals.injection.case import hosts
from evals.words.analysed import written
from evals.words.written import Counted, count
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.analysis import Analysis
from records.article import Article
from records.errors import ModelAnswerInvalid, SourceUnreadable, UsageError

SCHEMA_VERSION = 1
Say = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """One article under one version of the prompts; None where the model's answer or the article was refused."""

    article: str
    refused: str | None
    kept: int | None = None
    """Sentences of analysis and summary after the check."""
    dropped: int | None = None
    unsupported: int | None = None
    """Kept sentences with a number or a name that a second ruler does not find in what they cite."""
    dropped_quotes: int | None = None
    repairs: int | None = None
    """Second calls: a broken form, or an analysis with faults."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None


MEASURES = ("kept", "dropped", "unsupported", "dropped_quotes", "repairs", "input_tokens", "output_tokens", "cost_usd")
HIGHER_IS_BETTER = frozenset({"kept"})


@dataclass(frozen=True)
class Comparison:
    """Both versions, article by article."""

    model: str
    changed: tuple[str, ...]
    """Prompts that differ: name, version before → version after."""
    before: tuple[Measured, ...]
    after: tuple[Measured, ...]

    def to_json(self) -> dict[str, Any]:
        """The names never change; unknown is null."""
        return {
            "schema_version": SCHEMA_VERSION,
            "model": self.model,
            "articles": len(self.after),
            "changed": list(self.changed),
            "refused": {"before": _refused(self.before), "after": _refused(self.after)},
            "metrics": {name: _compared(self.before, self.after, name) for name in MEASURES},
        }


def sample(limit: int | None = None) -> tuple[Article, ...]:
    """The fixed sample: the shipped articles, in their order."""
    chosen = hosts()[:limit]
    return tuple(
        Article(
            id=f"{number:016x}",
            title=host.title,
            text="\n\n".join(host.paragraphs),
            published_at=host.published_at,
            first_seen_at=host.published_at,
            language="en",
        )
        for number, host in enumerate(chosen, 1)
    )


def compare(
    bench: Bench, model: LanguageModel, before: Path, articles: Sequence[Article], say: Say, after: Path | None = None
) -> Comparison:
    """Each article under both folders of prompts; `after` None: those of this version. The bench keeps nothing in a user's home.

    Raises UsageError where no prompt differs, SettingsError, ModelError, StoreError."""
    old, new = PromptLibrary(before), PromptLibrary() if after is None else PromptLibrary(after)
    changed = tuple(_changed(old, new))
    if not changed:
        raise UsageError(f"The prompts in {before} are those of this version: there is nothing to compare.")
    results: list[tuple[Measured, Measured]] = []
    for number, article in enumerate(articles, 1):
        say(f"Article {number:,} of {len(articles):,} under both versions of the prompts …")
        results.append((_measured(bench, model, old, article), _measured(bench, model, new, article)))
    return Comparison(model.name, changed, tuple(one for one, _ in results), tuple(two for _, two in results))


def _changed(old: PromptLibrary, new: PromptLibrary) -> Iterator[str]:
    for name in sorted({*old.names(), *new.names()}):
        before = old.load(name) if name in old.names() else None
        after = new.load(name) if name in new.names() else None
        if before is None or after is None or before.digest != after.digest:
            versions = [one.header.version if one else "none" for one in (before, after)]
            yield f"{name} {versions[0]} → {versions[1]}"


def _measured(bench: Bench, model: LanguageModel, prompts: PromptLibrary, article: Article) -> Measured:
    try:
        analysis = replace(bench, prompts=prompts).analyst(model).analyze(article, as_of=max(article.known_at, NOW))
    except (ModelAnswerInvalid, SourceUnreadable) as error:
        return Measured(article.title, error.kind)
    return _of(article.title, analysis, count(written(article.title, analysis, bench.desk)))


def _of(title: str, analysis: Analysis, counted: Counted) -> Measured:
    provenance = analysis.provenance
    return Measured(
        title,
        None,
        kept=counted.sentences - counted.dropped,
        dropped=counted.dropped,
        unsupported=len({*counted.numbers, *counted.names}),
        dropped_quotes=analysis.reading.dropped_quotes,
        repairs=sum(call.repaired or call.purpose == "explain.repair" for call in provenance.model_calls),
        input_tokens=provenance.input_tokens,
        output_tokens=provenance.output_tokens,
        cost_usd=provenance.cost_usd,
    )


def _refused(measured: Sequence[Measured]) -> int:
    return sum(one.refused is not None for one in measured)


def _compared(before: Sequence[Measured], after: Sequence[Measured], name: str) -> dict[str, Any]:
    """Means over the articles that both versions answered, and on how many of them the later version is better."""
    pairs = [
        (getattr(one, name), getattr(two, name))
        for one, two in zip(before, after, strict=True)
        if getattr(one, name) is not None and getattr(two, name) is not None
    ]
    if not pairs:
        return {"before": None, "after": None, "better": None, "worse": None, "n": 0}
    sign = 1 if name in HIGHER_IS_BETTER else -1
    return {
        "before": sum(one for one, _ in pairs) / len(pairs),
        "after": sum(two for _, two in pairs) / len(pairs),
        "better": sum(sign * (two - one) > 0 for one, two in pairs),
        "worse": sum(sign * (two - one) < 0 for one, two in pairs),
        "n": len(pairs),
    }
