"""Whole analyses of the shipped articles by the real path: what `words` reads and `cost` counts."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from evals.harness.datasets import DataSet, shipped
from evals.harness.run import Case
from evals.harness.suites.parts import Parts, sources
from evals.harness.task import Figures, Mark, Reply, Sample, Task
from evals.injection import case as injection_case
from evals.injection.case import Host, hosts
from evals.words.sources import REPRINTS, Told
from records.analysis import Analysis
from records.article import Article

ARTICLES = Path(injection_case.__file__).parent / "articles.jsonl"


@cache
def host_articles() -> DataSet:
    """The set of these articles."""
    return shipped("all", "self-written articles about real companies", ARTICLES)


def hosts_told() -> list[Told]:
    """The shipped articles, as the composer takes them."""
    return [
        Told(f"{host.id}:a:0", REPRINTS, host.title, _body(host), host.title, host.published_at.date(), "report")
        for host in hosts()
    ]


def _body(host: Host) -> str:
    return "\n\n".join((host.title, *host.paragraphs))


def article_of(host: Host) -> Article:
    """As a file with the time of its publication gives it."""
    return Article(
        id=injection_case.case_id(host.id, "clean")[:16],
        title=host.title,
        text="\n\n".join(host.paragraphs),
        published_at=host.published_at,
        first_seen_at=host.published_at,
        language="en",
    )


def analyst_task(
    parts: Parts,
    suite: str,
    scored: tuple[str, ...],
    embedded_most: int,
    mark: Callable[[Analysis], Mark],
    figures: Callable[[Sequence[Case]], Figures],
) -> Task:
    """A task that analyses the shipped articles with the model; all suites that do share the answers of one run.

    Raises ModelError, StoreError.
    """
    bench, model = parts.open_bench(), parts.asked()
    chosen = {host.id: host for host in parts.few(hosts(), embedded_most)}

    def solve(sample: Sample) -> Reply:
        analysis = bench.analyst(model).analyze(article_of(chosen[sample.id]))
        return Reply(analysis.text or "nothing was kept", analysis, analysis.provenance.model_calls)

    digests, told = sources(host_articles())
    return Task(
        suite=suite,
        kind="model",
        split="shipped",
        data_digest=host_articles().digest,
        samples=tuple(_sample(host) for host in chosen.values()),
        scored=scored,
        solve=solve,
        mark=lambda _, reply: mark(reply.value),
        figures=figures,
        data_digests=digests,
        data_sources=told,
        embedder=bench.memory.embedder,
        score_version=bench.score_model.version,
        store_snapshot=bench.memory.snapshot,
    )


def _sample(host: Host) -> Sample:
    return Sample(host.id, _body(host), None, cluster=host.id, day=host.published_at.date().isoformat())
