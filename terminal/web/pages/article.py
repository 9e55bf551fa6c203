"""Article: one analysis whole, with the article's text and what each sentence rests on; or the text of one not analysed yet."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from records.errors import NotFound
from records.job import Job
from terminal.html_page import shown
from terminal.plain import plain_token
from terminal.web import article_view
from terminal.web.rendering import page, path_piece
from terminal.web.site import Site, the_site
from terminal.wording import safe_address, source_line

router = APIRouter(include_in_schema=False)


@router.get("/articles/{name}", response_class=HTMLResponse)
def article(request: Request, name: str, site: Annotated[Site, Depends(the_site)]) -> Response:
    """By the id of an analysis, or of an article: of its newest analysis. Raises NotFound, UsageError, StoreError."""
    database = site.database
    try:
        analysis = database.load_analysis(name)
    except NotFound:
        return _by_article(request, name, site)
    now = site.clock()
    newest = database.shown.newest_of_article(analysis.article.id, now)
    return page(
        request,
        "article.html",
        **shown(analysis),
        now=now,
        pieces=article_view.pieces(analysis),
        claims=article_view.claims(analysis),
        dropped=article_view.dropped(analysis),
        lacking=article_view.missing(analysis),
        outcome=article_view.outcome(analysis, database.events([analysis.article.event_id])),
        newer=newest if newest != analysis.id else None,
        event_id=analysis.article.event_id if analysis.impact.ticker else None,
    )


def _by_article(request: Request, name: str, site: Site) -> Response:
    """Raises NotFound when there is no such article either."""
    newest = site.database.shown.newest_of_article(name, site.clock())
    if newest is not None:
        return RedirectResponse(f"/articles/{path_piece(newest)}", status_code=302)
    kept = site.database.browse.article(name)
    return page(
        request,
        "article_unread.html",
        article=kept,
        text=plain_token(kept.text),
        source=source_line(kept),
        link=safe_address(kept.url),
        job=_job(site, name),
    )


def _job(site: Site, article_id: str) -> Job | None:
    try:
        return site.database.jobs.get(article_id)
    except NotFound:
        return None
