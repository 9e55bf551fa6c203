"""What several routes take."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Request

from records.access import Visitor
from records.times import UtcDatetime
from terminal.web.site import Site, the_site

Served = Annotated[Site, Depends(the_site)]
AsOf = Annotated[
    UtcDatetime | None,
    Query(description="answers as it would have been then; ISO 8601 with a time zone; default: now"),
]
Since = Annotated[UtcDatetime | None, Query(description="only what was known from then on; ISO 8601 with a time zone")]
Limit = Annotated[int, Query(ge=1, le=200, description="how many at most")]
Words = Annotated[str, Query(min_length=1, max_length=2_000, pattern=r"^[^\x00]+$")]
Identity = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[^\x00]+$")]


async def visitor(request: Request) -> Visitor:
    """Who asks."""
    user: Visitor = request.state.user
    return user


Asking = Annotated[Visitor, Depends(visitor)]


def until(site: Site, as_of: datetime | None) -> datetime:
    """The moment to answer as of: never after now."""
    now = site.clock()
    return now if as_of is None else min(as_of, now)
