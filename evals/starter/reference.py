"""Recompute the reference distribution of |z|: `python -m evals.starter.reference --data DIR --out FILE`.

Every session of 2011–2015 of every stock that was a member of the S&P 500 on that day and has prices and enough history. Event
days are not taken out: "ordinary" means drawn without looking at news.
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from markets.prices import MARKET, ParquetPrices, PriceSource
from markets.reaction import HISTORY_SESSIONS, MarketModel, fit
from markets.reference import DEFAULT_VERSION, Reference, table_of
from markets.sessions import Sessions, sessions

FIRST, LAST = date(2011, 1, 1), date(2015, 12, 31)
"""The development years: nothing later may shape what forecasts are measured by."""


def memberships(path: Path) -> list[tuple[str, date, date]]:
    """Ticker, first and last day in the index, from a CSV with ticker, start_date, end_date (empty: still a member)."""
    with path.open(encoding="utf-8") as lines:
        return [
            (row["ticker"], date.fromisoformat(row["start_date"]), date.fromisoformat(row["end_date"] or "9999-12-31"))
            for row in csv.DictReader(lines)
        ]


def stock_day_z(members: Sequence[tuple[str, date, date]], prices: PriceSource, calendar: Sessions) -> Iterator[float]:
    """|z| of one session for every member stock-day that can be measured."""
    days = calendar.between(FIRST, LAST)
    days = (*calendar.before(days[0], HISTORY_SESSIONS), *days)
    market = prices.returns(MARKET, days)
    for ticker, start, end in members:
        if start <= LAST and end >= FIRST:
            own = prices.returns(ticker, days)
            inside = np.array([start <= day < end for day in days]) & np.isfinite(own)
            yield from _of_one(own, market, inside)


def _of_one(own: NDArray[np.float64], market: NDArray[np.float64], inside: NDArray[np.bool_]) -> Iterator[float]:
    for day in np.flatnonzero(inside[HISTORY_SESSIONS:]) + HISTORY_SESSIONS:
        model = fit(own[day - HISTORY_SESSIONS : day], market[day - HISTORY_SESSIONS : day])
        if isinstance(model, MarketModel) and model.beta is not None:
            yield abs(float(own[day] - model.beta * market[day])) / model.sigma


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Recompute the reference distribution of |z|.")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with prices/ and ref/sp500_membership_start_end.csv"
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    members = memberships(options.data / "ref" / "sp500_membership_start_end.csv")
    sample = np.fromiter(stock_day_z(members, ParquetPrices(options.data / "prices"), sessions()), dtype=np.float64)
    universe = "members of the S&P 500 on the day, one session each, where prices and 30 sessions of history exist"
    table = table_of(sample, version=DEFAULT_VERSION, universe=universe, period=f"{FIRST} to {LAST}")
    options.out.write_text(table.model_dump_json(indent=None) + "\n", encoding="utf-8")
    shown = Reference(table)
    print(f"n {table.n}, mean |z| {table.mean_abs_z}, tail exponent {table.tail_exponent}")
    print("quantiles", {p: round(float(shown.quantile(p)), 2) for p in (0.5, 0.75, 0.9, 0.95, 0.99)})
    print("s → score, p_material", {s: (round(shown.expected_y(s), 2), round(shown.p_beyond(s), 2)) for s in (1, 2, 4)})


if __name__ == "__main__":
    main()
