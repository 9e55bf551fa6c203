"""`rhyme chroma`: a Chroma server on this machine, so that several processes may use one event memory."""

import argparse
import sys
from pathlib import Path

from terminal.home import Home
from terminal.leaving import terminated_like_interrupted
from terminal.plain import plain
from terminal.settings import PREFIX, load_settings

EVERYWHERE = """\
Warning: Chroma asks for no password. Whoever reaches port {port} of this machine can read, change and delete the events. Let a
firewall admit only your own machines, or put a proxy that asks for a token before it (docs/chroma.md), or leave out --host. Other
machines set this machine's name in place of the one below."""

CUT_SHORT = """\
Warning: the server was killed the last time. Every event it had acknowledged is kept, but its search may miss some of those it was
working on; `rhyme memory reindex` makes sure that it does not."""


def run(options: argparse.Namespace) -> int:
    """Serves until Ctrl-C or SIGTERM; 0 then. Raises UsageError, StoreError."""
    home = Home(load_settings({"home": options.home}).settings.home)
    home.prepare()
    directory = Path(options.path).expanduser() if options.path else home.chroma
    with terminated_like_interrupted():
        try:
            _serve(directory, options)
        except KeyboardInterrupt:  # the usual end of a server
            return 0
    return 0


def _serve(directory: Path, options: argparse.Namespace) -> None:
    from vectorstore.chroma_server import ChromaServer, is_loopback

    echo = _to_stderr if options.debug else _to_nobody
    with ChromaServer.start(directory, host=options.host, port=options.port, echo=echo) as server:
        if not is_loopback(options.host):
            print(EVERYWHERE.format(port=server.url.rpartition(":")[2]), file=sys.stderr, flush=True)
        if server.cut_short:
            print(CUT_SHORT, file=sys.stderr, flush=True)
        print(f"{PREFIX}CHROMA={server.url}", flush=True)
        server.wait()


def _to_stderr(line: str) -> None:
    print(plain(line), file=sys.stderr, flush=True)


def _to_nobody(_: str) -> None:
    """The server's log is asked for with --debug."""
