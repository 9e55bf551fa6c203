"""One process at a time on a database that asks in batches; the right to it falls with the process."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import text

from records.database.engine import WRITE_LOCK, Place, connect, explained
from records.errors import UsageError

try:
    import fcntl
except ImportError:  # no POSIX: who starts two has himself to blame
    fcntl = None  # type: ignore[assignment]

BATCH_LOCK = WRITE_LOCK + 1
"""Of PostgreSQL's advisory locks, held by a connection."""


@contextmanager
def alone(place: Place) -> Iterator[None]:
    """Inside it no other process is. Raises UsageError when one is, StoreError."""
    with ExitStack() as leaving:
        if not (_sqlite(place, leaving) if place.is_sqlite else _postgres(place, leaving)):
            raise UsageError(
                f"Another `rhyme worker --batch` is at work on the database {place}, and one at a time may be. Stop it first, or "
                "let it go on: `rhyme jobs batches` shows what it does."
            )
        yield


def _sqlite(place: Place, leaving: ExitStack) -> bool:
    if fcntl is None:
        return True
    file = Path(f"{place.url.database}-batch").open("ab")  # noqa: SIM115 - closed with what is left
    leaving.callback(file.close)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _postgres(place: Place, leaving: ExitStack) -> bool:
    engine = connect(place)
    leaving.callback(engine.dispose)
    with explained(place):
        connection = leaving.enter_context(engine.connect().execution_options(isolation_level="AUTOCOMMIT"))
        return bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": BATCH_LOCK}).scalar())
