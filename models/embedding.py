"""From an embedder's name to a loaded embedder. The libraries behind it load only when used."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.catalog import find
from models.model_entry import CatalogEntry
from models.model_files import verify

if TYPE_CHECKING:
    from models.openai_provider import Endpoint
    from models.retry import RetryPolicy
    from records.embedder import Embedder

DEFAULT_THREADS = 2  # a laptop's share; more gain little on one text of 60 words
REMOTE_PREFIX = "openai:"
"""A name that begins so is asked from a server: `openai:text-embedding-3-small`."""


@dataclass(frozen=True)
class EmbedderSpec:
    """Which embedder, where, and how. It is chosen apart from the language model."""

    name: str
    """A name of `rhyme models list`, or `openai:` and the name a remote server knows."""
    directory: Path
    """The models folder."""
    threads: int = DEFAULT_THREADS
    endpoint: "Endpoint | None" = None
    """Needed by a remote embedder; None means OpenAI's own, which then lacks its key."""
    dimensions: int | None = None
    """Length of a remote embedder's vectors; None means the model's own."""
    timeout_seconds: float = 60.0


def open_embedder(spec: EmbedderSpec, *, retry: "RetryPolicy | None" = None) -> "Embedder":
    """The embedder of `spec`.

    Raises ModelMissing for an unknown name, one that is not pulled or one without a key, ModelFileInvalid for altered
    files, SettingsError for a remote model whose vector length is not known.
    """
    if not spec.name.startswith(REMOTE_PREFIX):
        return load_embedder(spec.name, spec.directory, threads=spec.threads)
    from models.embedding_openai import OpenAIEmbedder
    from models.openai_provider import Endpoint

    return OpenAIEmbedder(
        spec.endpoint or Endpoint(),
        name=spec.name.removeprefix(REMOTE_PREFIX),
        dimensions=spec.dimensions,
        timeout_seconds=spec.timeout_seconds,
        retry=retry,
    )


def load_embedder(name: str, directory: Path, *, threads: int = DEFAULT_THREADS) -> "Embedder":
    """The catalogue's embedder `name` from the models folder.

    Raises ModelMissing for an unknown name or one that is not pulled, ModelFileInvalid for altered files.
    """
    return load_entry(find(name, "embedding"), directory, threads=threads)


def load_entry(entry: CatalogEntry, directory: Path, *, threads: int = DEFAULT_THREADS) -> "Embedder":
    """The embedder of one row, its files proven. Raises as `load_embedder`."""
    paths = verify(entry, directory)
    from models.embedding_onnx import OnnxEmbedder  # loads onnxruntime

    encoder, tokenizer = (paths[final] for final in entry.final_names)
    return OnnxEmbedder(entry, encoder, tokenizer, threads=threads)
