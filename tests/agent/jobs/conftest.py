"""The kit beside these tests, processes that can load it, and a database."""

import multiprocessing.context
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from records.database import Database

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def kit(load_module: Callable[[Path], ModuleType]) -> ModuleType:
    return load_module(HERE / "jobs_kit.py")


@pytest.fixture(scope="session")
def batch_kit(kit: ModuleType, load_module: Callable[[Path], ModuleType]) -> ModuleType:  # noqa: ARG001 - it imports `kit`
    return load_module(HERE / "batch_kit.py")


@pytest.fixture(scope="session")
def processes(
    fork_server: "multiprocessing.context.ForkServerContext",
) -> Iterator["multiprocessing.context.ForkServerContext"]:
    """Starts processes that can load the kit."""
    sys.path.insert(0, str(HERE))
    yield fork_server
    sys.path.remove(str(HERE))


@pytest.fixture
def database(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Database]:
    shutil.copyfile(migrated_sqlite, tmp_path / "rhyme.db")
    with Database.open(tmp_path / "rhyme.db") as opened:
        yield opened
