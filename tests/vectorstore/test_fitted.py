"""The shipped constants, and what stands in for a threshold that nobody fitted."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.catalog import CATALOG
from vectorstore.fitted import CAUTIOUS, fitted, minimal_similarity, random_pairs
from vectorstore.postings import K1, B


class Notes:
    """The remarks of a store."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def note(self, name: str) -> str | None:
        return self.kept.get(name)

    def set_note(self, name: str, value: str) -> None:
        self.kept[name] = value


def _vectors(count: int, seed: int, dimensions: int = 16) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _minimum(matrix: NDArray[np.float32], notes: Notes, name: str = "nobody's", digest: str = "d") -> float:
    return minimal_similarity(name, digest, matrix, notes.note, notes.set_note)


def test_every_embedder_of_the_catalogue_has_a_fitted_threshold() -> None:
    names = {entry.name for entry in CATALOG.values() if entry.kind == "embedding"}
    assert names <= set(fitted().thresholds)
    for name in names:
        assert _minimum(_vectors(3, 0), Notes(), name) == fitted().thresholds[name]


def test_the_lexical_search_runs_on_the_fitted_constants() -> None:
    assert (fitted().bm25.k1, fitted().bm25.b) == (K1, B)


def test_an_unknown_embedder_is_measured_by_random_pairs_of_its_own_store() -> None:
    notes, matrix = Notes(), _vectors(400, 1)
    mean, spread = random_pairs(matrix)
    assert spread == pytest.approx(1 / 4, abs=0.02)  # cosines of random directions in 16 dimensions
    assert _minimum(matrix, notes) == pytest.approx(mean + fitted().fallback_spreads * spread, abs=1e-4)


def test_the_measured_threshold_is_kept_until_the_store_has_doubled() -> None:
    notes = Notes()
    first = _minimum(_vectors(100, 1), notes)
    assert _minimum(_vectors(199, 2), notes) == first
    assert _minimum(_vectors(200, 2), notes) != first


def test_two_embedders_of_one_store_do_not_share_a_measured_threshold() -> None:
    notes = Notes()
    assert _minimum(_vectors(100, 1), notes, digest="one") != _minimum(_vectors(100, 2), notes, digest="two")


def test_a_store_too_small_to_measure_is_cautious_and_keeps_nothing() -> None:
    notes = Notes()
    assert _minimum(_vectors(49, 1), notes) == CAUTIOUS
    assert not notes.kept


def test_random_pairs_never_pair_an_event_with_itself() -> None:
    matrix = np.eye(2, dtype=np.float32)
    assert random_pairs(matrix, pairs=500) == (0.0, 0.0)
