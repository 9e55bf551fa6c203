"""The moment that a page is asked as of: `?as_of=`, in the words that a person would write; now without it."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends

from terminal.web.site import Site, the_site
from tools.when import moment


def asked_moment(site: Annotated[Site, Depends(the_site)], as_of: str = "") -> datetime:
    """Never later than now. Raises UsageError for what is no time."""
    now = site.clock()
    return min(moment(as_of, now, end=True), now)


AsOf = Annotated[datetime, Depends(asked_moment)]
