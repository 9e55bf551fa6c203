"""Processes of the command line that start in a tenth of the time: forked from one that has loaded everything.

Started as `python -m evals.flow.chaos_nursery MODULE:FUNCTION PRELOAD…`, where a PRELOAD is MODULE, MODULE:FUNCTION or
MODULE:FUNCTION=ARGUMENT, to be loaded or called for what it keeps in memory. It reads JSON lines {"id", "arguments", "log"} from
standard input, forks a child that calls FUNCTION(arguments) as `rhyme` would, and writes {"id", "pid"} and, when a child ended,
{"pid", "code", "cpu"} with its CPU seconds. Each child is reaped at once: a process that is gone must look gone to the others.
"""

import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn

ROOT = Path(__file__).parents[2]
STDIN, STDOUT, STDERR = 0, 1, 2


class Nursery:
    """The process from outside. A context manager: what still runs at its end is killed."""

    def __init__(self, entry: str, preload: Sequence[str], home: Path) -> None:
        """`entry`: MODULE:FUNCTION that takes arguments and returns an exit code. `home`: of the children, who see no other
        variable of ours, so that settings in the environment do not reach them."""
        environment = {"HOME": str(home), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "PATH": os.defpath}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "evals.flow.chaos_nursery", entry, *preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            start_new_session=True,
        )
        self._changed = threading.Condition()
        self._pids: dict[int, int] = {}
        self._codes: dict[int, int] = {}
        self._started = 0
        self._lost = False
        self.cpu_seconds = 0.0
        """Of all children that ended."""
        threading.Thread(target=self._listen, name="nursery", daemon=True).start()

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, arguments: Sequence[str], log: Path) -> "Child":
        """A new process of the command line; what it prints goes to the end of `log`. Raises RuntimeError when the nursery is
        gone."""
        with self._changed:
            self._started += 1
            number = self._started
            self._input.write(json.dumps({"id": number, "arguments": list(arguments), "log": str(log)}) + "\n")
            self._input.flush()
            self._changed.wait_for(lambda: self._lost or number in self._pids)
            if number not in self._pids:
                raise RuntimeError(f"The process that starts the others ended; {log} may say why.")
            return Child(self, self._pids.pop(number))

    def code_of(self, pid: int, seconds: float) -> int | None:
        """The exit code of a child, negative after a signal; None: it still runs after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._lost or pid in self._codes, seconds)
            return self._codes.get(pid)

    def close(self) -> None:
        """Ends it and its children; safe to call twice."""
        if not self._input.closed:
            self._input.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def _input(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            with self._changed:
                if "id" in told:
                    self._pids[told["id"]] = told["pid"]
                else:
                    self._codes[told["pid"]] = told["code"]
                    self.cpu_seconds += told["cpu"]
                self._changed.notify_all()
        with self._changed:
            self._lost = True
            self._changed.notify_all()


class Child:
    """One process of the command line."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self._nursery = nursery

    def kill(self) -> bool:
        """kill -9, and waits until it is gone. False: it had ended before."""
        if self.code(0) is not None:
            return False
        os.kill(self.pid, signal.SIGKILL)
        return self.code(60) == -signal.SIGKILL

    def stop(self, seconds: float) -> int | None:
        """SIGTERM; its exit code, None: it was killed after so many seconds."""
        if self.code(0) is None:
            os.kill(self.pid, signal.SIGTERM)
        code = self.code(seconds)
        if code is None:
            self.kill()
        return code

    def code(self, seconds: float = 0) -> int | None:
        """Its exit code; None: it runs after so many seconds."""
        return self._nursery.code_of(self.pid, seconds)


def serve(entry: str, preload: Sequence[str]) -> None:
    """The process itself: until standard input ends."""
    module, _, function = entry.partition(":")
    import_module(module)
    for one in preload:
        _warm(one)
    gc.freeze()  # else the children's collector goes through, and so copies, all that was loaded
    children: set[int] = set()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    waiting = b""
    while True:
        ready, _, _ = select.select([STDIN, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(children)
        if STDIN in ready:
            received = os.read(STDIN, 65536)
            if not received:
                break
            *lines, waiting = (waiting + received).split(b"\n")
            for line in lines:
                asked = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    _become(asked, (woken, wake))
                    _leave(getattr(import_module(module), function)(asked["arguments"]))
                children.add(pid)
                _tell({"id": asked["id"], "pid": pid})
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _warm(preload: str) -> None:
    module, _, call = preload.partition(":")
    function, given, argument = call.partition("=")
    loaded = import_module(module)
    if function:
        getattr(loaded, function)(*([argument] if given else []))


def _become(asked: dict[str, Any], pipes: Sequence[int]) -> None:
    """Makes the forked process one of its own: session, signals, standard streams."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    for number in pipes:
        os.close(number)
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(nothing, STDIN)
    os.dup2(log, STDOUT)
    os.dup2(log, STDERR)
    sys.argv[1:] = asked["arguments"]


def _leave(code: int) -> NoReturn:
    """Waits for what the interpreter would wait for, and ends without taking down all that was loaded: that takes a second."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _reap(children: set[int]) -> None:
    for pid in list(children):
        done, status, used = os.wait4(pid, os.WNOHANG)
        if done:
            children.discard(pid)
            _tell({"pid": pid, "code": os.waitstatus_to_exitcode(status), "cpu": used.ru_utime + used.ru_stime})


def _tell(told: Mapping[str, float]) -> None:
    os.write(STDOUT, json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
