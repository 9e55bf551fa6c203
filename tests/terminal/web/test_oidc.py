"""Signing in with an OpenID Connect provider: a real one, small, on loopback."""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import RSAKey

from terminal.listening import listening
from tests.terminal.web.conftest import Serve, Served, add_user

CLIENT, SECRET = "rhyme-tests", "the secret of the client"


class Provider:
    """Lets everyone in as `claims` says; its tokens can be spoiled by `spoil`."""

    def __init__(self) -> None:
        self.issuer = ""
        self.claims: dict[str, Any] = {"sub": "42", "email": "Ana@Example.com", "email_verified": True}
        self.spoil: dict[str, Any] = {}
        self.key = RSAKey.generate_key(2048, parameters={"kid": "k"})
        self.signed_with = self.key
        self.codes: dict[str, dict[str, str]] = {}
        self.app = FastAPI()
        self.app.get("/.well-known/openid-configuration")(self._metadata)
        self.app.get("/authorize")(self._authorize)
        self.app.post("/token")(self._token)
        self.app.get("/keys")(self._keys)

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_hex(8)
        self.codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}", 303)

    def _token(self, request: Request, code: str = Form(), code_verifier: str = Form()) -> Response:
        wanted = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(code, None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).decode().rstrip("=")
        if (
            asked is None
            or request.headers.get("authorization") != f"Basic {wanted}"
            or digest != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        said = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
            **self.spoil,
        }
        token = jwt.encode({"alg": "RS256", "kid": "k"}, said, self.signed_with)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token})

    def _keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    with listening("127.0.0.1", 0) as (listener, place):
        made.issuer = f"http://{place}"
        server = uvicorn.Server(uvicorn.Config(made.app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield made
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _site(serve: Serve, home: object, provider: Provider, **more: object) -> Iterator[Served]:
    names = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    at = serve(home, web_address="http://127.0.0.1:1", **names, **more)
    at.site.policy.address = at.url  # known only now that it is served
    yield at


def _sign_in(at: Served, next_page: str = "/") -> httpx.Response:
    """As a browser: to the provider, and back."""
    leaves = at.client.get("/sign-in/oidc", params={"next": next_page})
    assert leaves.status_code == 303, leaves.text
    comes = httpx.get(leaves.headers["location"])
    back = comes.headers["location"]
    return at.client.get(back.removeprefix(at.url))


def test_who_the_provider_vouches_for_is_signed_in_under_a_proven_name(
    serve: Serve, analysed_home: object, provider: Provider
) -> None:
    with _site(serve, analysed_home, provider) as at:
        assert at.client.get("/jobs").headers["location"] == "/sign-in?next=%2Fjobs"
        back = _sign_in(at, "/jobs")
        assert (back.status_code, back.headers["location"]) == (303, "/jobs")
        assert at.client.get("/api/v1/me").json() == {"name": "ana@example.com", "role": "read", "token_id": None}
        user = at.site.access().users()[0]
        assert (user.subject, user.has_password) == (f"{provider.issuer} 42", False)
        assert at.site.access().audit(1)[0].visitor == "ana@example.com"
        _sign_in(at)
        assert len(at.site.access().users()) == 1


def test_the_role_follows_the_groups_that_the_provider_names(
    serve: Serve, analysed_home: object, provider: Provider
) -> None:
    with _site(serve, analysed_home, provider, oidc_write_group="desk") as at:
        provider.claims["groups"] = ["staff", "desk"]
        _sign_in(at)
        assert at.client.get("/api/v1/me").json()["role"] == "write"
        provider.claims["groups"] = ["staff"]
        _sign_in(at)
        assert at.client.get("/api/v1/me").json()["role"] == "read"


def test_an_unproven_address_or_a_name_that_is_taken_lets_no_one_into_anothers_account(
    serve: Serve, analysed_home: object, provider: Provider
) -> None:
    with _site(serve, analysed_home, provider) as at:
        add_user(at.site, "ana@example.com", "write")
        refused = _sign_in(at)
        assert refused.status_code == 400
        assert "already" in refused.text
        provider.claims |= {"email_verified": False, "preferred_username": "Ana B."}
        assert _sign_in(at).status_code == 303
        assert at.client.get("/api/v1/me").json()["name"] == "ana-b"


@pytest.mark.parametrize(
    "spoiled",
    [{"nonce": "another"}, {"aud": "another"}, {"iss": "http://another"}, {"exp": 1}, {"sub": None}],
    ids=lambda one: next(iter(one)),
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    serve: Serve, analysed_home: object, provider: Provider, spoiled: dict[str, Any]
) -> None:
    with _site(serve, analysed_home, provider) as at:
        provider.spoil = spoiled
        answer = _sign_in(at)
        assert answer.status_code in (422, 502)
        assert "not to be trusted" in answer.text
        assert "rhyme_session" not in at.client.cookies


def test_a_token_that_someone_else_signed_is_refused(serve: Serve, analysed_home: object, provider: Provider) -> None:
    with _site(serve, analysed_home, provider) as at:
        provider.signed_with = RSAKey.generate_key(2048, parameters={"kid": "k"})
        assert _sign_in(at).status_code == 422
        assert "rhyme_session" not in at.client.cookies


def test_a_way_back_works_once_and_only_in_the_browser_that_left(
    serve: Serve, analysed_home: object, provider: Provider
) -> None:
    with _site(serve, analysed_home, provider) as at:
        leaves = at.client.get("/sign-in/oidc")
        back = httpx.get(leaves.headers["location"]).headers["location"].removeprefix(at.url)
        with httpx.Client(base_url=at.url) as other:  # who was tricked into following someone's way back
            assert other.get(back).status_code == 400
            assert "rhyme_session" not in other.cookies
        assert at.client.get(back).status_code == 400
        state = parse_qs(urlsplit(at.client.get("/sign-in/oidc").headers["location"]).query)["state"][0]
        assert at.client.get(f"/sign-in/oidc/back?state={state}&error=access_denied").status_code == 400


def test_a_provider_that_is_away_or_another_is_told(serve: Serve, analysed_home: object, provider: Provider) -> None:
    with _site(serve, analysed_home, provider) as at:
        provider.issuer, wanted = "http://another", provider.issuer
        answer = at.client.get("/sign-in/oidc")
        assert answer.status_code == 422
        assert "calls itself" in answer.text
        provider.issuer = wanted
    with _site(serve, analysed_home, provider) as at:
        at.site.settings.__dict__["oidc_issuer"] = "http://127.0.0.1:9"
        assert at.client.get("/sign-in/oidc").status_code == 502
