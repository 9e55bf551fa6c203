"""Four questions put to an embedder, each from a folder of labelled financial news; none of the texts leaves it.

Sampling is by a fixed seed, so that every embedder gets the same questions.
"""

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts in, unit rows out."""

_SEED = 20260801
_WORDS = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class SameEvent:
    """Leads of stories, and headlines among which another story of the same event has to be found."""

    queries: tuple[str, ...]
    headlines: tuple[str, ...]
    relevant: tuple[frozenset[int], ...]
    """Per query: indices into `headlines`."""


@dataclass(frozen=True)
class SameStory:
    """Pairs of headlines: two of one story, or two of one company and day that are not."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    same: tuple[bool, ...]


@dataclass(frozen=True)
class Topics:
    """Stories with their first topic."""

    texts: tuple[str, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True)
class PastImpact:
    """Stories in time order with their realised impact; the later ones are to be told from the earlier."""

    past: tuple[str, ...]
    past_impact: NDArray[np.float64]
    later: tuple[str, ...]
    later_impact: NDArray[np.float64]


def load_same_event(data: Path, quarter: str, queries: int, distractors: int) -> SameEvent:
    """One quarter's stories (`impact/impact_<quarter>_dev.parquet`); the two stories share less than half their words."""
    rows = pq.read_table(
        data / "impact" / f"impact_{quarter}_dev.parquet", columns=["event_id", "headline", "body"]
    ).to_pylist()
    by_event: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_event[row["event_id"]].append(row)
    draw = random.Random(_SEED)
    events = sorted(by_event)
    draw.shuffle(events)
    asked: list[str] = []
    headlines: list[str] = []
    relevant: list[frozenset[int]] = []
    for event in events:
        pair = _differing(by_event[event]) if len(asked) < queries else None
        if pair is not None:
            asked.append(pair[0]["body"])
            relevant.append(frozenset({len(headlines)}))
            headlines.append(pair[1]["headline"])
        elif len(headlines) < queries + distractors:
            headlines.append(by_event[event][0]["headline"])
    return SameEvent(tuple(asked), tuple(headlines), tuple(relevant))


def _differing(stories: Sequence[dict[str, str]]) -> tuple[dict[str, str], dict[str, str]] | None:
    """Two stories of one event, the one's lead and the other's headline in mostly different words."""
    for one in stories:
        for other in stories:
            if one is other or one["headline"] == other["headline"] or len(one["body"].split()) < 10:
                continue
            lead, headline = _words(one["body"]), _words(other["headline"])
            if headline and len(lead & headline) / len(headline) < 0.5:
                return one, other
    return None


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORDS.findall(text.lower()))


def load_same_story(data: Path) -> SameStory:
    """`dup/reuters_story_pairs.jsonl`, by their headlines alone."""
    rows = [json.loads(line) for line in (data / "dup" / "reuters_story_pairs.jsonl").read_text("utf-8").splitlines()]
    return SameStory(
        tuple(row["a"] for row in rows), tuple(row["b"] for row in rows), tuple(row["label"] == 1 for row in rows)
    )


def load_topics(data: Path, count: int) -> Topics:
    """`labels/reuters21578_test.jsonl`: a sample of whole stories."""
    lines = (data / "labels" / "reuters21578_test.jsonl").read_text("utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["topics"] and row["body"]]
    rows = random.Random(_SEED).sample(rows, min(count, len(rows)))
    return Topics(tuple(f"{row['title']}. {row['body']}" for row in rows), tuple(row["topics"][0] for row in rows))


def load_past_impact(data: Path, past_quarters: Sequence[str], later_quarter: str, past: int, later: int) -> PastImpact:
    """One story an event, without results reports or told price moves, so that "it is earnings" does not win."""
    draw = random.Random(_SEED)

    def sample(quarters: Sequence[str], count: int) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        columns = ["event_id", "headline", "body", "earn", "price_leak", "imp01"]
        rows = [
            row
            for quarter in quarters
            for row in pq.read_table(data / "impact" / f"impact_{quarter}_dev.parquet", columns=columns).to_pylist()
            if row["imp01"] is not None and not row["earn"] and not row["price_leak"]
        ]
        unique = list({row["event_id"]: row for row in rows}.values())
        chosen = draw.sample(unique, min(count, len(unique)))
        return (
            tuple(f"{row['headline']}. {row['body']}" for row in chosen),
            np.array([row["imp01"] for row in chosen], dtype=np.float64),
        )

    past_texts, past_impact = sample(past_quarters, past)
    later_texts, later_impact = sample([later_quarter], later)
    return PastImpact(past_texts, past_impact, later_texts, later_impact)


def recall_at(task: SameEvent, embed: Embed, k: int = 5) -> float:
    """Share of queries with their event's headline among the `k` nearest, in [0, 1]."""
    similarity = embed(task.queries) @ embed(task.headlines).T  # (queries, headlines)
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return float(
        np.mean([bool(wanted & set(row)) for wanted, row in zip(task.relevant, nearest.tolist(), strict=True)])
    )


def same_story_auc(task: SameStory, embed: Embed) -> float:
    """P(a same-story pair is more similar than another), in [0, 1]; ties count half."""
    similarity = np.sum(embed(task.left) * embed(task.right), axis=1)
    same = np.array(task.same)
    ranks = _ranks(similarity)
    positives, negatives = int(same.sum()), int((~same).sum())
    return float((ranks[same].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def topic_accuracy(task: Topics, embed: Embed, k: int = 5) -> float:
    """Share of stories whose first topic wins the vote of their `k` nearest others, weighted by similarity."""
    vectors = embed(task.texts)
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    right = 0
    for row, topic in zip(similarity, task.topics, strict=True):
        votes: dict[str, float] = defaultdict(float)
        for index in np.argsort(-row, kind="stable")[:k]:
            votes[task.topics[index]] += float(row[index])
        right += max(votes, key=lambda name: votes[name]) == topic
    return right / len(task.topics)


def past_impact_correlation(task: PastImpact, embed: Embed, k: int = 50) -> float:
    """Spearman correlation of a later story's impact with the mean impact of its `k` nearest past stories."""
    similarity = embed(task.later) @ embed(task.past).T
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    told = task.past_impact[nearest].mean(axis=1)
    return float(np.corrcoef(_ranks(told), _ranks(task.later_impact))[0, 1])


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """1 … n, ties share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)
