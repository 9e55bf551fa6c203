"""Signing in with an OpenID Connect provider: the code flow with PKCE, state and nonce, by authlib."""

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from authlib.common.security import generate_token  # type: ignore[import-untyped]
from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from records.access import Role, User
from records.errors import SettingsError, SourceRefused, SourceUnreachable, UsageError
from terminal.web.access import proofs
from terminal.web.access.rules import BACK, OIDC_SECONDS

if TYPE_CHECKING:
    from terminal.web.site import Site

SCOPE = "openid email profile"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Only those with a public key: a shared secret could be used to sign by whoever checks."""
MOST_PENDING = 1_000
TIMEOUT_SECONDS = 10.0
LEEWAY_SECONDS = 60


@dataclass(frozen=True)
class Pending:
    """One who was sent to the provider."""

    nonce: str
    verifier: str
    next_page: str
    until: float


class Oidc:
    """Of one site. Safe to share between threads."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        self._guard = threading.Lock()
        self._pending: dict[str, Pending] = {}

    def begin(self, next_page: str) -> tuple[str, str]:
        """Where the browser is sent, and the state that it has to bring back in a cookie too. Raises SettingsError,
        SourceUnreachable, SourceRefused."""
        place = self._metadata()["authorization_endpoint"]
        pending = Pending(proofs.new_secret(), generate_token(48), next_page, time.monotonic() + OIDC_SECONDS)
        with self._client() as client:
            address, state = client.create_authorization_url(place, nonce=pending.nonce, code_verifier=pending.verifier)
        with self._guard:
            now = time.monotonic()
            alive = {key: one for key, one in self._pending.items() if one.until > now}
            self._pending = dict(list(alive.items())[-MOST_PENDING + 1 :]) | {state: pending}
        return str(address), str(state)

    def finish(self, state: str, cookie: str | None, code: str) -> tuple[User, str]:
        """Who came back, and the page they wanted. Raises UsageError for what we did not begin, SourceRefused for what the
        provider does not vouch for, SourceUnreachable, SettingsError, StoreError."""
        with self._guard:
            pending = self._pending.pop(state, None)
        known = pending is not None and pending.until > time.monotonic()
        if pending is None or not known or cookie is None or not proofs.same(cookie, state):
            raise UsageError(
                "This sign-in was not begun here, or took too long. Go back to the sign-in page and begin again."
            )
        metadata = self._metadata()
        try:
            with self._client() as client:
                token = client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=pending.verifier)
            keys = KeySet.import_key_set(self._get(metadata["jwks_uri"]))  # type: ignore[arg-type]
            signed = jwt.decode(str(token["id_token"]), keys, algorithms=ALGORITHMS)
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                options={"iss": {"essential": True, "value": metadata["issuer"]}},
                params={"nonce": pending.nonce, "client_id": self._site.settings.oidc_client_id},
            )
            claims.validate(leeway=LEEWAY_SECONDS)
        except httpx.HTTPError as error:
            raise SourceUnreachable(
                f"The sign-in provider did not answer ({type(error).__name__}). Try again."
            ) from error
        except (OAuthError, JoseError, KeyError, ValueError, TypeError) as error:
            what = f"{type(error).__name__}: {error}"
            raise SourceRefused(f"The sign-in provider's answer is not to be trusted ({what}). Begin again.") from error
        return self._user(dict(claims)), pending.next_page

    def _user(self, claims: dict[str, Any]) -> User:
        """Of the subject: made at the first time, the role as the groups say."""
        access, settings = self._site.access(), self._site.settings
        subject = f"{settings.oidc_issuer} {claims['sub']}"
        groups = claims.get("groups") or ()
        wanted: Role = "write" if settings.oidc_write_group and settings.oidc_write_group in groups else "read"
        known = access.user_of(subject)
        if known is None:
            user = User(
                name=_name(claims), role=wanted, created_at=self._site.clock(), has_password=False, subject=subject
            )
            access.add_user(user, None)  # never one that is there: whoever owns the name may not be the same person
            return user
        if settings.oidc_write_group and known.role != wanted:
            return access.change_user(known.name, role=wanted)
        return known

    def _client(self) -> OAuth2Client:
        settings = self._site.settings
        secret = settings.oidc_client_secret
        return OAuth2Client(
            client_id=settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=SCOPE,
            redirect_uri=f"{self._site.policy.address}{BACK}",
            code_challenge_method="S256",
            timeout=TIMEOUT_SECONDS,
        )

    def _metadata(self) -> dict[str, Any]:
        issuer = self._site.settings.oidc_issuer
        if issuer is None:
            raise SettingsError(
                "No OpenID Connect provider is set (RHYME_OIDC_ISSUER), so no one can sign in with one."
            )
        metadata = self._get(f"{issuer}/.well-known/openid-configuration")
        if str(metadata.get("issuer", "")).rstrip("/") != issuer:
            raise SourceRefused(
                f"The sign-in provider calls itself {metadata.get('issuer')!r}, not {issuer!r}. Set RHYME_OIDC_ISSUER to its name."
            )
        return metadata

    def _get(self, address: str) -> dict[str, Any]:
        try:
            answer = httpx.get(address, timeout=TIMEOUT_SECONDS)
            answer.raise_for_status()
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise SourceUnreachable(
                f"The sign-in provider at {address} did not answer as one ({type(error).__name__}). Check RHYME_OIDC_ISSUER."
            ) from error
        if not isinstance(found, dict):
            raise SourceRefused(f"The sign-in provider at {address} gave no object. Check RHYME_OIDC_ISSUER.")
        return found


def _name(claims: dict[str, Any]) -> str:
    """What they are called here: an address that the provider has proven, else their name there, else their subject."""
    address = claims.get("email") if claims.get("email_verified") else None
    for given in (address, claims.get("preferred_username"), claims["sub"]):
        name = re.sub(r"[^a-z0-9._@+-]+", "-", str(given or "").lower()).strip("-._@+")[:128]
        if name:
            return name
    raise SourceRefused("The sign-in provider gave no name that could be used here. Ask whoever looks after it.")
