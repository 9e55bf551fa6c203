"""Briefs: those that were written, one of them, and one written now."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from records.brief import Brief, BriefScope
from records.errors import SourceError, UsageError
from records.taxonomy import Tag
from terminal import brief_scope, brief_view
from terminal.plain import plain
from terminal.web.addresses import address_of_item
from terminal.web.rendering import page
from terminal.web.site import Site, the_site
from terminal.wording import moment

router = APIRouter(include_in_schema=False)

LISTED = 30
Served = Annotated[Site, Depends(the_site)]
Kind = Literal["everything", "watchlist", "theme", "portfolio"]


@router.get("/briefs")
def briefs(request: Request, site: Served) -> Response:
    """Newest first."""
    return _list(request, site)


@router.post("/briefs")
def write(
    request: Request,
    site: Served,
    kind: Annotated[Kind, Form()] = "everything",
    tickers: Annotated[str, Form(max_length=2_000)] = "",
    theme: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """One of what happened since the last brief of the scope."""
    from agent.brief import Briefing

    book = None
    try:
        if kind == "portfolio":
            scope, book = brief_scope.portfolio(site.settings)
        elif kind == "watchlist":
            scope = brief_scope.watchlist(tickers)
        else:
            scope = brief_scope.themes([theme]) if kind == "theme" else BriefScope(kind="everything")
    except (UsageError, SourceError) as error:
        return _list(request, site, fault=str(error), kind=kind, tickers=tickers, theme=theme, status=400)
    made = Briefing(site.database, site.clock).write(scope, book=book)
    return RedirectResponse(f"/briefs/{made.id}", status_code=303)


@router.get("/briefs/{brief_id}")
def brief(request: Request, site: Served, brief_id: str) -> Response:
    """Raises NotFound."""
    found = site.database.briefs.load(brief_id)
    others = found.others[: brief_view.MOST_OTHERS]
    return page(
        request, "brief.html", title=brief_view.subject(found), lead=brief_view.lead(found), since=moment(found.since),
        as_of=moment(found.as_of), rows=brief_view.story_rows(found), others=others, left=len(found.others) - len(others),
        missing=brief_view.missing_lines(found), address_of=address_of_item, id=found.id, status_of=found.status,
        precedents=[None if one.precedent is None else address_of_item(one.precedent.support[0]) for one in found.stories],
    )  # fmt: skip


def _list(
    request: Request,
    site: Site,
    *,
    fault: str = "",
    kind: str = "everything",
    tickers: str = "",
    theme: str = "",
    status: int = 200,
) -> Response:
    listed = [(one, _short(one), moment(one.created_at)) for one in site.database.briefs.recent(LISTED)]
    return page(
        request, "briefs.html", status=status, briefs=listed, fault=plain(fault), kind=kind, tickers=tickers, theme=theme,
        themes=[tag.value for tag in Tag], has_portfolio=site.settings.portfolio is not None,
        may_write=request.state.user.role == "write",
    )  # fmt: skip


def _short(one: Brief) -> str:
    subject = brief_view.subject(one).removeprefix("Rhyme brief, ")
    return subject[:1].upper() + subject[1:]
