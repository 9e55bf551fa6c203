"""Who is writing to an SQLite database at this moment, by the locks that Linux lists."""

import os
import signal
import time
from collections.abc import Collection, Iterable
from pathlib import Path

LOCKS = Path("/proc/locks")
LOOK_SECONDS = 0.0005


def writers(files: Iterable[Path]) -> list[int]:
    """Processes with a write lock on one of the files: of a database in WAL mode those are its `-shm` and Rhyme's `-turn`."""
    inodes = {path.stat().st_ino for path in files if path.exists()}
    held = []
    for line in LOCKS.read_text().splitlines():
        parts = line.split()
        # "1: POSIX  ADVISORY  WRITE 4711 fe:00:131 120 120"; who only waits has "->" in its second place
        if len(parts) == 8 and parts[3] == "WRITE" and int(parts[5].rpartition(":")[2]) in inodes:
            held.append(int(parts[4]))
    return held


def kill_a_writer(files: Collection[Path], among: Collection[int], seconds: float) -> int | None:
    """SIGKILL to the first of the processes `among` that is found inside a write transaction: it is stopped first, and let go
    if it had left by then. Its number; None: nobody wrote within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for pid in writers(files):
            if pid in among and _killed_inside(pid, files):
                return pid
        time.sleep(LOOK_SECONDS)
    return None


def _killed_inside(pid: int, files: Collection[Path]) -> bool:
    try:
        os.kill(pid, signal.SIGSTOP)
        inside = pid in writers(files)
        os.kill(pid, signal.SIGKILL if inside else signal.SIGCONT)
    except ProcessLookupError:
        return False
    return inside
