"""The state of a share before its news: worked by hand, unknown where the history does not reach, blind to the day itself."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from markets.reaction import ewma_sigma, measure
from markets.sessions import sessions
from markets.state import LOOKBACK, MIN_SLOW_SESSIONS, MarketState, state_before, state_of
from records.market import Reaction

Array = NDArray[np.float64]
NEWS = datetime(2024, 5, 14, 15, 0, tzinfo=UTC)
"""A Tuesday, during the session."""


def _pair(seed: int = 1, count: int = LOOKBACK) -> tuple[Array, Array]:
    generator = np.random.default_rng(seed)
    market = generator.normal(0, 0.008, count)
    return 1.3 * market + generator.normal(0, 0.015, count), market


def _sd(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _values(state: MarketState | None) -> Array:
    assert state is not None
    flat = [
        np.nan if state.beta is None else state.beta,
        *astuple(replace(state, beta=0.0, quarter_ago=(0,) * 4))[1:-3],
    ]
    return np.array([*flat, *state.quarter_ago, state.market_5, state.market_20], dtype=np.float64)


def _alternating() -> Array:
    """500 returns of 1 %, by turns up and down."""
    return 0.01 * (-1.0) ** np.arange(LOOKBACK)


def test_a_quiet_rhythm_with_one_jump_by_hand() -> None:
    """Returns of ±1 %, one of 5 % forty sessions ago; an index, so that no beta stands between."""
    own = _alternating()
    own[-40] = 0.05
    state = state_of(own, None)
    assert state is not None
    year_sd = np.sqrt((124 * 0.01**2 + 0.05**2) / 125)
    slow_sd = np.sqrt((499 * 0.01**2 + 0.05**2) / 500)
    assert state.beta is None
    assert state.sigma == ewma_sigma(own[-125:])
    sigma = state.sigma
    assert state.fast_to_year == pytest.approx(np.log(sigma / year_sd))
    assert state.fast_to_slow == pytest.approx(np.log(sigma / slow_sd))
    assert state.largest_of_5 == pytest.approx(0.01 / sigma)
    assert state.last == pytest.approx(0.01 / sigma)
    assert state.mean_of_20 == pytest.approx(0.01 / sigma)
    assert state.mean_of_125 == pytest.approx((124 * 0.01 + 0.05) / 125 / sigma)
    assert state.median_of_125 == pytest.approx(0.01 / sigma)
    assert state.largest_of_125 == pytest.approx(0.05 / year_sd)
    assert state.drift_of_5 == pytest.approx(-0.01 / sigma / np.sqrt(5))
    assert state.sessions_since_jump == 39
    assert state.quarter_ago == pytest.approx((0.01 / slow_sd,) * 4)
    assert state.market_5 == pytest.approx(np.log(np.std(own[-5:]) / np.std(own[-250:])))
    assert state.market_20 == pytest.approx(np.log(np.std(own[-20:]) / np.std(own[-250:])))


def test_a_share_that_jumps_on_its_reports_shows_it_in_its_quarters() -> None:
    own = _alternating()
    jumps = {1: 0.04, 3: 0.06}
    for quarter, size in jumps.items():
        own[500 - quarter * 63 + 4] = size  # four sessions later than to the day
    slow_sd = _sd(own)
    state = state_of(own, None)
    assert state is not None
    assert state.quarter_ago == pytest.approx(np.array([0.04, 0.01, 0.06, 0.01]) / slow_sd)
    assert state.sessions_since_jump == 63 - 4 - 1


@pytest.mark.parametrize(("offset", "seen"), [(-6, False), (-5, True), (6, True), (7, False)])
def test_a_reporting_day_may_move_by_about_a_week(offset: int, seen: bool) -> None:
    own = _alternating()
    own[500 - 63 + offset] = 0.04
    state = state_of(own, None)
    assert state is not None
    assert (state.quarter_ago[0] > 2) is seen


def test_the_markets_own_moves_are_taken_out() -> None:
    own, market = _pair()
    state = state_of(own, market)
    assert state is not None
    assert state.beta is not None
    abnormal = own - state.beta * market
    assert state.beta == pytest.approx(1.3, abs=0.35)
    assert state.last == pytest.approx(abs(abnormal[-1]) / state.sigma)
    assert state.fast_to_slow == pytest.approx(np.log(state.sigma / _sd(abnormal)))
    assert state.market_5 == pytest.approx(np.log(np.std(market[-5:]) / np.std(market[-250:])))
    crash = market.copy()
    crash[-3] = -0.10
    with_market = state_of(own + state.beta * (crash - market), crash)
    assert with_market is not None
    assert with_market.largest_of_5 == pytest.approx(state.largest_of_5, rel=1e-9)
    assert with_market.market_5 > state.market_5 + 1


def test_only_ratios_count_so_that_all_shares_have_one_scale() -> None:
    own, market = _pair()
    state, wilder = state_of(own, None), state_of(own * 3, None)
    assert state is not None
    assert wilder is not None
    assert wilder.sigma == pytest.approx(3 * state.sigma)
    assert _values(replace(wilder, sigma=0.0)) == pytest.approx(_values(replace(state, sigma=0.0)), nan_ok=True)
    assert state_of(market, None) is not None


def test_a_short_history_is_unknown_where_it_does_not_reach() -> None:
    own, market = _pair()
    for count, slow in ((MIN_SLOW_SESSIONS - 1, False), (MIN_SLOW_SESSIONS, True)):
        young = np.where(np.arange(LOOKBACK) < LOOKBACK - count, np.nan, own)
        state = state_of(young, market)
        assert state is not None
        assert np.isfinite([state.sigma, state.last, state.mean_of_125, state.drift_of_5]).all()
        assert np.isnan(state.quarter_ago[1:]).all()
        assert np.isfinite(state.fast_to_slow) == slow
        assert np.isfinite(state.sessions_since_jump) == slow
        alone = state_of(own[-count:], market[-count:])
        assert alone is not None
        assert _values(alone)[:-2] == pytest.approx(_values(state)[:-2], nan_ok=True)


def test_missing_days_are_skipped_and_a_missing_last_day_is_unknown() -> None:
    own, market = _pair()
    own[[-1, -30, -200]] = np.nan
    state = state_of(own, market)
    assert state is not None
    assert np.isnan(state.last)
    assert np.isfinite(np.delete(_values(state), [f.name for f in fields(MarketState)].index("last"))).all()


@pytest.mark.parametrize("kept", [0, 20])
def test_too_little_history_is_none(kept: int) -> None:
    own, market = _pair()
    own[: LOOKBACK - kept] = np.nan
    assert state_of(own, market) is None


def test_a_price_that_stood_still_is_none_and_a_share_without_jumps_says_so() -> None:
    assert state_of(np.zeros(LOOKBACK), None) is None
    calm = state_of(_alternating(), None)
    assert calm is not None
    assert calm.sessions_since_jump == LOOKBACK
    assert calm.fast_to_slow == pytest.approx(0, abs=1e-12)


@dataclass
class DayPrices:
    """Returns by day; `changed` from a day on."""

    changed_from: date | None = None
    asked: tuple[date, ...] = ()

    def returns(self, ticker: str, days: Sequence[date]) -> Array:
        self.asked = (*self.asked, *days)
        made = []
        for day in days:
            value = np.random.default_rng([sum(map(ord, ticker)), day.toordinal()]).normal(0, 0.01)
            late = self.changed_from is not None and day >= self.changed_from
            made.append(-9 * value if late else value)
        return np.array(made)


@pytest.mark.parametrize(
    ("published_at", "date_only", "session"),
    [
        (NEWS, False, date(2024, 5, 14)),
        (datetime(2024, 5, 14, 20, 0, tzinfo=UTC), False, date(2024, 5, 15)),
        (datetime(2024, 5, 11, 12, 0, tzinfo=UTC), False, date(2024, 5, 13)),
        (datetime(2024, 5, 15, 3, 59, 59, tzinfo=UTC), True, date(2024, 5, 14)),
    ],
)
@pytest.mark.parametrize("ticker", ["CTSO", "^GSPC"])
def test_prices_from_the_session_of_the_news_on_change_nothing(
    ticker: str, published_at: datetime, date_only: bool, session: date
) -> None:
    asked = DayPrices()
    state = state_before(ticker, published_at, asked, sessions(), date_only=date_only)
    assert state is not None
    assert max(asked.asked) < session
    later = DayPrices(changed_from=session)
    assert state_before(ticker, published_at, later, sessions(), date_only=date_only) == state
    before = sessions().before(session, 1)[0]
    yesterday = DayPrices(changed_from=before)
    assert state_before(ticker, published_at, yesterday, sessions(), date_only=date_only) != state
    assert (state.beta is None) == ticker.startswith("^")


@dataclass
class Jumping(DayPrices):
    """One return of CTSO is another."""

    on: date = date(2024, 4, 2)
    value: float = float("nan")

    def returns(self, ticker: str, days: Sequence[date]) -> Array:
        plain = super().returns(ticker, days)
        return np.where([ticker == "CTSO" and day == self.on for day in days], self.value, plain)


@pytest.mark.parametrize("on", [date(2024, 5, 13), date(2024, 4, 2), date(2022, 6, 1)])
def test_an_unadjusted_split_before_the_news_counts_as_missing(on: date) -> None:
    split, missing = Jumping(on=on, value=float(-np.log(3))), Jumping(on=on)
    found = state_before("CTSO", NEWS, split, sessions())
    np.testing.assert_equal(_values(found), _values(state_before("CTSO", NEWS, missing, sessions())))
    assert max(split.asked) < date(2024, 5, 14)


def test_the_state_and_the_reaction_have_the_same_sigma_behind_a_split() -> None:
    prices = Jumping(value=float(-np.log(3)))
    reaction, state = measure("CTSO", NEWS, prices, sessions()), state_before("CTSO", NEWS, prices, sessions())
    assert isinstance(reaction, Reaction)
    assert state is not None
    assert (state.sigma, state.beta) == (reaction.sigma, reaction.beta)
