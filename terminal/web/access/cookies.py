"""The cookie of a session."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

PLAIN, SECURE = "rhyme_session", "__Host-rhyme_session"
"""Browsers take the second name over https only, from the very host, so that no neighbour can plant one."""


def session_of(connection: HTTPConnection, *, secure: bool) -> str | None:
    """The secret that the browser gave; None: it gave none."""
    return connection.cookies.get(SECURE if secure else PLAIN)


def give(response: Response, secret: str, *, secure: bool, seconds: int) -> None:
    """Has the browser keep it: for our own pages only, out of reach of scripts."""
    response.set_cookie(
        SECURE if secure else PLAIN, secret, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


def take_back(response: Response, *, secure: bool) -> None:
    """Has the browser forget it."""
    response.delete_cookie(SECURE if secure else PLAIN, path="/", secure=secure, httponly=True, samesite="lax")
