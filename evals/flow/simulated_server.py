"""The simulated server as a process of its own, from the side of whoever measures or tests."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from evals.flow.faults import Fault, shown_kinds
from evals.flow.tally import TallyRow, read_rows

STOP_SECONDS = 10.0


@dataclass(frozen=True)
class ServerPlan:
    """How the server behaves; None: no such limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    latency_seconds: float = 0.0
    faults: float = 0.0
    """Share of requests."""
    kinds: Sequence[Fault] = tuple(Fault)
    seed: int = 0
    hang_seconds: float = 300.0
    drip_seconds: float = 2.0
    tokens_per_chunk: int = 1

    def arguments(self) -> list[str]:
        """For the command line of `evals.flow.simulated_openai`."""
        limits = {
            "requests-per-minute": self.requests_per_minute,
            "tokens-per-minute": self.tokens_per_minute,
            "concurrency": self.concurrency,
        }
        others = {
            "latency": self.latency_seconds,
            "faults": self.faults,
            "kinds": shown_kinds(self.kinds),
            "seed": self.seed,
            "hang-seconds": self.hang_seconds,
            "drip-seconds": self.drip_seconds,
            "tokens-per-chunk": self.tokens_per_chunk,
        }
        given = [(name, value) for name, value in (limits | others).items() if value is not None]
        return [word for name, value in given for word in (f"--{name}", str(value))]


class SimulatedServer:
    """A context manager: inside it the server runs. It ends with the process that started it, however that ends."""

    def __init__(self, tally: Path, plan: ServerPlan | None = None) -> None:
        self._tally = tally
        self._plan = plan or ServerPlan()
        self._process: subprocess.Popen[bytes] | None = None
        self.base_url = ""
        """For the openai client; the same through every restart."""

    def __enter__(self) -> "SimulatedServer":
        self._start(0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Of the server's process; None while there is none."""
        return self._process.pid if self._process else None

    def rows(self) -> list[TallyRow]:
        """Every request so far, over all lives of the server."""
        return read_rows(self._tally)

    def kill(self) -> None:
        """SIGKILL: whoever was being answered sees the connection end."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def restart(self) -> None:
        """Starts it again on the same port and tally; one that runs is killed first."""
        self.kill()
        self._start(urlsplit(self.base_url).port or 0)

    def stop(self) -> None:
        """SIGTERM; who is being answered is cut off. Safe to call twice."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._ended()

    def answers(self) -> bool:
        """Whether it can be reached now."""
        try:
            with urllib.request.urlopen(f"{self.base_url}/models", timeout=5.0):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def _start(self, port: int) -> None:
        command = [sys.executable, "-m", "evals.flow.simulated_openai", "--with-parent", "--port", str(port)]
        command += ["--tally", str(self._tally), *self._plan.arguments()]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout is not None
        first = process.stdout.readline()
        if not first:
            process.wait()
            raise OSError(f"The simulated server did not start; it ended with code {process.returncode}.")
        self._process = process
        self.base_url = json.loads(first)["base_url"]

    def _ended(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
