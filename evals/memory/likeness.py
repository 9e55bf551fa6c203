"""How like real embeddings the made-up ones are: `python -m evals.memory.likeness --texts FILE [--embedder NAME] [--models DIR]`.

FILE is a Parquet file with a column `headline`, or `starter` for the events that Rhyme ships (601: too few for near neighbours).
Prints both sides at the same number of rows, since neighbours come nearer as a corpus grows.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.memory.synthetic import World
from models.embedding import load_embedder
from vectorstore.starter import DATA, EVENTS_FILE, read_events

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
RANKS = (1, 10, 100)


def quantiles(vectors: NDArray[np.float32], seed: int = 0) -> dict[str, list[float]]:
    """Quantiles of the cosine of random pairs, and to the nearest, tenth and hundredth neighbour; then the number of
    principal components with 90 % of the variance."""
    generator = np.random.default_rng(seed)
    pairs = generator.integers(0, len(vectors), (20_000, 2))
    rows = generator.permutation(len(vectors))[:1_000]
    similarity = vectors[rows] @ vectors.T
    similarity[np.arange(len(rows)), rows] = -1
    similarity.sort(axis=1)
    measured = {"random pair": (vectors[pairs[:, 0]] * vectors[pairs[:, 1]]).sum(axis=1)}
    measured |= {f"neighbour {rank}": similarity[:, -rank] for rank in RANKS if rank < len(vectors)}
    table = {
        name: [round(float(each), 2) for each in np.quantile(found, QUANTILES)] for name, found in measured.items()
    }
    variance = np.linalg.eigvalsh(np.cov(vectors.T))[::-1].cumsum()
    return table | {"components": [float(np.searchsorted(variance / variance[-1], 0.9) + 1)]}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints one Markdown row a measure and side."""
    parser = argparse.ArgumentParser(prog="python -m evals.memory.likeness", description=__doc__)
    parser.add_argument("--texts", required=True)
    parser.add_argument("--embedder", default="minilm-int8")
    parser.add_argument("--models", type=Path, required=True, help="models folder, with the embedder pulled")
    parser.add_argument("--limit", type=int, default=5_000)
    options = parser.parse_args(arguments)
    texts = _texts(options.texts)[: options.limit]
    real = load_embedder(options.embedder, options.models).embed(texts)
    made = np.concatenate([vectors for _, vectors in World(len(texts), 1).chunks()])
    sides = {options.embedder: quantiles(real), "made up": quantiles(made)}
    print(f"{len(texts)} texts; quantiles {', '.join(map(str, QUANTILES))}")
    for measure in sides["made up"]:
        for side, table in sides.items():
            print(f"| {measure} | {side} | {' | '.join(f'{value:g}' for value in table[measure])} |")
    return 0


def _texts(source: str) -> list[str]:
    if source == "starter":
        return [event.summary for event in read_events(DATA / EVENTS_FILE)]
    import pyarrow.parquet  # type: ignore[import-untyped]

    column = pyarrow.parquet.read_table(source, columns=["headline"])["headline"].to_pylist()
    return list(dict.fromkeys(column))


if __name__ == "__main__":
    sys.exit(main())
