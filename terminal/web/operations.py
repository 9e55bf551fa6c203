"""For those who keep it running: is it alive, is it ready, and its numbers."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field
from starlette.responses import JSONResponse

from records.base import Record
from records.errors import RhymeError
from terminal.assembly import model_spec
from terminal.web.metrics import Metrics
from terminal.web.site import Site, the_site

router = APIRouter(include_in_schema=False)
Served = Annotated[Site, Depends(the_site)]


class Part(Record):
    """Of what answers rest on."""

    name: Literal["database", "memory", "model"]
    ready: bool
    needed: Annotated[bool, Field(description="without it nothing can be shown")]
    kind: Annotated[str | None, Field(description="of the error; null: there is none")] = None


class Readiness(Record):
    """`ready` when all that is needed is there; what else is missing is shown by its part."""

    ready: bool
    parts: tuple[Part, ...]


@router.get("/healthz")
async def health() -> Response:
    """The process answers; it looks at nothing else."""
    return JSONResponse({"alive": True})


@router.get("/readyz")
def readiness(site: Served) -> Response:
    """503 while what is needed is missing."""
    parts = (
        _part("database", site.database_answers, needed=True),
        _part("memory", site.memory_answers, needed=False),
        _part("model", lambda: model_spec(site.settings), needed=False),
    )
    found = Readiness(ready=all(one.ready for one in parts if one.needed), parts=parts)
    return JSONResponse(found.model_dump(mode="json"), 200 if found.ready else 503)


def _part(name: Literal["database", "memory", "model"], look: Callable[[], object], *, needed: bool) -> Part:
    try:
        look()
    except RhymeError as error:
        return Part(name=name, ready=False, needed=needed, kind=error.kind)
    return Part(name=name, ready=True, needed=needed)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """In the text form of Prometheus."""
    kept: Metrics = request.app.state.metrics
    return Response(generate_latest(kept.registry), media_type=CONTENT_TYPE_LATEST)
