"""Settings, signing in and out, tokens: secrets stay secret, and no one gets in who may not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from records.access import Role, User
from terminal.web.access.proofs import digest, hash_password
from terminal.web.pages.sign_in import inside
from tests.terminal.work_kit import AT, database_of, field, keep_articles, opened, words

PASSWORD = "correct horse battery"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    keep_articles(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def site(home: Path) -> Iterator[TestClient]:
    """A site with a reader and a writer."""
    roles: dict[str, Role] = {"ann": "write", "ben": "read"}
    with database_of(home) as database:
        for name, role in roles.items():
            user = User(name=name, role=role, created_at=AT, has_password=True)
            database.access.add_user(user, hash_password(PASSWORD))
    with opened(home) as client:
        yield client


def sign_in(client: TestClient, name: str, **form: str) -> None:
    answer = client.post("/sign-in", data={"name": name, "password": PASSWORD, **form}, follow_redirects=False)
    assert answer.status_code == 303


def test_settings_say_what_is_in_force_and_where_it_is_from_and_never_a_secret(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RHYME_API_KEY", "sk-very-secret")
    monkeypatch.setenv("RHYME_CHROMA_TOKEN", "chroma-secret")
    monkeypatch.setenv("RHYME_MCP_TOKEN", "mcp-secret")
    monkeypatch.setenv("RHYME_PRICES", "postgresql://prices:price-secret@db.example.com/x?table=t")
    (home / "config.toml").write_text('embedder = "small-one"\n', encoding="utf-8")
    with opened(home, model="big-model") as client:
        page = client.get("/settings").text
    said = words(page)
    for told in ("embedder small-one", "file (", "environment (RHYME_API_KEY)", "big-model", "given at the start"):
        assert told in said
    for secret in ("very-secret", "chroma-secret", "mcp-secret", "price-secret"):
        assert secret not in page


def test_the_checks_of_doctor_are_there_for_who_may_change_things(home: Path) -> None:
    with opened(
        home, model="m", provider="openai", base_url="http://127.0.0.1:9/v1", embedder="e", embedding_dimensions=8
    ) as client:
        assert 'id="checks"' not in client.get("/settings").text
        said = words(client.get("/settings?check=true").text)
    assert "questions" in said
    assert "as an agent: the model calls the tools itself" in said


def test_who_is_not_signed_in_is_asked_to_and_comes_back_to_the_page(site: TestClient) -> None:
    asked = site.get("/jobs?show=failed", follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Fjobs%3Fshow%3Dfailed")
    form = site.get(asked.headers["location"]).text
    assert 'name="next" value="/jobs?show=failed"' in form
    wrong = site.post("/sign-in", data={"name": "ann", "password": "wrong", "next": "/jobs"})
    assert wrong.status_code == 401
    assert "Name or password is wrong." in words(wrong.text)
    right = site.post("/sign-in", data={"name": "Ann", "password": PASSWORD, "next": "/jobs"}, follow_redirects=False)
    assert (right.status_code, right.headers["location"]) == (303, "/jobs")
    page = site.get("/jobs").text
    assert ">ann</span>" in page
    out = site.post("/sign-out", data={"csrf": field(page)}, follow_redirects=False)
    assert out.headers["location"] == "/sign-in"
    assert site.get("/jobs", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nb", ""]
)
def test_nobody_is_sent_to_another_site_after_signing_in(address: str) -> None:
    assert inside(address) == "/"


def test_a_reader_sees_the_work_and_has_no_form_to_change_it(site: TestClient) -> None:
    sign_in(site, "ben")
    for path in ("/jobs", "/alerts", "/briefs", "/settings", "/track-record", "/evals", "/ask", "/tokens"):
        assert site.get(path).status_code == 200, path
    jobs = site.get("/jobs").text
    assert "Add a feed" not in jobs
    assert "/jobs/retry" not in jobs
    assert "What was done" not in site.get("/settings").text
    assert 'id="checks"' not in site.get("/settings?check=true").text
    csrf = field(jobs)
    assert "/alerts/rules" not in site.get("/alerts").text
    changes = (("/jobs/retry", {"every": "true"}), ("/briefs", {}), ("/jobs/feeds/remove", {"feed": "wire"}))
    for path, form in (
        *changes,
        ("/alerts/rules/add", {"tickers": "MSFT"}),
        ("/alerts/rules/remove", {"rule": "msft"}),
    ):
        assert site.post(path, data={"csrf": csrf, **form}).status_code == 403, path


def test_a_writer_sees_what_was_done_and_by_whom(site: TestClient) -> None:
    sign_in(site, "ann")
    site.post("/briefs", data={"csrf": field(site.get("/briefs").text), "kind": "everything"})
    said = words(site.get("/settings").text)
    assert "What was done" in said
    assert "POST /briefs" in said


def test_a_token_is_shown_once_works_and_is_revoked_by_its_own_user_only(site: TestClient, home: Path) -> None:
    sign_in(site, "ben")
    csrf = field(site.get("/tokens").text)
    made = site.post("/tokens", data={"csrf": csrf, "name": "morning script", "role": "read", "days": "30"}).text
    secret = made[made.index('class="secret">') + 15 : made.index("</code>", made.index('class="secret">'))]
    later = site.get("/tokens").text
    assert secret.startswith("rhyme_")
    assert secret not in later
    assert "morning script" in words(later)
    with database_of(home) as database:
        token = database.access.tokens("ben")[0]
        assert database.access.of_token(digest(secret), AT) is not None
    site.cookies.clear()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert site.get("/briefs", headers=bearer).status_code == 200
    assert site.post("/tokens", data={"name": "another"}, headers=bearer).status_code == 403
    sign_in(site, "ann")
    other = site.post("/tokens/revoke", data={"csrf": field(site.get("/tokens").text), "token": token.id})
    assert other.status_code == 404
    site.cookies.clear()
    sign_in(site, "ben")
    site.post("/tokens/revoke", data={"csrf": field(site.get("/tokens").text), "token": token.id})
    site.cookies.clear()
    assert site.get("/briefs", headers=bearer).status_code == 401


def test_a_reader_makes_no_token_that_writes(site: TestClient) -> None:
    sign_in(site, "ben")
    answer = site.post("/tokens", data={"csrf": field(site.get("/tokens").text), "name": "x", "role": "write"})
    assert answer.status_code == 400
    assert "ben may only read" in words(answer.text)


def test_where_no_one_signs_in_the_pages_say_so(home: Path) -> None:
    with opened(home) as client:
        assert "No one signs in here" in words(client.get("/tokens").text)
        assert client.get("/sign-in", follow_redirects=False).headers["location"] == "/"
