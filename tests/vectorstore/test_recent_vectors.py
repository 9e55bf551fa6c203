"""The embedder that remembers its last texts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.vectorstore.hashing import HashingEmbedder
from vectorstore.recent_vectors import RecentVectors


class Counted(HashingEmbedder):
    """Counts what it is asked to embed."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return super().embed(texts)


def test_a_text_embedded_lately_is_not_embedded_again_and_keeps_its_vector() -> None:
    plain, counted = HashingEmbedder(), Counted()
    recent = RecentVectors(counted)
    first = recent.embed(["a bid for the company", "rates rise"])
    again = recent.embed(["rates rise", "oil falls", "a bid for the company", "oil falls"])
    assert counted.asked == ["a bid for the company", "rates rise", "oil falls"]
    assert np.array_equal(first, plain.embed(["a bid for the company", "rates rise"]))
    assert np.array_equal(again, plain.embed(["rates rise", "oil falls", "a bid for the company", "oil falls"]))


def test_the_oldest_texts_are_forgotten() -> None:
    counted = Counted()
    recent = RecentVectors(counted, kept=2)
    recent.embed(["one", "two", "three"])
    recent.embed(["one"])
    recent.embed(["three"])
    recent.embed(["two"])
    assert counted.asked == ["one", "two", "three", "one", "two"]


def test_what_a_caller_does_to_a_vector_is_not_remembered() -> None:
    recent = RecentVectors(HashingEmbedder())
    recent.embed(["rates rise"])[:] = 0
    recent.embed(["rates rise"])[:] = 0
    assert np.linalg.norm(recent.embed(["rates rise"])) > 0.9


def test_no_texts_give_no_rows_and_it_has_the_name_of_the_embedder_below() -> None:
    plain = HashingEmbedder()
    recent = RecentVectors(plain)
    assert recent.embed([]).shape == (0, plain.dimensions)
    assert (recent.name, recent.digest, recent.dimensions) == (plain.name, plain.digest, plain.dimensions)
