"""Hard budgets: the most a call can cost is held before it is sent, so that no call can exceed one."""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from models.gate import Errand, TokenBound
from models.wire import Usage
from records.errors import BudgetSpent
from records.spending import NANO_USD, BudgetLimits, CallBound, Shortfall


class HoldingBooks(Protocol):
    """Where holds are kept, across processes (`records.database.model_calls.ModelCalls`)."""

    def hold(
        self, bound: CallBound, limits: BudgetLimits, *, run_id: str, at: datetime, model: str, request_digest: str
    ) -> int | Shortfall: ...


def nano_usd(cost_usd: float | None) -> int | None:
    """Whole nano-dollars of a cost, None staying None."""
    return None if cost_usd is None else round(cost_usd * NANO_USD)


def bound_of(errand: Errand, tokens: TokenBound) -> CallBound:
    """What one try of the errand can be billed at most; the dearer of fresh input and input written to the
    provider's cache counts, so far as the prices are known."""
    read, written = tokens.most_input, tokens.output
    costs = [errand.price(Usage(read, written)), errand.price(Usage(read, written, cache_write_tokens=read))]
    known = [cost for cost in costs if cost is not None]
    cost = None if costs[0] is None else math.ceil(max(known) * NANO_USD)
    return CallBound(read + written, cost)


def hold(
    books: HoldingBooks,
    bound: CallBound,
    limits: BudgetLimits,
    *,
    run_id: str,
    at: datetime,
    model: str,
    request_digest: str,
) -> int:
    """Holds the bound of one try; returns the hold's number. Raises BudgetSpent."""
    if bound.cost_nano is None and limits.in_usd:
        raise BudgetSpent(
            f"A budget in US dollars is set, but the price of {model} for a call of up to {bound.tokens:,} tokens is not "
            "known, so nothing was sent. Set price_file to a table that has it, or use the budgets in tokens."
        )
    held = books.hold(bound, limits, run_id=run_id, at=at, model=model, request_digest=request_digest)
    if isinstance(held, Shortfall):
        raise BudgetSpent(spent_message(held))
    return held


def spent_message(short: Shortfall) -> str:
    """What a person reads of it."""
    show: Callable[[int], str] = (
        (lambda amount: f"{amount / NANO_USD:,.4f} USD")
        if short.unit == "usd"
        else (lambda amount: f"{amount:,} tokens")
    )
    name = f"budget_{short.period}_{short.unit}"
    left = max(0, short.limit - short.taken)
    later = {"run": "", "day": " or go on tomorrow (UTC)", "month": " or go on next month (UTC)"}[short.period]
    return (
        f"The budget {name} of {show(short.limit)} has {show(left)} left, and the next call could take up to "
        f"{show(short.asked)}, so it was not sent. Raise {name}{later}; `rhyme cost` shows what was spent."
    )
