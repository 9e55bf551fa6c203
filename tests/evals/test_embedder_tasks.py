"""The four scorers of the embedder comparison, on questions small enough to answer by hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from numpy.typing import NDArray

from evals.embedders.lexical import BagOfWords
from evals.embedders.tasks import (
    PastImpact,
    SameEvent,
    SameStory,
    Topics,
    load_past_impact,
    load_same_event,
    past_impact_correlation,
    recall_at,
    same_story_auc,
    topic_accuracy,
)


def on_circle(texts: Sequence[str]) -> NDArray[np.float32]:
    """A text is its own angle in degrees."""
    angles = np.radians([float(text) for text in texts])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_recall_counts_queries_with_a_relevant_headline_among_the_nearest() -> None:
    task = SameEvent(("0", "90"), ("1", "2", "95", "180"), (frozenset({1}), frozenset({3})))
    assert recall_at(task, on_circle, k=1) == 0.0
    assert recall_at(task, on_circle, k=2) == 0.5
    assert recall_at(task, on_circle, k=4) == 1.0


def test_auc_is_the_chance_that_a_same_story_pair_is_nearer() -> None:
    # distances: same 1 and 20, other 10 and 30: of four comparisons three are won
    task = SameStory(("0", "0", "0", "0"), ("1", "20", "10", "30"), (True, True, False, False))
    assert same_story_auc(task, on_circle) == 0.75
    level = SameStory(("0", "0"), ("5", "5"), (True, False))
    assert same_story_auc(level, on_circle) == 0.5


def test_topic_is_voted_by_neighbours_and_never_by_the_story_itself() -> None:
    task = Topics(("0", "1", "2", "60"), ("oil", "oil", "oil", "gold"))
    assert topic_accuracy(task, on_circle, k=2) == 0.75  # "gold" has no neighbour of its own


def test_past_impact_is_told_from_the_neighbours_by_rank() -> None:
    past = tuple(str(angle) for angle in range(0, 90, 10))
    later = ("1", "31", "61")
    rising = PastImpact(past, np.arange(9.0), later, np.array([0.1, 0.5, 0.7]))
    falling = PastImpact(past, np.arange(9.0), later, np.array([0.7, 0.5, 0.1]))
    assert past_impact_correlation(rising, on_circle, k=1) == pytest.approx(1)
    assert past_impact_correlation(falling, on_circle, k=1) == pytest.approx(-1)


def test_same_event_questions_share_few_words_with_their_answer(tmp_path: Path) -> None:
    (tmp_path / "impact").mkdir()
    lead = "The maker of blue widgets lifted its forecast for the whole year on Monday"
    rows = [
        {"event_id": "e1", "headline": "Widgets", "body": lead},
        {"event_id": "e1", "headline": "The maker of blue widgets lifted forecast", "body": "in the lead's own words"},
        {"event_id": "e1", "headline": "Acme guides higher", "body": "short"},
        {"event_id": "e2", "headline": "Nothing to see", "body": lead},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "impact" / "impact_2014Q3_dev.parquet")
    task = load_same_event(tmp_path, "2014Q3", queries=5, distractors=5)
    assert task.queries == (lead,)
    assert [task.headlines[index] for index in task.relevant[0]] == ["Acme guides higher"]
    assert "Nothing to see" in task.headlines


def test_past_impact_leaves_out_results_and_told_prices(tmp_path: Path) -> None:
    (tmp_path / "impact").mkdir()
    plain = {"event_id": "a", "headline": "h", "body": "b", "earn": False, "price_leak": False, "imp01": 0.4}
    rows = [
        plain,
        plain | {"event_id": "b", "earn": True},
        plain | {"event_id": "c", "price_leak": True},
        plain | {"event_id": "d", "imp01": None},
    ]
    for quarter in ("2015Q1", "2015Q2"):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "impact" / f"impact_{quarter}_dev.parquet")
    task = load_past_impact(tmp_path, ["2015Q1"], "2015Q2", past=9, later=9)
    assert (task.past, task.later, task.later_impact.tolist()) == (("h. b",), ("h. b",), [0.4])


def test_bag_of_words_finds_the_rare_word() -> None:
    texts = ["the merger of banks", "the rate cut", "the recall of cars"]
    bag = BagOfWords(texts)
    similarity = bag.embed(["the recall"]) @ bag.embed(texts).T
    assert similarity.argmax() == 2
    assert not bag.embed([""]).any()
