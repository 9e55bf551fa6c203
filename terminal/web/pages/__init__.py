"""The pages a browser shows, a module each. A page takes the request and the site and gives HTML; it changes nothing that the API
could not change as well, and asks nothing of anywhere else."""

from importlib import import_module
from importlib.util import find_spec

from fastapi import APIRouter

MODULES = (
    "news",
    "article",
    "story",
    "precedent",
    "ticker",
    "theme",
    "alerts",
    "ask",
    "brief",
    "track_record",
    "evaluations",
    "jobs",
    "settings",
    "sign_in",
)


def routers() -> list[APIRouter]:
    """The routes of every page, in the order of the navigation."""
    names = [f"{__name__}.{module}" for module in MODULES]
    return [import_module(name).router for name in names if find_spec(name) is not None]
