"""Embed the starter events and ship the vectors: `python -m evals.starter.vectors --models DIR [--embedder NAME]`.

Run it whenever the events or the default embedder change. The file's name carries the embedder's digest, each vector the
digest of its text: stale ones are never used, only embedded again at a user's first start.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from models.catalog import DEFAULT_EMBEDDER
from models.embedding import load_embedder
from vectorstore.starter import DATA, EVENTS_FILE, write_vectors


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Embed the starter precedents.")
    parser.add_argument("--models", type=Path, required=True, help="the models folder, with the embedder pulled")
    parser.add_argument("--embedder", default=DEFAULT_EMBEDDER, help="its name in the catalogue")
    parser.add_argument("--events", type=Path, default=DATA / EVENTS_FILE, help="Parquet file; vectors go beside it")
    options = parser.parse_args(arguments)
    embedder = load_embedder(options.embedder, options.models)
    written = write_vectors(options.events, embedder)
    print(f"{written}: {written.stat().st_size:,} bytes, by {embedder.name} ({embedder.digest})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
