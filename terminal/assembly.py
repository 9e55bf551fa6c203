"""From settings to the objects a command works with, each built when it is first asked for and closed at the end."""

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from records.errors import ModelMissing, SettingsError
from records.times import Clock, utc_now
from terminal.home import Home
from terminal.settings import Settings
from terminal.version import rhyme_version

if TYPE_CHECKING:
    from agent.analyze import Analyst, Archive, Memory
    from agent.score import ScoreModel
    from markets.desk import MarketDesk
    from markets.prices import PriceSource
    from models.interface import LanguageModel
    from models.open_model import ModelSpec
    from records.article import Article
    from records.database import Database
    from records.embedder import Embedder
    from vectorstore.chroma_place import ChromaPlace
    from vectorstore.memory import EventMemory

MEMORY_WAIT_SECONDS = 30.0
"""How long to wait for another process's turn at the event memory: an import of thousands of events takes about that."""

REMOTE_CONCURRENCY = 4
"""Articles that a worker has in hand at once where the language model is another machine's."""

Say = Callable[[str], None]
"""Receives a line for the person who waits."""


def silent(_: str) -> None:
    """Nobody waits."""


class Assembly:
    """One command's objects. A context manager: what was opened is closed in reverse order."""

    def __init__(
        self,
        settings: Settings,
        *,
        say: Say = silent,
        clock: Clock = utc_now,
        run_id: str | None = None,
        at_once: int = 1,
    ) -> None:
        """Prepares the home folder. `run_id`: what budgets of a run and the cost ledger call it; None: a new one.
        `at_once`: articles that are worked on at the same time. Raises SettingsError when the folder cannot be written."""
        self.run_id = run_id or secrets.token_hex(8)
        self.settings = settings
        self.home = Home(settings.home)
        self._at_once = at_once
        self._say = say
        self._clock = clock
        self._closing = ExitStack()
        self.home.prepare()

    def __enter__(self) -> "Assembly":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def at_end(self, close: Callable[[], object]) -> None:
        """Has `close` called before everything that is open now is closed."""
        self._closing.callback(close)

    @cached_property
    def database(self) -> "Database":
        """The store of record. Raises SettingsError, StoreError."""
        from records.database import Database

        return self._closing.enter_context(Database.open(self.settings.database_url or self.home.database))

    @cached_property
    def embedder(self) -> "Embedder":
        """The embedding model, with a memory for its last texts. Raises ModelError, SettingsError."""
        from vectorstore.recent_vectors import RecentVectors

        return RecentVectors(open_embedder(self.settings, self._closing, at_once=self._at_once))

    @cached_property
    def model(self) -> "LanguageModel":
        """The language model behind its gateway; a local one loads in the background. Raises ModelError, SettingsError."""
        from terminal.gateway import open_behind_gateway

        model = open_behind_gateway(
            self.settings, lambda: self.database.model_calls, run_id=self.run_id, clock=self._clock
        )
        self._closing.callback(model.close)
        return model

    @cached_property
    def desk(self) -> "MarketDesk":
        """The instruments; loading them takes 0.15 s."""
        from markets.desk import MarketDesk

        return MarketDesk()

    @cached_property
    def prices(self) -> "PriceSource":
        """The daily prices of the settings. Raises SettingsError when none are set, SourceError, UsageError."""
        if not self.settings.prices:
            raise SettingsError(
                "No prices are set, so no outcome can be measured. Set RHYME_PRICES (or `prices` in config.toml, or --prices) "
                "to a folder of CSV or Parquet files with daily closes, or to a database address; docs/prices.md shows the formats."
            )
        from markets.price_sources import open_prices
        from markets.resolved_prices import ResolvedPrices

        return ResolvedPrices(open_prices(self.settings.prices))

    def memory(self, *, starter: bool = True) -> "EventMemory":
        """The event memory, with the starter events at its first use if `starter`; the caller closes it. Raises StoreError,
        ModelError."""
        from vectorstore.memory import EventMemory
        from vectorstore.starter import load_starter

        memory = EventMemory.open(
            self.home.memory,
            self.database,
            self.embedder,
            place=chroma_place(self.settings),
            sector_of=self._sector_of,
            wait_seconds=MEMORY_WAIT_SECONDS,
            on_progress=self._embedded,
        )
        if not starter:
            return memory
        try:
            load_starter(memory, on_progress=self._embedded)
        except BaseException:
            memory.close()
            raise
        return memory

    def _sector_of(self, ticker: str) -> str | None:
        return self.desk.sector_of(ticker)

    def _embedded(self, done: int, total: int) -> None:
        self._say(f"Taking in past events: {done:,} of {total:,}")

    def article(self, source: str, *, stdin: BinaryIO | None) -> "Article":
        """The article at a path, an address or "-". Raises SourceError, UsageError."""
        from feeds import Fetcher, load_article

        fetcher = Fetcher(allow_private_addresses=self.settings.allow_private_addresses)
        return load_article(source, stdin=stdin, fetcher=fetcher, clock=self._clock)

    def analyst(
        self,
        *,
        precedents: bool = True,
        archive: "Archive | None" = None,
        memory: "Memory | None" = None,
        model: "LanguageModel | None" = None,
        score_model: "ScoreModel | None" = None,
    ) -> "Analyst":
        """The analyst over all of it. `archive`, `memory`, `model`, `score_model`: in place of the database, of a memory opened
        for each question, of the settings' model and the shipped scores. Raises ModelError, StoreError, SettingsError."""
        from agent.analyze import Analyst
        from agent.score import ScoreModel
        from prompts import PromptLibrary
        from terminal.late_memory import LateMemory
        from vectorstore.threads import StoryThreads

        model = model or self.model  # first: a local one loads while the rest is put together
        return Analyst(
            model=model,
            market=self.desk,
            memory=memory or (LateMemory(self.memory) if precedents else None),
            archive=archive or self.database,
            threads=StoryThreads(self.database),
            score_model=score_model or ScoreModel(),
            prices=self.prices if self.settings.prices else None,
            prompts=PromptLibrary(),
            clock=self._clock,
            version=rhyme_version(),
            output_language=self.settings.output_language,
        )


