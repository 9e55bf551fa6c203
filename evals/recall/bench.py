"""The pool with its vectors by every embedder asked for: what fitting and reporting both stand on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.recall.arms import SectorOf
from evals.recall.pool import Pool, load_pool
from evals.recall.vectors import vectors_for
from models.catalog import CATALOG, DEFAULT_EMBEDDER
from models.embedding import load_embedder
from records.embedder import Embedder
from records.errors import ModelMissing

Say = Callable[[str], None]


@dataclass(frozen=True)
class Bench:
    """Everything loaded."""

    pool: Pool
    matrices: Mapping[str, NDArray[np.float32]]
    """Embedder → (n, dimensions) unit rows of the pool, the main embedder first."""
    sector_of: SectorOf
    """Ticker → sector, as the reference list has it."""
    embed: Callable[[str, Sequence[str]], NDArray[np.float32]]
    """(name of an embedder, texts) → unit rows."""


def load_bench(
    data: Path, models: Path, embedders: Sequence[str] | None, cache: Path | None, limit: int, say: Say
) -> Bench:
    """`embedders` None: every one that is ready, the product's default first. Raises SourceError, ModelError."""
    loaded = {one.name: one for one in _embedders(models, embedders)}
    say("Loading the events and measuring their outcomes …")
    pool = load_pool(data, limit)
    texts = [event.summary for event in pool.events]
    matrices = {name: vectors_for(texts, one, cache, say) for name, one in loaded.items()}
    sectors = {event.tickers[0]: sector for event, sector in zip(pool.events, pool.sectors, strict=True)}

    def embed(name: str, asked: Sequence[str]) -> NDArray[np.float32]:
        return vectors_for(asked, loaded[name], cache, say)

    return Bench(pool, matrices, sectors.get, embed)


def _embedders(models: Path, names: Sequence[str] | None) -> list[Embedder]:
    if names:
        return [load_embedder(name, models) for name in names]
    found = []
    catalogue = [entry.name for entry in CATALOG.values() if entry.kind == "embedding"]
    for name in sorted(catalogue, key=lambda each: each != DEFAULT_EMBEDDER):
        try:
            found.append(load_embedder(name, models))
        except ModelMissing:
            continue
    if not found:
        raise ModelMissing(
            "No embedding model is installed. Run `rhyme models pull` first, or name one with --embedder."
        )
    return found
