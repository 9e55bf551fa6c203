"""Ticker: a company's analyses and past events, what came after each type of event, and its price with their marks."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from records.errors import RhymeError, UsageError
from records.market import Instrument
from terminal.web.event_view import PriceChart, price_chart
from terminal.web.pages.as_of import AsOf
from terminal.web.pages.events_page import EVENTS, values_of
from terminal.web.rendering import page
from terminal.web.site import Site, the_site

router = APIRouter(include_in_schema=False)


@router.get("/tickers/{ticker}", response_class=HTMLResponse)
def ticker(request: Request, ticker: str, site: Annotated[Site, Depends(the_site)], until: AsOf) -> HTMLResponse:
    """As of a moment; a symbol that nothing is known of has an empty page, since it may be new. Raises UsageError, StoreError."""
    symbol = ticker.strip().upper()[:32]
    events = site.database.events_of_ticker(symbol, before=until, limit=EVENTS)
    chart: PriceChart | None = None
    no_chart = "No prices are set (setting `prices`), so there is no price to show."
    try:
        if site.prices is not None:
            chart = price_chart(symbol, site.prices, events, until)
            no_chart = f"The prices that are set have none of {symbol} in the year before."
    except RhymeError as error:  # the rest of the page is known all the same
        no_chart = f"The prices could not be read: {error}"
    values = values_of(site, "ticker", symbol, events, until, ticker=symbol)
    return page(
        request, "ticker.html", **values, chart=chart, no_chart=no_chart, instrument=_instrument(site, symbol, until)
    )


def _instrument(site: Site, symbol: str, until: datetime) -> Instrument | None:
    """What the shipped table knows of the symbol; None: nothing."""
    try:
        return site.parts.desk.given(symbol, until).instrument
    except UsageError:
        return None