def runs_here(settings: Settings) -> bool:
    """Whether the language model runs on this machine: as set, else by its name."""
    if settings.provider != "auto":
        return settings.provider == "local"
    from models.catalog import CATALOG

    return settings.model.lower().endswith(".gguf") or settings.model in CATALOG


def embeds_here(settings: Settings) -> bool:
    """Whether the embedding model is one of the catalogue, which run on this machine."""
    from models.catalog import CATALOG

    return settings.embedder in CATALOG


def model_spec(settings: Settings) -> "ModelSpec":
    """What to open for the language model of the settings; a local file is proven first.

    Raises ModelMissing, ModelFileInvalid (local), SettingsError and ModelMissing (remote).
    """
    from models.model_files import language_model_file
    from models.open_model import ModelSpec

    profile = None if settings.profile == "auto" else settings.profile
    if runs_here(settings):
        file = language_model_file(settings.model, Home(settings.home).models)
        return ModelSpec(
            "local",
            file.name,
            path=file.path,
            sha256=file.sha256,
            profile=profile,
            timeout_seconds=settings.timeout_seconds,
            context_tokens=settings.context_tokens,
            threads=settings.threads,
        )
    if settings.api_key is None and settings.base_url is None:
        raise ModelMissing(
            f"The model {settings.model!r} is none of `rhyme models list`, so it would be asked from OpenAI, but no key is "
            "set. Set OPENAI_API_KEY, or RHYME_BASE_URL for another server, or choose a model of the list."
        )
    return ModelSpec(
        "openai",
        settings.model,
        base_url=settings.base_url,
        api_key=settings.api_key,
        api_version=settings.api_version,
        profile=profile,
        timeout_seconds=settings.timeout_seconds,
        context_tokens=settings.context_tokens,
        reasoning_effort=settings.reasoning_effort,
        prices=settings.price_file,
    )


def chroma_place(settings: Settings) -> "ChromaPlace":
    """Where the index of the event memory is kept. Raises SettingsError for a bad address or token, or a missing key."""
    from vectorstore.chroma_place import CloudPlace, EmbeddedPlace, ServerPlace

    token = settings.chroma_token.get_secret_value() if settings.chroma_token else None
    if settings.chroma == "embedded":
        return EmbeddedPlace(Home(settings.home).memory)
    if settings.chroma == "cloud":
        if token is None:
            raise SettingsError(
                "The setting `chroma` is `cloud`, but there is no key for it. Set RHYME_CHROMA_TOKEN to an API key of your "
                "account with Chroma."
            )
        return CloudPlace(token, settings.chroma_tenant, settings.chroma_database)
    tenant, database = settings.chroma_tenant or ServerPlace.tenant, settings.chroma_database or ServerPlace.database
    return ServerPlace(settings.chroma, token, tenant, database)


def articles_at_once(settings: Settings, asked: int | None) -> int:
    """How many a worker has in hand: as asked for, or what is right for the language model of the settings."""
    return asked or (1 if runs_here(settings) else REMOTE_CONCURRENCY)


def open_embedder(settings: Settings, closing: ExitStack, *, at_once: int = 1) -> "Embedder":
    """The embedding model of the settings; a remote one is closed with `closing`. `at_once`: articles worked on at the same time,
    for with more than one each text has one thread: several, which wait for one another, take a quarter more of the processor.

    Raises ModelMissing, ModelFileInvalid, SettingsError.
    """
    if embeds_here(settings):
        from models.embedding import DEFAULT_THREADS, load_embedder

        threads = settings.threads or (1 if at_once > 1 else DEFAULT_THREADS)
        return load_embedder(settings.embedder, Home(settings.home).models, threads=threads)
    from models.embedding_openai import OpenAIEmbedder
    from models.openai_provider import OPENAI_URL, Endpoint

    same_server = settings.embedding_base_url is None
    address = (settings.base_url if same_server else settings.embedding_base_url) or OPENAI_URL
    key = settings.embedding_api_key or (settings.api_key if same_server else None)
    endpoint = Endpoint(address, key, settings.api_version if same_server else None)
    embedder = OpenAIEmbedder(endpoint, name=settings.embedder, dimensions=settings.embedding_dimensions)
    closing.callback(embedder.close)
    return embedder
