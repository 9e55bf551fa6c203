"""The fitted constants of recall: how lists are fused and re-weighted, and from which similarity on an event is a precedent.

They are data (`data/recall_v1.json`), written by `python -m evals.recall.fit` together with what they were fitted on.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from records.base import Record

FILE = "recall_v1.json"

PAIRS = 100_000
"""Random pairs that tell what similarity means nothing: their mean is known to .001."""
LEAST_EVENTS = 50
"""Fewer events have too few pairs that differ."""
CAUTIOUS = 0.25
"""Where nothing is fitted and the store is too small to measure: what nine in ten random pairs of events stay under, of every
embedder measured."""
NOTE = "recall threshold of"
SEED = 0


class Weights(Record):
    """How two ranked lists become one, and what a match lifts. 1 means that a match changes nothing."""

    rrf_k: float = Field(gt=0, description="constant of the reciprocal ranks: score = 1 / (rrf_k + place)")
    lexical: float = Field(ge=0, description="weight of the lexical list beside the dense one's 1")
    same_type: float = Field(ge=1)
    same_sector: float = Field(ge=1, description="a company of the same sector, the article's own company too")
    same_ticker: float = Field(ge=1, description="the article's own company, on top of its sector")
    old_loss: float = Field(ge=0, lt=1, description="share of its weight that an event of ten years or more loses")

    def fused_only(self) -> "Weights":
        """The same fusion without any re-weighting."""
        return self.model_copy(update={"same_type": 1.0, "same_ticker": 1.0, "same_sector": 1.0, "old_loss": 0.0})


class Bm25(Record):
    """Constants of the lexical arm (Robertson and Zaragoza 2009)."""

    k1: float = Field(gt=0)
    b: float = Field(ge=0, le=1)


class Fitted(Record):
    """The shipped file."""

    schema_version: int
    version: str
    weights: Weights
    bm25: Bm25
    thresholds: Mapping[str, float] = Field(description="embedder's name → least cosine of a precedent")
    fallback_spreads: float = Field(
        gt=0, description="for another embedder: mean + this many standard deviations of the cosine of random pairs"
    )
    provenance: Mapping[str, str | int | float]


@lru_cache(maxsize=1)
def fitted() -> Fitted:
    """The shipped constants."""
    text = (resources.files("vectorstore") / "data" / FILE).read_text(encoding="utf-8")
    return Fitted.model_validate_json(text)


def minimal_similarity(
    name: str,
    digest: str,
    matrix: NDArray[np.float32],
    note: Callable[[str], str | None],
    set_note: Callable[[str, str], None],
) -> float:
    """The least cosine of a precedent for this embedder: fitted by name, else measured on the store's own unit vectors.

    `matrix`: (n, dimensions). The measured value is kept as a remark of the store, and measured again once the store has
    doubled.
    """
    known = fitted().thresholds.get(name)
    if known is not None:
        return known
    if len(matrix) < LEAST_EVENTS:
        return CAUTIOUS
    key = f"{NOTE} {digest}"
    kept = note(key)
    if kept is not None:
        before = json.loads(kept)
        if len(matrix) < 2 * int(before["events"]):
            return float(before["similarity"])
    mean, spread = random_pairs(matrix)
    measured = round(min(1.0, max(0.0, mean + fitted().fallback_spreads * spread)), 4)
    set_note(key, json.dumps({"events": len(matrix), "similarity": measured}))
    return measured


def random_pairs(matrix: NDArray[np.float32], pairs: int = PAIRS) -> tuple[float, float]:
    """Mean and standard deviation of the cosine of two different events drawn at random; `matrix`: (n ≥ 2, dimensions)."""
    generator = np.random.default_rng(SEED)
    first = generator.integers(len(matrix), size=pairs)
    second = (first + generator.integers(1, len(matrix), size=pairs)) % len(matrix)
    cosines = np.concatenate(
        [
            np.einsum("ij,ij->i", matrix[first[start : start + 10_000]], matrix[second[start : start + 10_000]])
            for start in range(0, pairs, 10_000)
        ]
    )
    return float(cosines.mean(dtype=np.float64)), float(cosines.std(dtype=np.float64))
