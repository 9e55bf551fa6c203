"""News: the analyses as they come, or by score; filters are in the address, so that a view can be kept and shared."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from records.access import SavedView
from records.database.browse import Order, Wanted
from records.errors import UsageError
from records.reading import SentimentLabel
from records.summary import AnalysisSummary
from records.taxonomy import EventType, Tag
from terminal.web.rendering import age, page, templates
from terminal.web.site import Site, the_site
from terminal.wording import words
from tools.when import moment

router = APIRouter(include_in_schema=False)
ROWS_KEPT = 2_000
"""Rows that are not made anew while nothing in them changes: about 3 kB each."""
LIMIT = 40
"""Rows on a page."""
COUNTED = 200
"""Analyses that a page counts: to count a hundred thousand would take longer than all the rest of it."""
SENTIMENTS: tuple[SentimentLabel, ...] = ("positive", "neutral", "negative")


def counted(number: int) -> str:
    """How many analyses, in words: "1 analysis", "28 analyses", "200 analyses or more"."""
    return f"{number:,} {'analysis' if number == 1 else 'analyses'}{' or more' if number >= COUNTED else ''}"


@dataclass(frozen=True)
class Asked:
    """The filters as the form has them: texts, empty where nothing was asked."""

    q: str = ""
    ticker: str = ""
    tag: str = ""
    event: str = ""
    sentiment: str = ""
    min_score: str = ""
    since: str = ""
    as_of: str = ""
    order: str = "newest"
    after: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return any((self.q, self.ticker, self.tag, self.event, self.sentiment, self.min_score, self.since))

    @property
    def live(self) -> bool:
        """Whether what comes next belongs at the top: not on a later page, of a past moment or in order of score."""
        return not self.after and not self.as_of and self.order == "newest"

    @property
    def told(self) -> list[str]:
        """The filters in a few words."""
        named = [f"“{self.q}”" if self.q else "", self.ticker, self.tag, words(self.event), self.sentiment]
        named += [f"score from {self.min_score}" if self.min_score else "", f"since {self.since}" if self.since else ""]
        named += [f"as of {self.as_of}" if self.as_of else "", "by score" if self.order == "score" else ""]
        return [one for one in named if one]

    def address(self, after: str = "") -> str:
        """The query of the same filters, from a place in the list."""
        filled = {name: value for name, value in (asdict(self) | {"after": after}).items() if value}
        if filled.get("order") == "newest":
            del filled["order"]
        return urlencode(filled)

    def is_view(self, query: Mapping[str, str]) -> bool:
        """Whether these are the filters of a kept view."""
        return dict(parse_qsl(self.address())) == dict(query)

    def wanted(self, now: datetime) -> Wanted:
        """The question to the database. Raises UsageError for a value that is none of the form's."""
        until = moment(self.as_of, now, end=True)
        return Wanted(
            until=min(until, now),
            since=moment(self.since, until) if self.since else None,
            tickers=tuple(one.strip().upper() for one in self.ticker.split(",") if one.strip()),
            tags=(_one_of(self.tag, [one.value for one in Tag], "theme"),) if self.tag else (),
            event_types=(_one_of(self.event, [one.value for one in EventType], "event type"),) if self.event else (),
            sentiment=next((one for one in SENTIMENTS if one == _one_of(self.sentiment, SENTIMENTS, "sentiment")), None)
            if self.sentiment
            else None,
            min_score=_score(self.min_score) if self.min_score else None,
            words=self.q or None,
        )


def _one_of(value: str, known: tuple[str, ...] | list[str], what: str) -> str:
    if value not in known:
        raise UsageError(f"{value!r} is no {what}: choose one of {', '.join(known)}.")
    return value


def _score(text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"{text!r} is no score: give a number from 0 to 1, such as 0.60.")
    return value


async def _asked(
    q: str = "",
    ticker: str = "",
    tag: str = "",
    event: str = "",
    sentiment: str = "",
    min_score: str = "",
    since: str = "",
    as_of: str = "",
    order: str = "newest",
    after: str = "",
) -> Asked:
    given = (q, ticker, tag, event, sentiment, min_score, since, as_of, order, after)
    return Asked(*(one.strip() for one in given))


@router.get("/", response_class=HTMLResponse)
def news(
    request: Request,
    asked: Annotated[Asked, Depends(_asked)],
    site: Annotated[Site, Depends(the_site)],
    part: str = "",
) -> HTMLResponse:
    """The list; `part=rows` its rows alone. Raises UsageError, StoreError."""
    now = site.clock()
    wanted = asked.wanted(now)
    order: Order = "score" if _one_of(asked.order, ("newest", "score"), "order") == "score" else "newest"
    browse = site.database.browse
    found = browse.analyses(wanted, order=order, limit=LIMIT, after=asked.after or None)
    stories = {one.story_id for one in found.items if one.story_id}
    sizes = site.database.shown.story_sizes(stories, wanted.until)
    rows = [_row(one, age(one.as_of, now), sizes.get(one.story_id or "", 1)) for one in found.items]
    if part == "rows":
        return page(request, "news_rows.html", rows=rows)
    whole = found.next is None and not asked.after
    return page(
        request,
        "news.html",
        rows=rows,
        asked=asked,
        until=wanted.until,
        count=counted(len(found.items) if whole else browse.count(wanted, most=COUNTED)),
        views=site.database.visitor_shelf.views(request.state.user.name),
        all_tags=[one.value for one in Tag],
        all_events=[one.value for one in EventType],
        first_page=asked.address(),
        next_page=asked.address(found.next) if found.next else None,
    )


@lru_cache(ROWS_KEPT)
def _row(one: AnalysisSummary, old: str, size: int) -> Markup:
    """A row of the list. `old`: its age in words; `size`: articles of its story."""
    made: Markup = templates().get_template("parts.html").module.row(one, old, size)  # type: ignore[attr-defined]
    return made


@router.post("/views")
def keep_view(
    request: Request,
    site: Annotated[Site, Depends(the_site)],
    name: Annotated[str, Form(min_length=1, max_length=64)],
    query: Annotated[str, Form(max_length=2_000)] = "",
) -> RedirectResponse:
    """Keeps the filters under a name and shows the list again. Raises UsageError, StoreError."""
    known = {field.name for field in fields(Asked)} - {"after"}
    filters = {key: value for key, value in parse_qsl(query) if key in known}
    view = SavedView(name=name.strip(), query=filters, created_at=site.clock())
    site.database.visitor_shelf.save_view(request.state.user.name, view)
    return RedirectResponse(f"/?{urlencode(filters)}", status_code=303)


@router.post("/views/remove")
def remove_view(
    request: Request, site: Annotated[Site, Depends(the_site)], name: Annotated[str, Form(max_length=64)]
) -> RedirectResponse:
    """Forgets a view. Raises NotFound, StoreError."""
    site.database.visitor_shelf.remove_view(request.state.user.name, name)
    return RedirectResponse("/", status_code=303)
