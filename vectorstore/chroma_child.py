"""Started by `chroma_server.py` as a script: holds the folder's lock and runs Chroma's server until told to stop.

The lock lives and dies with the process that has the files open, so that no embedded memory can open them beside it, whatever
becomes of the process that started it. When that one is gone, its end of stdin is closed and the server leaves too.

Imports no room of Rhyme and not the chromadb package, whose own start takes seconds: the server is in the Rust bindings, which
`chroma run` calls in the same way.
"""

import os
import signal
import sys
import threading
from pathlib import Path

import chromadb_rust_bindings  # type: ignore[import-untyped]
from filelock import FileLock, Timeout

LOCKED = 75  # EX_TEMPFAIL of sysexits.h

RUNNING = "running"
"""A file in the folder while a server runs there; one that was killed leaves it behind."""


def main(arguments: list[str]) -> int:
    """`arguments`: the seconds to wait for the locks, how many lock files follow, these, and then those of `chroma`."""
    wait_seconds, count = float(arguments[0]), int(arguments[1])
    locks = [FileLock(path, timeout=wait_seconds) for path in arguments[2 : 2 + count]]
    try:
        for lock in locks:
            lock.acquire()
    except Timeout:
        return LOCKED
    running = Path(arguments[2]).with_name(RUNNING)
    running.touch()
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    chromadb_rust_bindings.cli(["chroma", *arguments[2 + count :]])
    running.unlink(missing_ok=True)
    return 0


def _leave_with_parent() -> None:
    sys.stdin.buffer.read()  # ends when the other end is closed
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
