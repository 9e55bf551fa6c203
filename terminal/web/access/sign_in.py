"""Signing in and out: what the sign-in page and the commands do."""

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from records.access import ApiToken, Role, User, Visitor
from terminal.web.access import cookies, proofs
from terminal.web.limits import Buckets

if TYPE_CHECKING:
    from terminal.web.site import Site

TRIES_PER_MINUTE, TRIES_AT_ONCE = 1.0, 10
"""For a name, and for an address: enough for a person who mistypes, hopeless for one who guesses."""


class SignIn:
    """Of one site. Safe to share between threads."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        self._tries = Buckets(TRIES_PER_MINUTE, TRIES_AT_ONCE)

    @property
    def elsewhere(self) -> bool:
        """Whether people sign in with the OpenID Connect provider of the settings (at /sign-in/oidc)."""
        return self._site.policy.oidc

    def check(self, request: Request, name: str, password: str) -> User | None:
        """Who it is; None: name or password is wrong, which of the two is not told. Raises HTTPException 429 after too many
        tries, StoreError."""
        name = name.strip().lower()
        address = request.client.host if request.client else "unknown"
        wait = max(self._tries.take(f"name {name[:128]}"), self._tries.take(f"address {address}"))
        if wait:
            detail = f"Too many tries to sign in. Try again in {wait} s."
            raise HTTPException(429, detail, headers={"Retry-After": str(wait)})
        access = self._site.access()
        request.state.signed_in_as = name[:128] or "nobody"
        if not proofs.is_password(password, access.password_of(name)):
            return None
        return access.user(name)

    def begin(self, request: Request, response: Response, user: User) -> None:
        """Gives the browser a new session; a session it had is ended, so that none planted before can be used after."""
        secure = self._site.policy.is_secure(request)
        former = cookies.session_of(request, secure=secure)
        access, now = self._site.access(), self._site.clock()
        if former is not None:
            access.end_session(proofs.digest(former))
        lasts = timedelta(hours=self._site.settings.web_session_hours)
        secret = proofs.new_secret()
        access.begin_session(proofs.digest(secret), user.name, now, now + lasts)
        request.state.signed_in_as = user.name
        cookies.give(response, secret, secure=secure, seconds=int(lasts.total_seconds()))

    def end(self, request: Request, response: Response) -> None:
        """Ends the session of the browser, if it has one."""
        secure = self._site.policy.is_secure(request)
        secret = cookies.session_of(request, secure=secure)
        if secret is not None:
            self._site.access().end_session(proofs.digest(secret))
        cookies.take_back(response, secure=secure)

    def add_token(self, visitor: Visitor, name: str, role: Role, days: float | None) -> tuple[ApiToken, str]:
        """A new token of the visitor's, and its secret, which is shown once and kept nowhere. Raises NotFound where there are no
        users, UsageError for a role above the visitor's."""
        return new_token(self._site, visitor.name, name, role, days)


def new_token(site: "Site", user: str, name: str, role: Role, days: float | None) -> tuple[ApiToken, str]:
    """As `SignIn.add_token`. `days`: how long it is good; None: until it is revoked."""
    now, secret = site.clock(), proofs.new_token()
    token = ApiToken(
        id=secrets.token_hex(8),
        user=user,
        name=name,
        role=role,
        created_at=now,
        expires_at=None if days is None else now + timedelta(days=days),
    )
    site.access().add_token(token, proofs.digest(secret))
    return token, secret
