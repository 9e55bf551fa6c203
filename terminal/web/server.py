"""The application on a socket, by uvicorn: it ends in order, streams included."""

import contextlib
import socket

import uvicorn

from terminal.web.app import create_app
from terminal.web.site import Site

GRACE_SECONDS = 10
"""For answers under way when the server is told to end."""


class Server(uvicorn.Server):
    """Ends the streams before it waits for what is under way."""

    def __init__(self, site: Site, *, certificate: str | None = None, key: str | None = None) -> None:
        proxies = site.settings.web_proxies
        config = uvicorn.Config(
            create_app(site),
            log_level="warning",
            access_log=False,
            lifespan="on",
            server_header=False,
            proxy_headers=proxies is not None,
            forwarded_allow_ips=proxies or "",
            ssl_certfile=certificate,
            ssl_keyfile=key,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        super().__init__(config)
        self._site = site

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, which would wait for streams that never end by themselves."""
        self._site.hub.close()
        await super().shutdown(sockets)


def allow_many_files() -> None:
    """A stream holds a file of the process, and the usual limit is 1,024 of them: as many as this user may have."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # not on every system, nor always allowed
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
