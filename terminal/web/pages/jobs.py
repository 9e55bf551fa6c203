"""Jobs and feeds: how far the work is, what failed and why, and the forms by which the role `write` changes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from records.errors import SourceError, UsageError
from records.feed import SHORTEST_SECONDS
from records.job import Job, JobStatus
from records.spending import NANO_USD
from terminal import jobs_view
from terminal.feed_parts import Tried, feed_of, open_reader, prove, spoken, state_words, try_out
from terminal.plain import plain
from terminal.web.pages.jobs_words import Bar, bars, failure_rows
from terminal.web.rendering import page, rendered
from terminal.web.site import Site, the_site

router = APIRouter(include_in_schema=False)

LISTED = 100
BATCHES = 10
SHOWN = 10
"""Entries of a feed that is tried out."""
Served = Annotated[Site, Depends(the_site)]
Action = Literal["pause", "resume", "cancel", "retry"]
DONE = {
    "pause": "Paused: {n}.",
    "resume": "In line again: {n}.",
    "cancel": "Cancelled: {n}.",
    "retry": "In line again: {n}.",
    "pause-all": "Everything is paused; what is in hand is finished.",
    "resume-all": "Workers go on within seconds.",
    "added": "The feed was added.",
    "removed": "The feed was removed; its articles stay.",
}
"""What a redirect may say: the address names one of these, never words of its own."""


@dataclass(frozen=True)
class JobRow:
    """A job with what may be done about it."""

    job: Job
    title: str
    state: str
    reason: str
    actions: tuple[Action, ...]


@router.get("/jobs")
def jobs(request: Request, site: Served, show: str = "", done: str = "", n: int = 0, part: str = "") -> Response:
    """`show`: jobs of one status; `part=progress`: the counts alone, for the page that stands open."""
    if part == "progress":
        return Response(rendered(request, "jobs_progress.html", **_progress(site)), media_type="text/html")
    return _page(request, site, show, said=DONE.get(done, "").format(n=max(0, n)))


@router.post("/jobs/feeds/add")
def add(
    request: Request,
    site: Served,
    address: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    minutes: Annotated[int, Form()] = 15,
    full_text: Annotated[bool, Form()] = False,
) -> Response:
    """Reads the feed once, then keeps it."""
    try:
        feed = feed_of(_fetched(address), name=name.strip() or None, every_seconds=_seconds(minutes), kind=None)
        feed = feed.model_copy(update={"full_text": full_text})
        prove(open_reader(site.parts), feed)
        site.database.intake.add_feed(feed)
    except (SourceError, UsageError) as error:
        return _page(request, site, fault=str(error), status=400)
    return _done("added")


@router.post("/jobs/feeds/test")
def try_feed(
    request: Request, site: Served, address: Annotated[str, Form()] = "", feed: Annotated[str, Form()] = ""
) -> Response:
    """Reads an address or a kept feed and shows what is there; keeps nothing."""
    from feeds import Source

    try:
        if feed:
            kept = site.database.intake.feed(feed)
            source = Source(kept.address, kept.kind, kept.full_text)
        else:
            source = Source(_fetched(address), "feed")
        tried = try_out(open_reader(site.parts), source)
    except (SourceError, UsageError) as error:
        return _page(request, site, fault=str(error), status=400)
    return _page(request, site, tried=tried, tried_name=feed or address)


@router.post("/jobs/feeds/remove")
def remove(site: Served, feed: Annotated[str, Form()] = "") -> Response:
    """Its articles stay. Raises NotFound."""
    site.database.intake.remove_feed(feed)
    return _done("removed")


@router.post("/jobs/{action}")
def change(
    site: Served,
    action: Action,
    ids: Annotated[list[str] | None, Form(alias="id")] = None,
    every: Annotated[bool, Form()] = False,
) -> Response:
    """`id`: these jobs; `every`: all that the action can be about (of `retry`: all that failed). Raises UsageError, NotFound."""
    from agent.jobs import JobDesk, JobQueue

    named: Sequence[str] = [one for one in ids or () if one]
    if every == bool(named):
        raise UsageError("Name jobs, or all of them: one of the two. Go back to the list and choose there.")
    with JobQueue.open(site.database.place) as queue:
        desk = JobDesk(site.database, queue, site.clock)
        if action == "retry":
            changed = desk.retry(named, failed=every)
        else:
            changed = {"pause": desk.pause, "resume": desk.resume, "cancel": desk.cancel}[action](named)
    return _done(f"{action}-all" if every and action in ("pause", "resume") else action, len(changed))


def _done(what: str, n: int = 0) -> RedirectResponse:
    place = "#feeds" if what in ("added", "removed") else ""
    return RedirectResponse(f"/jobs?done={what}&n={n}{place}", status_code=303)


def _fetched(address: str) -> str:
    """Folders and files of the server are for its own command line."""
    if not address.strip().lower().startswith(("http://", "https://")):
        raise UsageError(
            f"{address[:80]!r} is no http(s) address. Folders and files are added on the machine itself: rhyme feeds add."
        )
    return address.strip()


def _seconds(minutes: int) -> int:
    seconds = minutes * 60
    if not SHORTEST_SECONDS <= seconds <= 7 * 86_400:
        raise UsageError(f"Every {minutes} minutes cannot be: give 1 to {7 * 24 * 60:,} minutes.")
    return seconds


def _page(
    request: Request,
    site: Site,
    show: str = "",
    *,
    said: str = "",
    fault: str = "",
    tried: Tried | None = None,
    tried_name: str = "",
    status: int = 200,
) -> Response:
    status_shown: JobStatus | None = next((one for one in get_args(JobStatus) if one == show), None)
    rows = [_row(job) for job in site.database.jobs.listed(status_shown, LISTED)]
    workers = site.database.job_workers.all()
    return page(
        request, "jobs.html", status=status, **_progress(site), rows=rows, show=status_shown, statuses=get_args(JobStatus),
        listed=LISTED, workers=workers, batches=site.database.batches.listed(BATCHES), nano=NANO_USD, said=said, fault=plain(fault),
        feeds=[(feed, plain(state_words(feed)), spoken(feed.every_seconds)) for feed in site.database.intake.feeds()],
        tried=tried, tried_name=plain(tried_name), shown=SHOWN, may_write=request.state.user.role == "write",
    )  # fmt: skip


def _progress(site: Site) -> dict[str, object]:
    from agent.jobs.pausing import Pausing

    counts, pause = site.database.jobs.counts(), Pausing(site.database, site.clock).now()
    made: tuple[Bar, ...] = bars(counts)
    return {
        "counts": counts, "pause": pause, "bars": made, "failures": failure_rows(counts),
        "counts_line": jobs_view.counts_text(counts),
    }  # fmt: skip


def _row(job: Job) -> JobRow:
    can: dict[JobStatus, tuple[Action, ...]] = {
        "waiting": ("pause", "cancel"),
        "running": ("cancel",),
        "batched": ("cancel",),
        "paused": ("resume", "cancel"),
        "failed": ("retry",),
        "cancelled": ("retry",),
    }
    outcome = job.outcome
    state = outcome.failure or outcome.result or job.status
    reason = plain(outcome.reason) if outcome.failure and outcome.reason else ""
    return JobRow(job, plain(job.title), state, reason, can.get(job.status, ()))
