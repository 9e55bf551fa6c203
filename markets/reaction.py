"""The event study: what an instrument did after a piece of news, beyond its market and in units of its own volatility.

Abnormal return AR = r_i − β·r_m over the window; z = AR/σ, divided by √2 for a window of two sessions.

β: least squares with intercept on the 120 sessions that end 6 before d (so that leaks just before the news do not enter),
then shrunk towards 1 by the weights of Vasicek (1973, Journal of Finance 28(5), 1233–1239): with prior variance τ² and
squared standard error se², β = (β_ols/se² + 1/τ²) / (1/se² + 1/τ²). The intercept is not subtracted: its estimate is
noise next to a day's return. A history of fewer than 60 sessions gives β = 1 (market-adjusted returns).

σ: square root of the exponentially weighted mean (decay 0.94 a session, RiskMetrics 1996) of AR² up to d−1, each AR clipped
at ±4 standard deviations of the history. For an index the reaction is its own return: AR = r, β is None.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from markets.prices import MARKET, PriceSource
from markets.sessions import EventWindow, Sessions
from markets.vetting import find_suspect, since_gap, without_suspects
from records.market import Reaction

ESTIMATION_SESSIONS = 120
GAP_SESSIONS = 5
"""Sessions between the estimation window and d: the window's last session is d−6."""
HISTORY_SESSIONS = ESTIMATION_SESSIONS + GAP_SESSIONS
MIN_BETA_SESSIONS = 60
"""Fewer paired returns than this and β is taken as 1: its standard error would exceed the spread of true betas."""
MIN_REGRESSION_SESSIONS = 3
"""A line through two points has no standard error."""
MIN_SIGMA_SESSIONS = 30
"""Fewer abnormal returns than this and there is no σ: 0.94^30 leaves 16 % of the weight unseen."""
MAX_STALE_SHARE = 0.5
"""Above this share of exactly zero returns the price did not trade or is stale, and σ would be too small."""
RECENT_SESSIONS = 5
"""At least one of the last five sessions before d must have a price, or σ would describe another time."""
BETA_PRIOR_VARIANCE = 0.25
"""τ²: cross-sectional variance of true betas over 120 sessions of 2011–2015, the variance of β_ols less its mean se²: .135 − .033 =
.10 among members of the S&P 500, .25 − .03 = .22 among all US shares (se² < .1). The wider one, rounded, serves both."""
EWMA_DECAY = 0.94
CLIP_SD = 4.0

UnknownReason = Literal[
    "not_yet", "no_price", "short_history", "stale_prices", "unadjusted_split", "suspect_price", "symbol_reused"
]


@dataclass(frozen=True)
class UnknownReaction:
    """Why there is no reaction: a value of its own, never a zero."""

    reason: UnknownReason
    """`not_yet`: the window has not closed as of the given time; `no_price`: the window or the days before it lack prices;
    `unadjusted_split`, `suspect_price`: a return of the window looks like a fault (markets/price_jumps.py); one in the history
    counts as missing;
    `symbol_reused`: the history breaks off at a gap behind which the symbol may be another company's."""
    text: str


@dataclass(frozen=True)
class Regression:
    """A line of returns on the market's."""

    intercept: float
    """Log return a session that the market does not explain; shown for checking, not subtracted."""
    slope: float
    squared_error: float
    """Squared standard error of the slope."""
    sessions: int


@dataclass(frozen=True)
class MarketModel:
    """How an instrument moves with its market before an event."""

    beta: float | None
    """None for an index."""
    sigma: float
    """Standard deviation of one session's abnormal return, as a fraction (log)."""


def measure(
    ticker: str,
    published_at: datetime,
    prices: PriceSource,
    sessions: Sessions,
    *,
    date_only: bool = False,
    as_of: datetime | None = None,
) -> Reaction | UnknownReaction:
    """The reaction of `ticker` to news of `published_at`, or why there is none.

    `as_of` limits what may be known: a window that closes later is `not_yet`. Raises UsageError for a naive time or one
    outside the calendar, SourceError when the prices cannot be read.
    """
    window = sessions.window(published_at, date_only=date_only)
    if as_of is not None and window.known_at > as_of:
        return UnknownReaction(
            "not_yet", f"The window closes at {window.known_at.isoformat()}, after {as_of.isoformat()}."
        )
    history = sessions.before(window.session_on, HISTORY_SESSIONS)
    days = (*history, *window.sessions)
    own = prices.returns(ticker, days)
    market = None if is_index(ticker) else prices.returns(MARKET, days)
    count = len(window.sessions)
    missing = np.isnan(own[-count:]) if market is None else np.isnan(own[-count:]) | np.isnan(market[-count:])
    if missing.any():
        return UnknownReaction("no_price", f"{ticker} or its market has no return in {window.sessions}.")
    suspect = find_suspect(ticker, window.sessions, own[-count:], prices, sessions, as_of)
    if suspect is not None:
        reason: UnknownReason = "unadjusted_split" if suspect.is_split else "suspect_price"
        return UnknownReaction(
            reason, f"{ticker} on {suspect.session}: {suspect.text}. Correct the price or leave it out."
        )
    before = without_suspects(ticker, history, own[:-count], prices, sessions)
    model = fit(before, None if market is None else market[:-count])
    if isinstance(model, UnknownReaction):
        return model
    return _reaction(ticker, window, own[-count:], None if market is None else market[-count:], model)


def fit(own: NDArray[np.float64], market: NDArray[np.float64] | None) -> MarketModel | UnknownReaction:
    """β and σ from the returns up to d−1.

    `own` and `market` are (n,) log returns of the n sessions before d, oldest first, NaN where missing, n at most 125;
    `market` None for an index. Returns before a gap of more than 60 sessions do not count.
    """
    whole, own = own, since_gap(own)
    paired = np.isfinite(own) if market is None else np.isfinite(own) & np.isfinite(market)
    if paired.sum() < MIN_SIGMA_SESSIONS:
        return UnknownReaction(
            "short_history" if own is whole else "symbol_reused",
            f"Only {int(paired.sum())} returns before the event; {MIN_SIGMA_SESSIONS} are needed."
            + ("" if own is whole else " Those before a gap of more than 60 sessions may be another company's."),
        )
    if not paired[-RECENT_SESSIONS:].any():
        return UnknownReaction("no_price", f"No return in the {RECENT_SESSIONS} sessions before the event.")
    if (own[paired] == 0).mean() > MAX_STALE_SHARE:
        return UnknownReaction("stale_prices", "More than half of the returns before the event are exactly zero.")
    if market is None:
        beta, abnormal = None, own
    else:
        estimation = slice(0, max(0, len(own) - GAP_SESSIONS))
        beta = shrunk_beta(own[estimation], market[estimation])
        abnormal = own - beta * market
    sigma = ewma_sigma(abnormal)
    if not sigma > 0:
        return UnknownReaction("stale_prices", "The abnormal returns before the event do not vary.")
    return MarketModel(beta=beta, sigma=sigma)


def shrunk_beta(own: NDArray[np.float64], market: NDArray[np.float64]) -> float:
    """Least-squares β shrunk towards 1; exactly 1 under MIN_BETA_SESSIONS paired returns or for a market that stood still."""
    line = regress(own, market)
    if line is None or line.sessions < MIN_BETA_SESSIONS:
        return 1.0
    trust = BETA_PRIOR_VARIANCE / (BETA_PRIOR_VARIANCE + line.squared_error)
    return trust * line.slope + (1 - trust) * 1.0


def regress(own: NDArray[np.float64], market: NDArray[np.float64]) -> Regression | None:
    """Ordinary least squares of `own` on `market`, both (n,), over the sessions where both are known; None if the market stood
    still there or fewer than three are."""
    paired = np.isfinite(own) & np.isfinite(market)
    count = int(paired.sum())
    if count < MIN_REGRESSION_SESSIONS:
        return None
    mean_own, mean_market = own[paired].mean(), market[paired].mean()
    x, y = market[paired] - mean_market, own[paired] - mean_own
    spread = float(x @ x)
    if spread == 0:
        return None
    slope = float(x @ y) / spread
    residual = y - slope * x
    squared_error = float(residual @ residual) / (count - 2) / spread
    return Regression(float(mean_own - slope * mean_market), slope, squared_error, count)


def ewma_sigma(abnormal: NDArray[np.float64]) -> float:
    """Exponentially weighted standard deviation of (n,) abnormal returns, oldest first, about zero; missing ones are skipped.

    A missing session still ages the ones before it.
    """
    present = np.isfinite(abnormal)
    values = abnormal[present]
    bound = CLIP_SD * float(np.sqrt(np.mean(values**2)))
    weights = EWMA_DECAY ** np.arange(len(abnormal) - 1, -1, -1, dtype=np.float64)[present]
    return float(np.sqrt(weights @ np.clip(values, -bound, bound) ** 2 / weights.sum()))


def is_index(ticker: str) -> bool:
    """Index symbols begin with '^'."""
    return ticker.startswith("^")


def _reaction(
    ticker: str, window: EventWindow, own: NDArray[np.float64], market: NDArray[np.float64] | None, model: MarketModel
) -> Reaction:
    beta = model.beta
    abnormal = float(own.sum()) if market is None or beta is None else float((own - beta * market).sum())
    return Reaction(
        ticker=ticker,
        window=window.kind,
        session_on=window.session_on,
        intraday=window.intraday,
        date_only=window.date_only,
        abnormal_return=abnormal,
        beta=beta,
        sigma=model.sigma,
        z=abnormal / model.sigma / float(np.sqrt(len(window.sessions))),
        known_at=window.known_at,
    )
