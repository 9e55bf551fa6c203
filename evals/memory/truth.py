"""What is right: the nearest events knowable at as_of by a scan of all of them, and how well an answer agrees."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.memory.questions import Question, Questions

TOP = 10
TIE = 2e-6
"""Two sums of 384 float32 products may differ by so much with the order of adding: such neighbours count as equally near."""

MIN_SIMILARITY = 0.25
"""Asked of the whole recall by name, so that it is known here which events it may not leave out. Nine in ten random pairs of
real events lie under it."""


@dataclass(frozen=True)
class Truth:
    """Per question."""

    rows: NDArray[np.int64]
    """(questions, TOP) rows of the corpus, nearest first; −1 where fewer are knowable."""
    tenth: NDArray[np.float32]
    """Cosine of the last of them."""
    eligible: NDArray[np.int64]
    """Events that a whole recall may not leave out: knowable, a story of their own, similar enough, and older than the
    days in which a reprint appears. A lower bound."""


def scan(
    chunks: Iterable[tuple[int, NDArray[np.float32]]],
    questions: Questions,
    old: NDArray[np.int64],
    own_story: NDArray[np.bool_],
    min_similarity: float,
) -> Truth:
    """`old`: by question, how many of the first rows are old enough; `own_story`: by row, no other event tells its story."""
    visible = np.array([each.visible for each in questions.asked])
    count = len(visible)
    best = np.full((count, TOP), -np.inf, dtype=np.float32)
    rows = np.full((count, TOP), -1, dtype=np.int64)
    eligible = np.zeros(count, dtype=np.int64)
    for start, vectors in chunks:
        here = np.arange(start, start + len(vectors))
        similarity = questions.vectors @ vectors.T
        alone = own_story[start : start + len(vectors)]
        eligible += ((similarity >= min_similarity) & alone & (here < old[:, None])).sum(axis=1)
        similarity[here >= visible[:, None]] = -np.inf
        depth = min(TOP, len(vectors))
        place = np.argpartition(-similarity, depth - 1, axis=1)[:, :depth]
        joined = np.concatenate([best, np.take_along_axis(similarity, place, axis=1)], axis=1)
        joined_rows = np.concatenate([rows, here[place]], axis=1)
        order = np.argsort(-joined, axis=1, kind="stable")[:, :TOP]
        best, rows = np.take_along_axis(joined, order, axis=1), np.take_along_axis(joined_rows, order, axis=1)
    rows[~np.isfinite(best)] = -1
    tenth = np.where(np.isfinite(best), best, np.inf).min(axis=1)
    return Truth(rows, tenth, eligible)


def recall_at_10(found: Sequence[int], wanted: NDArray[np.int64], tenth: float, similarities: Sequence[float]) -> float:
    """Share of the wanted rows that were found; one exactly as near as the last wanted row counts as wanted.

    `similarities`: exact cosines of `found`, unknowable rows already left out.
    """
    total = int((wanted >= 0).sum())
    near = {row for row, similarity in zip(found, similarities, strict=True) if similarity >= tenth - TIE}
    return min(len(near), total) / total if total else 1.0


def wanted_count(question: Question) -> int:
    """How many results the question can have."""
    return min(TOP, question.visible)
