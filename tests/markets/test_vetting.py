"""Faulty prices are refused by the event study, real moves are measured."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from markets.price_jumps import Jump, suspect_jumps
from markets.prices import MARKET
from markets.reaction import HISTORY_SESSIONS, UnknownReaction, fit, measure
from markets.sessions import sessions
from records.market import Reaction

CALENDAR = sessions()
EVENT = date(2013, 6, 19)
NOON = datetime(2013, 6, 19, 16, tzinfo=UTC)
DAYS = (*CALENDAR.before(EVENT, 250), EVENT, *CALENDAR.after(EVENT, 20))
AT = DAYS.index(EVENT)


class Fixed:
    """Prices given as returns by ticker and session."""

    def __init__(self, known: Mapping[str, NDArray[np.float64]]) -> None:
        self._known = {ticker: dict(zip(DAYS, values, strict=True)) for ticker, values in known.items()}

    def returns(self, ticker: str, sessions: Sequence[date]) -> NDArray[np.float64]:
        series = self._known.get(ticker, {})
        return np.array([series.get(session, np.nan) for session in sessions])


class Witness(Fixed):
    """The same, with something to say of every jump."""

    said: Literal["real", "false"] | None = None

    def evidence(self, ticker: str, session: date) -> Literal["real", "false"] | None:
        assert (ticker, session) == ("XYZ", EVENT)
        return self.said


def calm(seed: int = 1) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    market = rng.normal(0, 0.008, len(DAYS))
    return market + rng.normal(0, 0.015, len(DAYS)), market


def outcome(own: NDArray[np.float64], **options: datetime) -> str:
    reaction = measure("XYZ", NOON, Fixed({"XYZ": own, MARKET: calm()[1]}), CALENDAR, **options)
    return reaction.reason if isinstance(reaction, UnknownReaction) else "measured"


@pytest.mark.parametrize("factor", [2, 3, 1.5, 10, 0.5, 0.1, 0.05])
def test_an_unadjusted_split_is_refused_not_scored(factor: float) -> None:
    own, _ = calm()
    own[AT] = 0.004 - np.log(factor)
    assert outcome(own) == "unadjusted_split"


def reaction_of(own: NDArray[np.float64]) -> Reaction:
    reaction = measure("XYZ", NOON, Fixed({"XYZ": own, MARKET: calm()[1]}), CALENDAR)
    assert isinstance(reaction, Reaction)
    return reaction


@pytest.mark.parametrize("before", [1, 4, 30, HISTORY_SESSIONS])
@pytest.mark.parametrize("jump", [-np.log(2), np.log(10), 2.85])
def test_a_suspect_return_in_the_history_counts_as_missing(before: int, jump: float) -> None:
    own, _ = calm()
    missing = own.copy()
    own[AT - before], missing[AT - before] = jump, np.nan
    assert reaction_of(own) == reaction_of(missing)


def test_a_price_taken_back_within_the_history_counts_as_missing_on_both_days() -> None:
    own, _ = calm()
    missing = own.copy()
    own[AT - 9 : AT - 7], missing[AT - 9 : AT - 7] = (0.9, -0.89), np.nan
    assert reaction_of(own) == reaction_of(missing)


def test_a_split_before_the_history_is_not_looked_at() -> None:
    own, _ = calm()
    plain = reaction_of(own)
    own[AT - HISTORY_SESSIONS - 1] = -np.log(2)
    assert reaction_of(own) == plain


def test_the_history_is_judged_without_the_days_of_the_event() -> None:
    """β and σ are of the time before the event: neither its own days nor later ones decide what belongs to it."""
    own, _ = calm()
    own[AT - 2] = -np.log(2)
    calm_after = reaction_of(own)
    own[AT + 1 :] *= 4
    wild_after = reaction_of(own)
    assert (wild_after.sigma, wild_after.beta, wild_after.z) == (calm_after.sigma, calm_after.beta, calm_after.z)


def test_a_real_crash_in_the_history_is_part_of_the_volatility() -> None:
    own, _ = calm()
    own[AT - 20] = -np.log(2)
    own[AT - 19 : AT - 9] *= 4
    missing = own.copy()
    missing[AT - 20] = np.nan
    assert reaction_of(own).sigma > reaction_of(missing).sigma


def test_a_price_of_the_history_taken_back_on_the_day_of_the_event_is_refused() -> None:
    own, _ = calm()
    own[AT - 1], own[AT] = 0.9, -0.89
    assert outcome(own) == "suspect_price"


def test_a_crash_with_wild_days_after_it_is_measured() -> None:
    own, _ = calm()
    own[AT] = -np.log(2)
    own[AT + 1 : AT + 11] *= 4
    assert outcome(own) == "measured"


def test_a_takeover_that_pins_the_price_is_measured() -> None:
    own, _ = calm()
    own[AT] = np.log(2)
    own[AT + 1 : AT + 11] = np.tile([0.001, -0.001], 5)
    assert outcome(own) == "measured"


def test_a_large_move_near_no_factor_is_measured() -> None:
    own, _ = calm()
    for move in (-0.55, -0.2, 0.4, 0.55, 0.9):
        own[AT] = move
        assert outcome(own) == "measured", move


@pytest.mark.parametrize(("scale", "expected"), [(2, "unadjusted_split"), (4, "measured")])
def test_a_ticker_that_often_moves_so_far_is_in_line(scale: float, expected: str) -> None:
    own, _ = calm()
    own = np.clip(scale * own, -0.3, 0.3)  # log 1.5 is 12 standard deviations, or 6
    own[AT] = -np.log(1.5)
    assert outcome(own) == expected


def test_the_days_after_count_only_when_they_may_be_known() -> None:
    own, _ = calm()
    own[AT] = -np.log(2)
    own[AT + 1 : AT + 11] *= 4
    fourth, fifth = (datetime(2013, 6, day, 20, tzinfo=UTC) for day in (25, 26))
    assert outcome(own, as_of=fourth) == "unadjusted_split"  # undecidable: suspect
    assert outcome(own, as_of=fifth) == "measured"


def test_one_wrong_price_and_an_impossible_move_are_refused() -> None:
    own, _ = calm()
    own[AT], own[AT + 1] = 0.9, -0.89
    assert outcome(own) == "suspect_price"
    own[AT - 1], own[AT], own[AT + 1] = -0.9, 0.89, 0.0
    assert outcome(own) == "suspect_price"
    own, _ = calm()
    own[AT] = 2.85
    assert outcome(own) == "suspect_price"


def test_traded_prices_and_volume_decide_where_the_source_has_them() -> None:
    own, market = calm()
    own[AT] = -np.log(2)
    prices = Witness({"XYZ": own, MARKET: market})
    reasons = []
    for said in (None, "real", "false"):
        prices.said = said  # type: ignore[assignment]
        reaction = measure("XYZ", NOON, prices, CALENDAR)
        reasons.append(reaction.reason if isinstance(reaction, UnknownReaction) else "measured")
    assert reasons == ["unadjusted_split", "measured", "unadjusted_split"]


def test_a_false_move_is_refused_although_it_looks_like_no_split() -> None:
    own, market = calm()
    own[AT] = -0.5
    prices = Witness({"XYZ": own, MARKET: market})
    assert isinstance(measure("XYZ", NOON, prices, CALENDAR), Reaction)
    prices.said = "false"
    assert isinstance(measure("XYZ", NOON, prices, CALENDAR), UnknownReaction)


@pytest.mark.parametrize(("recent", "expected"), [(20, "symbol_reused"), (40, "measured")])
def test_history_does_not_cross_a_gap_behind_which_the_symbol_was_anothers(recent: int, expected: str) -> None:
    own, _ = calm()
    own[AT - recent - 61 : AT - recent] = np.nan
    assert outcome(own) == expected


def test_a_gap_of_sixty_sessions_is_a_halt() -> None:
    own, market = calm()
    history = own[AT - HISTORY_SESSIONS : AT].copy()
    history[30:90] = np.nan
    with_old = fit(history, market[AT - HISTORY_SESSIONS : AT])
    history[90] = np.nan
    without_old = fit(history, market[AT - HISTORY_SESSIONS : AT])
    assert not isinstance(with_old, UnknownReaction)
    assert not isinstance(without_old, UnknownReaction)
    assert without_old.beta == 1.0  # 34 sessions are left, too few for a regression
    assert with_old.beta != 1.0


def test_an_index_is_looked_at_as_well() -> None:
    _, market = calm()
    market[AT] = -np.log(10)
    reaction = measure(MARKET, NOON, Fixed({MARKET: market}), CALENDAR)
    assert isinstance(reaction, UnknownReaction)


def test_the_texts_name_the_factor() -> None:
    own, _ = calm()
    own[AT], own[AT + 11] = -np.log(3), np.log(20)
    assert [jump.text for jump in suspect_jumps(own)] == [
        "-67% in one session, like a split of 3:1",
        "+1900% in one session, like a split of 1:20",
    ]
    assert Jump(0, "unadjusted_split", -0.693, 2.0, decided=False).text.endswith("too few days around it to tell")


def test_nothing_is_found_in_calm_or_missing_returns() -> None:
    own, market = calm()
    assert suspect_jumps(own, market) == ()
    assert suspect_jumps(np.full(5, np.nan)) == ()
    assert suspect_jumps(np.empty(0)) == ()
