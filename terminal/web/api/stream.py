"""New analyses as they are kept, as server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from terminal.web.api.parameters import Served
from terminal.web.problems import responses

router = APIRouter(tags=["news"])
EVENT_STREAM = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""The second keeps nginx from holding events back."""
_ANSWER = {
    "description": "Events `analysis` with an AnalysisSummary; `reset` when too much was missed to be told one by one; `away` and "
    "`back` when the database cannot be read and can again. Each analysis has an id to go on from.",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
}


@router.get("/stream", response_class=StreamingResponse, responses={200: _ANSWER, **responses(503)})
async def new_analyses(
    site: Served,
    after: Annotated[int | None, Query(ge=0, le=2**53, description="go on from this id")] = None,
    last_event_id: Annotated[str | None, Header(description="the same, as browsers send it; goes first")] = None,
) -> StreamingResponse:
    """What is analysed from now on, or after an id that an earlier stream gave, in the order in which it was kept."""
    newest = await site.hub.begin()
    if site.hub.full:
        raise HTTPException(503, "Too many streams are open. Try again later.", headers={"Retry-After": "30"})
    given = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else after
    begins = newest if given is None else min(given, newest)
    return StreamingResponse(site.hub.events(begins), media_type=EVENT_STREAM, headers=HEADERS)
