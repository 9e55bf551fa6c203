"""What an instrument and its market did up to the day before an event: the only prices a forecast may look at.

All values are ratios of abnormal returns (own return − β·market) to their own spread, so that a utility and a biotech share one
scale. They serve the score's prior (agent/features.py) and are computed by the same code in fitting and in use.
"""

import warnings
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from markets.prices import MARKET, PriceSource
from markets.reaction import HISTORY_SESSIONS, MarketModel, fit, is_index
from markets.sessions import Sessions
from markets.vetting import without_suspects

LOOKBACK = 500
"""Two years: enough for four earnings anniversaries and a slow spread."""
MIN_SLOW_SESSIONS = 60
"""Fewer abnormal returns than this give no slow spread worth comparing with."""
QUARTER = 63
"""Sessions between two quarterly reports."""
RHYTHM_BEFORE, RHYTHM_AFTER = 5, 6
"""Reporting days move by about a week from one quarter to the next."""
BIG_MOVE_SD = 3.0


@dataclass(frozen=True)
class MarketState:
    """Values at the close of session d−1. NaN where the history does not reach."""

    beta: float | None
    """Shrunk market beta; None for an index."""
    sigma: float
    """EWMA standard deviation of one session's abnormal return, fraction (log)."""
    fast_to_year: float
    """log(σ / standard deviation of the last 125 sessions)."""
    fast_to_slow: float
    """log(σ / standard deviation of the last 500 sessions)."""
    largest_of_5: float
    """Largest |AR| of the last 5 sessions, in σ."""
    last: float
    """|AR| of session d−1, in σ."""
    mean_of_20: float
    """Mean |AR| of the last 20 sessions, in σ."""
    mean_of_125: float
    """Mean |AR| of the last 125 sessions, in σ."""
    median_of_125: float
    """Median |AR| of the last 125 sessions, in σ."""
    largest_of_125: float
    """Largest |AR| of the last 125 sessions, in their standard deviation: has it jumped lately?"""
    drift_of_5: float
    """Sum of the last 5 abnormal returns in σ·√5, signed."""
    sessions_since_jump: float
    """Sessions since |AR| last exceeded three slow standard deviations; 500 if never."""
    quarter_ago: tuple[float, float, float, float]
    """Largest |AR| within a week of one, two, three and four quarters before d, in slow standard deviations: a share that jumps on
    its reports shows it here, and so does the date of the next one."""
    market_5: float
    """log(standard deviation of the market's last 5 returns / that of its last 250)."""
    market_20: float
    """log(standard deviation of the market's last 20 returns / that of its last 250)."""


def state_before(
    ticker: str, published_at: datetime, prices: PriceSource, sessions: Sessions, *, date_only: bool = False
) -> MarketState | None:
    """The state before the session that answers to news of `published_at`; None if prices do not reach (no σ).

    Returns that look like a fault of the prices (markets/vetting.py) count as missing.
    Raises UsageError for a naive time or one outside the calendar, SourceError when prices cannot be read.
    """
    window = sessions.window(published_at, date_only=date_only)
    days = sessions.before(window.session_on, LOOKBACK)
    own = without_suspects(ticker, days, prices.returns(ticker, days), prices, sessions)
    return state_of(own, None if is_index(ticker) else prices.returns(MARKET, days))


def state_of(own: NDArray[np.float64], market: NDArray[np.float64] | None) -> MarketState | None:
    """From (n,) log returns of the n ≤ 500 sessions before d, oldest first, NaN where missing; `market` None for an index."""
    model = fit(own[-HISTORY_SESSIONS:], None if market is None else market[-HISTORY_SESSIONS:])
    if not isinstance(model, MarketModel):
        return None
    abnormal = own if market is None or model.beta is None else own - model.beta * market
    abnormal = np.concatenate([np.full(LOOKBACK - len(abnormal), np.nan), abnormal])
    size, sigma = np.abs(abnormal), model.sigma
    year = size[-HISTORY_SESSIONS:]
    slow_sd = _sd(abnormal) if np.isfinite(abnormal).sum() >= MIN_SLOW_SESSIONS else np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all-NaN slices give NaN, which is the answer
        reference = market if market is not None else own
        return MarketState(
            beta=model.beta,
            sigma=sigma,
            fast_to_year=float(np.log(sigma / _sd(abnormal[-HISTORY_SESSIONS:]))),
            fast_to_slow=float(np.log(sigma / slow_sd)),
            largest_of_5=float(np.nanmax(size[-5:])) / sigma,
            last=float(size[-1]) / sigma,
            mean_of_20=float(np.nanmean(size[-20:])) / sigma,
            mean_of_125=float(np.nanmean(year)) / sigma,
            median_of_125=float(np.nanmedian(year)) / sigma,
            largest_of_125=float(np.nanmax(year)) / _sd(abnormal[-HISTORY_SESSIONS:]),
            drift_of_5=float(np.nansum(abnormal[-5:])) / sigma / float(np.sqrt(5)),
            sessions_since_jump=_since_jump(size, slow_sd),
            quarter_ago=_rhythm(size, slow_sd),
            market_5=_ratio(reference, 5),
            market_20=_ratio(reference, 20),
        )


def _sd(values: NDArray[np.float64]) -> float:
    present = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(present**2))) if len(present) else float("nan")


def _since_jump(size: NDArray[np.float64], slow_sd: float) -> float:
    if not np.isfinite(slow_sd):
        return float("nan")
    jumps = np.flatnonzero(size > BIG_MOVE_SD * slow_sd)
    return float(LOOKBACK - 1 - jumps[-1]) if len(jumps) else float(LOOKBACK)


def _rhythm(size: NDArray[np.float64], slow_sd: float) -> tuple[float, float, float, float]:
    def near(quarters: int) -> float:
        middle = LOOKBACK - quarters * QUARTER
        part = size[middle - RHYTHM_BEFORE : middle + RHYTHM_AFTER + 1]
        return float(np.nanmax(part)) / slow_sd if np.isfinite(part).any() else float("nan")

    return near(1), near(2), near(3), near(4)


def _ratio(returns: NDArray[np.float64], count: int) -> float:
    return float(np.log(np.nanstd(returns[-count:]) / np.nanstd(returns[-250:])))
