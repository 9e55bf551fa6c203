"""One process at a time in the folder of an embedded memory: Chroma has no lock of its own.

Whoever waits for the lock leaves a mark, so that who holds it may hold it as long as nobody does.
"""

import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from records.errors import StoreLocked, StoreUnwritable

MARK_SECONDS = 0.5
"""How often a mark is set anew while its process waits."""


def lock_folder(directory: Path, wait_seconds: float) -> FileLock:
    """Takes the lock, which the caller releases. Raises StoreLocked when another process keeps it longer than
    `wait_seconds`, StoreUnwritable."""
    lock = FileLock(directory / "lock", thread_local=False)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _acquire(lock, _mark(directory), wait_seconds)
    except Timeout as error:
        raise StoreLocked(
            f"Another rhyme process is using the event memory in {directory} (waited {wait_seconds:g} seconds). Wait for it "
            "to finish, or set another data folder for this one."
        ) from error
    except OSError as error:
        raise StoreUnwritable(
            f"The event memory in {directory} cannot be opened ({error}). Make the folder writable for this user, or set "
            "another data folder."
        ) from error
    return lock


def is_wanted(directory: Path) -> bool:
    """Whether another process waits for the lock, or did and was killed."""
    return _mark(directory).exists()


def forget_wanted(directory: Path) -> None:
    """Takes the mark away; a process that still waits sets it again."""
    with suppress(OSError):
        _mark(directory).unlink(missing_ok=True)


def _mark(directory: Path) -> Path:
    return directory / "wanted"


def _acquire(lock: FileLock, mark: Path, wait_seconds: float) -> None:
    """Raises Timeout, OSError."""
    end = time.monotonic() + wait_seconds
    patience = 0.0
    while True:
        try:
            lock.acquire(timeout=patience)
        except Timeout:
            left = end - time.monotonic()
            if left <= 0:
                raise
            mark.touch()
            patience = min(MARK_SECONDS, left)
        else:
            if patience:
                mark.unlink(missing_ok=True)
            return
