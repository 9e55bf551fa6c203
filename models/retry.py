"""The one retry policy of every remote call: what is worth another try, how long to wait, when to give up.

Tried again: 408, 409, 429, every 5xx, time-outs, lost connections, streams that break off. Never any other 4xx, and not
a 429 that says the quota is used up: repeating those changes nothing.
"""

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar

import openai
from tenacity import RetryCallState, Retrying, retry_if_exception

from records.errors import ModelError, ModelUnavailable
from records.spending import Outcome
from records.times import Clock, utc_now

Result = TypeVar("Result")

RETRIED_STATUS = frozenset({408, 409, 429})
SPENT_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})


class StreamBroken(Exception):
    """A streamed answer ended without its finish reason: the connection was lost on the way."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often, how long. The callables are handed in so that tests and replays own time and chance."""

    attempts: int = 5
    """Tries in all, the first included."""
    total_seconds: float = 180.0
    """No new try starts later than this after the first one started."""
    first_wait_seconds: float = 0.5
    """Doubles with every failure; the wait is drawn between half of it and all of it."""
    longest_wait_seconds: float = 30.0
    """Cap of our own waits; a server's Retry-After may be longer, up to `total_seconds`."""
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    now: Clock = utc_now
    chance: Callable[[], float] = random.random
    """Uniform in [0, 1): the jitter that keeps many clients from returning in step."""


@dataclass(frozen=True)
class Attempted(Generic[Result]):
    """A result and how many tries it took."""

    result: Result
    attempts: int


@dataclass
class _Run:
    """One call with its retries: the stop and wait rules tenacity asks."""

    policy: RetryPolicy
    target: str
    started: float
    waited: Callable[[], float]
    failures: list[str] = field(default_factory=list)

    def wait(self, state: RetryCallState) -> float:
        error = _failure(state)
        asked = asked_wait(error, self.policy.now) if error else None
        doubled = self.policy.first_wait_seconds * 2.0 ** (state.attempt_number - 1)
        ours = min(doubled, self.policy.longest_wait_seconds)
        if asked is None:
            return ours * (0.5 + 0.5 * self.policy.chance())
        return asked + 0.1 * ours * self.policy.chance()

    def elapsed(self) -> float:
        return self.policy.monotonic() - self.started - self.waited()

    def stop(self, state: RetryCallState) -> bool:
        over = self.elapsed() + state.upcoming_sleep > self.policy.total_seconds
        return over or state.attempt_number >= self.policy.attempts

    def keep(self, error: BaseException) -> bool:
        if not is_transient(error):
            return False
        self.failures.append(failure_text(error))
        return True

    def give_up(self, state: RetryCallState) -> "Attempted[object]":
        error = _failure(state)
        tries = f"{state.attempt_number} tries" if state.attempt_number > 1 else "1 try"
        elapsed = self.elapsed()
        seen = "; ".join(dict.fromkeys(self.failures))
        asked = asked_wait(error, self.policy.now) if error else None
        waits = (
            f" It asks to wait {asked:.0f} s." if asked is not None and asked > self.policy.longest_wait_seconds else ""
        )
        raise ModelUnavailable(
            f"{self.target} gave no answer after {tries} in {elapsed:.1f} s ({seen}).{waits} Check the network and the "
            "service's status page, then run the command again; or choose another model with --model."
        ) from error


def _no_wait() -> float:
    return 0.0


