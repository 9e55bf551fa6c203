"""Tickers: which instrument each name in a sentence leads to; by code, and by a model where code leaves names open."""

import hashlib
from collections import Counter
from collections.abc import Sequence

from evals.harness.datasets import DataSet
from evals.harness.run import Case
from evals.harness.suites.parts import Parts, of_shares, prompt_digests
from evals.harness.task import Figures, Mark, Reply, Sample, Task
from evals.tickers.by_model import ModelChoice
from evals.tickers.gold import GoldSentence, digest_of, load_gold
from evals.tickers.grade import STRAY, Decide, Judged, Share, judge, shares_in, sure_only
from markets.instruments import InstrumentTable

SUITE = "tickers"
COUNTED = ("right", "wrong", "missed", "left alone")
HALF = "test"
"""The half that nothing was tuned on: what `rhyme eval tickers` reports as its metrics."""
LEFT_ALONE = "left alone"
EMBEDDED_SENTENCES = 40
"""Put to the embedded model at most; the first of them are those of a smaller limit."""


def load(parts: Parts, *, by_model: bool = False) -> Task:
    """The shipped gold set: its test half by code, or the sentences of both halves in which a model has something to choose.
    Raises SourceError."""
    table = InstrumentTable.load()
    sentences = load_gold()
    if by_model:
        unsettled = [one for one in sentences if any(found.ambiguous for found in shares_in(one, table))]
        chosen = parts.few(unsettled, EMBEDDED_SENTENCES)
        decide: Decide = ModelChoice(parts.asked(), lambda _: None)
    else:
        chosen, decide = [one for one in sentences if one.split == HALF], sure_only
    gold = {one.id: one for one in chosen}
    about = DataSet(
        name="gold sentences",
        version="1",
        licence="that of the project",
        source="self-written about real companies, shipped",
        split=HALF if not by_model else "with an open name",
        digest=digest_of(chosen)[:16],
    )

    def solve(sample: Sample) -> Reply:
        sentence = gold[sample.id]
        judged = judge(sentence, decide(sentence, shares_in(sentence, table)))
        told = "; ".join(f"{one.surface} → {', '.join(one.answered) or 'none'}" for one in judged)
        return Reply(told or "nothing", judged)

    return Task(
        suite=SUITE,
        kind="model" if by_model else "code",
        split="shipped",
        data_digest=hashlib.sha256(digest_of(chosen).encode()).hexdigest()[:16],
        samples=tuple(_sample(one) for one in chosen),
        scored=COUNTED,
        solve=solve,
        mark=_mark,
        figures=figures,
        data_digests={about.name: about.digest},
        data_sources={about.name: about.told()},
        prompt_digests=prompt_digests(("embedded_company",)) if by_model else {},
    )


def _sample(sentence: GoldSentence) -> Sample:
    wanted = [[one.surface, list(one.tickers)] for one in sentence.mentions]
    return Sample(sentence.id, sentence.text, wanted, cluster=sentence.id, day=sentence.as_of.isoformat())


def _mark(_: Sample, reply: Reply) -> Mark:
    judged: Sequence[Judged] = reply.value
    counts = Counter(str(one.outcome) for one in judged)
    faults = tuple(
        f"{one.outcome}: {one.surface} ({one.kind}), wanted {', '.join(one.wanted) or 'none'}"
        for one in judged
        if one.outcome in ("wrong", "missed")
    )
    strays = sum(one.kind == STRAY for one in judged)
    return Mark({name: float(counts[name]) for name in COUNTED}, (*faults, *(["stray"] if strays else [])))


def figures(cases: Sequence[Case]) -> Figures:
    """Precision over answers, recall over names that have a ticker."""
    total = {name: sum(int(case.scores.get(name) or 0) for case in cases) for name in COUNTED}
    wanted = sum(bool(tickers) for case in cases if case.error is None for _, tickers in case.expected)
    untold = sum(not tickers for case in cases if case.error is None for _, tickers in case.expected)
    metrics, intervals = of_shares(
        {
            "precision": Share(total["right"], total["right"] + total["wrong"]),
            "recall": Share(total["right"], wanted),
            "left_alone": Share(total[LEFT_ALONE], untold),
        }
    )
    failures = {name: total[name] for name in ("wrong", "missed") if total[name]}
    return Figures(metrics, intervals, failures=failures)
