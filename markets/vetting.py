"""Whether the returns around a piece of news may be trusted: suspect jumps, and a gap behind which another company may stand."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from markets.price_jumps import AFTER_SESSIONS, BEFORE_SESSIONS, SMALLEST_JUMP, suspect_jumps
from markets.prices import MARKET, JumpEvidence, PriceSource
from markets.sessions import Sessions

MAX_GAP_SESSIONS = 60
"""After more sessions without a price the symbol may be another company's: nothing before them counts. Halts are shorter."""


class Suspect(NamedTuple):
    """A return that must not be scored."""

    session: date
    is_split: bool
    text: str
    """One clause for a person."""


def find_suspect(
    ticker: str,
    days: Sequence[date],
    own: NDArray[np.float64],
    prices: PriceSource,
    sessions: Sessions,
    as_of: datetime | None = None,
) -> Suspect | None:
    """The first suspect return among `own` (n,), the returns of `ticker` on the n sessions `days`; None if there is none.

    The sessions around them are asked for only when a return is large enough, and after them only those closed by `as_of`.
    """
    if not _any_large(own):
        return None
    return next(_suspects(ticker, days, own, prices, sessions, sessions.after(days[-1], AFTER_SESSIONS, as_of)), None)


def without_suspects(
    ticker: str, days: Sequence[date], own: NDArray[np.float64], prices: PriceSource, sessions: Sessions
) -> NDArray[np.float64]:
    """`own` (n,), the returns of `ticker` on the n sessions `days` before an event, with the suspect ones made NaN.

    Judged by these sessions and earlier ones alone: what may be known of a history at its end, and so the same whenever it is
    asked. Of the last five sessions a jump like a split cannot be told from a move yet, and is left out too.
    """
    if not _any_large(own):
        return own
    kept = own.copy()
    for suspect in _suspects(ticker, days, own, prices, sessions, ()):
        kept[days.index(suspect.session)] = np.nan
    return kept


def _any_large(own: NDArray[np.float64]) -> bool:
    return bool((np.abs(own) > SMALLEST_JUMP).any())  # NaN compares false


def _suspects(
    ticker: str,
    days: Sequence[date],
    own: NDArray[np.float64],
    prices: PriceSource,
    sessions: Sessions,
    later: Sequence[date],
) -> Iterator[Suspect]:
    """In order of their sessions; judged by `days`, the sixty sessions before them and `later`."""
    wider = (*sessions.before(days[0], BEFORE_SESSIONS), *days, *later)
    market = None if ticker == MARKET else prices.returns(MARKET, wider)
    judged = {wider[jump.position]: jump for jump in suspect_jumps(prices.returns(ticker, wider), market)}
    for position in map(int, np.flatnonzero(np.abs(own) > SMALLEST_JUMP)):
        session = days[position]
        evidence = prices.evidence(ticker, session) if isinstance(prices, JumpEvidence) else None
        jump = judged.get(session)
        if evidence == "false":
            yield Suspect(session, True, "the adjusted price jumps and the traded price does not")
        elif jump is not None and not (evidence == "real" and jump.kind == "unadjusted_split"):
            yield Suspect(session, jump.kind == "unadjusted_split", jump.text)


def since_gap(own: NDArray[np.float64]) -> NDArray[np.float64]:
    """`own` (n,) with everything before the last run of more than MAX_GAP_SESSIONS missing returns made NaN too."""
    present = np.flatnonzero(np.isfinite(own))
    wide = np.flatnonzero(np.diff(present) > MAX_GAP_SESSIONS + 1)
    if len(wide) == 0:
        return own
    cut = own.copy()
    cut[: present[wide[-1]] + 1] = np.nan
    return cut
