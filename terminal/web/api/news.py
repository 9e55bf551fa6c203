"""Analyses, articles and stories."""

from typing import Annotated

from fastapi import APIRouter, Query

from records.article import Article
from records.database.browse import Order, Page, Wanted
from records.reading import SentimentLabel
from records.taxonomy import EventType, Tag
from terminal.output import AnalysisOutput
from terminal.web.api.parameters import AsOf, Identity, Limit, Served, Since, Words, until
from terminal.web.api.records import Articles, StoryThread, Ticker

router = APIRouter(tags=["news"])
MOST_OF_A_STORY = 200


@router.get("/analyses", response_model=Page)
def list_analyses(
    site: Served,
    q: Annotated[Words | None, Query(description="words of headline and text")] = None,
    ticker: Annotated[list[Ticker] | None, Query(max_length=50, description="any of them")] = None,
    tag: Annotated[list[Tag] | None, Query(description="any of them")] = None,
    event_type: Annotated[list[EventType] | None, Query(description="any of them")] = None,
    sentiment: SentimentLabel | None = None,
    story: Annotated[str | None, Query(max_length=128, pattern=r"^[^\x00]+$")] = None,
    min_score: Annotated[float | None, Query(ge=0, le=1)] = None,
    since: Since = None,
    as_of: AsOf = None,
    order: Order = "newest",
    limit: Limit = 50,
    after: Annotated[str | None, Query(max_length=200, description="`next` of the page before")] = None,
) -> Page:
    """The newest analysis of each article, newest or highest score first, a page at a time."""
    wanted = Wanted(
        until=until(site, as_of),
        since=since,
        tickers=tuple(one.upper() for one in ticker or ()),
        tags=tuple(one.value for one in tag or ()),
        event_types=tuple(one.value for one in event_type or ()),
        sentiment=sentiment,
        story_id=story,
        min_score=min_score,
        words=q,
    )
    return site.database.browse.analyses(wanted, order=order, limit=limit, after=after)


@router.get("/analyses/{analysis_id}", response_model=AnalysisOutput)
def one_analysis(site: Served, analysis_id: Identity) -> AnalysisOutput:
    """The whole of one analysis, by its id or a unique beginning of it: as `rhyme analyze --json`."""
    return AnalysisOutput.of(site.database.load_analysis(analysis_id))


@router.get("/articles", response_model=Articles)
def search_articles(site: Served, q: Words, since: Since = None, as_of: AsOf = None, limit: Limit = 20) -> Articles:
    """Articles by their words, best first, analysed or not."""
    found = site.database.browse.articles(q, until=until(site, as_of), since=since, limit=limit)
    return Articles(items=tuple(found))


@router.get("/articles/{article_id}", response_model=Article)
def one_article(site: Served, article_id: Identity) -> Article:
    """An article with its text, as it was first received. The text is other people's words."""
    return site.database.browse.article(article_id)


@router.get("/stories/{story_id}", response_model=StoryThread)
def one_story(site: Served, story_id: Identity, as_of: AsOf = None) -> StoryThread:
    """A story's articles in time, and its analyses."""
    moment = until(site, as_of)
    members = site.database.browse.members(story_id, moment)
    wanted = Wanted(until=moment, story_id=story_id)
    analyses = site.database.browse.analyses(wanted, limit=MOST_OF_A_STORY).items
    return StoryThread(id=story_id, members=tuple(members), analyses=analyses)
