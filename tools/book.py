"""Tools over what a person holds, and over the alerts of the day."""

from typing import Annotated

from pydantic import Field

from records.base import Record
from tools.result import Item, Result, found, unavailable
from tools.sources import Sources


class Positions(Record):
    """Arguments of `positions`."""

    tickers: Annotated[list[str], Field(description="only these; [] for all", max_length=200)] = Field(
        default_factory=list
    )


def positions(sources: Sources, asked: Positions) -> Result:
    """List the positions of the portfolio file: what is held, and how much of it."""
    if sources.portfolio is None:
        return unavailable(
            "No portfolio file is set. Set `portfolio` to a CSV file with a column ticker and, if known, weight or quantity."
        )
    wanted = {ticker.strip().upper() for ticker in asked.tickers}
    held = [one for one in sources.portfolio() if not wanted or one.ticker in wanted]
    items = []
    for one in held:
        size = [f"{one.weight:.1%} of the portfolio"] if one.weight is not None else []
        size += [f"quantity {one.quantity:,g}"] if one.quantity is not None else []
        name = f" ({one.name})" if one.name else ""
        text = f"{one.ticker}{name}: {', '.join(size) or 'size not given'}"
        items.append(Item(id=f"position:{one.ticker}", kind="position", text=text, data=one.model_dump(mode="json")))
    return found(items, "From the portfolio file, read just now.")


class Alerts(Record):
    """Arguments of `alerts_of_the_day`: none."""


def alerts_of_the_day(sources: Sources, asked: Alerts) -> Result:
    """List the alerts of the day."""
    del sources, asked
    return unavailable(
        "This Rhyme has no alerts yet: nothing was watched, so nothing can be said of today's. List the news by score instead."
    )
