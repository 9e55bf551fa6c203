"""Jobs and feeds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Response

from records.feed import Feed
from records.job import Job, JobStatus
from terminal.feed_parts import feed_of, open_reader, prove
from terminal.web.api.parameters import Limit, Served
from terminal.web.api.records import ArticleId, Changed, FeedAsked, Feeds, Jobs, JobsAdded, JobsNamed
from terminal.web.site import Site

if TYPE_CHECKING:
    from agent.jobs import JobDesk

router = APIRouter(tags=["work"])
Named = Annotated[ArticleId, Path()]


@router.get("/jobs", response_model=Jobs)
def list_jobs(
    site: Served,
    status: Annotated[JobStatus | None, Query(description="only those")] = None,
    limit: Limit = 50,
) -> Jobs:
    """All jobs counted, and some: those that ended last first, then the open ones in their order."""
    from agent.jobs.pausing import Pausing

    listed = site.database.jobs.listed(status, limit)
    pause = Pausing(site.database, site.clock).now()
    return Jobs(counts=site.database.jobs.counts(), pause=pause, items=tuple(listed))


@router.get("/jobs/{article_id}", response_model=Job)
def one_job(site: Served, article_id: Named) -> Job:
    """The job of an article, and what became of it."""
    return site.database.jobs.get(article_id)


@router.post("/jobs", response_model=Changed, status_code=201)
def add_jobs(site: Served, asked: JobsAdded) -> Changed:
    """Puts kept articles in line to be analysed; those that have a job keep it as it is."""
    with _desk(site) as desk:
        added = desk.add(asked.article_ids, asked.priority)
    return Changed(changed=added.new, known=added.known)


@router.post("/jobs/pause", response_model=Changed)
def pause_jobs(site: Served, asked: JobsNamed) -> Changed:
    """Sets jobs to rest; none named: begins no more, what is in hand is finished."""
    return _changed(site, lambda desk: desk.pause(asked.article_ids))


@router.post("/jobs/resume", response_model=Changed)
def resume_jobs(site: Served, asked: JobsNamed) -> Changed:
    """Lets jobs wait again; none named: lifts the pause of everything."""
    return _changed(site, lambda desk: desk.resume(asked.article_ids))


@router.post("/jobs/cancel", response_model=Changed)
def cancel_jobs(site: Served, asked: JobsNamed) -> Changed:
    """Takes jobs out of the line; none named: all that wait."""
    return _changed(site, lambda desk: desk.cancel(asked.article_ids))


@router.post("/jobs/retry", response_model=Changed)
def retry_jobs(site: Served, asked: JobsNamed) -> Changed:
    """Does jobs again from the start; none named: all that failed."""
    return _changed(site, lambda desk: desk.retry(asked.article_ids, failed=not asked.article_ids))


@contextmanager
def _desk(site: Site) -> "Iterator[JobDesk]":
    from agent.jobs import JobDesk, JobQueue

    with JobQueue.open(site.database.place) as queue:
        yield JobDesk(site.database, queue, site.clock)


def _changed(site: Site, change: "Callable[[JobDesk], list[str]]") -> Changed:
    with _desk(site) as desk:
        return Changed(changed=tuple(change(desk)))


@router.get("/feeds", response_model=Feeds)
def list_feeds(site: Served) -> Feeds:
    """What `rhyme watch` reads, and how the last reading of each ended."""
    return Feeds(items=tuple(site.database.intake.feeds()))


@router.post("/feeds", response_model=Feed, status_code=201)
def add_feed(site: Served, asked: FeedAsked) -> Feed:
    """Adds a feed; it is read once first, to see that it can be."""
    feed = feed_of(str(asked.address), name=asked.name, every_seconds=asked.every_seconds, kind=None)
    feed = feed.model_copy(update={"full_text": asked.full_text})
    if not asked.unchecked:
        prove(open_reader(site.parts), feed)
    site.database.intake.add_feed(feed)
    return feed


@router.delete("/feeds/{name}", status_code=204)
def remove_feed(site: Served, name: Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]) -> Response:
    """Watches a feed no longer; its articles stay."""
    site.database.intake.remove_feed(name)
    return Response(status_code=204)
