"""Commands of Rhyme as processes of their own, with the processor time and the memory that they take."""

import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from records.errors import UsageError

MEGABYTE = 1_000_000
PAGE = resource.getpagesize()
RHYME = ("-m", "terminal.main")
KIBIBYTE = 1 if sys.platform == "darwin" else 1024
"""What getrusage counts memory in."""


@dataclass(frozen=True)
class Spent:
    """What a process took over its life, with the children that it waited for."""

    code: int
    """Its exit code; a signal as a negative number."""
    cpu_seconds: float
    peak_bytes: int
    """The largest resident size of the process or of one of its children."""


class RhymeProcess:
    """One command under way; its output goes to files beside each other."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: Path, *, by: Sequence[str] = RHYME
    ) -> None:
        """Starts `rhyme` with the arguments. `log`: without its suffix, where `.out` and `.err` go; `by`: what Python runs."""
        self.name = arguments[0]
        self._out, self._err = log.with_suffix(".out"), log.with_suffix(".err")
        command = [sys.executable, *by, *arguments]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=dict(environment)
            )
        self._spent: Spent | None = None

    def poll(self) -> Spent | None:
        """What it took, or None while it works."""
        return self._spent or self._reaped(os.WNOHANG)

    def wait(self) -> Spent:
        """Waits for its end."""
        while (spent := self._spent or self._reaped(0)) is None:
            pass
        return spent

    def output(self) -> str:
        """What it has printed so far."""
        return self._out.read_text(encoding="utf-8")

    def check(self) -> None:
        """Raises UsageError with its last words when it did not end well."""
        if self.wait().code != 0:
            said = self._err.read_text(encoding="utf-8").strip()[-600:]
            raise BenchStopped(f"`rhyme {self.name}` ended with code {self.wait().code} in the measured run: {said}")

    def resident_bytes(self) -> int | None:
        """Now, with its children; None where the system does not say (Linux does) or it has ended."""
        if self._spent is not None:
            return None
        sizes = [_resident(pid) for pid in (self._process.pid, *_children(self._process.pid))]
        return sum(size for size in sizes if size is not None) if sizes[0] is not None else None

    def stop(self) -> None:
        """Ends it, if it has not ended."""
        if self.poll() is None:
            self._process.kill()
            self.wait()

    def _reaped(self, how: int) -> Spent | None:
        pid, status, usage = os.wait4(self._process.pid, how)
        if pid == 0:
            return None
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code  # reaped here, so that its object does not wait for it
        self._spent = Spent(code, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * KIBIBYTE)
        return self._spent


class BenchStopped(UsageError):
    """A command of the measured run failed, so there is nothing to report."""

    kind = "bench_stopped"


def run_rhyme(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> tuple[Spent, str]:
    """One command to its end, with what it printed. Raises BenchStopped."""
    process = RhymeProcess(arguments, environment, log)
    try:
        process.check()
    finally:
        process.stop()
    return process.wait(), process.output()


def _resident(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE
    except (OSError, IndexError):
        return None


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []
