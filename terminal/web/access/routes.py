"""The way to the OpenID Connect provider and back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from records.access import AuditEntry
from records.errors import SettingsError, UsageError
from terminal.web.access.rules import BACK, OIDC_SECONDS
from terminal.web.site import Site, the_site

router = APIRouter(include_in_schema=False)
Served = Annotated[Site, Depends(the_site)]
STATE = "rhyme_oidc"


@router.get("/sign-in/oidc")
def leave(request: Request, site: Served, next: str = "/") -> Response:
    """Sends the browser to the provider."""
    from terminal.web.pages.sign_in import inside

    if not site.sign_in.elsewhere:
        raise SettingsError(
            "No OpenID Connect provider is set (RHYME_OIDC_ISSUER). Sign in with a name and a password."
        )
    address, state = site.oidc.begin(inside(next))
    answer = RedirectResponse(address, status_code=303)
    secure = site.policy.is_secure(request)
    answer.set_cookie(
        STATE, state, max_age=OIDC_SECONDS, path=BACK, secure=secure, httponly=True, samesite="lax"
    )  # lax: the way back is a link from elsewhere
    return answer


@router.get(BACK)
def come_back(request: Request, site: Served, state: str = "", code: str = "", error: str = "") -> Response:
    """Gives who comes back a session."""
    if error or not code:
        raise UsageError(
            f"The sign-in provider let no one in ({error[:100] or 'no code'}). Begin again at the sign-in page."
        )
    user, next_page = site.oidc.finish(state, request.cookies.get(STATE), code)
    answer = RedirectResponse(next_page, status_code=303)
    site.sign_in.begin(request, answer, user)
    answer.delete_cookie(STATE, path=BACK)
    address = request.client.host if request.client else None
    site.access().note(
        AuditEntry(
            at=site.clock(), visitor=user.name, action=f"GET {BACK}", outcome="done", object=BACK, address=address
        )
    )
    return answer
