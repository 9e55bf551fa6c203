"""Whether the graph of an index still finds what it holds. Chroma's count stays right when vectors are lost."""

from collections.abc import Sequence

import numpy as np

from records.database import Database, EmbedderIdentity
from vectorstore.index import EventIndex

SELF_QUERIES, SELF_FOUND = 32, 0.25
"""Vectors asked for, and the share that must find themselves. The graph is approximate, and on 50,000 noisy clusters only
.55 found themselves in an index that had lost nothing: this is an alarm for wholesale loss, file damage is the seal's to
notice."""

SELF_RANKS = 10
"""Places among which an event, or one of the same text, must stand."""

ROUNDING = 1e-3
"""Cosine distance below which two stored vectors are of the same text: float16 keeps three digits."""


def unfound(
    database: Database, embedder: EmbedderIdentity, index: EventIndex, collection: str, sample: Sequence[str]
) -> list[str]:
    """Those of the sampled events that a search by their own vector does not find, if they are so many that the graph must be
    damaged; else none."""
    vectors = database.get_embeddings(embedder, sample)
    if not vectors:
        return []
    matrix = np.stack(list(vectors.values()))
    nearest = index.nearest(collection, matrix, SELF_RANKS)
    missing = []
    for event_id, vector, found in zip(vectors, matrix, nearest, strict=True):
        if event_id in found:
            continue
        neighbours = database.get_embeddings(embedder, found).values()
        if not any(each @ vector > 1 - ROUNDING for each in neighbours):
            missing.append(event_id)
    return missing if len(missing) > (1 - SELF_FOUND) * len(vectors) else []
