"""Whether anyone has to sign in, under which names the site may be asked for, and where its own requests come from."""

import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from terminal.listening import LOOPBACK

if TYPE_CHECKING:
    from terminal.web.site import Site

LOOK_SECONDS = 2.0
"""How long it is believed that there are no users: the first one shuts the open door within this time."""


class Policy:
    """Of one site. Safe to share between threads."""

    def __init__(self, site: "Site", host: str) -> None:
        """`host`: where it listens."""
        self._site = site
        settings = site.settings
        self.address = settings.web_address
        """By which others reach it; None: by where it listens."""
        self.oidc = settings.oidc_issuer is not None
        self._always = host not in LOOPBACK or self.address is not None or self.oidc
        self._open_until = 0.0
        self._guard = threading.Lock()

    def open_now(self) -> bool | None:
        """Whether no one has to sign in, as it was last looked up; None: it has to be looked up."""
        if self._always:
            return False
        return True if time.monotonic() < self._open_until else None

    def is_open(self) -> bool:
        """Looks it up. Raises StoreError: what is not known is not open."""
        if self._always or self._site.database.access.has_users():
            return False
        with self._guard:
            self._open_until = time.monotonic() + LOOK_SECONDS
        return True

    def host_is_ours(self, connection: HTTPConnection, *, is_open: bool) -> bool:
        """Whether the request names a host that it may: a page elsewhere can point a name of its own at this machine. Where
        people sign in and no address is set any name does: a browser keeps the cookie to the name it got it from."""
        name = _host_name(connection.headers.get("host", ""))
        if name in LOOPBACK:
            return True
        if is_open or name is None:
            return False
        return self.address is None or name == urlsplit(self.address).hostname

    def is_from_elsewhere(self, connection: HTTPConnection) -> bool:
        """Whether a browser says that another site's page made the request."""
        origin, fetched = connection.headers.get("origin"), connection.headers.get("sec-fetch-site")
        if origin == "null" and fetched is not None:  # a form of ours too: our pages tell no referrer
            return fetched != "same-origin"
        if origin is not None:
            same = urlsplit(origin).netloc.lower() == connection.headers.get("host", "").lower()
            return not (origin != "null" and (same or origin == self.address))
        return fetched not in (None, "same-origin", "none")

    def is_secure(self, connection: HTTPConnection) -> bool:
        """Whether the browser speaks https to the site or to the proxy before it."""
        return connection.url.scheme == "https" or (self.address or "").startswith("https://")


def _host_name(header: str) -> str | None:
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if not parts.path and "@" not in header else None
