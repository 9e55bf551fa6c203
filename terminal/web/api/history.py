"""Past events, companies and themes over time, and how the forecasts did."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from records.database.browse import LabelKind
from records.errors import ModelMissing, NotFound
from records.event import Event
from records.taxonomy import EventType, Tag
from terminal.output import PrecedentOutput
from terminal.web.api.parameters import AsOf, Identity, Served, Since, Words, until
from terminal.web.api.records import ActivityList, Precedents, Ticker
from terminal.web.site import Site

router = APIRouter(tags=["history"])
Days = Annotated[int, Query(ge=1, le=366, description="length of a stretch")]
Many = Annotated[int, Query(ge=1, le=2_000, description="how many lines at most")]
USUAL_STRETCHES = 30


@router.get("/precedents", response_model=Precedents)
def search_precedents(
    site: Served,
    q: Words,
    event_type: EventType | None = None,
    ticker: Annotated[list[Ticker] | None, Query(max_length=50)] = None,
    as_of: AsOf = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Precedents:
    """Past events like a text, likest first: only those whose outcome was known at the moment asked as of."""
    moment = until(site, as_of)
    memory = site.sources(moment).memory
    if memory is None:
        raise ModelMissing(
            "The event memory cannot be asked: the embedding model is missing. `rhyme doctor` says what to do."
        )
    tickers = tuple(one.upper() for one in ticker or ())
    recalled = memory.recall(q, moment, limit, event_type=event_type, tickers=tickers)
    return Precedents(as_of=moment, items=tuple(PrecedentOutput.of(one) for one in recalled.precedents))


@router.get("/precedents/{event_id}", response_model=Event)
def one_precedent(site: Served, event_id: Identity, as_of: AsOf = None) -> Event:
    """A past event, with what the market did after it if that was known then."""
    moment = until(site, as_of)
    found = site.database.events([event_id])
    if not found or found[0].published_at > moment:
        raise NotFound(f"There is no event {event_id!r} known at {moment:%Y-%m-%d %H:%M} UTC.")
    event = found[0]
    late = event.reaction is not None and event.reaction.known_at > moment
    return event.model_copy(update={"reaction": None}) if late else event


@router.get("/tickers", response_model=ActivityList)
def activity_of_tickers(
    site: Served, since: Since = None, as_of: AsOf = None, days: Days = 1, limit: Many = 500
) -> ActivityList:
    """How many analyses each company had in each stretch of time, and their scores."""
    return _activity(site, "ticker", (), since, as_of, days, limit)


@router.get("/tickers/{ticker}", response_model=ActivityList)
def activity_of_one_ticker(
    site: Served, ticker: Ticker, since: Since = None, as_of: AsOf = None, days: Days = 1, limit: Many = 500
) -> ActivityList:
    """The same of one company."""
    return _activity(site, "ticker", (ticker.upper(),), since, as_of, days, limit)


@router.get("/themes", response_model=ActivityList)
def activity_of_themes(
    site: Served, since: Since = None, as_of: AsOf = None, days: Days = 1, limit: Many = 500
) -> ActivityList:
    """How many analyses each theme had in each stretch of time, and their scores."""
    return _activity(site, "tag", (), since, as_of, days, limit)


@router.get("/themes/{tag}", response_model=ActivityList)
def activity_of_one_theme(
    site: Served, tag: Tag, since: Since = None, as_of: AsOf = None, days: Days = 1, limit: Many = 500
) -> ActivityList:
    """The same of one theme."""
    return _activity(site, "tag", (tag.value,), since, as_of, days, limit)


def _activity(
    site: Site, kind: LabelKind, labels: tuple[str, ...], since: Since, as_of: AsOf, days: int, limit: int
) -> ActivityList:
    moment = until(site, as_of)
    begins = since or moment - timedelta(days=days * USUAL_STRETCHES)
    found = site.database.browse.activity(kind, until=moment, since=begins, labels=labels, days=days, limit=limit)
    return ActivityList(since=begins, until=moment, items=tuple(found))
