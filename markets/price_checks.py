"""What is wrong with the prices of a source, ticker by ticker: counted faults with an example each, never a changed number."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from markets.price_bars import BarPrices, LaidBars
from markets.price_jumps import SMALLEST_JUMP, suspect_jumps
from markets.price_series import ordinals
from markets.prices import MARKET
from markets.vetting import MAX_GAP_SESSIONS
from records.errors import SourceError, SourceUnreadable

FaultKind = Literal[
    "unreadable",
    "conflicting_rows",
    "unadjusted_split",
    "reversed_jump",
    "implausible_jump",
    "false_jump",
    "long_gap",
    "no_market",
    "bad_price",
    "not_a_session",
    "duplicate_row",
    "gap",
    "stale_run",
    "closes_only",
]

EXPLAINED: dict[FaultKind, str] = {
    "unreadable": "the file or table cannot be read",
    "conflicting_rows": "one day with two different prices: the ticker is an error until one is removed",
    "unadjusted_split": "a jump like a split nobody adjusted for: no reaction is measured over it",
    "reversed_jump": "a jump that the next session takes back: no reaction is measured over it",
    "implausible_jump": "more than twelvefold in a session: no reaction is measured over it",
    "false_jump": "the adjusted close jumps, the traded one does not: no reaction is measured over it",
    "long_gap": f"over {MAX_GAP_SESSIONS} sessions without a price: history before them does not count",
    "no_market": f"no {MARKET}, the market that a share is measured against",
    "bad_price": "a price of zero or below, or an infinite one: the row is left out",
    "not_a_session": "a day without trade at the venue: the row is left out",
    "duplicate_row": "the same row again: counted once",
    "gap": "sessions without a price inside the ticker's life: no return on them and on the one after",
    "stale_run": "ten sessions or more with one and the same price",
    "closes_only": "no adjusted closes: every split and dividend is a move",
}
UNUSABLE: frozenset[FaultKind] = frozenset(
    {
        "unreadable", "conflicting_rows", "unadjusted_split", "reversed_jump", "implausible_jump", "false_jump", "no_market",
    }
)  # fmt: skip
"""Faults over which nothing is measured until a person corrects them; the others are left out and counted."""

STALE_SESSIONS = 10


@dataclass(frozen=True)
class Fault:
    """One fault of one ticker."""

    ticker: str
    kind: FaultKind
    day: date | None
    """The first day it touches; None when it has none."""
    count: int
    """Rows, sessions or jumps."""
    text: str


def check_prices(prices: BarPrices, tickers: Iterable[str] | None = None) -> Iterator[Fault]:
    """The faults of `tickers` (default: all), ticker by ticker in alphabetical order, then of the source as a whole."""
    known = prices.tickers
    market = _market(prices) if MARKET in known else None
    for ticker in sorted(known if tickers is None else set(tickers)):
        try:
            yield from check_ticker(ticker, prices, market)
        except SourceError as error:
            yield Fault(ticker, "unreadable", None, 1, str(error))
    if MARKET not in known:
        yield Fault(MARKET, "no_market", None, 1, "add its daily closes or returns")


def check_ticker(ticker: str, prices: BarPrices, market: NDArray[np.float64] | None = None) -> Iterator[Fault]:
    """The faults of one ticker; `market` holds the market's returns on all sessions of `prices.sessions`."""
    laid = prices.laid(ticker)
    for one in laid:
        yield from _row_faults(ticker, one)
    if any(len(one.conflicts) for one in laid):
        return
    own = prices.returns(ticker, prices.sessions.all)
    yield from _jump_faults(ticker, prices, own, None if ticker == MARKET else market)
    yield from _hole_faults(ticker, prices, laid)
    yield from _stale_faults(ticker, prices, own)


def _market(prices: BarPrices) -> NDArray[np.float64] | None:
    try:
        return prices.returns(MARKET, prices.sessions.all)
    except SourceUnreadable:  # reported when its turn comes
        return None


def _row_faults(ticker: str, laid: LaidBars) -> Iterator[Fault]:
    counted: tuple[tuple[FaultKind, NDArray[np.int64]], ...] = (
        ("conflicting_rows", laid.conflicts),
        ("duplicate_row", laid.duplicates),
        ("not_a_session", laid.off_session),
        ("bad_price", laid.bad_prices),
    )
    for kind, days in counted:
        if len(days):
            yield Fault(ticker, kind, date.fromordinal(int(days[0])), len(days), laid.bars.place)
    if laid.bars.returns is None and laid.bars.adjusted is None:
        yield Fault(ticker, "closes_only", None, len(laid.bars.days), laid.bars.place)


def _jump_faults(
    ticker: str, prices: BarPrices, own: NDArray[np.float64], market: NDArray[np.float64] | None
) -> Iterator[Fault]:
    days = prices.sessions.all
    judged = {jump.position: jump for jump in suspect_jumps(own, market)}
    for position in map(int, np.flatnonzero(np.abs(own) > SMALLEST_JUMP)):
        evidence, jump = prices.evidence(ticker, days[position]), judged.get(position)
        if evidence == "false":
            change = f"{np.expm1(own[position]):+.0%} adjusted, but not as traded"
            yield Fault(ticker, "false_jump", days[position], 1, change)
        elif jump is not None and not (evidence == "real" and jump.kind == "unadjusted_split"):
            yield Fault(ticker, jump.kind, days[position], 1, jump.text)


def _hole_faults(ticker: str, prices: BarPrices, laid: tuple[LaidBars, ...]) -> Iterator[Fault]:
    """Runs of sessions without a row in any file, between the first and the last."""
    if not laid:
        return
    calendar = ordinals(prices.sessions.all)
    present = np.searchsorted(calendar, np.unique(np.concatenate([one.bars.days for one in laid])))
    for place in map(int, np.flatnonzero(np.diff(present) > 1)):
        missing = int(present[place + 1] - present[place] - 1)
        kind: FaultKind = "long_gap" if missing > MAX_GAP_SESSIONS else "gap"
        first = prices.sessions.all[int(present[place]) + 1]
        yield Fault(ticker, kind, first, missing, f"{missing:,} sessions without a price")


def _stale_faults(ticker: str, prices: BarPrices, own: NDArray[np.float64]) -> Iterator[Fault]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (own == 0).astype(np.int8), [0]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start >= STALE_SESSIONS:
            run = int(end - start)
            yield Fault(ticker, "stale_run", prices.sessions.all[int(start)], run, f"{run} sessions at one price")
