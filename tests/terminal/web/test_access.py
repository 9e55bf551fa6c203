"""Who may do what: every route for every role, and every way in that must stay shut."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from records.times import utc_now
from terminal.web.access import policy, rules
from terminal.web.access.sign_in import TRIES_AT_ONCE, new_token
from terminal.web.app import create_app
from terminal.web.site import Site
from tests.terminal.web.conftest import PASSWORD, Serve, Served, add_user

People = tuple[Served, dict[str, str]]
SHUT = (401, 403)


def _routes(site: Site) -> Iterator[tuple[str, str]]:
    """(method, address) of every route, with something in place of what its path takes."""

    for route in iter_route_contexts(create_app(site).router.routes):
        path = route.path
        if path is None or route.methods is None:
            continue  # what serves files
        while "{" in path:
            before, _, rest = path.partition("{")
            path = f"{before}none{rest.partition('}')[2]}"
        for method in sorted(route.methods - {"HEAD", "OPTIONS"}):
            yield method, path


def _status(client: httpx.Client, method: str, path: str) -> int:
    """Without waiting for the end of what never ends."""
    with client.stream(method, path, follow_redirects=False) as answer:
        return answer.status_code


def test_the_routes_that_are_tested_are_those_of_the_document(serve: Serve, analysed_home: object) -> None:
    site = serve(analysed_home).site
    named = {
        (method.upper(), path.replace("{", "<").split("<")[0])
        for path, methods in create_app(site).openapi()["paths"].items()
        for method in methods
    }
    tested = {(method, path.replace("none", "<").split("<")[0]) for method, path in _routes(site)}
    assert len(named) > 20
    assert named - tested == set()


def test_nothing_but_signing_in_is_shown_to_who_has_not_signed_in(people: People) -> None:
    at, _ = people
    seen = {one: _status(at.client, *one) for one in _routes(at.site) if not rules.is_open(one[1])}
    assert len(seen) > 50
    wrong = {
        one: status
        for one, status in seen.items()
        if status != (401 if one[0] != "GET" or one[1].startswith("/api/") else 303)
    }
    assert wrong == {}


def test_a_reader_sees_everything_and_changes_nothing_of_others(people: People) -> None:
    at, tokens = people
    with at.as_user(tokens["read"]) as reader:
        seen = {one: _status(reader, *one) for one in _routes(at.site)}
    refused = {one for one, status in seen.items() if status in SHUT}
    changing = {one for one in seen if one[0] != "GET"}
    own = {one for one in changing if rules.OF_ONES_OWN.fullmatch(one[1])}
    assert {one for one in refused if one[0] == "GET"} == set()
    assert changing - own <= refused
    assert {one for one in own & refused if not one[1].startswith(("/tokens", "/sign-in"))} == set()


def test_a_writer_is_refused_nothing(people: People) -> None:
    at, tokens = people
    with at.as_user(tokens["write"]) as writer:
        seen = {one: _status(writer, *one) for one in _routes(at.site)}
    refused = {one for one, status in seen.items() if status in SHUT}
    assert {one for one in refused if not one[1].startswith(("/tokens", "/sign-in"))} == set()
    assert {one: status for one, status in seen.items() if status == 500} == {}


def test_where_there_are_no_users_only_loopback_names_are_answered(serve: Serve, analysed_home: object) -> None:
    at = serve(analysed_home)
    assert at.client.get("/api/v1/me").json()["role"] == "write"
    for name in ("evil.example", "127.0.0.1.evil.example", "evil.example:8787", "user@127.0.0.1", "[::1", ""):
        answer = at.client.get("/api/v1/me", headers={"Host": name})
        assert answer.status_code in (400, 421), name
    assert at.client.get("/api/v1/me", headers={"Host": "localhost:1"}).status_code == 200


def test_a_page_elsewhere_can_change_nothing_though_no_one_signs_in(serve: Serve, analysed_home: object) -> None:
    at = serve(analysed_home)
    body = {"query": {"tag": "x"}}
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        refused = at.client.put("/api/v1/views/mine", json=body, headers=headers)
        assert (refused.status_code, refused.json()["kind"]) == (403, "wrong_origin"), headers
    assert at.client.get("/api/v1/views").json()["items"] == []
    for ours in (
        {"Origin": at.url},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    ):  # a browser's form tells no origin
        assert at.client.put("/api/v1/views/mine", json=body, headers=ours).status_code == 200
    assert at.client.post("/jobs/pause", data={"every": "1"}).status_code == 403  # a form without our field


def test_the_door_shuts_when_the_first_user_is_added(
    serve: Serve, analysed_home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "LOOK_SECONDS", 0.0)
    at = serve(analysed_home)
    assert at.client.get("/api/v1/jobs").status_code == 200
    add_user(at.site, "ana", "read")
    assert at.client.get("/api/v1/jobs").status_code == 401


def test_a_token_is_worth_nothing_when_revoked_expired_or_its_user_gone(people: People) -> None:
    at, tokens = people
    with at.as_user(tokens["read"]) as reader:
        assert reader.get("/api/v1/me").json()["name"] == "who-reads"
        made = at.site.access().tokens("who-reads")[0]
        assert made.used_at is not None
        at.site.access().revoke_token(made.id, utc_now())
        refused = reader.get("/api/v1/me")
        assert (refused.status_code, refused.json()["kind"]) == (401, "invalid_token")
        assert "invalid_token" in refused.headers["WWW-Authenticate"]
    _, short = new_token(at.site, "who-writes", "short", "write", 1)
    with at.as_user(short) as writer:
        assert writer.get("/api/v1/me").status_code == 200
        at.site.clock = lambda: utc_now() + timedelta(days=1, seconds=1)
        assert writer.get("/api/v1/me").status_code == 401
        at.site.clock = utc_now
    with at.as_user(tokens["write"]) as writer:
        at.site.access().remove_user("who-writes")
        assert writer.get("/api/v1/me").status_code == 401


def test_a_token_never_may_more_than_its_user_does_now(people: People) -> None:
    at, tokens = people
    at.site.access().change_user("who-writes", role="read")
    with at.as_user(tokens["write"]) as writer:
        assert writer.get("/api/v1/me").json()["role"] == "read"
        assert writer.post("/api/v1/jobs/pause", json={}).status_code == 403


def test_secrets_are_kept_as_digests_only(people: People) -> None:
    at, tokens = people
    _sign_in(at, "who-reads")
    at.site.parts.database.close()
    kept = b"".join(path.read_bytes() for path in at.site.settings.home.glob("rhyme.db*"))
    cookie = at.client.cookies["rhyme_session"]
    for secret in (PASSWORD, cookie, *tokens.values()):
        assert secret.encode() not in kept
    assert b"$argon2id$" in kept


def _sign_in(at: Served, name: str, password: str = PASSWORD) -> httpx.Response:
    data = {"name": name, "password": password, "next": "/jobs"}
    return at.client.post("/sign-in", data=data, headers={"Origin": at.url})


def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_do_not_get(people: People) -> None:
    at, _ = people
    answer = _sign_in(at, "who-reads")
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs")
    given = answer.headers["set-cookie"].lower()
    assert all(word in given for word in ("httponly", "samesite=lax", "path=/", "max-age=43200"))
    assert at.client.get("/api/v1/me").json() == {"name": "who-reads", "role": "read", "token_id": None}


def test_over_https_the_cookie_is_secure_and_of_this_host_alone(serve: Serve, analysed_home: object) -> None:
    at = serve(analysed_home, web_address="https://rhyme.example.com")
    add_user(at.site, "ana", "read")
    answer = at.client.post(
        "/sign-in",
        data={"name": "ana", "password": PASSWORD},
        headers={"Origin": "https://rhyme.example.com", "Host": "rhyme.example.com"},
    )
    given = answer.headers["set-cookie"]
    assert given.startswith("__Host-rhyme_session=")
    assert "; Secure" in given
    assert at.client.get("/", headers={"Host": "other.example.com"}).status_code == 421


def test_a_wrong_name_and_a_wrong_password_are_told_alike_and_only_so_often(people: People) -> None:
    at, _ = people
    answers = [_sign_in(at, name, "wrong wrong wrong") for name in ("who-reads", "nobody")]
    assert [one.status_code for one in answers] == [401, 401]
    assert answers[0].text.replace("who-reads", "nobody") == answers[1].text
    later = [_sign_in(at, "who-reads", "wrong wrong wrong").status_code for _ in range(TRIES_AT_ONCE)]
    assert set(later) == {401, 429}
    assert _sign_in(at, "who-reads").status_code == 429  # the right one too: a guesser learns nothing
    assert "rhyme_session" not in at.client.cookies


def test_a_form_needs_the_field_of_the_very_session(people: People) -> None:
    at, _ = people
    _sign_in(at, "who-writes")
    page = at.client.get("/jobs").text
    field = page.split('name="csrf" value="')[1].split('"')[0]
    here = {"Origin": at.url}
    assert at.client.post("/jobs/resume", data={"every": "1"}, headers=here).status_code == 403
    other = "0" * len(field)
    assert at.client.post("/jobs/resume", data={"every": "1", "csrf": other}, headers=here).status_code == 403
    assert at.client.post("/jobs/resume", data={"every": "1", "csrf": field}, headers=here).status_code == 303
    assert at.client.post("/api/v1/jobs/resume", json={}).status_code == 403  # no browser says whose page it was
    assert at.client.post("/api/v1/jobs/resume", json={}, headers=here).status_code == 200


def test_a_session_ends_when_signed_out_expired_or_given_a_new_password(people: People) -> None:
    at, _ = people
    _sign_in(at, "who-writes")
    field = at.client.get("/jobs").text.split('name="csrf" value="')[1].split('"')[0]
    stolen = at.client.cookies["rhyme_session"]
    at.client.post("/sign-out", data={"csrf": field}, headers={"Origin": at.url})
    at.client.cookies.set("rhyme_session", stolen)
    assert at.client.get("/api/v1/me").status_code == 401
    at.client.cookies.clear()
    _sign_in(at, "who-writes")
    at.site.clock = lambda: utc_now() + timedelta(hours=12, seconds=1)
    assert at.client.get("/api/v1/me").status_code == 401
    at.site.clock = utc_now
    assert at.client.get("/api/v1/me").status_code == 200
    at.site.access().change_user("who-writes", password="another hash")
    assert at.client.get("/api/v1/me").status_code == 401


def test_a_planted_session_is_not_taken_over_by_who_signs_in(people: People) -> None:
    at, _ = people
    at.client.cookies.set("rhyme_session", "planted")
    _sign_in(at, "who-reads")
    given = dict(at.client.cookies)["rhyme_session"] if len(at.client.cookies) == 1 else None
    assert given != "planted"
    with httpx.Client(base_url=at.url, cookies={"rhyme_session": "planted"}) as planter:
        assert planter.get("/api/v1/me").status_code == 401


def test_what_was_changed_or_refused_is_in_the_log_and_no_secret_is(people: People) -> None:
    at, tokens = people
    _sign_in(at, "who-reads", "a wrong password")
    with at.as_user(tokens["write"]) as writer:
        writer.post("/api/v1/jobs/pause", json={})
        writer.post("/api/v1/jobs/none/none", json={})
    log = at.site.access().audit(10)
    seen = [(one.visitor, one.action, one.outcome) for one in log]
    assert ("who-writes", "POST /api/v1/jobs/pause", "done") in seen
    assert ("who-reads", "POST /sign-in", "refused") in seen
    assert ("who-writes", "POST /api/v1/jobs/none/none", "failed") in seen
    assert all(one.address == "127.0.0.1" for one in log)
    assert "wrong password" not in repr(log)


def test_too_large_a_body_is_refused_before_it_is_kept(people: People) -> None:
    at, tokens = people
    with at.as_user(tokens["write"]) as writer:
        answer = writer.post("/api/v1/jobs", content=b"x" * 1_048_577, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["kind"]) == (413, "too_large")


def test_who_asks_too_often_is_told_when_to_ask_again(serve: Serve, analysed_home: object) -> None:
    at = serve(analysed_home, web_requests_per_minute=6)
    assert at.client.get("/api/v1/me").status_code == 200
    answer = at.client.get("/api/v1/me")
    assert (answer.status_code, answer.json()["kind"]) == (429, "too_many_requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 10


def test_questions_have_a_limit_of_their_own(serve: Serve, analysed_home: object) -> None:
    at = serve(analysed_home, web_questions_per_minute=1)
    assert at.client.post("/api/v1/ask", json={}).status_code == 422
    assert at.client.post("/api/v1/ask", json={}).status_code == 429
    assert at.client.get("/api/v1/me").status_code == 200
