"""`rhyme serve`: the web terminal."""

import argparse

from terminal.assembly import Assembly
from terminal.listening import listening
from terminal.settings import load_settings


def run(options: argparse.Namespace) -> int:
    """Serves until Ctrl-C or SIGTERM. Raises SettingsError, StoreError."""
    settings = load_settings({"home": options.home, "model": options.model}).settings
    with Assembly(settings) as parts:
        from terminal.web.site import Site

        with Site(parts) as site, listening(options.host, options.port) as (listener, place):
            from terminal.web.server import serve

            print(f"Rhyme is at http://{place}/", flush=True)
            if options.open:
                import webbrowser

                webbrowser.open(f"http://{place}/")
            serve(site, listener)
    return 0
