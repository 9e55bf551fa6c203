"""Leaks: nothing later than `as_of` may show. Canaries from the future go into the memory, and no byte of an answer may change.

Each probe has its control: the same canary, known in time, must change the answer; else the probe could not have seen a leak.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from evals.harness.datasets import digest_of
from evals.harness.run import Case
from evals.harness.suites.analyses import ARTICLES, article_of, host_articles
from evals.harness.suites.corpus import stories
from evals.harness.suites.impact import known_until
from evals.harness.suites.parts import Parts, evening, sources
from evals.harness.suites.recall import starter_set
from evals.harness.task import Figures, Mark, Reply, Sample, Task
from evals.injection.bench import Bench
from evals.injection.case import hosts
from evals.injection.obedient import ObedientModel
from evals.wilson import wilson
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType
from vectorstore.starter import DATA, EVENTS_FILE, read_events

SUITE = "leaks"
RECALLED = 20
EVERY = 20
"""Of the shipped precedents each twentieth is asked for what was known on its day."""
CANARY_Z = 9.0
SHOWN = 400
"""Characters of a difference."""
UNSEEN = "the control was not seen"
VOLATILE = frozenset({"id", "created_at", "provenance"})
"""Fields of an analysis that tell of the run itself: its name, clock and time taken."""


@dataclass(frozen=True)
class Probe:
    """One question with the time it is asked as of."""

    kind: str
    """`memory`: what is recalled; `article`: the whole analysis."""
    text: str
    as_of: datetime
    event_type: EventType
    given: Any = None


def load(parts: Parts) -> Task:
    """Raises StoreError, ModelError."""
    bench = parts.open_bench()
    probes = dict(_probes())

    def solve(sample: Sample) -> Reply:
        one = probes[sample.id]
        if one.kind == "article":
            _answer(bench, one)  # its own score is among the last days' from the second time on
        before, later = _answer(bench, one)
        with _planted(bench, _late(one)):
            after, more = _answer(bench, one)
        with _planted(bench, _in_time(one)):
            control, _ = _answer(bench, one)
        told = "the same with and without" if before == after else _difference(before, after)
        return Reply(told, (before == after, later + more, control != before))

    digests, told = sources(starter_set(), host_articles())
    return Task(
        suite=SUITE,
        kind="code",
        split="shipped",
        data_digest=digest_of(DATA / EVENTS_FILE, ARTICLES),
        samples=tuple(
            Sample(name, one.text, "no difference", cluster=name, day=one.as_of.date().isoformat())
            for name, one in probes.items()
        ),
        scored=("leak", "changed", "later", "control"),
        solve=solve,
        mark=_mark,
        figures=figures,
        data_digests=digests,
        data_sources=told,
        embedder=bench.memory.embedder,
        score_version=bench.score_model.version,
        store_snapshot=bench.memory.snapshot,
        notes=("articles are read by code that stands in for a model: what is probed is memory, score and words",),
    )


def _probes() -> Iterator[tuple[str, Probe]]:
    for one in stories():
        yield f"story {one.id}", Probe("memory", one.text, evening(one.day), one.event_type)
    for event in read_events(DATA / EVENTS_FILE)[::EVERY]:
        yield f"event {event.id}", Probe("memory", event.summary, known_until(event), event.event_type)
    for host in hosts():
        text = "\n\n".join((host.title, *host.paragraphs))
        yield f"article {host.id}", Probe("article", text, host.published_at, EventType.EARNINGS_RESULTS, host)


def _answer(bench: Bench, one: Probe) -> tuple[str, int]:
    """The answer to the last byte, and how many precedents in it were known only later."""
    if one.kind == "article":
        reader = ObedientModel("embedded")
        reader.begin(None)
        analysis = bench.analyst(reader, poisoned_memory=True).analyze(article_of(one.given), as_of=one.as_of)
        late = sum(each.reaction.known_at > one.as_of for each in analysis.precedents)
        return analysis.model_dump_json(exclude=set(VOLATILE)), late
    found = bench.memory.recall(one.text, one.as_of, RECALLED, event_type=one.event_type).precedents
    late = sum(each.reaction.known_at > one.as_of for each in found)
    return "\n".join(each.model_dump_json() for each in found), late


def _difference(before: str, after: str) -> str:
    """The words around the first place where they differ."""
    place = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    start, end = max(0, place - SHOWN // 2), place + SHOWN // 2
    return f"without: …{before[start:end]}…\nwith: …{after[start:end]}…"


@contextmanager
def _planted(bench: Bench, canaries: Sequence[Event]) -> Iterator[None]:
    bench.memory.add(canaries)
    try:
        yield
    finally:
        bench.memory.remove([event.id for event in canaries])


def _late(one: Probe) -> list[Event]:
    """Two events in the probe's own words: one of the future, one that had happened and whose outcome was not known yet."""
    known = one.as_of + timedelta(days=4)
    return [
        _canary(one, 0, one.as_of + timedelta(days=3), known),
        _canary(one, 1, one.as_of - timedelta(days=30), known),
    ]


def _in_time(one: Probe) -> list[Event]:
    return [_canary(one, 2, one.as_of - timedelta(days=30), one.as_of - timedelta(days=28))]


def _canary(one: Probe, number: int, at: datetime, known_at: datetime) -> Event:
    return Event(
        id=f"canary{number}",
        summary=one.text[:1_900],
        event_type=one.event_type,
        tickers=("ZZZZ",),
        published_at=at,
        source="canary",
        reaction=Reaction(
            ticker="ZZZZ",
            window="one_session",
            session_on=known_at.date(),
            abnormal_return=0.01 * CANARY_Z,
            beta=1.0,
            sigma=0.01,
            z=CANARY_Z,
            known_at=known_at,
        ),
    )


def _mark(_: Sample, reply: Reply) -> Mark:
    same, later, seen = reply.value
    faults = [*([] if same else ["a canary changed the answer"]), *(["recalled from later"] if later else [])]
    scores = {"leak": float(bool(faults)), "changed": float(not same), "later": float(later), "control": float(seen)}
    return Mark(scores, (*faults, *([] if seen else [UNSEEN])))


def figures(cases: Sequence[Case]) -> Figures:
    """Leaks found, and by the rule of three (3 / n) what their rate is at most with 95 % confidence when there are none."""
    probed = [case for case in cases if case.scores.get("leak") is not None]
    leaks = sum(int(case.scores["leak"] or 0) for case in probed)
    n = len(probed)
    high = None if not n else 3 / n if not leaks else wilson(leaks, n).high
    failures: dict[str, int] = {}
    for check in (check for case in cases for check in case.checks):
        failures[check] = failures.get(check, 0) + 1
    unprobed = len(cases) - n
    return Figures(
        {
            "leaks": float(leaks) if not unprobed else None,
            "probes": float(n),
            "leak_rate": leaks / n if n else None,
            "leak_rate_at_most": high,
            "controls_seen": sum(case.scores["control"] or 0.0 for case in probed) / n if n else None,
        },
        {"leak_rate": (0.0, min(1.0, high)) if high is not None else None},
        failures=failures | ({"not probed": unprobed} if unprobed else {}),
    )
