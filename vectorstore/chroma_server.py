"""Chroma's own server as a child process: started, waited for, stopped by its own handle, never left behind."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import httpx

from records.errors import StoreError, StoreLocked, StoreUnreachable, StoreUnwritable, UsageError
from vectorstore.chroma_child import LOCKED, RUNNING

LOCK_NAME = "lock"
"""The same file as the event memory's: one of them at a time has the folder."""

START_SECONDS = 60.0
"""It answers in 0.2 s; a folder of an older Chroma is converted first."""

STOP_SECONDS = 10.0
"""A server told to stop leaves in 0.2 s; what it acknowledged is on disk already."""

TAIL_LINES = 20
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class ChromaServer:
    """A running server. A context manager: leaving it stops the server."""

    def __init__(
        self, process: "subprocess.Popen[str]", directory: Path, url: str, echo: Callable[[str], None]
    ) -> None:
        self.directory = directory
        self.url = url
        self.cut_short = False
        """Whether the server before this one on the folder was killed. What it acknowledged is there, but of the vectors that it
        was writing into its graph then, a search may miss some."""
        self._process = process
        self._echo = echo
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @classmethod
    def start(
        cls,
        directory: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        wait_seconds: float = 0.0,
        echo: Callable[[str], None] = lambda _: None,
    ) -> "ChromaServer":
        """Starts a server on the folder and returns when it answers. `port` 0: a free one; `wait_seconds`: for the folder's
        lock; `echo` receives each line the server writes.

        Raises UsageError when the port or host cannot be used, StoreLocked when another process has the folder,
        StoreUnwritable, StoreUnreachable when the server does not come up.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / LOCK_NAME).touch()
        except OSError as error:
            raise _unwritable(directory, str(error)) from error
        chosen = _usable_port(host, port)
        cut_short = (directory / RUNNING).exists()
        process = _spawn(directory, host, chosen, wait_seconds)
        server = cls(process, directory.absolute(), f"http://{_reached_at(host)}:{chosen}", echo)
        try:
            server._wait_until_it_answers(wait_seconds + START_SECONDS)
        except BaseException:
            server.stop()
            raise
        server.cut_short = cut_short
        return server

    @property
    def pid(self) -> int:
        """The process that has the files open."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def wait(self) -> None:
        """Returns never of its own accord: raises StoreError when the server ends by itself."""
        code = self._process.wait()
        raise StoreError(
            f"The Chroma server on {self.directory} ended by itself (exit code {code}). What it had acknowledged is kept; start it "
            "again. If it ends in this way once more, its index is damaged: build it anew with `rhyme memory reindex`. "
            f"Its last words: {self._last_words()}"
        )

    def stop(self) -> None:
        """Asks the server to finish, and ends it when it does not; safe to call twice."""
        process = self._process
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._reader.join(STOP_SECONDS)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def kill(self) -> None:
        """Ends the server at once, as a loss of power would."""
        self._process.kill()
        self._process.wait()
        self.stop()

    def __enter__(self) -> "ChromaServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self) -> None:
        """Drains what the server writes, or its pipe would fill and stop it."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            words = _COLOURS.sub("", line).rstrip()
            if words:
                self._tail.append(words)
                self._echo(words)

    def _last_words(self) -> str:
        self._reader.join(1)
        return " ".join(" ".join(self._tail).split())[-600:] or "none"

    def _wait_until_it_answers(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        with httpx.Client(timeout=2, trust_env=False) as http:  # no proxy stands between a machine and itself
            while time.monotonic() < deadline:
                if not self.running:
                    raise self._why_it_ended()
                with contextlib.suppress(httpx.HTTPError):
                    if http.get(f"{self.url}/api/v2/heartbeat").is_success and self.running:
                        return
                time.sleep(0.02)
        raise StoreUnreachable(
            f"The Chroma server on {self.directory} was started but did not answer at {self.url} within {seconds:g} seconds. "
            f"Its last words: {self._last_words()}"
        )

    def _why_it_ended(self) -> StoreError | UsageError:
        code = self._process.wait()
        if code == LOCKED:
            return StoreLocked(
                f"Another process is using {self.directory}: an event memory opened by rhyme, or another `rhyme chroma`. Wait for "
                "it to finish or stop it, or name another folder with --path."
            )
        words = self._last_words()
        if "is not available" in words:
            return _taken(urlsplit(self.url).hostname or "", urlsplit(self.url).port or 0, "taken")
        if any(
            sign in words.lower()
            for sign in ("permission denied", "readonly", "read-only", "no space left", "disk is full")
        ):
            return _unwritable(self.directory, words[-300:])
        return StoreUnreachable(
            f"The Chroma server on {self.directory} ended while starting (exit code {code}). Its last words: {words}"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _spawn(directory: Path, host: str, port: int, wait_seconds: float) -> "subprocess.Popen[str]":
    """In a session of its own: a Ctrl-C in the terminal reaches only us, and we stop the server in order."""
    locks = [directory / LOCK_NAME]
    outer = directory.absolute().parent / LOCK_NAME
    if outer.exists():  # the folder lies inside an event memory, which locks its outermost folder
        locks.append(outer)
    child = Path(__file__).with_name("chroma_child.py")
    arguments = [str(wait_seconds), str(len(locks)), *map(str, locks)]
    run = ["run", "--path", str(directory), "--host", _listening_at(host), "--port", str(port)]
    return subprocess.Popen(
        [sys.executable, "-P", str(child), *arguments, *run],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


def _listening_at(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _reached_at(host: str) -> str:
    """Where this machine reaches what listens at the host."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "[::]": "[::1]"}
    return everywhere.get(host, _listening_at(host))


def _usable_port(host: str, port: int) -> int:
    """The port, or a free one for 0. Raises UsageError when it cannot be listened on."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"The host {host!r} is no address of this machine ({error}). Use --host 127.0.0.1.") from error
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        if os.name == "posix":  # as servers do: a port whose last user has just left is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except (OSError, OverflowError) as error:
            raise _taken(host, port, str(error)) from error
        return int(probe.getsockname()[1])


def _taken(host: str, port: int, reason: str) -> UsageError:
    return UsageError(
        f"Chroma cannot listen on port {port} of {host} ({reason}). Stop what uses it, or choose another with --port; --port 0 "
        "takes a free one."
    )


def _unwritable(directory: Path, reason: str) -> StoreUnwritable:
    return StoreUnwritable(
        f"The folder {directory} cannot be written ({reason}). Make it writable for this user, or name another with --path."
    )
