"""Embeddings of the pool, kept in a folder outside the project so that a second run need not wait."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from records.embedder import Embedder

BATCH = 500
"""Texts between two saves: a minute at the slowest."""

Say = Callable[[str], None]


def vectors_for(texts: Sequence[str], embedder: Embedder, cache: Path | None, say: Say) -> NDArray[np.float32]:
    """(n, dimensions) unit rows. `cache`: a folder with one file an embedder, by digest; rows are kept as float16."""
    held = _read(cache, embedder) if cache is not None else {}
    keys = [key_of(text) for text in texts]
    wanted = {key: text for key, text in zip(keys, texts, strict=True) if key not in held}
    missing = list(wanted)
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        say(f"{embedder.name}: {start:,} of {len(missing):,} texts embedded")
        rows = embedder.embed([wanted[key] for key in batch]).astype(np.float16)
        held.update(zip(batch, rows, strict=True))
        if cache is not None:
            _write(cache, embedder, held)
    matrix = np.array([held[key] for key in keys], dtype=np.float32).reshape(len(keys), embedder.dimensions)
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), dtype=np.float32)


def key_of(text: str) -> str:
    """What a text's vector is kept under."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _path(cache: Path, embedder: Embedder) -> Path:
    return cache / f"{embedder.digest}.npz"


def _read(cache: Path, embedder: Embedder) -> dict[str, NDArray[np.float16]]:
    path = _path(cache, embedder)
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as kept:
        return dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))


def _write(cache: Path, embedder: Embedder, held: dict[str, NDArray[np.float16]]) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    fresh = _path(cache, embedder).with_suffix(".new.npz")
    np.savez(fresh, keys=np.array(list(held)), vectors=np.array(list(held.values())))
    fresh.replace(_path(cache, embedder))
