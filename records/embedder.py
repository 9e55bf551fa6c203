"""What the event memory needs of an embedding model; `models/` provides it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Embedder(Protocol):
    """Texts in, unit vectors out."""

    name: str
    digest: str
    """16 hex digits that identify weights and recipe: two embedders with one digest give the same vectors."""
    dimensions: int

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), dimensions) float32 rows of norm 1, in order. Raises ModelError."""
        ...
