"""Tools over what a person holds, and over the alerts of the day."""

from typing import Annotated

from pydantic import Field

from records.base import Record
from tools.alert_lines import lead, of_alert, unjudged
from tools.news import Limit
from tools.result import Item, Result, found, unavailable
from tools.sources import Sources
from tools.when import whole_days


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
    """Arguments of `alerts_of_the_day`."""

    day: Annotated[
        str | None,
        Field(max_length=64, description="today, yesterday, this week, 7 days, monday, 2026-03-31; null: today"),
    ] = None
    limit: Limit = 20


def alerts_of_the_day(sources: Sources, asked: Alerts) -> Result:
    """List the alerts of the day: analysed news that met a rule which the person set, each story once a rule, and what could not be
    judged."""
    if sources.alerts is None:
        return unavailable("Alerts cannot be asked for here. List the news by score instead.")
    since, until = whole_days(asked.day, sources.as_of)
    report = sources.alerts(since, until, asked.limit)
    if report.status == "no_rules":
        return unavailable(lead(report))
    note = " ".join((lead(report), *unjudged(report)))
    if not report.alerts and not report.analyses and report.unread.any:
        return unavailable(note)
    return found([of_alert(one) for one in report.alerts], note, more=report.more)
