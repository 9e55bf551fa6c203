"""Tells a faulty price from a real move: returns that look like a split nobody adjusted for, or like a wrong price.

An unadjusted k:1 split leaves a return of −log k with the ticker otherwise as calm as before. So a return is suspect when, less
the market's, it lies near the log of a common factor, stands far out of the ticker's own volatility, and the ten sessions
after it are about as calm as the sixty before. A crash is told apart by its wild days after, a takeover by its pinned price.
Without enough sessions on either side it cannot be told, and is suspect too.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FORWARD = (1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50)
"""Shares that one becomes in a split."""
REVERSE = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50)
"""Shares that become one. A reverse split of 3:2 hardly exists, a bid 50 % above the price often."""
_LOG_FACTORS = np.sort(np.concatenate([-np.log(FORWARD), np.log(REVERSE)]))

SMALLEST_JUMP = 0.33
"""Log return below which nothing is looked at: 0.02 and some market under log 1.5 = .405."""
TOLERANCE = 0.02
"""Distance from the factor, in log: 2 % of the ratio."""
WIDEST_TOLERANCE = 0.06
WIDENING_SD = 2.5
"""From 2:1 on, the ticker's own return of that day is allowed for: 2.5 standard deviations, .06 at most. Not at 3:2, near which
real falls are frequent."""
BEFORE_SESSIONS = 60
AFTER_SESSIONS = 10
MIN_BEFORE, MIN_AFTER = 20, 5
"""Fewer returns than these and the volatility before or after is not known."""
CLIP = 0.2
"""Returns before are clipped here, so that one earlier jump does not hide the next."""
OUT_OF_LINE_SD = 6.0
CALM = (0.3, 1.75)
"""Volatility after over volatility before within which a ticker goes on as if nothing had happened."""
CALM_SMALL = (0.3, 1.25)
OUT_OF_LINE_SMALL_SD = 8.0
"""The same for 3:2: nine of ten returns near −log 1.5 are real falls."""
SMALL_FACTOR = 0.6
"""Log factor under which the stricter limits hold: 3:2 alone."""

SMALLEST_REVERSAL = 0.5
REVERSED_SHARE = 0.05
"""A return beyond .5 that the next one takes back to within 5 % of it: one wrong price."""
IMPLAUSIBLE = 2.5
"""A log return beyond it, twelvefold in a day, is no share's move."""

JumpKind = Literal["unadjusted_split", "reversed_jump", "implausible_jump"]


@dataclass(frozen=True)
class Jump:
    """One suspect return."""

    position: int
    """Index in the returns looked at."""
    kind: JumpKind
    log_return: float
    factor: float | None
    """Of a split: shares that one became (0.1 for one of ten); None for the others."""
    decided: bool = True
    """False: too few returns before or after to tell it from a real move."""

    @property
    def text(self) -> str:
        """One clause for a person."""
        change = f"{np.expm1(self.log_return):+.0%} in one session"
        if self.kind == "reversed_jump":
            return f"{change}, taken back in the next"
        if self.factor is None:
            return f"{change}, more than a share moves"
        split = f"{self.factor:g}:1" if self.factor > 1 else f"1:{1 / self.factor:.0f}"
        return f"{change}, like a split of {split}" + ("" if self.decided else ", with too few days around it to tell")


def suspect_jumps(own: NDArray[np.float64], market: NDArray[np.float64] | None = None) -> tuple[Jump, ...]:
    """The returns of `own` (n,) that look like a fault of the prices, in order.

    Both are log returns by session, NaN where missing; a missing return of the market, or no market, counts as 0.
    """
    found = []
    for position in np.flatnonzero(np.abs(own) > SMALLEST_JUMP):  # NaN compares false
        jump = _judge(own, int(position), _market_return(market, int(position)))
        if jump is not None:
            found.append(jump)
    return tuple(found)


def _market_return(market: NDArray[np.float64] | None, position: int) -> float:
    return 0.0 if market is None or np.isnan(market[position]) else float(market[position])


def _judge(own: NDArray[np.float64], position: int, market_return: float) -> Jump | None:
    value = float(own[position])
    if _takes_back(own, position, 1) or _takes_back(own, position, -1):
        return Jump(position, "reversed_jump", value, None)
    split = _as_split(own, position, value, market_return)
    if split is None and abs(value) > IMPLAUSIBLE:
        return Jump(position, "implausible_jump", value, None)
    return split


def _takes_back(own: NDArray[np.float64], position: int, step: int) -> bool:
    """Whether the neighbouring return is the opposite of this one."""
    if not 0 <= position + step < len(own):
        return False
    value, neighbour = abs(own[position]), own[position] + own[position + step]
    return bool(value > SMALLEST_REVERSAL and abs(neighbour) < REVERSED_SHARE * value)


def _as_split(own: NDArray[np.float64], position: int, value: float, market_return: float) -> Jump | None:
    before = _volatility(own[max(0, position - BEFORE_SESSIONS) : position], MIN_BEFORE, CLIP)
    after = _volatility(own[position + 1 : position + 1 + AFTER_SESSIONS], MIN_AFTER, SMALLEST_JUMP)
    nearest = float(_LOG_FACTORS[np.argmin(np.abs(_LOG_FACTORS - (value - market_return)))])
    small = abs(nearest) < SMALL_FACTOR
    widest = TOLERANCE if small or before is None else min(max(TOLERANCE, WIDENING_SD * before), WIDEST_TOLERANCE)
    if abs(value - market_return - nearest) > widest:
        return None
    factor = round(float(np.exp(-nearest)), 6)
    if before is None:
        return Jump(position, "unadjusted_split", value, factor, decided=False)
    if abs(value) < (OUT_OF_LINE_SMALL_SD if small else OUT_OF_LINE_SD) * before:
        return None
    if after is None:
        return Jump(position, "unadjusted_split", value, factor, decided=False)
    calmest, wildest = CALM_SMALL if small else CALM
    if not calmest * before <= after <= wildest * before:
        return None
    return Jump(position, "unadjusted_split", value, factor)


def _volatility(returns: NDArray[np.float64], least: int, clip: float) -> float | None:
    """Root mean square of (n,) returns clipped at ±clip; None with fewer than `least` of them."""
    present = returns[np.isfinite(returns)]
    if len(present) < least:
        return None
    return float(np.sqrt(np.mean(np.clip(present, -clip, clip) ** 2)))
