"""Precedent: a past event, what the market did after it, and the analyses that showed it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from records.errors import NotFound
from records.event import Event
from terminal.web.event_view import EventRow, known_reaction
from terminal.web.pages.as_of import AsOf
from terminal.web.rendering import page
from terminal.web.site import Site, the_site
from terminal.wording import moment

router = APIRouter(include_in_schema=False)
MOST = 50
"""Analyses named; Rhyme shows at most five precedents in each, so an event that many show is a common one."""


@router.get("/precedents/{event_id}", response_class=HTMLResponse)
def precedent(request: Request, event_id: str, site: Annotated[Site, Depends(the_site)], until: AsOf) -> HTMLResponse:
    """As of a moment. Raises NotFound, UsageError, StoreError."""
    database = site.database
    found = database.events([event_id])
    if not found or found[0].published_at > until:
        raise NotFound(f"There is no event {event_id!r} known at {moment(until)}.")
    event = found[0]
    uses = database.shown.uses_of_event(event_id, until, MOST)
    return page(
        request,
        "precedent.html",
        row=EventRow.of(event, until),
        event=event,
        reaction=known_reaction(event, until),
        uses=uses,
        most=MOST,
        sizes=database.shown.story_sizes({one.story_id for one in uses if one.story_id}, until),
        analysis_id=_own_analysis(site, event),
        until=until,
        now=site.clock(),
    )


def _own_analysis(site: Site, event: Event) -> str | None:
    """The newest analysis of the article that the event is; None for one that came from elsewhere."""
    if event.source != "analysis":
        return None
    return site.database.shown.newest_of_article(event.id.removeprefix("N"), site.clock())
