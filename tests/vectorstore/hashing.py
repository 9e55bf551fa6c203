"""A small real embedder: hashed words, so that texts with words in common are near. No model file, the same everywhere."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class HashingEmbedder:
    """Signed feature hashing of lower-case words (Weinberger et al. 2009)."""

    def __init__(self, name: str = "hashing", dimensions: int = 64) -> None:
        self.name = name
        self.dimensions = dimensions
        self.digest = hashlib.sha256(f"{name} {dimensions}".encode()).hexdigest()[:16]
        self.embedded = 0
        """Texts embedded so far."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()) or ["empty"]:
                value = int.from_bytes(hashlib.sha256(f"{self.name} {word}".encode()).digest()[:8], "big")
                row[value % self.dimensions] += 1 if value >> 63 else -1
            if not row.any():
                row[0] = 1
        self.embedded += len(texts)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
