"""How a command that runs until it is stopped is asked to leave, and leaves."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.jobs import Worker

GRACE_SECONDS = 120.0
"""How long a stopped worker waits for its present steps: longer than one answer of most models. A second signal ends it."""


class Leaving:
    """Set by Ctrl-C or SIGTERM; asked a second time, `now` is set too."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.now = threading.Event()

    def hear(self, *_: object) -> None:
        """The signal handler."""
        (self.now if self.asked.is_set() else self.asked).set()


@contextmanager
def signals() -> Iterator[Leaving]:
    """Ctrl-C and SIGTERM as wishes to leave, while work is done."""
    leaving = Leaving()
    former = {number: signal.signal(number, leaving.hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield leaving
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM, which service managers send, ends the server in order too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def leave(worker: "Worker", leaving: Leaving) -> int:
    """Steps left running. A second signal shortens the wait to nothing."""
    end = time.monotonic() + GRACE_SECONDS
    worker.take_no_more()
    while worker.in_hand and time.monotonic() < end and not leaving.now.wait(0.05):
        pass
    return worker.leave(0)
