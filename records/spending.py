"""What calls to language models cost: a row of the cost ledger, what one call may take at most, and the limits on sums."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

NANO_USD = 1_000_000_000
"""Sums are kept in whole nano-dollars: prices per million tokens have few decimals, so nothing is rounded on the way."""

Period = Literal["run", "day", "month"]
"""Days and months are those of UTC."""


class Outcome(StrEnum):
    """How one try at a call ended."""

    ANSWERED = "answered"
    UNUSABLE = "unusable"
    """Billed, but it breaks its schema or was cut off at the limit of tokens."""
    DECLINED = "declined"
    """Billed, but the model or its filter did not want to."""
    CACHE_HIT = "cache_hit"
    """Nothing was sent."""
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    BROKEN_OFF = "broken_off"
    REFUSED = "refused"
    """A 4xx that no second try cures."""
    STOPPED = "stopped"
    """By the person, or by a fault of ours, while the answer was on its way."""


@dataclass(frozen=True)
class CallBound:
    """What one try can be billed at most."""

    tokens: int = 0
    cost_nano: int | None = 0
    """Nano-dollars; None: the price is not known."""


@dataclass(frozen=True)
class CallEntry:
    """One row of the cost ledger: one try, as the provider counted it."""

    at: datetime
    run_id: str
    provider: str
    model: str
    purpose: str
    prompt: str
    """name@version"""
    prompt_digest: str
    request_digest: str
    outcome: Outcome
    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    tokens_estimated: bool = False
    """An answer came, but the server did not say its tokens: counted by us."""
    cost_nano: int | None = 0
    """None: the price is not known."""
    uncertain: CallBound = CallBound()
    """What the provider may have billed beyond: the answer never came to its end, so nobody said. Budgets count it."""
    seconds: float = 0.0
    batch_id: str | None = None
    """The provider's name of the batch that it went in, at the price of a batch; None: it was sent by itself."""


@dataclass(frozen=True)
class BudgetLimit:
    """The most that one kind of period may take. None: no limit."""

    cost_nano: int | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class BudgetLimits:
    """Limits by period; every one must hold."""

    run: BudgetLimit = BudgetLimit()
    day: BudgetLimit = BudgetLimit()
    month: BudgetLimit = BudgetLimit()

    def of(self, period: Period) -> BudgetLimit:
        """The limit of that kind of period."""
        return {"run": self.run, "day": self.day, "month": self.month}[period]

    @property
    def in_usd(self) -> bool:
        """Whether any limit is in US dollars."""
        return any(limit.cost_nano is not None for limit in (self.run, self.day, self.month))


@dataclass(frozen=True)
class Spent:
    """Sums of one period."""

    cost_nano: int = 0
    tokens: int = 0


@dataclass(frozen=True)
class Shortfall:
    """A limit that the next call could break."""

    period: Period
    unit: Literal["usd", "tokens"]
    limit: int
    """Nano-dollars or tokens, like the two below."""
    taken: int
    """Spent, or held for calls under way."""
    asked: int


def periods(run_id: str, at: datetime) -> dict[Period, str]:
    """The name of each period that a call at `at` belongs to."""
    moment = at.astimezone(UTC)
    return {"run": f"run {run_id}", "day": f"day {moment:%Y-%m-%d}", "month": f"month {moment:%Y-%m}"}
