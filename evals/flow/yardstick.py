"""How fast the machine is while something is measured: the processor time of a piece of work that never changes.

On a machine that is shared, the same work takes up to three quarters as much again from one quarter of an hour to the next. What
two runs took can be told apart from that only with this beside it.
"""

import json
import re
import statistics
import threading
import time
from types import TracebackType

EVERY_SECONDS = 5.0
_KEYS = 4_000
_NUMBER = re.compile(r"\d+")


def yardstick_ms() -> float:
    """Processor time of it, in this thread: dictionaries, JSON, an expression and a loop, as Rhyme's own work is made of."""
    begun = time.thread_time()
    told = json.dumps({str(key): [key, str(key) * 3] for key in range(_KEYS)})
    json.loads(told)
    found = sum(len(number) for number in _NUMBER.findall(told))
    for number in range(10 * _KEYS):
        found += number % 7
    return 1_000 * (time.thread_time() - begun)


class Yardstick:
    """A context manager: inside it the yardstick is held to the machine every few seconds, in a thread."""

    def __init__(self, every_seconds: float = EVERY_SECONDS) -> None:
        self._every = every_seconds
        self._times: list[float] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="yardstick", daemon=True)

    def __enter__(self) -> "Yardstick":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()

    @property
    def median_ms(self) -> float:
        """Of all times so far; measured now if there are none."""
        return statistics.median(self._times or [yardstick_ms()])

    def _measure(self) -> None:
        while True:
            self._times.append(yardstick_ms())
            if self._ending.wait(self._every):
                return
