"""An embedder that remembers its last texts: an article asks the memory with the words that its own event is then kept under."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from records.embedder import Embedder

KEPT = 256
"""Texts: several times the articles that one process has in hand at once; under a megabyte."""


class RecentVectors:
    """As the embedder it is over, whose name and digest it has; a text embedded lately is not embedded again. Safe to share
    between threads."""

    def __init__(self, embedder: Embedder, *, kept: int = KEPT) -> None:
        self.name = embedder.name
        self.digest = embedder.digest
        self.dimensions = embedder.dimensions
        self._embedder = embedder
        self._kept = kept
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._guard = threading.Lock()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), dimensions) float32 rows of norm 1, in order. Raises ModelError."""
        with self._guard:
            found = {text: self._vectors[text] for text in texts if text in self._vectors}
        fresh = list(dict.fromkeys(text for text in texts if text not in found))
        if fresh:
            found |= zip(fresh, self._embedder.embed(fresh), strict=True)
        with self._guard:
            for text in texts[-self._kept :]:
                self._vectors[text] = found[text].copy()  # alone: a row would keep its whole batch
                self._vectors.move_to_end(text)
            while len(self._vectors) > self._kept:
                self._vectors.popitem(last=False)
        rows = [found[text] for text in texts]
        return np.stack(rows) if rows else np.empty((0, self.dimensions), dtype=np.float32)
