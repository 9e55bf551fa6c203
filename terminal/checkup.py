"""The checks behind `rhyme doctor`, each of one thing that an analysis needs."""

import ctypes
import platform
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from records.errors import ModelFileInvalid, ModelMissing, RhymeError
from terminal.assembly import Assembly, chroma_place, runs_here
from terminal.home import Home
from terminal.settings import SECRETS, Loaded, Settings, shown

SPARE_BYTES = 500_000_000  # for the database and the event memory beside the models
DEFAULT_MODEL_MEMORY = 2_000_000_000  # bytes the default model takes while it runs, as measured


@dataclass(frozen=True)
class Check:
    """What was looked at, what was found and what to do about it."""

    name: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    next_step: str | None = None
    exit_code: int = 0
    """What `rhyme analyze` would return because of it; 0 unless it failed."""


def checkup(loaded: Loaded, *, online: bool) -> list[Check]:
    """All checks in the order an analysis needs things; one that breaks is a failure, not the end."""
    settings = loaded.settings
    looks: list[tuple[str, Callable[[], Iterator[Check]]]] = [
        ("python", _python),
        ("settings", lambda: _settings(loaded)),
        ("home", lambda: _home(settings)),
        ("database", lambda: _database(settings)),
        ("language model", lambda: _language_model(settings, online)),
        ("questions", lambda: _questions(settings)),
        ("embedder", lambda: _embedder(settings)),
        ("chroma", lambda: _chroma(settings)),
        ("event memory", lambda: _memory(settings)),
    ]
    checks: list[Check] = []
    for name, look in looks:
        try:
            checks += look()
        except RhymeError as error:
            checks.append(Check(name, "fail", str(error), exit_code=error.exit_code))
    return checks


def _python() -> Iterator[Check]:
    version = platform.python_version()
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        yield Check("python", "ok", f"{version} ({sys.executable})")
    else:
        yield Check("python", "warn", f"{version} is untested", "use Python 3.11, 3.12 or 3.13")


def _settings(loaded: Loaded) -> Iterator[Check]:
    file = loaded.config_file
    found = file.is_file()
    yield Check("settings", "ok", f"{file}{'' if found else ' (not there; every key is optional)'}")
    for name in loaded.unknown_variables:
        yield Check("settings", "warn", f"the variable {name} is no setting", "see docs/settings.md for the names")
    kept = any(loaded.origins[name].startswith("file") for name in SECRETS)
    if found and kept and file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield Check("settings", "warn", f"{file} holds a key and others may read it", f"run: chmod 600 {file}")
    if loaded.settings.api_key is not None and runs_here(loaded.settings):
        detail = f"a key is set, but the model {loaded.settings.model!r} runs on this machine and needs none"
        yield Check("settings", "warn", detail, "to use it, set --model to a remote model's name")


def _home(settings: Settings) -> Iterator[Check]:
    home = Home(settings.home)
    home.prepare()
    free = shutil.disk_usage(home.path).free
    if free < SPARE_BYTES:
        detail = f"{home.path} is writable, but only {free / 1e6:,.0f} MB are free"
        yield Check("home", "warn", detail, "free some space, or name another folder with RHYME_HOME")
    else:
        yield Check("home", "ok", f"{home.path} is writable, {free / 1e9:,.0f} GB free")


def _database(settings: Settings) -> Iterator[Check]:
    place = shown("database_url", settings.database_url) or Home(settings.home).database
    if settings.database_url is None and not Home(settings.home).database.exists():
        yield Check("database", "ok", f"{place} will be made at first use")
        return
    from records.database.schema import HEAD

    with Assembly(settings) as parts:
        faults = parts.database.check()
    if faults:
        yield Check("database", "fail", f"{place}: {' '.join(faults)}", "restore it from a copy, or move it away", 6)
    else:
        yield Check("database", "ok", f"{place}, schema {HEAD}")


def _language_model(settings: Settings, online: bool) -> Iterator[Check]:
    if runs_here(settings):
        yield from _local_model(settings)
    else:
        yield from _remote_model(settings, online)


