"""What the pages and the API share: the objects of the settings, each opened when a request first needs it.

Safe to share between threads. What fails to open raises its error to the request that asked, and is tried again by the next one.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from records.times import Clock, utc_now
from terminal.assembly import Assembly, chroma_place
from terminal.settings import Settings
from terminal.web.access.policy import Policy
from terminal.web.access.sign_in import SignIn
from terminal.web.hub import Hub
from terminal.web.traces import Traces

if TYPE_CHECKING:
    from markets.prices import PriceSource
    from records.database import Database
    from records.database.access import Access
    from terminal.chat_parts import Talk
    from terminal.tool_sources import SourcesAsOf
    from terminal.web.access.oidc import Oidc
    from tools.sources import Sources


class Site:
    """One served home. A context manager: what was opened is closed at the end."""

    def __init__(self, parts: Assembly, *, clock: Clock = utc_now, host: str = "127.0.0.1") -> None:
        """Opens nothing yet; `parts` is closed by whoever made it. `host`: where it will listen."""
        self.parts = parts
        self.clock = clock
        self.policy = Policy(self, host)
        self.sign_in = SignIn(self)
        self.hub = Hub(self)
        self._closing = ExitStack()
        self._ending: list[Callable[[], bool]] = []
        self._opening = threading.RLock()
        self._talk_opening = threading.RLock()
        self.traces = Traces.of(parts.settings)
        if self.traces is not None:
            self._closing.callback(self.traces.close)
        self._database: Database | None = None
        self._oidc: Oidc | None = None
        self._sources: SourcesAsOf | None = None
        self._talk: Talk | None = None

    def __enter__(self) -> "Site":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ended = [end() for end in self._ending]
        if all(ended):
            self._closing.close()
        else:
            self._closing.pop_all()

    def at_end(self, end: Callable[[], bool]) -> None:
        """`end` is called before anything is closed. False: it still works, and what it works with is left open, since a
        connection that is closed under a thread takes the process with it."""
        self._ending.append(end)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.parts.settings

    @property
    def database(self) -> "Database":
        """The store of record. Raises StoreError, SettingsError."""
        with self._opening:
            fresh = self._database is None
            database = self._database = self.parts.database
            if fresh and self.traces is not None:
                database.model_calls.watch(self.traces.model_call)
            return database

    @property
    def oidc(self) -> "Oidc":
        """Signing in with the provider of the settings."""
        from terminal.web.access.oidc import Oidc

        with self._opening:
            self._oidc = self._oidc or Oidc(self)
            return self._oidc

    def database_answers(self) -> None:
        """Raises StoreError, SettingsError."""
        self.database.announced.latest()

    def memory_answers(self) -> None:
        """Proves that past events could be searched, without taking its folder from others. Raises ModelError, StoreError,
        SettingsError."""
        with self._opening:
            self.parts.embedder  # noqa: B018 - opened to see that it can be
        place = chroma_place(self.settings)
        if place.shared:
            from vectorstore.chroma_place import explained, open_client

            client = open_client(place)
            try:
                with explained(place):
                    client.heartbeat()
            finally:
                client.close()

    def access(self) -> "Access":
        """Users, sessions, tokens and the log. Raises StoreError, SettingsError."""
        return self.database.access

    @property
    def prices(self) -> "PriceSource | None":
        """The daily prices of the settings; None: none are set. Raises SourceError, UsageError."""
        if not self.settings.prices:
            return None
        with self._opening:
            return self.parts.prices

    def sources(self, as_of: datetime | None = None) -> "Sources":
        """What the tools look at, as of a moment (default: now). Raises StoreError, SettingsError."""
        from terminal.tool_sources import tool_sources

        with self._opening:
            if self._sources is None:
                self._sources = tool_sources(self.parts, self._closing)
        return self._sources(as_of or self.clock())

    @property
    def talk(self) -> "Talk":
        """The chat of the settings' model. Raises ModelError, StoreError, SettingsError."""
        from agent.chat import ChatLimits
        from terminal.chat_parts import open_chat

        with self._talk_opening:
            if self._talk is None:
                self._talk = open_chat(self.parts, self._closing, ChatLimits())
            return self._talk


def site_of(connection: HTTPConnection) -> Site:
    """The site of a request."""
    site: Site = connection.app.state.site
    return site


async def the_site(connection: HTTPConnection) -> Site:
    """The same for `Depends(the_site)`; a coroutine, since for anything else a thread is sent."""
    return site_of(connection)
