"""The application: the pages, the API, and what stands before both."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from terminal.version import rhyme_version
from terminal.web import api, operations
from terminal.web.access import routes
from terminal.web.access.gate import Gate
from terminal.web.api.document import add_document
from terminal.web.api.repeats import Repeats
from terminal.web.api.revalidation import Revalidation
from terminal.web.headers import SecurityHeaders
from terminal.web.metrics import Measured, Metrics
from terminal.web.problems import Unforeseen, add_handlers
from terminal.web.route_names import API_PREFIX
from terminal.web.site import Site
from terminal.web.traces import configuration

STATIC = Path(str(files("terminal.web"))) / "static"


class OurFiles(StaticFiles):
    """Files whose address changes with their content (`rendering.static_address`) are kept for good, others asked for anew."""

    def file_response(self, *args: Any, **named: Any) -> Response:
        """As Starlette's, with how long it may be kept."""
        response = super().file_response(*args, **named)
        scope: Scope = named.get("scope") or args[2]
        dated = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if dated else "no-cache"
        return response


def create_app(site: Site) -> FastAPI:
    """Serves the site; whoever calls it opens and closes the site."""
    from terminal.web import pages

    app = FastAPI(
        title="Rhyme",
        version=rhyme_version(),
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        telemetry=configuration(site.traces),
    )
    app.state.site = site
    metrics = app.state.metrics = Metrics(site)
    add_handlers(app)
    add_document(app)
    for router in (operations.router, routes.router, *api.routers(), *pages.routers()):
        app.include_router(router)
    app.add_route("/static/plotly.min.js", _plotly)
    app.mount("/static", OurFiles(directory=STATIC), name="static")
    app.add_middleware(Revalidation, below=API_PREFIX)
    app.add_middleware(Repeats, site=site, below=API_PREFIX)
    app.add_middleware(Gate, site=site)
    app.add_middleware(Unforeseen)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Measured, metrics=metrics)  # added last: it stands before all others
    return app


def _plotly(_: Request) -> FileResponse:
    """The charts' library, from the package that is installed."""
    path = Path(str(files("plotly"))) / "package_data" / "plotly.min.js"
    return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": "public, max-age=86400"})
