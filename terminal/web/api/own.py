"""What is the visitor's own: who they are, and their saved views."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from records.access import SavedView, Visitor
from terminal.web.api.parameters import Asking, Served
from terminal.web.api.records import ViewAsked, Views

router = APIRouter(tags=["own"])
Name = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[^\x00/]+$")]


@router.get("/me", response_model=Visitor)
def who_asks(asking: Asking) -> Visitor:
    """Who the request is from, and what they may do."""
    return asking


@router.get("/views", response_model=Views)
def list_views(site: Served, asking: Asking) -> Views:
    """Lists of news with their filters, kept under names."""
    return Views(items=tuple(site.database.visitor_shelf.views(asking.name)))


@router.put("/views/{name}", response_model=SavedView)
def save_view(site: Served, asking: Asking, name: Name, asked: ViewAsked) -> SavedView:
    """Keeps a view, in place of the one of that name."""
    view = SavedView(name=name, query=asked.query, created_at=site.clock())
    site.database.visitor_shelf.save_view(asking.name, view)
    return view


@router.delete("/views/{name}", status_code=204)
def remove_view(site: Served, asking: Asking, name: Name) -> Response:
    """Forgets a view."""
    site.database.visitor_shelf.remove_view(asking.name, name)
    return Response(status_code=204)