def _local_model(settings: Settings) -> Iterator[Check]:
    from models.model_files import language_model_file

    try:
        file = language_model_file(settings.model, Home(settings.home).models)
    except (ModelMissing, ModelFileInvalid) as error:
        yield Check("language model", "fail", str(error), exit_code=error.exit_code)
    else:
        vouched = "digest verified" if file.sha256 else "your own file, no digest known"
        yield Check("language model", "ok", f"{file.name}: {file.path} ({vouched})")
    if find_spec("xllamacpp") is None:
        yield Check("engine", "fail", "the package xllamacpp is not installed", "install Rhyme's requirements again", 5)
    elif sys.platform == "linux" and not _loads("libgomp.so.1"):
        step = "install it, on Debian or Ubuntu with: apt-get install libgomp1"
        yield Check("engine", "fail", "the system library libgomp.so.1 is missing", step, 5)
    else:
        yield Check("engine", "ok", "xllamacpp and what it needs are there")
    available = _available_memory()
    if available is not None and available < DEFAULT_MODEL_MEMORY and settings.model == "default":
        detail = f"{available / 1e9:.1f} GB of memory are available, the default model takes about 2"
        yield Check("memory", "warn", detail, "close something, or use --model small")


def _remote_model(settings: Settings, online: bool) -> Iterator[Check]:
    # an answer from the cache would say nothing of the server
    with Assembly(settings.model_copy(update={"answer_cache": False})) as parts:
        model = parts.model
        where = shown("base_url", settings.base_url) or "OpenAI"
        if not online:
            detail = f"{model.name} at {where}, {'key set' if settings.api_key else 'no key'}"
            yield Check("language model", "ok", detail, "`rhyme doctor --online` asks it for one word")
            return
        from records.prompt import Message, Prompt

        ask = Prompt((Message("user", "Answer with the word: ready"),), "doctor", "1", "")
        answer = model.write(ask, purpose="doctor", max_output_tokens=64)
        seconds = sum(call.seconds for call in answer.calls)
        yield Check("language model", "ok", f"{model.name} at {where} answered in {seconds:.1f} s")


def _questions(settings: Settings) -> Iterator[Check]:
    from terminal.chat_parts import mode_of

    yield Check("questions", "ok", f"`rhyme ask` answers {mode_of(settings)}")


def _embedder(settings: Settings) -> Iterator[Check]:
    with Assembly(settings) as parts:
        embedder = parts.embedder
        yield Check("embedder", "ok", f"{embedder.name}, {embedder.dimensions} dimensions")


def _chroma(settings: Settings) -> Iterator[Check]:
    """Nothing for an embedded index: the event memory's own line says how it is."""
    if settings.chroma == "embedded":
        return
    from vectorstore.chroma_place import explained, open_client

    place = chroma_place(settings)
    client = open_client(place)
    try:
        # the version is of its interface: every Chroma of one interface says the same
        with explained(place):
            detail = (
                f"{place.name} answers, interface {client.get_version()}, {client.count_collections():,} collections"
            )
    finally:
        client.close()
    if settings.chroma_token and settings.chroma.startswith("http:") and not _is_here(settings.chroma):
        yield Check("chroma", "warn", f"{detail}; the token travels there unencrypted", "use an https:// address")
    else:
        yield Check("chroma", "ok", detail)


def _is_here(address: str) -> bool:
    from vectorstore.chroma_server import is_loopback

    return is_loopback(urlsplit(address).hostname or "")


def _memory(settings: Settings) -> Iterator[Check]:
    if not Home(settings.home).memory.is_dir():
        yield Check("event memory", "ok", "the shipped events are loaded at first use, in seconds")
        return
    with Assembly(settings) as parts, parts.memory() as memory:
        report = memory.report
        mended = f"; rebuilt just now: {report.rebuilt}" if report.rebuilt else ""
        yield Check("event memory", "ok", f"{memory.snapshot}, embedded by {memory.embedder}{mended}")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _available_memory() -> int | None:
    """Bytes; None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    found = next((line for line in lines if line.startswith("MemAvailable:")), None)
    return int(found.split()[1]) * 1024 if found else None
