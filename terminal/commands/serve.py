"""`rhyme serve`: the web terminal."""

import argparse
import sys
from pathlib import Path

from records.errors import SettingsError, StoreError, UsageError
from terminal.allocator import limit_arenas
from terminal.assembly import Assembly
from terminal.leaving import terminated_like_interrupted
from terminal.listening import LOOPBACK, listening
from terminal.plain import plain
from terminal.settings import Settings, load_settings

NO_HTTPS = """\
Warning: without https whoever sees the network sees passwords and tokens. Give --certificate, or put a proxy with https before it \
and set RHYME_WEB_ADDRESS (docs/web.md)."""


def run(options: argparse.Namespace) -> int:
    """Serves until Ctrl-C or SIGTERM; 0 then. Raises UsageError, SettingsError, StoreError."""
    settings = load_settings({"home": options.home, "model": options.model}).settings
    _check_files(options)
    limit_arenas()
    with terminated_like_interrupted(), Assembly(settings) as parts:
        from terminal.web.site import Site

        with Site(parts, host=options.host) as site:
            _check_access(site.policy.address, settings, parts, options)
            with listening(options.host, options.port) as (listener, place):
                from terminal.web.server import Server, allow_many_files

                allow_many_files()
                server = Server(site, certificate=options.certificate, key=options.key)
                address = f"{'https' if options.certificate else 'http'}://{place}/"
                print(f"Rhyme is at {address}", flush=True)
                if options.open:
                    import webbrowser

                    webbrowser.open(address)
                try:
                    server.run(sockets=[listener])
                except KeyboardInterrupt:  # the usual end of a server, raised again when it has ended in order
                    return 0
    return 0


def _check_files(options: argparse.Namespace) -> None:
    if options.key and not options.certificate:
        raise UsageError("--key belongs to --certificate: give both, or neither.")
    for name in (options.certificate, options.key):
        if name and not Path(name).is_file():
            raise UsageError(f"There is no file {name!r}. Give the path of the certificate or key in PEM form.")


def _check_access(address: str | None, settings: Settings, parts: Assembly, options: argparse.Namespace) -> None:
    """Others may reach it only if they can be asked who they are. Raises SettingsError."""
    if settings.oidc_issuer and not (settings.oidc_client_id and address):
        raise SettingsError(
            "For OpenID Connect set RHYME_OIDC_CLIENT_ID and RHYME_WEB_ADDRESS too: the provider sends people back to that address."
        )
    on_loopback = options.host in LOOPBACK
    try:
        users = parts.database.access.has_users()
    except StoreError as error:
        if not on_loopback:
            raise
        print(f"Warning: {plain(str(error))}", file=sys.stderr)
        return
    if not (users or settings.oidc_issuer) and not (on_loopback and address is None):
        raise SettingsError(
            f"On {address or options.host} others can reach it, so it needs users to sign in. Add one with `rhyme users add "
            "NAME`, or leave out --host and RHYME_WEB_ADDRESS to serve this machine only."
        )
    if not (on_loopback or options.certificate or (address or "").startswith("https://")):
        print(NO_HTTPS, file=sys.stderr)
