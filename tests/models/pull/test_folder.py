"""Pulling into a folder that is full, too small or closed."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.model_entry import CatalogEntry
from models.pull import PullOptions, pull
from records.errors import ModelFolderUnusable

Options = Callable[[str], PullOptions]
ROOT, HERE = str(Path(__file__).parents[3]), str(Path(__file__).parent)

_LIMITED = """
import os, resource, sys
from pathlib import Path
sys.path[:0] = [{root!r}, {here!r}]
from conftest import gguf_entry
from models.hub_source import HubOptions
from models.pull import PullOptions, pull
from models.registry_source import RegistryOptions
from records.errors import ModelFolderUnusable
import models.encoder_graph
registry = RegistryOptions(pip_arguments=("--no-index", "--find-links", {wheels!r}))
options = PullOptions(order={order!r}, hub=HubOptions(url={url!r}), registry=registry)
{limit}
try:
    pull(gguf_entry(), Path({models!r}), options=options)
except ModelFolderUnusable as error:
    print(error)
    sys.exit(7)
"""


def limited(models: Path, wheels: Path, hub: Any, order: str, limit: str) -> subprocess.CompletedProcess[str]:
    """A pull in a process of its own, under `limit`."""
    script = _LIMITED.format(
        root=ROOT, here=HERE, wheels=str(wheels), url=hub.url, models=str(models), order=order, limit=limit
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("order", ["hub", "registry"])
def test_disk_that_fills_on_the_way_is_told_and_nothing_half_written_is_used(
    order: str, hub: Any, wheels: Path, entry: CatalogEntry, options: Options, content: bytes, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))"  # no file grows past it
    done = limited(models, wheels, hub, order, limit)
    assert done.returncode == 7, done.stderr
    assert "has no room" in done.stdout
    assert str(models) in done.stdout
    assert " MB are needed" in done.stdout
    assert not (models / "sample.gguf").exists()
    assert pull(entry, models, options=options(order))["sample.gguf"].read_bytes() == content


def test_too_little_room_is_told_before_anything_is_fetched(
    hub: Any, make_entry: Callable[..., CatalogEntry], options: Options, tmp_path: Path
) -> None:
    with pytest.raises(ModelFolderUnusable, match=r"MB are free.*MB are needed"):
        pull(make_entry(size=10**18), tmp_path, options=options("hub"))
    assert hub.ranges == []


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder that others may enter and nobody but root may write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "models").mkdir()
        (folder / "models").chmod(0o555)
        yield folder / "models"
        (folder / "models").chmod(0o755)


def test_read_only_folder_is_told(closed_folder: Path, hub: Any, wheels: Path) -> None:
    drop_root = "os.geteuid() == 0 and os.seteuid(65534)"  # root writes everywhere: become nobody
    done = limited(closed_folder, wheels, hub, "hub", drop_root)
    assert done.returncode == 7, done.stderr
    assert f"{closed_folder} cannot be written" in done.stdout
    assert "RHYME_HOME" in done.stdout


def test_file_in_place_of_the_folder_is_told(entry: CatalogEntry, options: Options, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("not a folder")
    with pytest.raises(ModelFolderUnusable, match="cannot be written"):
        pull(entry, tmp_path / "models", options=options("hub"))


def test_waiting_for_another_pull_ends(entry: CatalogEntry, options: Options, tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import filelock; l = filelock.FileLock({str(tmp_path / '.pull.lock')!r}); l.acquire(); print(1, flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        with pytest.raises(ModelFolderUnusable, match="Another process has been pulling"):
            pull(entry, tmp_path, options=replace(options("hub"), lock_timeout_seconds=0.2))
    finally:
        holder.communicate(b"\n")
