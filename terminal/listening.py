"""A socket to serve on, bound and listening before anyone is told its address."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from records.errors import SettingsError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
BACKLOG = 2_048


@contextmanager
def listening(host: str, port: int) -> Iterator[tuple[socket.socket, str]]:
    """The socket and its `host:port` as an address has them. Port 0: a free one. Raises SettingsError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(BACKLOG)  # whoever reads the address may ask at once: it waits for the server to begin
        except OSError as error:
            raise SettingsError(
                f"{host}:{port} cannot be served ({error.strerror}). Choose another --port, or 0 for a free one."
            ) from error
        yield listener, f"{address_name(host)}:{listener.getsockname()[1]}"


def address_name(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host
