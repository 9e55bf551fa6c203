"""The settings in force: command-line flags over environment over `config.toml` over defaults.

The only file that reads the process environment. Everything else is handed its settings as arguments.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from models.catalog import DEFAULT_EMBEDDER, DEFAULT_LANGUAGE_MODEL
from records.errors import SettingsError
from terminal.web_settings import WebSettings, http_address

PREFIX = "RHYME_"
CONFIG_NAME = "config.toml"
SECRETS = ("api_key", "embedding_api_key", "chroma_token", "mcp_token", "oidc_client_secret")
OPENAI_VARIABLES = {"api_key": "OPENAI_API_KEY", "base_url": "OPENAI_BASE_URL"}
"""What the OpenAI client itself would read; a RHYME_ variable goes first."""

_PASSWORD = re.compile(r"(://[^/@:]*:)\S*@")
_USER_OR_PASSWORD = re.compile(r"://\S*@")


def _chroma_address(value: str) -> str:
    """`embedded` (also for nothing), `cloud`, or the address of a server; a password in it would end up in messages."""
    if value in ("", "embedded", "cloud"):
        return value or "embedded"
    if "://" not in value:
        raise ValueError("it is `embedded`, `cloud` or an address like http://127.0.0.1:8000")
    if "@" in value:
        raise ValueError("leave the user and password out of the address and set `chroma_token`")
    return http_address(value)


def _budget(unit: str, of: str) -> Any:
    return Field(
        ge=0,
        description=f"Most {unit} of remote language models for {of}. A call that could exceed it is not sent "
        "(docs/decisions/0011-gateway.md). None: no limit.",
    )


class Settings(WebSettings):
    """Every setting with its meaning. `None` means what the description says it means."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)

    home: Annotated[
        Path,
        Field(
            description="Folder of the models, the database, the event memory and `config.toml`. Set by `--home` or "
            "`RHYME_HOME`, not in the file, which lives in it. Default: the user's data folder."
        ),
    ]
    model: Annotated[
        str,
        Field(
            min_length=1,
            description="The language model: a name of `rhyme models list` (`default`, `small`), the path of a `.gguf` "
            "file, or the name a remote server knows (such as `gpt-5`).",
        ),
    ] = DEFAULT_LANGUAGE_MODEL
    provider: Annotated[
        Literal["auto", "local", "openai"],
        Field(
            description="Who runs the model. `auto`: a name of `rhyme models list` or a path of a `.gguf` file runs on "
            "this machine; any other name is asked from the server at `base_url`. A key alone changes nothing."
        ),
    ] = "auto"
    base_url: Annotated[
        Annotated[str, AfterValidator(http_address)] | None,
        Field(
            description="Address of an OpenAI-compatible server. `OPENAI_BASE_URL` is honoured too. None: OpenAI's own."
        ),
    ] = None
    api_key: Annotated[
        SecretStr | None,
        Field(description="Key for the remote model. `OPENAI_API_KEY` is honoured too. None: only local models work."),
    ] = None
    api_version: Annotated[
        str | None,
        Field(description="Azure's API version, such as `2025-04-01-preview`. None: the server is not Azure."),
    ] = None
    profile: Annotated[
        Literal["auto", "capable", "embedded"],
        Field(
            description="How much is asked in one call. `capable`: the whole reading at once; `embedded`: a few short "
            "constrained calls. `auto`: embedded for local models, capable for remote ones."
        ),
    ] = "auto"
    output_language: Annotated[
        Literal["en", "de", "fr", "es", "it", "pt", "nl"],
        Field(
            description="The language of summaries and analyses (ISO 639-1). They are written and checked in English, then "
            "translated and held sentence by sentence against the English; what does not hold stays English and is counted "
            "(docs/languages.md). Pages and commands keep their English words."
        ),
    ] = "en"
    embedder: Annotated[
        str,
        Field(
            min_length=1,
            description="The embedding model of the event memory: a name of `rhyme models list` runs on this machine; any "
            "other name (such as `text-embedding-3-small`) is asked from `embedding_base_url`. A change embeds every event "
            "anew.",
        ),
    ] = DEFAULT_EMBEDDER
    embedding_base_url: Annotated[
        Annotated[str, AfterValidator(http_address)] | None,
        Field(description="Address of an OpenAI-compatible server for embeddings. None: the same as `base_url`."),
    ] = None
    embedding_api_key: Annotated[
        SecretStr | None,
        Field(
            description="Key for `embedding_base_url`. None: `api_key` when `embedding_base_url` is not set, else no key: a "
            "key is never sent to another server than the one it was set for."
        ),
    ] = None
    embedding_dimensions: Annotated[
        int | None,
        Field(
            ge=1,
            le=65_536,
            description="Length of a remote embedding model's vectors. None: known for OpenAI's models.",
        ),
    ] = None
    database_url: Annotated[
        str | None,
        Field(description="SQLAlchemy address of the database. None: the SQLite file `rhyme.db` in `home`."),
    ] = None
    chroma: Annotated[
        Annotated[str, AfterValidator(_chroma_address)],
        Field(
            description="Where the index of the event memory is kept (docs/chroma.md). `embedded`: in `home`, for one process "
            "at a time; the address of a Chroma server such as `http://127.0.0.1:8000`, which `rhyme chroma` starts: for many; "
            "`cloud`: Chroma's hosted service."
        ),
    ] = "embedded"
    chroma_token: Annotated[
        SecretStr | None,
        Field(
            description="Token for the Chroma server, or the API key for `cloud`. None: none is sent, and `cloud` does not work."
        ),
    ] = None
    chroma_tenant: Annotated[
        str | None,
        Field(
            min_length=1,
            description="Tenant on the Chroma server. None: Chroma's default one; for `cloud` the one that the key belongs to.",
        ),
    ] = None
    chroma_database: Annotated[
        str | None,
        Field(
            min_length=1,
            description="Database on the Chroma server; it must exist. None: Chroma's default one; for `cloud` the one that the "
            "key is for.",
        ),
    ] = None
    portfolio: Annotated[
        Path | None,
        Field(
            description="What you hold: a CSV file with a column ticker and, if known, weight or quantity. For the chat and MCP "
            "clients. None: nothing is known of it."
        ),
    ] = None
    mcp_token: Annotated[
        SecretStr | None,
        Field(
            description="What programs must give to `rhyme mcp --http`. None: a new one each time, printed at its start."
        ),
    ] = None
    prices: Annotated[
        str | None,
        Field(
            description="Daily prices that `rhyme settle` grades forecasts by: a folder of CSV or Parquet files, one such "
            "file, or an SQLAlchemy address with `?table=` (docs/prices.md). None: nothing can be graded."
        ),
    ] = None
    timeout_seconds: Annotated[
        float | None,
        Field(
            gt=0,
            le=3_600,
            description="Longest silence of the model before a call is given up, seconds. None: 120 remote, 600 local.",
        ),
    ] = None
    context_tokens: Annotated[
        int | None,
        Field(
            ge=1_024,
            le=10_000_000,
            description="Tokens of prompt and answer the model can hold. None: 4096 for a local model; for a remote "
            "one what the price table says, else 8192.",
        ),
    ] = None
    reasoning_effort: Annotated[
        str | None,
        Field(description="Sent as it is to remote reasoning models, such as `low`. None: the server's default."),
    ] = None
    price_file: Annotated[
        Path | None,
        Field(
            description="Your own price table (USD per million tokens) for remote models. None: the shipped, dated one."
        ),
    ] = None
    requests_per_minute: Annotated[
        int | None,
        Field(ge=1, description="Most requests a minute to a remote model. None: what the server's headers say."),
    ] = None
    tokens_per_minute: Annotated[
        int | None,
        Field(
            ge=1,
            description="Most tokens a minute, prompts and answers, to a remote model. None: what the server's headers say.",
        ),
    ] = None
    concurrency: Annotated[
        int,
        Field(
            ge=1,
            le=1_000,
            description="Most calls to a remote model under way at once. Fewer after a 429, until it passes.",
        ),
    ] = 8
    fallback_model: Annotated[
        str | None,
        Field(
            min_length=1,
            description="The model that answers when `model` cannot be reached, is over its limits or has used up its account; "
            "the analysis says so. Never for a request that was refused. None: the analysis fails.",
        ),
    ] = None
    answer_cache: Annotated[
        bool,
        Field(
            description="Take the answer to a request that was asked before, word for word, from the database: it costs "
            "nothing. `--no-cache` asks anew."
        ),
    ] = True
    budget_run_usd: Annotated[float | None, _budget("US dollars", "one command")] = None
    budget_run_tokens: Annotated[int | None, _budget("tokens", "one command")] = None
    budget_day_usd: Annotated[float | None, _budget("US dollars", "all commands of one day (UTC)")] = None
    budget_day_tokens: Annotated[int | None, _budget("tokens", "all commands of one day (UTC)")] = None
    budget_month_usd: Annotated[float | None, _budget("US dollars", "all commands of one month (UTC)")] = None
    budget_month_tokens: Annotated[int | None, _budget("tokens", "all commands of one month (UTC)")] = None
    threads: Annotated[
        int | None,
        Field(
            ge=1,
            le=256,
            description="CPU threads the local models may use. None: chosen for the machine they run on; of several articles in "
            "hand each has one for its embedding.",
        ),
    ] = None
    allow_private_addresses: Annotated[
        bool,
        Field(
            description="Let `rhyme analyze URL` fetch private and loopback addresses, for an intranet of your own. "
            "Link-local and metadata addresses stay refused."
        ),
    ] = False

    @field_validator("home", "price_file", mode="after")
    @classmethod
    def _expand_home(cls, value: Path | None) -> Path | None:
        return value.expanduser() if value else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is the base class's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` gathered, so that each value's origin is known."""
        return (init_settings,)


@dataclass(frozen=True)
class Loaded:
    """The settings with the origin of each: `flag`, `environment (NAME)`, `file (PATH)` or `default`."""

    settings: Settings
    origins: Mapping[str, str]
    config_file: Path
    unknown_variables: tuple[str, ...]
    """RHYME_ variables that are no setting: most likely misspelled."""


def load_settings(flags: Mapping[str, Any]) -> Loaded:
    """Gathers the four layers; a flag that is None was not given. SettingsError for an unknown key or a bad value."""
    given = {name: value for name, value in flags.items() if value is not None}
    environment, sources = _from_environment()
    home = Path(given.get("home") or environment.get("home") or _default_home()).expanduser().absolute()
    config_file = home / CONFIG_NAME
    from_file = _from_file(config_file)
    merged = {**from_file, **environment, **given, "home": home}
    origins = dict.fromkeys(Settings.model_fields, "default")
    origins |= dict.fromkeys(from_file, f"file ({config_file})")
    origins |= {name: f"environment ({variable})" for name, variable in sources.items()}
    origins |= dict.fromkeys(given, "flag")
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        raise SettingsError(_complaint(error, origins)) from None
    return Loaded(settings, origins, config_file, _unknown_variables())


def plain_environment() -> dict[str, str]:
    """The process environment without any setting of ours or of OpenAI's client: for a run that must not use them."""
    return {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "OPENAI_"))}


