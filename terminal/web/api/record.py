"""How the forecasts did, and the briefs."""

from typing import Annotated

from fastapi import APIRouter, Query

from evals.harness.run import Run
from evals.track_record_shape import TrackRecord
from records.brief import Brief, BriefScope
from terminal import brief_scope
from terminal.web.api.parameters import Identity, Limit, Served
from terminal.web.api.records import BriefAsked, Briefs, EvalLine, Evals
from terminal.web.pages.evaluations import Shelved
from terminal.web.runs import RunLine

router = APIRouter(tags=["record"])


@router.get("/track-record", response_model=TrackRecord)
def the_track_record(
    site: Served,
    include_replays: Annotated[bool, Query(description="also forecasts made of old news, after its outcome")] = False,
) -> TrackRecord:
    """How the forecasts did that were written down before their outcome, from a ledger that verifies."""
    from evals.track_record import track_record
    from markets.reference import reference
    from terminal.commands.ledger import refuse_broken

    refuse_broken(site.database.verify_ledger())
    return track_record(site.database.forecasts(), reference(), include_replays=include_replays)


@router.get("/evals", response_model=Evals, tags=["evals"])
def list_evals(runs: Shelved) -> Evals:
    """The evaluation runs that are kept in the home, without their cases."""
    lines, unread = runs.listed()
    items = (EvalLine(**{name: getattr(one, name) for name in EvalLine.model_fields} | _figures(one)) for one in lines)
    return Evals(items=tuple(items), unread=tuple(f"{one.name}: {one.reason}" for one in unread))


def _figures(line: RunLine) -> dict[str, dict[str, float | None]]:
    return {"metrics": dict(line.metrics)}


@router.get("/evals/{run_id}", response_model=Run, tags=["evals"])
def one_eval(runs: Shelved, run_id: Identity) -> Run:
    """The whole of one run, with every case."""
    return runs.get(run_id)


@router.get("/briefs", response_model=Briefs, tags=["briefs"])
def list_briefs(site: Served, limit: Limit = 20) -> Briefs:
    """The briefs that were written, newest first."""
    return Briefs(items=tuple(site.database.briefs.recent(limit)))


@router.get("/briefs/{brief_id}", response_model=Brief, tags=["briefs"])
def one_brief(site: Served, brief_id: Identity) -> Brief:
    """One brief, with its stories in their order."""
    return site.database.briefs.load(brief_id)


@router.post("/briefs", response_model=Brief, status_code=201, tags=["briefs"])
def write_brief(site: Served, asked: BriefAsked) -> Brief:
    """Writes a brief of what happened since the last one of its scope."""
    from agent.brief import Briefing

    book = None
    if asked.kind == "portfolio":
        scope, book = brief_scope.portfolio(site.settings)
    elif asked.kind == "watchlist":
        scope = brief_scope.watchlist(",".join(asked.tickers))
    elif asked.kind == "theme":
        scope = brief_scope.themes([asked.theme])
    else:
        scope = BriefScope(kind="everything")
    return Briefing(site.database, site.clock).write(scope, book=book)
