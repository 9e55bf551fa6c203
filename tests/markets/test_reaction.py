"""The event study against hand-worked cases and against statsmodels; the price folder against files written here."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
import statsmodels.api as sm  # type: ignore[import-untyped]
from numpy.typing import NDArray

from markets.prices import MARKET, ParquetPrices, log_returns
from markets.reaction import (
    BETA_PRIOR_VARIANCE,
    HISTORY_SESSIONS,
    UnknownReaction,
    ewma_sigma,
    fit,
    measure,
    shrunk_beta,
)
from markets.sessions import sessions
from records.errors import SourceUnreachable, SourceUnreadable
from records.market import Reaction

CALENDAR = sessions()
EVENT = date(2013, 6, 19)
NOON = datetime(2013, 6, 19, 16, tzinfo=UTC)
HISTORY = CALENDAR.before(EVENT, HISTORY_SESSIONS)
NEXT = date(2013, 6, 20)


class Fixed:
    """Prices given as returns by ticker and session."""

    def __init__(self, known: Mapping[str, Mapping[date, float]]) -> None:
        self._known = known

    def returns(self, ticker: str, sessions: Sequence[date]) -> NDArray[np.float64]:
        series = self._known.get(ticker, {})
        return np.array([series.get(session, np.nan) for session in sessions])


def measured(known: Mapping[str, Mapping[date, float]], ticker: str = "XYZ", **options: bool | datetime) -> Reaction:
    reaction = measure(ticker, NOON, Fixed(known), CALENDAR, **options)  # type: ignore[arg-type]
    assert isinstance(reaction, Reaction)
    return reaction


def alternating(size: float) -> NDArray[np.float64]:
    return size * np.where(np.arange(HISTORY_SESSIONS) % 2 == 0, 1.0, -1.0)


def series(history: NDArray[np.float64], *event: float) -> dict[date, float]:
    return dict(zip((*HISTORY, EVENT, NEXT), (*history, *event), strict=False))


def random_pair(seed: int, beta: float = 1.6) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0005, 0.01, HISTORY_SESSIONS)
    return beta * market + rng.normal(0.001, 0.02, HISTORY_SESSIONS), market


def test_an_index_reacts_with_its_own_return() -> None:
    reaction = measured({MARKET: series(alternating(0.01), 0.03)}, MARKET)
    assert reaction.sigma == pytest.approx(0.01)  # every squared return is 0.0001
    assert reaction.z == pytest.approx(3.0)
    assert reaction.beta is None
    assert (reaction.window, reaction.intraday, reaction.session_on) == ("one_session", True, EVENT)
    assert reaction.known_at == datetime(2013, 6, 19, 20, tzinfo=UTC)


def test_two_sessions_are_summed_and_divided_by_root_two() -> None:
    reaction = measured({MARKET: series(alternating(0.01), 0.03, -0.01)}, MARKET, date_only=True)
    assert reaction.abnormal_return == pytest.approx(0.02)
    assert reaction.z == pytest.approx(2.0 / np.sqrt(2))
    assert (reaction.window, reaction.date_only, reaction.intraday) == ("two_session", True, False)
    assert reaction.known_at == datetime(2013, 6, 20, 20, tzinfo=UTC)


def test_a_share_is_measured_beyond_its_market() -> None:
    # a share that copies the market exactly has no standard error: its β is the least-squares 2, unshrunk
    market = alternating(0.01)
    noise = np.zeros(HISTORY_SESSIONS)
    noise[-5:] = [0.005, -0.005, 0.005, -0.005, 0.005]  # after the estimation window
    reaction = measured({MARKET: series(market, 0.01), "XYZ": series(2 * market + noise, 0.05)})
    weights = 0.94 ** np.arange(HISTORY_SESSIONS - 1, -1, -1)
    bound = 4 * np.sqrt(np.mean(noise**2))
    sigma = np.sqrt(np.sum(weights * np.clip(noise, -bound, bound) ** 2) / weights.sum())
    assert reaction.beta == pytest.approx(2.0)
    assert reaction.abnormal_return == pytest.approx(0.05 - 2 * 0.01)
    assert reaction.sigma == pytest.approx(sigma)
    assert reaction.z == pytest.approx(0.03 / sigma)


@pytest.mark.parametrize("seed", range(5))
def test_beta_is_that_of_statsmodels_shrunk_by_its_standard_error(seed: int) -> None:
    own, market = random_pair(seed)
    own[[3, 40]] = np.nan
    present = np.isfinite(own)
    regression = sm.OLS(own[present], sm.add_constant(market[present])).fit()
    slope, squared_error = regression.params[1], regression.bse[1] ** 2
    expected = (slope / squared_error + 1 / BETA_PRIOR_VARIANCE) / (1 / squared_error + 1 / BETA_PRIOR_VARIANCE)
    assert shrunk_beta(own, market) == pytest.approx(expected, rel=1e-10)


def test_the_estimation_window_ends_six_sessions_before_the_event() -> None:
    own, market = random_pair(1)
    plain = fit(own, market)
    for sessions_before, changes in ((1, False), (5, False), (6, True), (125, True)):
        moved = own.copy()
        moved[-sessions_before] += 0.05
        shocked = fit(moved, market)
        assert not isinstance(plain, UnknownReaction)
        assert not isinstance(shocked, UnknownReaction)
        assert (shocked.beta != plain.beta) is changes, sessions_before
        assert shocked.sigma != plain.sigma


def test_sigma_does_not_know_the_event_day() -> None:
    own, market = random_pair(2)
    quiet = measured({MARKET: series(market, 0.0), "XYZ": series(own, 0.0)})
    wild = measured({MARKET: series(market, 0.0), "XYZ": series(own, 0.5)})
    assert (quiet.sigma, quiet.beta) == (wild.sigma, wild.beta)


def test_sigma_is_the_recursion_of_exponential_weighting() -> None:
    abnormal = np.random.default_rng(3).normal(0, 0.02, 125)
    variance, weight = 0.0, 0.0
    for value in abnormal:
        variance, weight = 0.94 * variance + 0.06 * value**2, 0.94 * weight + 0.06
    assert ewma_sigma(abnormal) == pytest.approx(np.sqrt(variance / weight))


def test_an_outlier_before_the_event_is_clipped_at_four_standard_deviations() -> None:
    abnormal = alternating(0.01)
    abnormal[-1] = 0.5
    bound = 4 * np.sqrt((124 * 0.01**2 + 0.5**2) / 125)
    weights = 0.94 ** np.arange(124, -1, -1)
    clipped = np.sqrt((weights[:-1].sum() * 0.01**2 + bound**2) / weights.sum())
    assert bound < 0.5
    assert ewma_sigma(abnormal) == pytest.approx(clipped)


def test_a_missing_session_ages_the_ones_before_it() -> None:
    abnormal = np.array([0.01, np.nan, 0.03])
    weights = np.array([0.94**2, 1.0])
    assert ewma_sigma(abnormal) == pytest.approx(np.sqrt(weights @ np.array([0.01, 0.03]) ** 2 / weights.sum()))


def test_a_short_history_is_adjusted_by_the_market_alone() -> None:
    own, market = random_pair(4)
    own[:-60] = np.nan  # 60 returns, 55 of them in the estimation window
    model = fit(own, market)
    assert not isinstance(model, UnknownReaction)
    assert model.beta == 1.0


def unknown(known: Mapping[str, Mapping[date, float]], **options: bool | datetime) -> str:
    reaction = measure("XYZ", NOON, Fixed(known), CALENDAR, **options)  # type: ignore[arg-type]
    assert isinstance(reaction, UnknownReaction)
    assert reaction.text
    return reaction.reason


def test_what_cannot_be_measured_says_why() -> None:
    own, market = random_pair(5)
    full = {MARKET: series(market, 0.01, 0.01), "XYZ": series(own, 0.02, 0.01)}
    assert isinstance(measure("XYZ", NOON, Fixed(full), CALENDAR, date_only=True), Reaction)
    assert unknown({MARKET: full[MARKET]}) == "no_price"
    assert unknown({"XYZ": full["XYZ"]}) == "no_price"
    assert unknown({**full, "XYZ": series(own)}) == "no_price"
    assert unknown({**full, "XYZ": series(own, 0.02)}, date_only=True) == "no_price"
    assert unknown(full, as_of=datetime(2013, 6, 19, 19, 59, tzinfo=UTC)) == "not_yet"
    assert isinstance(
        measure("XYZ", NOON, Fixed(full), CALENDAR, as_of=datetime(2013, 6, 19, 20, tzinfo=UTC)), Reaction
    )
    few = own.copy()
    few[:-29] = np.nan
    assert unknown({**full, "XYZ": series(few, 0.02)}) == "short_history"
    halted = own.copy()
    halted[-5:] = np.nan
    assert unknown({**full, "XYZ": series(halted, 0.02)}) == "no_price"
    untraded = np.where(np.arange(HISTORY_SESSIONS) % 5 < 3, 0.0, own)  # three sessions of five without a trade
    assert unknown({**full, "XYZ": series(untraded, 0.02)}) == "stale_prices"


def test_an_index_whose_history_does_not_vary_has_no_sigma() -> None:
    flat = np.where(np.arange(HISTORY_SESSIONS) % 3 == 0, 0.0, 1e-300)
    reaction = measure(MARKET, NOON, Fixed({MARKET: series(flat, 0.02)}), CALENDAR)
    assert isinstance(reaction, UnknownReaction)
    assert reaction.reason == "stale_prices"


def write(path: Path, days: Sequence[str], **columns: NDArray[np.generic]) -> None:
    stamps = pa.array([datetime.fromisoformat(day) for day in days], pa.timestamp("us"))
    pq.write_table(
        pa.table({**{name.replace("_", "-"): values for name, values in columns.items()}, "date": stamps}), path
    )


def days(*texts: str) -> list[date]:
    return [date.fromisoformat(text) for text in texts]


def test_a_price_folder_reads_its_three_shapes(tmp_path: Path) -> None:
    early, late = ["2017-07-27", "2017-07-28", "2017-07-31"], ["2018-01-02", "2018-01-03", "2018-01-04"]
    write(tmp_path / "a_returns.parquet", early, ABC=np.array([-32768, 150, -48], np.int16))
    write(tmp_path / "b_closes.parquet", late, ABC=np.array([10.0, 11.0, 0.0]), BRK_B=np.array([200.0, np.nan, 220.0]))
    write(tmp_path / "index.parquet", late, logret=np.array([0.01, -0.02, 0.03]))
    prices = ParquetPrices(tmp_path)
    assert prices.tickers == {"ABC", "BRK.B", MARKET}
    got = prices.returns("ABC", days(*early, *late))
    np.testing.assert_allclose(got, [np.nan, 0.015, -0.0048, np.nan, np.log(1.1), np.nan])
    assert np.isnan(prices.returns("BRK.B", days(*late))).all()  # no return is made up over a gap
    np.testing.assert_allclose(prices.returns(MARKET, days(*reversed(late))), [0.03, -0.02, 0.01])
    assert np.isnan(prices.returns("NONE", days(*late))).all()


def test_the_first_file_by_name_wins_where_two_know_a_session(tmp_path: Path) -> None:
    write(tmp_path / "2.parquet", ["2018-01-02", "2018-01-03"], ABC=np.array([900, 900], np.int16))
    write(tmp_path / "1.parquet", ["2018-01-02"], ABC=np.array([100], np.int16))
    np.testing.assert_allclose(ParquetPrices(tmp_path).returns("ABC", days("2018-01-02", "2018-01-03")), [0.01, 0.09])


def test_a_price_folder_that_cannot_serve_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable, match="no Parquet"):
        ParquetPrices(tmp_path)
    (tmp_path / "broken.parquet").write_bytes(b"PAR0")
    with pytest.raises(SourceUnreadable, match=r"broken\.parquet"):
        ParquetPrices(tmp_path)
    pq.write_table(pa.table({"ABC": [1.0]}), tmp_path / "broken.parquet")
    with pytest.raises(SourceUnreadable, match="'date'"):
        ParquetPrices(tmp_path)


def test_a_price_of_zero_or_below_gives_no_return() -> None:
    np.testing.assert_allclose(log_returns(np.array([10.0, 0.0, 10.0, -1.0, 10.0, 20.0])), [np.nan] * 5 + [np.log(2)])