def shown(name: str, value: object) -> object:
    """A setting's value as it may be printed: keys as stars, passwords inside addresses too."""
    if value is None:
        return None
    if name in SECRETS:
        return "********"
    if name == "chroma":
        return _USER_OR_PASSWORD.sub("://********@", str(value))
    return _PASSWORD.sub(r"\1********@", value) if isinstance(value, str) else value


def _default_home() -> Path:
    from platformdirs import user_data_path

    return user_data_path("rhyme", appauthor=False)


def _from_environment() -> tuple[dict[str, Any], dict[str, str]]:
    """(values, variable names) by setting."""
    values = dict(EnvSettingsSource(Settings)())
    names = {name: PREFIX + name.upper() for name in values}
    for name, variable in OPENAI_VARIABLES.items():
        if name not in values and os.environ.get(variable):
            values[name] = os.environ[variable]
            names[name] = variable
    return values, names


def _unknown_variables() -> tuple[str, ...]:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return tuple(sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known))


def _from_file(path: Path) -> dict[str, Any]:
    """The file's keys, {} when there is no file. Raises SettingsError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file {path} is not valid TOML: {error}. Correct it or move it away."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be read ({error.strerror}). Give yourself the right to read it, or "
            "choose another folder with --home DIR."
        ) from None
    if "home" in data:
        raise SettingsError(
            f"The settings file {path} sets `home`, which says where that file is and so cannot stand in it. "
            "Remove the line and set --home or RHYME_HOME."
        )
    for key in data:
        if key not in Settings.model_fields:
            raise SettingsError(f"The settings file {path} has the unknown key `{key}`. {_suggestion(key)}")
    return data


def _suggestion(key: str) -> str:
    known = [name for name in Settings.model_fields if name != "home"]
    match = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if match:
        return f"Did you mean `{match[0]}`? docs/settings.md lists every key."
    return f"Remove it; the keys are: {', '.join(known)}."


def _complaint(error: ValidationError, origins: Mapping[str, str]) -> str:
    parts = []
    for fault in error.errors():
        name = str(fault["loc"][0])
        seen = f" {shown(name, fault['input'])!r}"
        parts.append(f"the setting `{name}`{seen} from {origins[name]} is not usable: {fault['msg']}")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}. Correct or remove it; docs/settings.md says what it takes."
