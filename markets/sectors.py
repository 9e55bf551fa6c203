"""News of a whole sector has an instrument too: the fund that tracks it. A small dated table of US sector funds."""

import csv
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from markets.instruments import market_day
from records.market import Candidate, Instrument
from records.taxonomy import Tag


class SectorFund(NamedTuple):
    """The fund that stands for the sector behind a tag."""

    instrument: Instrument
    since: date
    """First day of trading."""


@lru_cache(maxsize=1)
def sector_funds() -> Mapping[Tag, SectorFund]:
    """The shipped table. Raises ValueError for a tag outside the closed list."""
    text = (resources.files("markets") / "data" / "sector_funds.csv").read_text(encoding="utf-8")
    return {
        Tag(row["tag"]): SectorFund(
            Instrument(ticker=row["ticker"], name=row["name"], kind="index"), date.fromisoformat(row["since"])
        )
        for row in csv.DictReader(text.splitlines())
    }


def sector_candidate(tags: Sequence[Tag], as_of: datetime) -> Candidate | None:
    """The fund of the first tag that has one trading at `as_of`; None when no tag names a sector."""
    funds, day = sector_funds(), market_day(as_of)
    for tag in tags:
        fund = funds.get(tag)
        if fund and fund.since <= day:
            return Candidate(
                instrument=fund.instrument, name=fund.instrument.name, match="macro", note=f"stands for {tag.value}"
            )
    return None
