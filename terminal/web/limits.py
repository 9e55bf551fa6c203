"""How often one may ask: a bucket of tokens each, filled at a steady rate."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_BUCKETS = 10_000
"""Kept at once; the one used longest ago is forgotten first, which gives it a full bucket again."""


class Buckets:
    """Safe to share between threads. Counts in this process alone."""

    def __init__(self, per_minute: float, burst: float, *, now: Callable[[], float] = time.monotonic) -> None:
        """`burst`: how many at once after a rest."""
        self._rate = per_minute / 60
        self._burst = max(1.0, burst)
        self._now = now
        self._guard = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> int:
        """0: go on; else the whole seconds after which one more would be let through."""
        now = self._now()
        with self._guard:
            left, at = self._buckets.pop(key, (self._burst, now))
            left = min(self._burst, left + (now - at) * self._rate)
            wait = 0 if left >= 1 else math.ceil((1 - left) / self._rate)
            self._buckets[key] = (left - 1 if wait == 0 else left, now)
            while len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
        return wait
