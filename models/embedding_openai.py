"""Embeddings from OpenAI, Azure OpenAI or any server that speaks their embeddings API, by the official client."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import openai
from numpy.typing import NDArray

from models.openai_provider import OPENAI_URL, Endpoint
from models.refusals import translated
from models.retry import RetryPolicy, call_with_retries
from models.tokenizer_tables import encoding
from records.errors import ModelError, ModelMissing, SettingsError

KNOWN_DIMENSIONS: Mapping[str, int] = MappingProxyType(
    {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
)
"""Vector lengths that OpenAI documents; for another model the setting says it."""

# Limits of the API: 8,192 tokens an input, 2,048 inputs and 300,000 tokens a request.
_TEXT_TOKENS = 8_191  # the last one kept free: servers differ on whether the limit is included
_BATCH_TEXTS = 512
_BATCH_TOKENS = 200_000


class OpenAIEmbedder:
    """One embedding model at one endpoint."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        name: str,
        dimensions: int | None = None,
        timeout_seconds: float = 60.0,
        retry: RetryPolicy | None = None,
    ) -> None:
        """`dimensions` None means the model's own, which must then be a known one; a shorter length is asked for.

        Raises SettingsError for an unknown length, ModelMissing where a key is needed and absent.
        """
        own = KNOWN_DIMENSIONS.get(name)
        length = dimensions or own
        if length is None:
            raise SettingsError(
                f"The length of {name}'s vectors is not known. Set embedding_dimensions to what its server returns."
            )
        if endpoint.is_openai and not (endpoint.api_key and endpoint.api_key.get_secret_value()):
            raise ModelMissing(
                f"No key for {name} at {endpoint.shown()}. Set OPENAI_API_KEY, or use an embedded embedder: `rhyme models list`."
            )
        self.name = name
        self.dimensions = length
        self.digest = _digest(endpoint, name, length)
        self._asked = length if own is not None and length != own else None
        self._endpoint = endpoint
        self._retry = retry or RetryPolicy()
        self._client = _client(endpoint, timeout_seconds)

    def __repr__(self) -> str:
        return f"OpenAIEmbedder({self.name!r} at {self._endpoint.shown()})"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), dimensions) float32 rows of norm 1, in order; a text past the model's length is cut.

        Raises ModelRefused, ModelUnavailable, or ModelError for an answer that is no set of vectors.
        """
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        return np.concatenate([self._batch(batch) for batch in _batches(texts)])

    def close(self) -> None:
        """Close the connections; safe to call twice."""
        self._client.close()

    def _batch(self, texts: list[str]) -> NDArray[np.float32]:
        def attempt() -> openai.types.CreateEmbeddingResponse:
            return self._client.embeddings.create(
                model=self.name,
                input=texts,
                encoding_format="float",  # the client's default, base64, is unknown to some compatible servers
                dimensions=self._asked if self._asked is not None else openai.omit,
            )

        try:
            response = call_with_retries(attempt, self._retry, target=self._who()).result
        except openai.APIError as error:
            raise translated(error, who=self._who(), key=self._endpoint.api_key) from error
        except ValueError as error:  # the client's own answer to a body without data
            raise ModelError(
                f"{self._who()} sent no vectors: {error}. Check the base URL and the model's name."
            ) from error
        return self._rows(response, len(texts))

    def _rows(self, response: openai.types.CreateEmbeddingResponse, count: int) -> NDArray[np.float32]:
        rows = sorted(response.data, key=lambda item: item.index)
        lengths = {len(item.embedding) for item in rows}
        if [item.index for item in rows] != list(range(count)) or lengths != {self.dimensions}:
            raise ModelError(
                f"{self._who()} sent {len(rows)} vectors of length {sorted(lengths)} for {count} texts; {self.dimensions} "
                "numbers each were expected. Check the model's name and embedding_dimensions."
            )
        vectors = np.array([item.embedding for item in rows], dtype=np.float32)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(norms)) or not np.all(norms > 0):
            raise ModelError(
                f"{self._who()} sent a vector without a direction (zero or not finite). Try another model."
            )
        return np.asarray(vectors / norms, dtype=np.float32)

    def _who(self) -> str:
        return f"The embedding model {self.name} at {self._endpoint.shown()}"


def _digest(endpoint: Endpoint, name: str, dimensions: int) -> str:
    """16 hex digits; OpenAI's and Azure's models are one and the same, another server's are its own."""
    where = OPENAI_URL if endpoint.is_openai else endpoint.shown()
    return hashlib.sha256(f"openai\n{where}\n{name}\n{dimensions}".encode()).hexdigest()[:16]


def _client(endpoint: Endpoint, timeout_seconds: float) -> openai.OpenAI:
    # A placeholder for servers without keys: else the client would send OPENAI_API_KEY to somebody else's server.
    key = endpoint.api_key.get_secret_value() if endpoint.api_key else "no-key"
    if endpoint.api_version:
        return openai.AzureOpenAI(
            azure_endpoint=endpoint.base_url,
            api_version=endpoint.api_version,
            api_key=key,
            max_retries=0,
            timeout=timeout_seconds,
        )
    return openai.OpenAI(base_url=endpoint.base_url, api_key=key, max_retries=0, timeout=timeout_seconds)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in order, cut to the model's length, in requests within the API's limits."""
    tokenizer = encoding("cl100k_base")
    batch: list[str] = []
    held = 0
    for text in texts:
        tokens = tokenizer.encode(text, disallowed_special=())
        cut = text if len(tokens) <= _TEXT_TOKENS else tokenizer.decode(tokens[:_TEXT_TOKENS])
        size = min(len(tokens), _TEXT_TOKENS)
        if batch and (len(batch) == _BATCH_TEXTS or held + size > _BATCH_TOKENS):
            yield batch
            batch, held = [], 0
        batch.append(cut)
        held += size
    yield batch
