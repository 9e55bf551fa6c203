"""The circuit breaker of one model: after failures in a row nobody is sent there for a while, then one call tries."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from records.errors import ModelUnavailable


@dataclass
class Trial:
    """One call's leave to pass; the call says how it went."""

    probe: bool
    failed: bool | None = None
    """None: the call says nothing of the server's health."""


class Breaker:
    """Shared by the threads of a process. Closed: all pass. Open: none. Half open: one, on which it depends."""

    def __init__(
        self,
        who: str,
        *,
        failures: int = 5,
        cool_seconds: float = 30.0,
        longest_seconds: float = 300.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`failures` in a row open it for `cool_seconds`, twice as long after each probe that fails."""
        self._who = who
        self._most = failures
        self._first_cool = cool_seconds
        self._longest = longest_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._cool = cool_seconds
        self._open_until: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether a call would be refused now."""
        with self._lock:
            return self._refuses() is not None

    def refuse_if_open(self) -> None:
        """Raises ModelUnavailable while it is open."""
        with self._lock:
            self._check()

    @contextmanager
    def trial(self) -> Iterator[Trial]:
        """Leave for one call. Raises ModelUnavailable while it is open."""
        with self._lock:
            self._check()
            trial = Trial(probe=self._open_until is not None)
            self._probing = self._probing or trial.probe
        try:
            yield trial
        finally:
            with self._lock:
                self._heard(trial)

    def _check(self) -> None:
        seconds = self._refuses()
        if seconds is not None:
            raise ModelUnavailable(
                f"{self._who} failed {self._failures} times in a row, so it is left alone for {seconds:.0f} s more. Check the "
                "service's status page and try later, or set fallback_model to go on with another model meanwhile."
            )

    def _refuses(self) -> float | None:
        if self._open_until is None:
            return None
        left = self._open_until - self._monotonic()
        return max(0.0, left) if left > 0 or self._probing else None

    def _heard(self, trial: Trial) -> None:
        if trial.probe:
            self._probing = False
        if trial.failed is None:
            return
        if not trial.failed:
            self._failures, self._cool, self._open_until = 0, self._first_cool, None
            return
        self._failures += 1
        if trial.probe:
            self._cool = min(self._longest, self._cool * 2)
        # a late failure of a call sent before it opened does not prolong it
        if trial.probe or (self._open_until is None and self._failures >= self._most):
            self._open_until = self._monotonic() + self._cool
