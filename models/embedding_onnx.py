"""The embedded embedders: a sentence encoder in ONNX, run by onnxruntime on the processor.

One text a run: no padding is computed, and a text's vector never depends on the texts embedded with it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.model_entry import CatalogEntry
from records.errors import ModelError, ModelFileInvalid


class OnnxEmbedder:
    """A proven encoder and tokenizer, loaded; safe to share between threads."""

    def __init__(self, entry: CatalogEntry, encoder: Path, tokenizer: Path, *, threads: int) -> None:
        """Load both files. Raises ModelFileInvalid when one cannot be read, ValueError for a language model."""
        if entry.recipe is None:
            raise ValueError(f"{entry.name} is not an embedding model")
        self.name = entry.name
        self.digest = entry.embedder_digest
        self.dimensions = entry.recipe.shape.hidden
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors only: warnings are about graph shapes, nobody can act on them
        # Spinning threads take whole cores from a language model that runs beside us.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(encoder), options, providers=["CPUExecutionProvider"])
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
        except Exception as error:  # onnxruntime and tokenizers raise their own unrelated classes
            raise ModelFileInvalid(
                f"The embedding model {entry.name!r} cannot be loaded from {encoder.parent}: {error}. Run "
                f"`rhyme models pull {entry.name}`."
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(entry.recipe.shape.max_tokens)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), dimensions) float32 rows of norm 1, in order. A text past the model's length counts to there.

        Raises ModelError when the runtime fails.
        """
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for row, encoding in enumerate(self._tokenizer.encode_batch(list(texts))):
            tokens = np.array([encoding.ids], dtype=np.int64)
            try:
                vector = self._session.run(None, {"input_ids": tokens})[0][0]
            except Exception as error:  # onnxruntime's exceptions share no base class
                raise ModelError(
                    f"The embedding model {self.name!r} failed on a text of {tokens.size} tokens: {error}"
                ) from error
            vectors[row] = vector / np.linalg.norm(vector)
        return vectors
