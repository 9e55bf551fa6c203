"""`rhyme mcp`: the tools for other programs' models, by the Model Context Protocol."""

import argparse
import secrets
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from records.errors import SettingsError
from records.times import utc_now
from terminal.assembly import Assembly
from terminal.listening import LOOPBACK, address_name, listening
from terminal.settings import load_settings

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server


def run(options: argparse.Namespace) -> int:
    """Serves until its client leaves, or Ctrl-C. Raises SettingsError, StoreError."""
    settings = load_settings({"home": options.home}).settings
    with Assembly(settings) as parts, ExitStack() as closing:
        import anyio

        from terminal.mcp_server import build_server
        from terminal.tool_sources import tool_sources

        as_of = (lambda: options.as_of) if options.as_of else utc_now
        server = build_server(tool_sources(parts, closing), as_of)
        if not options.http:
            anyio.run(_stdio, server)
            return 0
        token = settings.mcp_token.get_secret_value() if settings.mcp_token else None
        _serve(server, options.host, options.port, token)
    return 0


async def _stdio(server: "Server[Any]") -> None:
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def _serve(server: "Server[Any]", host: str, port: int, token: str | None) -> None:
    import uvicorn

    from terminal.mcp_server import http_application

    if host not in LOOPBACK and token is None:
        raise SettingsError(
            f"On {host} others can reach the tools, so a token of your own is needed. Set RHYME_MCP_TOKEN to a long random text, "
            "or leave --host out to serve this machine only."
        )
    made = token or secrets.token_urlsafe(24)
    with listening(host, port) as (listener, place):
        print(f"Serving the tools at http://{place}/mcp", file=sys.stderr)
        if token is None:
            print(f"Token, good until this ends: {made}", file=sys.stderr, flush=True)
        hosts = [f"{one}:*" for one in ("127.0.0.1", "localhost", "[::1]", address_name(host))]
        config = uvicorn.Config(http_application(server, made, hosts), log_level="warning", lifespan="on")
        uvicorn.Server(config).run(sockets=[listener])
