"""Words: true sentences held against their article, the same made false, and the product's own words read by another ruler."""

from collections import Counter
from collections.abc import Sequence
from random import Random

from evals.harness.datasets import SHIPPED, given, shipped
from evals.harness.run import Case
from evals.harness.suites.analyses import analyst_task, host_articles, hosts_told
from evals.harness.suites.corpus import STORIES_FILE
from evals.harness.suites.parts import NO_ANSWER, Parts, of_shares, sources
from evals.harness.task import Figures, Mark, Reply, Sample, Task
from evals.tickers.grade import Share
from evals.words.alter import alterations
from evals.words.analysed import written
from evals.words.grade import kind_of
from evals.words.holding import Article
from evals.words.judge import is_right
from evals.words.sources import Told
from evals.words.sources import load as load_told
from evals.words.written import Written, composed, strange_names, strange_numbers
from markets.desk import MarketDesk

SUITE = "words"
WRITTEN = ("sentences", "dropped", "unsupported_number", "unsupported_claim")
SCORED = ("false_alarm", "altered", "caught", *WRITTEN)
EMBEDDED_ANALYSES = 3
"""The embedded model takes most of a minute for one."""


def load(parts: Parts) -> Task:
    """Without a model: the check on true and altered sentences, and paragraphs composed in code. Raises SourceError."""
    told = {one.id: one for one in load_told(parts.data or SHIPPED)}
    desk = MarketDesk()
    paragraphs = {one.article: one for one in composed(hosts_told(), desk)}
    held: dict[str, Article] = {}

    def solve(sample: Sample) -> Reply:
        if sample.id in paragraphs:
            return _reply(paragraphs[sample.id])
        one = told[sample.id]
        article = held.setdefault(one.body, Article(one, desk))
        return _held(one, article, parts.seed)

    files = sorted((parts.data / "dup").glob("*.jsonl")) if parts.data else [SHIPPED / STORIES_FILE]
    origin = (
        shipped("told twice", "self-written stories", *files) if parts.data is None else given("told", "all", *files)
    )
    digests, sets = sources(origin, host_articles())
    return Task(
        suite=SUITE,
        kind="code",
        split="shipped" if parts.data is None else "given",
        data_digest=origin.digest,
        samples=(*(_told_sample(one) for one in told.values()), *(_written_sample(one) for one in paragraphs.values())),
        scored=SCORED,
        solve=solve,
        mark=lambda _, reply: Mark(*reply.value),
        figures=figures,
        data_digests=digests,
        data_sources=sets,
        notes=("the whole article is cited; an alarm that the second ruler does not confirm counts as false",),
    )


def load_model(parts: Parts) -> Task:
    """Whole analyses by the model, their words read by another ruler. Raises SourceError, ModelError, StoreError."""
    desk = MarketDesk()
    return analyst_task(
        parts,
        SUITE,
        WRITTEN,
        EMBEDDED_ANALYSES,
        lambda analysis: Mark(*_reply(written(analysis.article.title, analysis, desk)).value),
        figures,
    )


def _told_sample(one: Told) -> Sample:
    story = one.id.split(":")[0]
    day = one.published_on.isoformat() if one.published_on else None
    return Sample(one.id, f"{one.text}\n\nThe article:\n{one.body}", "true", cluster=story, day=day)


def _written_sample(one: Written) -> Sample:
    return Sample(one.article, f"the article {one.article}", "supported words", cluster=one.article)


def _held(one: Told, article: Article, seed: int) -> Reply:
    support = article.whole()
    faults = article.faults(one.text, support)
    false_alarm = bool(faults) and not is_right(faults, one.body)
    altered = {} if faults else alterations(one.text, article.companies, Random(f"{seed} {one.id}"))
    missed = [kind for kind, text in altered.items() if not article.faults(text, support)]
    checks = [f"alarm: {kind_of(fault)}" for fault in faults] + [f"passed though false: {kind}" for kind in missed]
    scores: dict[str, float | None] = {
        "false_alarm": float(false_alarm),
        "altered": float(len(altered)),
        "caught": float(len(altered) - len(missed)),
    }
    return Reply("; ".join(faults) or "passes", (scores, tuple(checks)))


def _reply(one: Written) -> Reply:
    """The kept sentences, and what the second ruler finds in them."""
    kept = [claim for claim in one.claims if claim.verdict != "dropped"]
    numbers = [strange_numbers(claim.text, one.cited(claim)) for claim in kept]
    names = [strange_names(claim.text, one.cited(claim)) for claim in kept]
    scores: dict[str, float | None] = {
        "sentences": float(len(one.claims)),
        "dropped": float(len(one.claims) - len(kept)),
        "unsupported_number": float(sum(map(bool, numbers))),
        "unsupported_claim": float(sum(bool(number or name) for number, name in zip(numbers, names, strict=True))),
    }
    checks = [
        f"unsupported: {', '.join(found)}"
        for both in zip(numbers, names, strict=True)
        if (found := [*both[0], *both[1]])
    ]
    checks += [f"dropped: {'; '.join(claim.faults)}" for claim in one.claims if claim.verdict == "dropped"]
    return Reply(" ".join(claim.text for claim in kept) or "nothing was kept", (scores, tuple(checks)))


def figures(cases: Sequence[Case]) -> Figures:
    """The four rates of the suite, and the share of false sentences caught."""

    def total(name: str) -> int:
        return sum(int(case.scores.get(name) or 0) for case in cases)

    kept = total("sentences") - total("dropped")
    shares = {
        "unsupported_number_rate": Share(total("unsupported_number"), kept),
        "unsupported_claim_rate": Share(total("unsupported_claim"), kept),
        "dropped_rate": Share(total("dropped"), total("sentences")),
    }
    held = [case for case in cases if case.scores.get("false_alarm") is not None]
    if held:
        shares["false_alarm_rate"] = Share(total("false_alarm"), len(held))
        shares["false_caught_rate"] = Share(total("caught"), total("altered"))
    metrics, intervals = of_shares(shares)
    failures = Counter(check.split(":")[0] for case in cases for check in case.checks)
    failures[NO_ANSWER] = sum(case.error is not None for case in cases)
    return Figures(metrics, intervals, failures=+failures)
