"""The baseline an embedder has to beat: hashed bag of words with inverse document frequencies."""

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WORDS = re.compile(r"[a-z0-9]+")
_BUCKETS = 8_192  # a quarter's headlines hold about 9,000 distinct words; collisions cost a little


class BagOfWords:
    """TF-IDF over hashed words; the frequencies come from the texts it was made with."""

    name = "bag-of-words"
    dimensions = _BUCKETS

    def __init__(self, texts: Sequence[str]) -> None:
        """Count in how many of `texts` each word stands."""
        seen = np.zeros(_BUCKETS)
        for text in texts:
            seen[list(set(self._buckets(text)))] += 1
        self._weights = np.log((1 + len(texts)) / (1 + seen)) + 1

    @staticmethod
    def _buckets(text: str) -> list[int]:
        return [zlib.crc32(word.encode()) % _BUCKETS for word in _WORDS.findall(text.lower())]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), dimensions) float32 rows of norm 1; a text without words is a zero row."""
        rows = np.zeros((len(texts), _BUCKETS), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            np.add.at(row, self._buckets(text), 1)
            row *= self._weights
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(np.divide(rows, norms, out=rows, where=norms > 0), dtype=np.float32)
