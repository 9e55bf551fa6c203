"""From answers and their times to one row a share of knowable events."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.memory.questions import SHARES, Question, Questions
from evals.memory.truth import TOP, Truth, recall_at_10, wanted_count

Search = Callable[[Question, NDArray[np.float32]], Sequence[int]]
"""Question and its vector → rows of the corpus, nearest first."""


@dataclass(frozen=True)
class Answer:
    """What one question got."""

    number: int
    """Its place among the questions."""
    rows: tuple[int, ...]
    milliseconds: float
    cpu_milliseconds: float
    """Of all threads of this process: what a busy machine does not add to."""


@dataclass(frozen=True)
class Level:
    """All questions of one share."""

    kept: float
    """The share of events knowable at as_of."""
    p50_ms: float
    p95_ms: float
    cpu_p50_ms: float
    cpu_p95_ms: float
    recall_at_10: float | None
    """Mean against exact search; None for the whole recall."""
    recall_later: float | None
    """The mean over the questions whose nearest events nobody knew yet; None if there were none."""
    short: int
    """Questions with fewer answers than exist, up to ten."""
    leaked: int
    """Answers that were not knowable at as_of."""
    n_queries: int
    n_later: int

    def as_json(self) -> dict[str, Any]:
        """By name."""
        return asdict(self)


Graded = tuple[Answer, Question, float | None, bool]
"""With its recall and whether it was short."""


def answers(search: Search, questions: Questions) -> list[Answer]:
    """Asks them in order; those that warm up are asked and not returned."""
    kept = []
    for number, (question, vector) in enumerate(zip(questions.asked, questions.vectors, strict=True)):
        cpu_begun, begun = time.process_time(), time.perf_counter()
        rows = search(question, vector)
        taken, cpu_taken = time.perf_counter() - begun, time.process_time() - cpu_begun
        if question.counted:
            kept.append(Answer(number, tuple(int(row) for row in rows), 1_000 * taken, 1_000 * cpu_taken))
    return kept


def levels(
    given: Sequence[Answer], questions: Questions, truth: Truth, corpus: NDArray[np.float32]
) -> list[dict[str, Any]]:
    """One row a share for a search of nearest neighbours; `corpus` is read only where an answer points."""
    rows: list[Graded] = []
    for answer in given:
        question = questions.asked[answer.number]
        found = [row for row in dict.fromkeys(answer.rows) if 0 <= row < question.visible][:TOP]
        similar = corpus[found] @ questions.vectors[answer.number] if found else np.empty(0)
        recall = recall_at_10(
            found, truth.rows[answer.number], float(truth.tenth[answer.number]), [float(each) for each in similar]
        )
        rows.append((answer, question, recall, len(found) < wanted_count(question)))
    return _by_share(rows)


def hybrid_levels(given: Sequence[Answer], questions: Questions, truth: Truth) -> list[dict[str, Any]]:
    """One row a share for the whole recall, which ranks by more than nearness and so has no recall@10. It is short where ten
    stories of one event each were eligible and fewer came; `n_eligible` questions had so many."""
    rows: list[Graded] = []
    eligible: Counter[float] = Counter()
    for answer in given:
        question = questions.asked[answer.number]
        found = {row for row in answer.rows if row < question.visible}
        enough = bool(truth.eligible[answer.number] >= TOP)
        eligible[question.share] += enough
        rows.append((answer, question, None, enough and len(found) < TOP))
    unmeasured = {"recall_at_10", "recall_later"}
    return [
        {name: value for name, value in level.items() if name not in unmeasured}
        | {"n_eligible": eligible[level["kept"]]}
        for level in _by_share(rows)
    ]


def _by_share(rows: Sequence[Graded]) -> list[dict[str, Any]]:
    table = []
    for share in SHARES:
        mine = [row for row in rows if row[1].share == share]
        if not mine:
            continue
        taken = [answer.milliseconds for answer, _, _, _ in mine]
        cpu = [answer.cpu_milliseconds for answer, _, _, _ in mine]
        recalls = [recall for _, _, recall, _ in mine if recall is not None]
        later = [recall for _, question, recall, _ in mine if recall is not None and question.kind == "later"]
        table.append(
            Level(
                kept=share,
                p50_ms=_quantile(taken, 0.5),
                p95_ms=_quantile(taken, 0.95),
                cpu_p50_ms=_quantile(cpu, 0.5),
                cpu_p95_ms=_quantile(cpu, 0.95),
                recall_at_10=_mean(recalls),
                recall_later=_mean(later),
                short=sum(short for _, _, _, short in mine),
                leaked=sum(row >= question.visible for answer, question, _, _ in mine for row in answer.rows),
                n_queries=len(mine),
                n_later=sum(question.kind == "later" for _, question, _, _ in mine),
            ).as_json()
        )
    return table


def _quantile(values: Sequence[float], share: float) -> float:
    return round(float(np.quantile(values, share)), 3)


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def worst(levels_of: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Slowest p95, least recall and all short answers of a contestant's rows."""
    recalls = [level["recall_at_10"] for level in levels_of if "recall_at_10" in level]
    return {
        "p95_ms": max(float(level["p95_ms"]) for level in levels_of),
        "recall_at_10": min(recalls, default=1.0),
        "short": sum(int(level["short"]) for level in levels_of),
    }
