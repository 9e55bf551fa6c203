"""The address of a route with its parameters' names in place of their values, for logs and counts."""

from starlette.types import Scope

API_PREFIX = "/api/v1"


def route_name(scope: Scope) -> str | None:
    """As `/api/v1/jobs/{article_id}`; None: no route fitted. FastAPI names a route without what its router was put below."""
    path: str | None = getattr(scope.get("route"), "path", None)
    if path is None:
        return None
    below_api = scope["path"].startswith(API_PREFIX + "/") and not path.startswith(API_PREFIX)
    return API_PREFIX + path if below_api else path
