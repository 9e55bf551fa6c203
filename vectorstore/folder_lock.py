"""One process at a time in the folder of an embedded memory: Chroma has no lock of its own."""

from pathlib import Path

from filelock import FileLock, Timeout

from records.errors import StoreLocked, StoreUnwritable


def lock_folder(directory: Path, wait_seconds: float) -> FileLock:
    """Takes the lock, which the caller releases. Raises StoreLocked when another process keeps it longer than
    `wait_seconds`, StoreUnwritable."""
    lock = FileLock(directory / "lock", timeout=wait_seconds, thread_local=False)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock.acquire()
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
