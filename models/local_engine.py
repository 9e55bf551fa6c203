"""Runs llama.cpp's server in a child process and hands out its address. Why a child:
docs/decisions/0004-local-engine.md."""

import importlib.util
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pydantic import SecretStr

from records.errors import ModelCannot, ModelFileInvalid, ModelMissing, ModelUnavailable

GGUF_MAGIC = b"GGUF"
START_SECONDS = 180.0
"""Loading 1 GB takes 2–10 s from a disk cache, minutes from a cold network disk."""
_LOG_TAIL_BYTES = 4000


@dataclass(frozen=True)
class EngineSettings:
    """How llama.cpp runs. The defaults are the measured ones for two shared cores."""

    model_path: Path
    context_tokens: int = 4096
    prefill_threads: int = 2
    """Threads that read the prompt: compute-bound, so every core helps."""
    decode_threads: int = 1
    """Threads that write: memory-bound, and two spinning threads beside a busy neighbour fall to a fifth of the
    speed."""
    cache_ram_mib: int = 256
    """Room for prompts put aside while another is answered (28 KiB a token for the default model); llama.cpp's own
    default is 8 GiB."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Extra variables for the child, e.g. LD_LIBRARY_PATH. It inherits nothing else: no key of ours reaches it."""


def threads_for(cores: int) -> tuple[int, int]:
    """(prefill, decode) threads for a machine: all cores to read, half to write; more than 8 writers only fight for
    memory."""
    return max(1, cores), max(1, min(8, cores // 2))


def check_model_file(path: Path) -> None:
    """Raise ModelMissing if there is no file, ModelFileInvalid if it does not begin as a GGUF file does."""
    if not path.is_file():
        raise ModelMissing(f"No model file at {path}. Run `rhyme models pull`, or set the path of a GGUF file.")
    with path.open("rb") as file:
        magic = file.read(len(GGUF_MAGIC))
    if magic != GGUF_MAGIC:
        raise ModelFileInvalid(
            f"{path} is no GGUF file: it begins with {magic!r} instead of {GGUF_MAGIC!r}. Run `rhyme models pull` to "
            "fetch it again, or point to another file."
        )


class LocalEngine:
    """One llama.cpp server: loading starts at once in the background, `address` waits for it."""

    def __init__(self, settings: EngineSettings) -> None:
        check_model_file(settings.model_path)
        self.settings = settings
        self.key = SecretStr(secrets.token_urlsafe(24))
        self._lock = threading.Lock()
        self._address: str | None = None
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 – lives as long as the child
        self._child = self._start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the child is alive, loading or serving."""
        return self._child.poll() is None

    def address(self) -> str:
        """The server's base URL, e.g. http://127.0.0.1:40001, once the model is loaded.

        Raises ModelFileInvalid when llama.cpp rejects the file, ModelUnavailable when the process died or is too slow.
        """
        with self._lock:
            if self._address is None:
                self._address = self._wait_for_address()
            return self._address

    def log_tail(self) -> str:
        """llama.cpp's last warnings and errors."""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LOG_TAIL_BYTES))
        return self._log.read().decode("utf-8", "replace").strip()

    def close(self) -> None:
        """End the child and wait until it is gone; safe to call twice."""
        if self._log.closed:
            return
        if self._child.stdin:
            self._child.stdin.close()
        try:
            # A child still loading holds Python's lock and cannot see the pipe close: it is killed.
            self._child.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdout:
            self._child.stdout.close()
        self._log.close()

    def _start(self) -> subprocess.Popen[bytes]:
        if importlib.util.find_spec("xllamacpp") is None:
            raise ModelCannot(
                "The package xllamacpp is not installed, so no local model can run. Install Rhyme's requirements again."
            )
        script = Path(__file__).with_name("local_server.py")
        child = subprocess.Popen(
            # -P keeps this folder off the path: its schema.py or retry.py must not pose as somebody else's.
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=self._environment(),
            # Its own session: Ctrl-C reaches Rhyme, which then ends the child in order.
            start_new_session=True,
        )
        assert child.stdin
        settings = {
            "model_path": str(self.settings.model_path.resolve()),
            "context_tokens": self.settings.context_tokens,
            "prefill_threads": self.settings.prefill_threads,
            "decode_threads": self.settings.decode_threads,
            "cache_ram_mib": self.settings.cache_ram_mib,
            "key": self.key.get_secret_value(),
        }
        child.stdin.write(json.dumps(settings).encode() + b"\n")
        child.stdin.flush()
        return child

    def _environment(self) -> dict[str, str]:
        # Waiting threads sleep instead of spinning; OpenMP reads this once, when its library is loaded.
        return {
            "OMP_WAIT_POLICY": "PASSIVE",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            **self.settings.environment,
        }

    def _wait_for_address(self) -> str:
        line = self._report_line()
        if line is None:
            raise ModelUnavailable(
                f"The local model {self.settings.model_path.name} was not loaded after {START_SECONDS:.0f} s. Its disk "
                f"may be very slow: try again. llama.cpp says: {self.log_tail() or 'nothing'}"
            )
        report = json.loads(line) if line else {}
        if "address" in report:
            return str(report["address"])
        self._child.wait()
        log = self.log_tail()
        if "failed" in report and "failed to load model" in log:
            raise ModelFileInvalid(
                f"llama.cpp cannot load {self.settings.model_path}: the file is cut short, damaged or of a kind it "
                "does not know. Run `rhyme models pull` to fetch it again, or point to another GGUF file. It says: "
                f"{_last_errors(log)}"
            )
        raise ModelUnavailable(
            f"The local model's process ended with code {self._child.returncode} before it was ready. Check free "
            "memory (the default model needs 2 GB) and that the system package libgomp1 is there. It says: "
            f"{_last_errors(log)}"
        )

    def _report_line(self) -> bytes | None:
        """The child's line; empty if it died without one; None when it takes too long."""
        lines: list[bytes] = []
        assert self._child.stdout
        reader = threading.Thread(
            target=lambda out: lines.append(out.readline()), args=(self._child.stdout,), daemon=True
        )
        reader.start()
        deadline = time.monotonic() + START_SECONDS
        while reader.is_alive() and time.monotonic() < deadline:
            # Short joins keep Ctrl-C working on every platform.
            reader.join(0.2)
        return lines[0] if lines else None


def _last_errors(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if " E " in line] or lines
    return " / ".join(errors[-3:]) or "nothing"
