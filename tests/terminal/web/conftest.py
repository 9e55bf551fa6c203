"""A served home with analyses, users of both roles, and their tokens."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from records.access import Role, User
from records.times import utc_now
from terminal.web.access.proofs import hash_password
from terminal.web.access.sign_in import new_token
from terminal.web.site import Site
from tests.terminal.web_kit import fill, served, site_of

PASSWORD = "correct horse battery"
HEADLINES = ("sues Apple", "Nvidia", "Boeing", "walks", "Meta", "FedEx")


@pytest.fixture(scope="session")
def _analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("analysed")
    fill(home, utc_now(), only=HEADLINES)
    return home


@pytest.fixture
def analysed_home(_analysed: Path, tmp_path: Path) -> Path:
    """A home of its own with a few real analyses."""
    home = tmp_path / "analysed"
    home.mkdir()
    shutil.copy(_analysed / "rhyme.db", home)
    return home


@dataclass(frozen=True)
class Served:
    """A site that is served, and a client of it."""

    site: Site
    url: str
    client: httpx.Client

    def as_user(self, token: str) -> httpx.Client:
        """A client that signs its requests. The caller closes it."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves a home, with settings; ended with the test."""
    with ExitStack() as closing:

        @contextmanager
        def opened(home: Path, **settings: object) -> Iterator[Served]:
            with (
                site_of(home, **settings) as site,
                served(site) as url,
                httpx.Client(base_url=url, timeout=30) as client,
            ):
                yield Served(site, url, client)

        yield lambda home, **settings: closing.enter_context(opened(home, **settings))


def add_user(site: Site, name: str, role: Role, *, password: str = PASSWORD) -> User:
    """Someone who may sign in."""
    user = User(name=name, role=role, created_at=utc_now(), has_password=True)
    site.access().add_user(user, hash_password(password))
    return user


@pytest.fixture
def people(serve: Serve, analysed_home: Path) -> tuple[Served, dict[str, str]]:
    """A site where one has to sign in, and a token of each role."""
    at = serve(analysed_home)
    for role in ("read", "write"):
        add_user(at.site, f"who-{role}s", role)
    return at, {role: new_token(at.site, f"who-{role}s", "test", role, None)[1] for role in ("read", "write")}  # type: ignore[arg-type]
