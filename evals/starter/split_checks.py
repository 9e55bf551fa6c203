"""How well the price checks tell a split from a move: `python -m evals.starter.split_checks --prices ADDRESS`.

Prices that are adjusted already hold hardly a split, so every flag on them is taken for a false alarm: the share of large real
moves that is refused. Then splits are put into them at random, one a try, and counted as found or missed.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from markets.price_bars import BarPrices
from markets.price_jumps import SMALLEST_JUMP, Jump, suspect_jumps
from markets.price_sources import open_prices
from markets.prices import MARKET

FACTORS = (2.0, 3.0, 10.0, 1.5, 0.5, 0.1)
"""Shares that one becomes in the splits that are put in."""
TRIES = 3_000
SEED = 1
MARGIN = 60
"""A split is put where this many returns stand before it, and a quarter of them after."""
READ_BY_EYE = 20


@dataclass
class Count:
    """What was found."""

    tickers: int = 0
    stock_days: int = 0
    broken: int = 0
    """Tickers with a reversed or implausible jump: their series are faulty, and they are left out below."""
    large: int = 0
    """Returns beyond SMALLEST_JUMP."""
    refused: int = 0
    """Of these, taken for a split."""
    undecided: int = 0
    """Of the refused, those with too few days around them."""
    flags: list[str] = field(default_factory=list)


def false_alarms(prices: BarPrices) -> Count:
    """Every ticker's flags."""
    days, count = prices.sessions.all, Count()
    market = prices.returns(MARKET, days)
    for ticker in sorted(prices.tickers - {MARKET}):
        own = prices.returns(ticker, days)
        jumps = suspect_jumps(own, market)
        count.tickers += 1
        count.stock_days += int(np.isfinite(own).sum())
        if any(jump.kind != "unadjusted_split" for jump in jumps):
            count.broken += 1
            continue
        count.large += int((np.abs(own) > SMALLEST_JUMP).sum())
        count.refused += len(jumps)
        count.undecided += sum(not jump.decided for jump in jumps)
        count.flags += [f"{ticker} {days[jump.position]}: {jump.text}" for jump in jumps]
    return count


def found_shares(prices: BarPrices) -> dict[float, float]:
    """By factor, the share of splits put in at random that is refused."""
    rng = np.random.default_rng(SEED)
    days, tickers = prices.sessions.all, sorted(prices.tickers - {MARKET})
    market = prices.returns(MARKET, days)
    hits: dict[float, list[bool]] = {factor: [] for factor in FACTORS}
    for _ in range(TRIES):
        own = prices.returns(tickers[rng.integers(len(tickers))], days)
        factor = float(rng.choice(FACTORS))
        present = np.flatnonzero(np.isfinite(own))
        if len(present) > 2 * MARGIN:
            position = int(present[rng.integers(MARGIN, len(present) - MARGIN // 4)])
            jumps = suspect_jumps(_with_split(own, position, factor), market)
            hits[factor].append(_at(jumps, position))
    return {factor: float(np.mean(seen)) for factor, seen in hits.items()}


def _with_split(own: NDArray[np.float64], position: int, factor: float) -> NDArray[np.float64]:
    changed = own.copy()
    changed[position] -= np.log(factor)
    return changed


def _at(jumps: Sequence[Jump], position: int) -> bool:
    return any(jump.position == position for jump in jumps)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure the checks for unadjusted splits.")
    parser.add_argument("--prices", required=True, help="an address as in docs/prices.md; adjusted prices")
    options = parser.parse_args(arguments)
    prices = open_prices(options.prices)
    count = false_alarms(prices)
    print(f"{count.tickers:,} tickers, {count.stock_days:,} returns; {count.broken} tickers with wrong prices left out")
    print(f"moves beyond {SMALLEST_JUMP}: {count.large:,}; refused as a split: {count.refused:,} ", end="")
    print(f"({count.refused / max(1, count.large):.1%}), {count.undecided} of them undecided")
    print("splits put in and refused", {factor: f"{share:.0%}" for factor, share in found_shares(prices).items()})
    order = np.random.default_rng(SEED).permutation(len(count.flags))[:READ_BY_EYE]
    print("\n".join(count.flags[index] for index in order))


if __name__ == "__main__":
    main()
