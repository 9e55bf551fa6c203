"""Rate limits as OpenAI keeps them: a bucket for requests and one for tokens, told of in headers, 429 when one is empty."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["requests", "tokens"]
_SHORT = {"requests": "RPM", "tokens": "TPM"}


@dataclass(frozen=True)
class Excess:
    """The limit that a request does not fit in."""

    kind: Kind
    limit: int
    used: int
    requested: int
    seconds: float
    """Until it would fit."""

    @property
    def message(self) -> str:
        """In OpenAI's words."""
        return (
            f"Rate limit reached on {self.kind} per min ({_SHORT[self.kind]}): Limit {self.limit}, Used {self.used}, "
            f"Requested {self.requested}. Please try again in {go_duration(self.seconds)}."
        )


class _Bucket:
    """Holds a minute's limit, full at first, and fills evenly."""

    def __init__(self, limit: int, now: float) -> None:
        self.limit = limit
        self.level = float(limit)
        self._at = now

    def fill(self, now: float) -> None:
        self.level = min(self.limit, self.level + (now - self._at) * self.limit / 60)
        self._at = now

    def seconds_until(self, amount: float) -> float:
        return max(0.0, (min(amount, self.limit) - self.level) * 60 / self.limit)


class ServerLimits:
    """The limits of one server; None: there is no such limit."""

    def __init__(
        self, requests_per_minute: int | None, tokens_per_minute: int | None, *, monotonic: Callable[[], float]
    ) -> None:
        self._monotonic = monotonic
        now = monotonic()
        limits: dict[Kind, int | None] = {"requests": requests_per_minute, "tokens": tokens_per_minute}
        self._buckets = {kind: _Bucket(limit, now) for kind, limit in limits.items() if limit is not None}

    def take(self, tokens: int) -> Excess | None:
        """Takes one request of so many tokens out, or says why it does not fit and takes nothing."""
        asked = {"requests": 1, "tokens": tokens}
        now = self._monotonic()
        for kind, bucket in self._buckets.items():
            bucket.fill(now)
            # a request larger than the whole limit passes when the bucket is full
            if (seconds := bucket.seconds_until(asked[kind])) > 0:
                return Excess(kind, bucket.limit, math.ceil(bucket.limit - bucket.level), asked[kind], seconds)
        for kind, bucket in self._buckets.items():
            bucket.level -= asked[kind]
        return None

    def correct(self, asked: int, used: int) -> None:
        """Puts back the tokens of a request that took less than it asked for."""
        if (bucket := self._buckets.get("tokens")) is not None:
            bucket.level = min(float(bucket.limit), bucket.level + asked - used)

    def headers(self) -> dict[str, str]:
        """OpenAI's `x-ratelimit-*` headers as of now."""
        now = self._monotonic()
        told = {}
        for kind, bucket in self._buckets.items():
            bucket.fill(now)
            told[f"x-ratelimit-limit-{kind}"] = str(bucket.limit)
            told[f"x-ratelimit-remaining-{kind}"] = str(max(0, int(bucket.level)))
            told[f"x-ratelimit-reset-{kind}"] = go_duration(bucket.seconds_until(bucket.limit))
        return told


def go_duration(seconds: float) -> str:
    """As Go writes a duration: 6m0s, 1.5s, 17ms."""
    milliseconds = math.ceil(seconds * 1_000)
    if milliseconds < 1_000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    text = f"{rest / 1_000:.3f}".rstrip("0").rstrip(".") + "s"
    return f"{minutes}m{text}" if minutes else text
