"""The application on a socket, by uvicorn: it ends in order, streams included."""

import socket

import uvicorn

from terminal.web.app import create_app
from terminal.web.site import Site

GRACE_SECONDS = 10
"""For answers under way when the server is told to end."""


class Server(uvicorn.Server):
    """Ends the streams before it waits for what is under way."""

    def __init__(self, site: Site) -> None:
        config = uvicorn.Config(
            create_app(site),
            log_level="warning",
            access_log=False,
            lifespan="on",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        super().__init__(config)


def serve(site: Site, listener: socket.socket) -> None:
    """Until Ctrl-C or SIGTERM."""
    Server(site).run(sockets=[listener])
