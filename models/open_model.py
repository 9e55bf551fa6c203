"""From plain settings to a language model. Provider modules, and the libraries behind them, load only when used."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr

from models.interface import LanguageModel
from records.errors import SettingsError

if TYPE_CHECKING:
    from models.chat_model import OnCall
    from models.cost import PriceTable
    from models.gate import Gate
    from models.retry import RetryPolicy


@dataclass(frozen=True)
class ModelSpec:
    """Which model, where, and how. `None` leaves a choice to the provider's default."""

    provider: Literal["openai", "local"]
    name: str
    """Model name as the provider knows it (Azure: the deployment); for `local` the name shown and recorded."""
    base_url: str | None = field(default=None, repr=False)
    """OpenAI-compatible address; None means OpenAI's own. May carry a password, so no repr shows it."""
    api_key: SecretStr | None = None
    api_version: str | None = None
    """Set for Azure OpenAI, e.g. "2024-10-21"; `base_url` is then the resource's endpoint."""
    path: Path | None = None
    """The verified GGUF file of a `local` model."""
    sha256: str | None = None
    """The file's digest, where it is known: kept answers are told apart by it."""
    profile: Literal["capable", "embedded"] | None = None
    """None: `capable` for openai, `embedded` for local."""
    timeout_seconds: float | None = None
    """Longest silence of the server: None means 120 s remote, 600 s local."""
    context_tokens: int | None = None
    """None: 4096 for local; for openai what the price table says of the model, else 8192."""
    threads: int | None = None
    """Cores a local model may use; None means those this process may run on."""
    reasoning_effort: str | None = None
    """Sent as it is to reasoning models; None leaves the server's default."""
    prices: Path | None = None
    """A price table of one's own; None means the one shipped."""
    batch: bool = False
    """Whether its requests go in batches, at their price."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Extra variables for the local engine's process, which inherits none."""


def open_model(
    spec: ModelSpec,
    *,
    retry: "RetryPolicy | None" = None,
    on_call: "OnCall | None" = None,
    gate: "Gate | None" = None,
) -> LanguageModel:
    """Open the model of `spec`; close it after use.

    `on_call` receives every ModelCall as it ends; every try passes `gate` (`models.gateway`; None: nothing in between).
    Raises SettingsError for a spec that lacks something, ModelMissing without a key or file, ModelFileInvalid for a file
    that is no model. A local model loads in the background: its first call waits.
    """
    if spec.provider == "local":
        return _local(spec, on_call, gate)
    if spec.provider == "openai":
        return _remote(spec, retry, on_call, gate)
    raise SettingsError(f"Unknown model provider {spec.provider!r}: use 'openai' or 'local'.")


def _remote(
    spec: ModelSpec, retry: "RetryPolicy | None", on_call: "OnCall | None", gate: "Gate | None"
) -> LanguageModel:
    from models.openai_provider import OPENAI_URL, Endpoint, OpenAIModel, Reasoning

    return OpenAIModel(
        Endpoint(spec.base_url or OPENAI_URL, spec.api_key, spec.api_version),
        name=spec.name,
        prices=prices_of(spec),
        profile=spec.profile or "capable",
        context_tokens=spec.context_tokens,
        timeout_seconds=spec.timeout_seconds or 120.0,
        reasoning=Reasoning(spec.reasoning_effort),
        retry=retry,
        on_call=on_call,
        gate=gate,
    )


def prices_of(spec: ModelSpec) -> "PriceTable | None":
    """The prices that hold for a remote model; None: they are not known. Raises SettingsError."""
    from models.cost import load_prices
    from models.openai_provider import OPENAI_URL, Endpoint

    # Another server's prices are its own, whatever the model's name: only a table given by hand speaks of them.
    known = spec.prices or Endpoint(spec.base_url or OPENAI_URL, api_version=spec.api_version).is_openai
    prices = load_prices(spec.prices) if known else None
    return prices.for_batches() if prices and spec.batch else prices


def _local(spec: ModelSpec, on_call: "OnCall | None", gate: "Gate | None") -> LanguageModel:
    from models.local_engine import EngineSettings, threads_for
    from models.local_provider import LocalModel

    if spec.path is None:
        raise SettingsError("The local provider needs the path of a GGUF file. Run `rhyme models pull` or set one.")
    prefill, decode = threads_for(spec.threads or _own_cores())
    settings = EngineSettings(
        spec.path,
        spec.context_tokens or 4096,
        prefill_threads=prefill,
        decode_threads=decode,
        environment=spec.environment,
    )
    return LocalModel(
        settings,
        name=spec.name,
        profile=spec.profile or "embedded",
        timeout_seconds=spec.timeout_seconds or 600.0,
        on_call=on_call,
        gate=gate,
        identity=spec.sha256,
    )


def _own_cores() -> int:
    """Cores this process may use; Linux knows about pinning and containers' cpusets, elsewhere all count."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