def call_with_retries(
    attempt: Callable[[], Result], policy: RetryPolicy, *, target: str, waited: Callable[[], float] = _no_wait
) -> Attempted[Result]:
    """Run `attempt` until it returns, at most as the policy says.

    `target` names the model and server in the message; `waited` is how many seconds of the time gone by were spent in a
    queue of ours, which the policy's time does not count. Raises ModelUnavailable when transient failures outlast the
    policy; any other exception leaves at once, unchanged.
    """
    run = _Run(policy, target, policy.monotonic(), waited)
    retrying = Retrying(
        sleep=policy.sleep,
        wait=run.wait,
        stop=run.stop,
        retry=retry_if_exception(run.keep),
        retry_error_callback=run.give_up,
    )
    tries = 0

    def counted() -> Attempted[Result]:
        nonlocal tries
        tries += 1
        return Attempted(attempt(), tries)

    return retrying(counted)


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed when sent again."""
    if isinstance(error, openai.APIStatusError):
        if error.code in SPENT_QUOTA_CODES or error.type in SPENT_QUOTA_CODES:
            return False
        return error.status_code in RETRIED_STATUS or error.status_code >= 500
    if isinstance(error, openai.APIConnectionError | StreamBroken):
        return True
    # An `error` event inside a stream has no status of its own: it is the server failing after it said 200.
    return type(error) is openai.APIError


def failure_text(error: BaseException) -> str:
    """A few words for the message: the status or the kind of loss, never headers or keys."""
    if isinstance(error, openai.APIStatusError):
        return f"HTTP {error.status_code}"
    if isinstance(error, openai.APITimeoutError):
        return "time-out"
    if isinstance(error, openai.APIConnectionError):
        return f"connection failed: {type(error.__cause__).__name__}" if error.__cause__ else "connection failed"
    if isinstance(error, StreamBroken):
        return "the stream broke off"
    return "an error inside the stream"


def outcome_of(error: BaseException) -> Outcome:
    """How a try that raised `error` ended, for the cost ledger."""
    if isinstance(error, openai.APIStatusError):
        if error.status_code == 429:
            return Outcome.RATE_LIMITED
        return Outcome.SERVER_ERROR if is_transient(error) else Outcome.REFUSED
    if isinstance(error, openai.APITimeoutError):
        return Outcome.TIMED_OUT
    if isinstance(error, openai.APIConnectionError):
        return Outcome.UNREACHABLE if _never_sent(error) else Outcome.BROKEN_OFF
    if isinstance(error, StreamBroken):
        return Outcome.BROKEN_OFF
    if isinstance(error, openai.APIError):
        return Outcome.SERVER_ERROR
    return Outcome.REFUSED if isinstance(error, ModelError) else Outcome.STOPPED


def may_be_billed(error: BaseException) -> bool:
    """Whether the provider may count tokens for a try that raised `error`: it took the request and never refused it."""
    return not (isinstance(error, openai.APIStatusError) or _never_sent(error))


def _never_sent(error: BaseException) -> bool:
    """The connection was not made: by the names of its causes, which are those of httpx and of its successor."""
    cause = error.__cause__
    return isinstance(error, openai.APIConnectionError) and type(cause).__name__ in (
        "ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"
    )  # fmt: skip


def asked_wait(error: BaseException, now: Clock) -> float | None:
    """Seconds the server asks to wait: Retry-After(-ms), else for a 429 the reset of the used-up rate limit. None if
    unsaid."""
    if not isinstance(error, openai.APIStatusError):
        return None
    headers: Mapping[str, str] = error.response.headers
    explicit = _retry_after(headers, now)
    if explicit is not None or error.status_code != 429:
        return explicit
    return _rate_limit_reset(headers)


def _retry_after(headers: Mapping[str, str], now: Clock) -> float | None:
    milliseconds = _non_negative(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    if text is None:
        return None
    seconds = _non_negative(text)
    if seconds is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    # RFC 9110 dates are GMT; "-0000" parses as naive.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now()).total_seconds())


def _rate_limit_reset(headers: Mapping[str, str]) -> float | None:
    resets: dict[str, float] = {}
    for kind in ("requests", "tokens"):
        seconds = duration(headers.get(f"x-ratelimit-reset-{kind}"))
        if seconds is not None:
            resets[kind] = seconds
    used_up = [seconds for kind, seconds in resets.items() if headers.get(f"x-ratelimit-remaining-{kind}") == "0"]
    return max(used_up or resets.values(), default=None)


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")


def duration(text: str | None) -> float | None:
    """Seconds of a plain number ("1.5") or a Go-style duration ("6m0s", "20ms")."""
    if text is None:
        return None
    if _DURATION.fullmatch(text.strip()):
        return sum(float(amount) * _UNITS[unit] for amount, unit in _DURATION_PART.findall(text))
    return _non_negative(text)


def _non_negative(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else -1.0
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
