"""Signing in and out, and the tokens by which one's programs sign in."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from records.access import ApiToken, Role, Visitor
from records.errors import UsageError
from terminal.plain import plain
from terminal.web.rendering import page
from terminal.web.site import Site, the_site

router = APIRouter(include_in_schema=False)

Served = Annotated[Site, Depends(the_site)]
Days = Literal["30", "90", "365", ""]
WRONG = "Name or password is wrong."


@router.get("/sign-in")
def sign_in(request: Request, site: Served, next: str = "/") -> Response:
    """The form; whoever is signed in already goes on."""
    if request.state.user is not None:
        return RedirectResponse(inside(next), status_code=303)
    if site.policy.is_open():
        return RedirectResponse("/", status_code=303)
    return _form(request, site, next)


@router.post("/sign-in")
def begin(
    request: Request,
    site: Served,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Gives the browser a session. Raises HTTPException after too many tries."""
    user = site.sign_in.check(request, name, password)
    if user is None:
        return _form(request, site, next, name=name, fault=WRONG, status=401)
    answer = RedirectResponse(inside(next), status_code=303)
    site.sign_in.begin(request, answer, user)
    return answer


@router.post("/sign-out")
def end(request: Request, site: Served) -> Response:
    """Ends the session of this browser."""
    answer = RedirectResponse("/sign-in", status_code=303)
    site.sign_in.end(request, answer)
    return answer


@router.get("/tokens")
def tokens(request: Request, site: Served) -> Response:
    """One's own."""
    return _tokens(request, site)


@router.post("/tokens")
def add(
    request: Request,
    site: Served,
    name: Annotated[str, Form()] = "",
    role: Annotated[Role, Form()] = "read",
    days: Annotated[Days, Form()] = "90",
) -> Response:
    """Shows the secret, this once."""
    visitor = _person(request)
    try:
        made = site.sign_in.add_token(visitor, _purpose(name), role, float(days) if days else None)
    except UsageError as error:
        return _tokens(request, site, fault=str(error), status=400)
    return _tokens(request, site, made=made)


@router.post("/tokens/revoke")
def revoke(request: Request, site: Served, token: Annotated[str, Form()] = "") -> Response:
    """For good. Raises NotFound for one that is not theirs."""
    site.access().revoke_token(token, site.clock(), user=_person(request).name)
    return RedirectResponse("/tokens", status_code=303)


def inside(address: str) -> str:
    """`address` if it is one of this site, else the first page: nobody is sent elsewhere by a link that begins here."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if ours else "/"


def _form(
    request: Request, site: Site, next_page: str, *, name: str = "", fault: str = "", status: int = 200
) -> Response:
    return page(
        request, "sign_in.html", status=status, next=inside(next_page), name=plain(name)[:128], fault=fault,
        elsewhere=site.sign_in.elsewhere,
    )  # fmt: skip


def _purpose(name: str) -> str:
    words = plain(name)
    if not 1 <= len(words) <= 64:
        raise UsageError("Say in 1 to 64 characters what the token is for.")
    return words


def _person(request: Request) -> Visitor:
    """A token makes and revokes no tokens: whoever finds one could keep a way in for good."""
    visitor: Visitor = request.state.user
    if visitor.token_id is not None:
        raise HTTPException(403, "A token cannot make or revoke tokens. Sign in and do it there.")
    return visitor


def _tokens(
    request: Request, site: Site, *, made: tuple[ApiToken, str] | None = None, fault: str = "", status: int = 200
) -> Response:
    visitor: Visitor = request.state.user
    now = site.clock()
    listed = [
        (one, _state(one, expired=one.expires_at is not None and one.expires_at <= now))
        for one in site.access().tokens(visitor.name)
    ]
    return page(
        request, "tokens.html", status=status, tokens=listed, made=made, fault=fault, alone=site.policy.is_open(),
        may_write=visitor.role == "write",
    )  # fmt: skip


def _state(token: ApiToken, *, expired: bool) -> Literal["good", "expired", "revoked"]:
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if expired else "good"
