"""Story: its articles in time, what each added, and how the score moved."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from records.database.browse import Wanted
from records.story import Member
from records.summary import AnalysisSummary
from terminal.change_wording import change_lines
from terminal.web.pages.as_of import AsOf
from terminal.web.rendering import page
from terminal.web.site import Site, the_site

router = APIRouter(include_in_schema=False)
MOST = 200
"""Analyses of one story that are read."""
MOST_CHANGES = 30
"""Updates whose changes are told."""


@dataclass(frozen=True)
class Step:
    """One article of the story, with its analysis if it has one."""

    member: Member
    analysis: AnalysisSummary | None
    changes: tuple[str, ...]
    """What it changed, in lines; empty when it was compared with nothing."""


@router.get("/stories/{story_id}", response_class=HTMLResponse)
def story(request: Request, story_id: str, site: Annotated[Site, Depends(the_site)], until: AsOf) -> HTMLResponse:
    """As of a moment, oldest first. Raises NotFound, UsageError, StoreError."""
    browse = site.database.browse
    members = browse.members(story_id, until)
    found = browse.analyses(Wanted(until=until, story_id=story_id), limit=MOST).items
    by_article = {one.article_id: one for one in found}
    updates = [one for one in found if one.relation in ("update", "correction")][:MOST_CHANGES]
    changes = {one.id: change_lines(site.database.load_analysis(one.id)) for one in updates}
    steps = []
    for member in members:
        made = by_article.get(member.article_id)
        steps.append(Step(member, made, changes.get(made.id, ()) if made else ()))
    newest = max(found, key=lambda one: (one.as_of, one.id), default=None)
    return page(
        request,
        "story.html",
        steps=steps,
        story_id=story_id,
        title=(newest.title if newest else members[-1].title),
        newest=newest,
        sources=list(dict.fromkeys(one.source for one in members if one.source)),
        tickers=list(dict.fromkeys(ticker for one in found for ticker in one.tickers)),
        until=until,
        now=site.clock(),
    )
