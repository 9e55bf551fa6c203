"""`rhyme cost`: what language models cost, by the cost ledger, and what is left of the budgets."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from records.spending import NANO_USD, Outcome, Period
from records.times import utc_now
from terminal.assembly import Assembly
from terminal.gateway import budget_limits
from terminal.output import as_json
from terminal.plain import plain
from terminal.settings import load_settings

if TYPE_CHECKING:
    from records.database.model_calls import CostLine, Hold

LOST_AFTER = timedelta(minutes=15)
"""Longer than any call takes: what is held that long belongs to a process that was killed."""
_WELL = (Outcome.ANSWERED, Outcome.CACHE_HIT)


@dataclass
class Sum:
    """What one group took."""

    calls: int = 0
    """Requests sent, each try counted."""
    cache_hits: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    """Part of input_tokens that the provider read from its cache."""
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float = 0.0
    unpriced_calls: int = 0
    """Calls whose price is not known: not in cost_usd."""
    estimated_calls: int = 0
    uncertain_calls: int = 0
    """Calls that broke off: billed at most with the two below, or not at all."""
    uncertain_tokens: int = 0
    uncertain_usd: float = 0.0
    batch_calls: int = 0
    """Of `calls`, those that went in a batch, at its price."""
    batch_usd: float = 0.0
    """Part of cost_usd."""
    failures: dict[str, int] = field(default_factory=dict)

    def add(self, line: "CostLine") -> None:
        """Adds one group's calls of one outcome."""
        if line.outcome is Outcome.CACHE_HIT:
            self.cache_hits += line.calls
        else:
            self.calls += line.calls
        if line.outcome not in _WELL:
            self.failures[line.outcome.value] = self.failures.get(line.outcome.value, 0) + line.calls
        for name in ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "uncertain_tokens"):
            setattr(self, name, getattr(self, name) + getattr(line, name))
        self.cost_usd += line.cost_nano / NANO_USD
        self.uncertain_usd += line.uncertain_nano / NANO_USD
        self.unpriced_calls += line.unpriced
        self.estimated_calls += line.estimated
        self.uncertain_calls += line.uncertain
        self.batch_calls += line.batched
        self.batch_usd += line.batched_nano / NANO_USD


def run(options: argparse.Namespace) -> int:
    """Sums the ledger and prints it."""
    settings = load_settings({"home": options.home}).settings
    limits, now = budget_limits(settings), utc_now()
    with Assembly(settings) as parts:
        books = parts.database.model_calls
        lines, holds, taken = books.costs(options.by, since=options.since), books.holds(), books.taken("", now)
        of_batches = parts.database.batches.holds()
    groups: dict[str, Sum] = {}
    for line in lines:
        groups.setdefault(line.group, Sum()).add(line)
    total = Sum()
    for line in lines:
        total.add(line)
    budgets: list[dict[str, Any]] = []
    periods: tuple[Period, ...] = ("day", "month")
    for period in periods:
        usd, tokens = limits.of(period).cost_nano, limits.of(period).tokens
        if usd is not None:
            budgets.append(_budget(f"budget_{period}_usd", usd / NANO_USD, taken[period].cost_nano / NANO_USD))
        if tokens is not None:
            budgets.append(_budget(f"budget_{period}_tokens", tokens, taken[period].tokens))
    batched = [hold for hold in holds if hold.number in of_batches]
    single = [hold for hold in holds if hold.number not in of_batches]
    lost = [hold for hold in single if hold.at < now - LOST_AFTER]
    under_way = [hold for hold in single if hold.at >= now - LOST_AFTER]
    if options.json:
        data = {
            "since": options.since.isoformat() if options.since else None,
            "by": options.by,
            "total": asdict(total),
            "budgets": budgets,
        }
        data["groups"] = [{"name": name, **asdict(each)} for name, each in groups.items()]
        print(as_json(data | {"under_way": _held(under_way), "in_batches": _held(batched), "lost": _held(lost)}))
    else:
        for text in (*_table(groups, total, options.by), *_remarks(total, under_way, batched, lost), *_left(budgets)):
            print(plain(text))
    return 0


def _budget(name: str, limit: float, taken: float) -> dict[str, Any]:
    return {"name": name, "limit": limit, "taken": taken, "left": max(type(limit)(0), limit - taken)}


def _held(holds: "Sequence[Hold]") -> dict[str, Any]:
    return {
        "calls": len(holds),
        "at_most_tokens": sum(hold.bound.tokens for hold in holds),
        "at_most_usd": sum(hold.bound.cost_nano or 0 for hold in holds) / NANO_USD,
    }


def _table(groups: dict[str, Sum], total: Sum, by: str) -> Iterable[str]:
    if not groups:
        yield "No call to a language model is on record."
        return
    wide = max(len(by), len("total"), *map(len, groups))
    yield f"{by:<{wide}}  {'calls':>8}  {'cached':>8}  {'failed':>7}  {'input':>13}  {'output':>11}  {'USD':>12}"
    rows = [*groups.items(), ("total", total)] if len(groups) > 1 else [*groups.items()]
    for name, each in rows:
        failed = sum(each.failures.values())
        price = f"{each.cost_usd:,.4f}" + ("+?" if each.unpriced_calls else "")
        yield (
            f"{name:<{wide}}  {each.calls:>8,}  {each.cache_hits:>8,}  {failed:>7,}  {each.input_tokens:>13,}  "
            f"{each.output_tokens:>11,}  {price:>12}"
        )


def _remarks(
    total: Sum, under_way: "Sequence[Hold]", batched: "Sequence[Hold]", lost: "Sequence[Hold]"
) -> Iterable[str]:
    if total.cached_tokens:
        share = total.cached_tokens / total.input_tokens
        yield f"The providers read {share:.0%} of the input from their own caches."
    if total.batch_calls:
        yield f"{total.batch_calls:,} of the calls went in batches, at their price: {total.batch_usd:,.4f} USD."
    if total.failures:
        yield "Failed: " + ", ".join(f"{kind} {count:,}" for kind, count in sorted(total.failures.items())) + "."
    if total.unpriced_calls:
        yield f"The price of {total.unpriced_calls:,} calls is not known; they are not in the sum."
    if total.estimated_calls:
        yield f"The tokens of {total.estimated_calls:,} calls are our estimate: the server did not say."
    if total.uncertain_calls:
        at_most = f"{total.uncertain_tokens:,} tokens, {total.uncertain_usd:,.4f} USD"
        yield f"{total.uncertain_calls:,} calls broke off and may have been billed beyond the sum: at most {at_most}."
    for holds, what in (
        (under_way, "under way"),
        (batched, "in batches under way"),
        (lost, "of killed processes, billed or not,"),
    ):
        if holds:
            held = _held(holds)
            yield f"Calls {what}: {held['calls']:,}, at most {held['at_most_tokens']:,} tokens, {held['at_most_usd']:,.4f} USD."


def _left(budgets: list[dict[str, Any]]) -> Iterable[str]:
    for each in budgets:
        amount = "{:,.4f}" if each["name"].endswith("usd") else "{:,}"
        yield f"{each['name']}: {amount.format(each['left'])} of {amount.format(each['limit'])} left."
