"""Instruments and what the market did to them."""

import math
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from records.base import Record
from records.reading import Span
from records.times import UtcDatetime


class Instrument(Record):
    """Something with a price: a share class or an index."""

    ticker: Annotated[
        str, Field(min_length=1, description="US symbol, '.' before a share class (BRK.B); '^GSPC' for an index")
    ]
    name: Annotated[str, Field(min_length=1, description="the company's short name")]
    kind: Literal["share", "index"] = "share"
    exchange: str | None = None
    sector: str | None = None
    industry: str | None = None


class Candidate(Record):
    """An instrument an article may be about, found by matching names in code."""

    instrument: Instrument
    name: Annotated[str, Field(description="the words that matched, as the article writes them")]
    match: Literal["ticker", "name", "alias", "backer", "macro", "given"]
    spans: Annotated[tuple[Span, ...], Field(description="where in Article.body; empty for 'given' and 'macro'")] = ()
    in_title: bool = False
    ambiguous: Annotated[
        bool, Field(description="the words have an everyday meaning that context did not rule out")
    ] = False
    note: Annotated[str | None, Field(description="why, e.g. 'Microsoft holds about 27 % of OpenAI (2025-10-28)'")] = (
        None
    )


Window = Literal["one_session", "two_session"]


def simple_return(log_return: float) -> float:
    """What a log return does to the price, as a fraction: -0.644 is a fall of 47.5 %, -0.475. Every percentage shown is one of
    these; infinite where a float cannot hold it."""
    try:
        return math.expm1(log_return)
    except OverflowError:
        return math.inf


class Reaction(Record):
    """What an instrument did after an event, beyond its market."""

    ticker: str
    window: Annotated[Window, Field(description="two_session for date-only sources")]
    session_on: Annotated[date, Field(description="session d(t) of the event on the venue's calendar")]
    intraday: Annotated[bool, Field(description="published during the session, whose whole move is counted")] = False
    date_only: bool = False
    abnormal_return: Annotated[
        float, Field(description="sum over the window of r_i − β·r_m, in log: -0.644 is a fall of 47.5 %")
    ]
    beta: Annotated[
        float | None, Field(description="market beta used; None for an index (its own return is the reaction)")
    ] = None
    sigma: Annotated[
        float, Field(gt=0, description="EWMA standard deviation of daily abnormal returns before the event, in log")
    ]
    z: Annotated[float, Field(description="abnormal_return / sigma (/√2 for two sessions)")]
    known_at: Annotated[
        UtcDatetime, Field(description="close of the window's last session: first moment it was observable")
    ]

    @property
    def simple_return(self) -> float:
        """The move relative to its market as it is shown, exp(abnormal_return) − 1: what the price rose or fell by, as a
        fraction, had the market stood still. An index's own return."""
        return simple_return(self.abnormal_return)
