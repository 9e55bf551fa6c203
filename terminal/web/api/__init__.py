"""The API: everything that the pages show, as JSON under `/api/v1`, for programs."""

from fastapi import APIRouter

from terminal.web.problems import responses
from terminal.web.route_names import API_PREFIX

ALWAYS = responses(400, 401, 403, 404, 409, 413, 421, 422, 429, 500, 502, 503)
"""What any route may answer besides what it says itself."""


def routers() -> tuple[APIRouter, ...]:
    """In the order in which they are matched."""
    from terminal.web.api import alerts, asking, history, news, own, record, stream, work

    whole = APIRouter(prefix=API_PREFIX, responses=ALWAYS)
    for part in (news, alerts, stream, history, record, work, own, asking):
        whole.include_router(part.router)
    return (whole,)
