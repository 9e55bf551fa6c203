"""Alerts as the commands, the pages and the tools put them together."""

from contextlib import suppress
from typing import TYPE_CHECKING

from records.errors import NotFound, UsageError
from records.times import utc_now
from terminal.assembly import Assembly

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from alerts import Alerts, Wish
    from records.alert import Conditions


def open_alerts(parts: Assembly) -> "Alerts":
    """Over the database and the portfolio file of the settings. Raises StoreError, SettingsError."""
    from alerts import Alerts
    from markets.portfolio import read_portfolio

    path = parts.settings.portfolio

    def held() -> "Collection[str]":
        found = set()
        for one in read_portfolio(path) if path is not None else ():
            found.add(one.ticker)
            with suppress(NotFound):  # news of a company is kept under one class: GOOGL for GOOG
                found.add(parts.desk.cited(one.ticker, utc_now()))
        return found

    return Alerts(parts.database, None if path is None else held)


def wished(parts: Assembly, wish: "Wish") -> "Conditions":
    """The conditions of a rule in a person's words. Raises UsageError, and SourceError for a portfolio that cannot be read."""
    from alerts import conditions_of
    from markets.portfolio import read_portfolio

    if wish.portfolio:
        if parts.settings.portfolio is None:
            raise UsageError("No portfolio file is set, so no rule can follow it. Set `portfolio` to a CSV file first.")
        read_portfolio(parts.settings.portfolio)
    return conditions_of(wish, lambda: parts.desk, utc_now())


def alerts_as_raised(parts: Assembly, *, shown: bool) -> "Callable[[], None]":
    """A function that prints, a line each, the alerts raised since it was last called, by whatever process kept the analyses;
    unless `shown` it does nothing. Raises StoreError; what it then did not print it prints at the next call."""
    if not shown:
        return lambda: None
    from alerts import Following
    from terminal.alert_view import alert_line

    following = Following(parts.database, open_alerts(parts), notes=False)

    def tell() -> None:
        for alert in following.look(utc_now()):
            print(alert_line(alert), flush=True)

    return tell
