"""Recall: are the precedents of a story of its kind, is there none for what no market memory holds, and is none from later?"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from evals.harness.datasets import SHIPPED, DataSet, digest_of, shipped
from evals.harness.run import Ablation, Case
from evals.harness.statistics import clusters_of
from evals.harness.suites.corpus import STORIES_FILE, stories
from evals.harness.suites.parts import Parts, ablation_of, evening, of_shares, sources
from evals.harness.task import Figures, Mark, Reply, Sample, Task
from evals.impact.bootstrap import interval
from evals.recall import absence
from evals.tickers.grade import Share
from records.event import Precedent
from records.taxonomy import EventType
from vectorstore.starter import DATA, EVENTS_FILE, read_events

SUITE = "recall"
SHOWN = 5
DRAWS = 2_000
VARIED = "the story's event type, told to the memory in the run"
OFF_TOPIC_AS_OF = evening("2026-01-02")
"""Every shipped event is known then: the hardest case for a sentence that should find nothing."""
LATER, OTHER, FOUND = "known only later", "nothing of its type", "off topic, and yet found"


@dataclass(frozen=True)
class Asked:
    """One question to the memory."""

    text: str
    as_of: datetime
    event_type: EventType | None
    """None: the text is off any market topic."""


def load(parts: Parts) -> Task:
    """The shipped stories and off-topic sentences, asked of the shipped precedents. Raises StoreError, ModelError."""
    memory = parts.open_bench().memory
    asked = _questions()
    base = Counter(event.event_type for event in read_events(DATA / EVENTS_FILE))

    def solve(sample: Sample) -> Reply:
        one = asked[sample.id]
        found = [
            memory.recall(one.text, one.as_of, SHOWN, event_type=kind).precedents
            for kind in dict.fromkeys((one.event_type, None))
        ]
        told = "\n".join(f"{each.id} {each.event_type.value}: {each.summary}" for each in found[0])
        return Reply(told or "none", (one, found[0], found[-1]))

    digests, told = sources(_stories_set(), _off_topic_set(), starter_set())
    return Task(
        suite=SUITE,
        kind="code",
        split="shipped",
        data_digest=hashlib.sha256("".join(digests.values()).encode()).hexdigest()[:16],
        samples=tuple(_sample(name, one) for name, one in asked.items()),
        scored=("found", "same_type", "shown", "same_type_by_words_alone", "later"),
        solve=solve,
        mark=_mark,
        figures=lambda cases: figures(cases, {kind.value: count / base.total() for kind, count in base.items()}),
        data_digests=digests,
        data_sources=told,
        embedder=memory.embedder,
        store_snapshot=memory.snapshot,
    )


def _questions() -> dict[str, Asked]:
    on = {one.id: Asked(one.text, evening(one.day), one.event_type) for one in stories()}
    off = {
        f"off{number:02}": Asked(text, OFF_TOPIC_AS_OF, None) for number, text in enumerate(absence.off_topic("report"))
    }
    return on | off


def _sample(name: str, one: Asked) -> Sample:
    expected = one.event_type.value if one.event_type else "none"
    return Sample(name, one.text, expected, cluster=name, day=one.as_of.date().isoformat())


def _stories_set() -> DataSet:
    return shipped("all", "self-written stories", SHIPPED / STORIES_FILE)


def _off_topic_set() -> DataSet:
    return shipped(
        "report", "sentences off any market topic", Path(absence.__file__).parent / "data" / "off_topic.json"
    )


def starter_set() -> DataSet:
    """The shipped precedents."""
    return DataSet(
        name="starter precedents",
        version="as shipped",
        licence="that of the project (docs/starter-precedents.md)",
        source="own sentences about public facts, shipped",
        split="all",
        digest=digest_of(DATA / EVENTS_FILE),
    )


def _mark(_: Sample, reply: Reply) -> Mark:
    one: Asked
    given: Sequence[Precedent]
    plain: Sequence[Precedent]
    one, given, plain = reply.value
    later = sum(each.reaction.known_at > one.as_of for each in (*given, *plain))
    checks = [LATER] if later else []
    scores: dict[str, float | None] = {"found": float(bool(given)), "later": float(later)}
    if one.event_type is None:
        checks += [FOUND] if given else []
    else:
        scores["shown"] = float(len(given))
        scores["same_type"] = float(sum(each.event_type == one.event_type for each in given))
        scores["same_type_by_words_alone"] = float(sum(each.event_type == one.event_type for each in plain))
        checks += [] if scores["same_type"] else [OTHER]
    return Mark(scores, tuple(checks))


def figures(cases: Sequence[Case], base: Mapping[str, float]) -> Figures:
    """Share of the five shown that have the story's type (a place left empty is no hit), and of sentences that find something."""
    on = [case for case in cases if case.expected != "none" and case.error is None]
    off = [case for case in cases if case.expected == "none" and case.error is None]
    metrics, intervals = of_shares(
        {
            "type_top5": Share(_total(on, "same_type"), SHOWN * len(on)),
            "on_topic_found": Share(_total(on, "found"), len(on)),
            "off_topic_found": Share(_total(off, "found"), len(off)),
        }
    )
    metrics["later_than_as_of"] = float(_total(cases, "later"))
    failures = Counter(check for case in cases for check in case.checks)
    return Figures(
        metrics,
        intervals,
        {"random events": {"type_top5": sum(base.get(case.expected, 0.0) for case in on) / len(on) if on else None}},
        failures,
        ablations=(_by_words_alone(on),) if on else (),
    )


def _by_words_alone(on: Sequence[Case]) -> Ablation:
    """The same stories asked for without their event type, the shares of each story paired."""
    typed, alone = (
        np.array([(case.scores[name] or 0.0) / SHOWN for case in on])
        for name in ("same_type", "same_type_by_words_alone")
    )
    drawn = clusters_of([case.cluster for case in on], [case.day for case in on]).means(
        typed - alone, draws=DRAWS, seed=0
    )
    found = interval(float((typed - alone).mean()), drawn)
    return ablation_of(VARIED, "without it", {"type_top5": float(alone.mean())}, {"type_top5": found})


def _total(cases: Sequence[Case], name: str) -> int:
    return sum(int(case.scores.get(name) or 0) for case in cases)
