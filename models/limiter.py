"""How fast one provider may be asked: calls under way, requests and tokens a minute, as set and as the server says.

One limiter stands before one model in one process; its threads wait here in the order they came. Three things hold a call:
limits of ours (a token bucket each), what the server's rate-limit headers leave, and a window of calls under way that
grows by one a round and halves at a 429 (AIMD), so that processes which know nothing of one another share a limit.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from models.retry import duration

BURST_MINUTES = 1 / 20
"""What may go out at once. With a rate lowered by as much, no minute ever holds more than its limit."""
SLOWEST = 1 / 32
"""The least share of our own rates that 429s can bring them down to."""
RECOVERY = 0.02
"""Share of the rate won back with each answer."""
LONGEST_PAUSE_SECONDS = 600.0
"""A server that asks for more is asked again after this, lest a wrong header stop a day's work."""

Wait = Callable[[threading.Condition, float | None], object]
"""Waits on a held condition for so many seconds (None: until notified)."""


@dataclass(frozen=True)
class RateLimits:
    """Limits of one model in this process; None: none of ours, only what the server says."""

    concurrency: int = 8
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


class _Bucket:
    """Fills at `rate` a second up to `capacity`. A call larger than it goes when it is full and leaves it in debt."""

    def __init__(self, capacity: float, rate: float, now: float) -> None:
        self.capacity = capacity
        self.rate = rate
        self.level = capacity
        self._at = now

    def fill(self, now: float, share: float = 1.0) -> None:
        self.level = min(self.capacity, self.level + max(0.0, now - self._at) * self.rate * share)
        self._at = now

    def seconds_until(self, amount: float, share: float = 1.0) -> float:
        missing = min(amount, self.capacity) - self.level
        # a billionth less is rounding: without this a wait could end a hair early again and again
        return 0.0 if missing <= 1e-9 * self.capacity else missing / (self.rate * share)


@dataclass
class Turn:
    """Leave to send one request."""

    waited: float
    tokens: int
    round: int
    sent: bool = True
    """To be set to False when the request was not sent after all."""
    used: int | None = None
    """Tokens it took in the end; None: as many as were asked for."""


class Limiter:
    """Shared by the threads of a process."""

    def __init__(
        self,
        limits: RateLimits,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Wait = threading.Condition.wait,
    ) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._wait = wait
        self._guard = threading.Lock()
        self._queue: deque[threading.Condition] = deque()
        """Those who wait, over the guard: only the first can go, so only that one is woken."""
        self._under_way = 0
        self._window = float(limits.concurrency)
        self._share = 1.0
        self._round = 0
        self._resume_at = 0.0
        now = monotonic()
        per_minute = {"requests": limits.requests_per_minute, "tokens": limits.tokens_per_minute}
        self._ours = {kind: _own_bucket(limit, now) for kind, limit in per_minute.items() if limit is not None}
        self._servers: dict[str, _Bucket] = {}

    @property
    def window(self) -> int:
        """How many calls may be under way now."""
        return max(1, int(self._window))

    @contextmanager
    def turn(self, tokens: int) -> Iterator[Turn]:
        """Waits until a call of so many tokens, output included, may go; it counts as under way until the block ends."""
        turn = self._enter(tokens)
        try:
            yield turn
        finally:
            self._leave(turn)

    def heard(self, headers: Mapping[str, str]) -> None:
        """Takes in what an answer's headers leave of the server's limits."""
        with self._guard:
            now = self._monotonic()
            for kind in ("requests", "tokens"):
                self._learn(kind, headers, now)
            self._wake_first()

    def answered(self) -> None:
        """An answer came: a little more may go."""
        with self._guard:
            self._window = min(float(self._limits.concurrency), self._window + 1 / max(1.0, self._window))
            self._share = min(1.0, self._share + RECOVERY)
            self._wake_first()

    def throttled(self, turn: Turn, asked_seconds: float | None) -> None:
        """A 429 came. Everybody waits as long as the server asks; the rates go down once for all calls that were under way
        together, as one burst brings many 429s."""
        with self._guard:
            if asked_seconds is not None:
                resume = self._monotonic() + min(asked_seconds, LONGEST_PAUSE_SECONDS)
                self._resume_at = max(self._resume_at, resume)
            if turn.round == self._round:
                self._round += 1
                self._window = max(1.0, self._window / 2)
                self._share = max(SLOWEST, self._share / 2)

    def _enter(self, tokens: int) -> Turn:
        ticket = threading.Condition(self._guard)
        with self._guard:
            started = self._monotonic()
            self._queue.append(ticket)
            try:
                while (seconds := self._needed(ticket, tokens)) != 0.0:
                    self._wait(ticket, seconds)
            finally:
                self._queue.remove(ticket)
                self._wake_first()
            for bucket, amount in self._buckets(tokens):
                bucket.level -= amount
            self._under_way += 1
            return Turn(self._monotonic() - started, tokens, self._round)

    def _needed(self, ticket: threading.Condition, tokens: int) -> float | None:
        """Seconds to wait before looking again; 0: go; None: until something happens."""
        if self._queue[0] is not ticket or self._under_way >= self.window:
            return None
        now = self._monotonic()
        waits = [max(0.0, self._resume_at - now)]
        for bucket, amount in self._buckets(tokens):
            share = self._share_of(bucket)
            bucket.fill(now, share)
            waits.append(bucket.seconds_until(amount, share))
        return max(waits)

    def _leave(self, turn: Turn) -> None:
        with self._guard:
            self._under_way -= 1
            now = self._monotonic()
            for bucket, amount in self._buckets(turn.tokens):
                bucket.fill(now, self._share_of(bucket))
                if not turn.sent:
                    bucket.level += amount
                elif turn.used is not None and bucket in (self._ours.get("tokens"), self._servers.get("tokens")):
                    bucket.level += turn.tokens - turn.used
                bucket.level = min(bucket.capacity, bucket.level)
            self._wake_first()

    def _wake_first(self) -> None:
        if self._queue:
            self._queue[0].notify()

    def _buckets(self, tokens: int) -> Iterator[tuple[_Bucket, float]]:
        for buckets in (self._ours, self._servers):
            for kind, bucket in buckets.items():
                yield bucket, float(tokens if kind == "tokens" else 1)

    def _share_of(self, bucket: _Bucket) -> float:
        return self._share if any(bucket is own for own in self._ours.values()) else 1.0

    def _learn(self, kind: str, headers: Mapping[str, str], now: float) -> None:
        """The server's bucket: `limit` at most, `remaining` now, full again after `reset`."""
        limit, remaining = (_number(headers.get(f"x-ratelimit-{name}-{kind}")) for name in ("limit", "remaining"))
        if limit is None or remaining is None or limit <= 0:
            return
        reset = duration(headers.get(f"x-ratelimit-reset-{kind}"))
        bucket = self._servers.get(kind)
        if bucket is None:
            bucket = self._servers[kind] = _Bucket(limit, limit / 60, now)
            bucket.level = min(limit, remaining)
        bucket.capacity = limit
        if reset and remaining < limit:
            # between a day's limit and a second's: what a rounded reset says of the last token is no rate
            bucket.rate = min(limit, max(limit / 86_400, (limit - remaining) / reset))
        bucket.fill(now)
        # calls that have their turn may not have reached the server yet: never more than we count ourselves
        bucket.level = min(bucket.level, remaining)


def _own_bucket(limit: int, now: float) -> _Bucket:
    return _Bucket(max(1.0, limit * BURST_MINUTES), limit * (1 - BURST_MINUTES) / 60, now)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
