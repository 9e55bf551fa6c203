"""Theme: the analyses and past events under a tag, and what came after each type of event."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from records.errors import NotFound
from records.taxonomy import Tag
from terminal.web.pages.as_of import AsOf
from terminal.web.pages.events_page import EVENTS, values_of
from terminal.web.rendering import page
from terminal.web.site import Site, the_site

router = APIRouter(include_in_schema=False)


@router.get("/themes/{name}", response_class=HTMLResponse)
def theme(request: Request, name: str, site: Annotated[Site, Depends(the_site)], until: AsOf) -> HTMLResponse:
    """As of a moment. Raises NotFound for a theme that is none, UsageError, StoreError."""
    tag = next((one for one in Tag if one.value.lower() == name.strip().lower()), None)
    if tag is None:
        raise NotFound(f"There is no theme {name!r}. The list of the news' filters has all of them.")
    events = site.database.shown.events_of_tag(tag, until, EVENTS)
    return page(request, "theme.html", **values_of(site, "tag", tag.value, events, until))
