"""`rhyme serve` and `rhyme users` as processes of their own."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from records.database import Database
from terminal.main import main

ROOT = Path(__file__).parents[3]
PASSWORD = "correct horse battery\n"


@contextmanager
def serving(home: Path, *more: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the address that it printed."""
    environment = {"RHYME_HOME": str(home), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "HOME": str(home)}
    command = [sys.executable, "-m", "terminal.main", "serve", "--port", "0", *more]
    process = subprocess.Popen(
        command, env=environment | variables, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().partition(" is at ")[2].strip().rstrip("/")
    finally:
        process.kill()
        process.communicate()


def _typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_its_address_serves_and_ends_in_order_with_a_stream_open(tmp_path: Path, how: signal.Signals) -> None:
    with serving(tmp_path / "home") as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{url}/", timeout=60).status_code == 200
        with httpx.stream("GET", f"{url}/api/v1/stream", timeout=60) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "id: 0"
            process.send_signal(how)
            for _ in lines:
                pass
        assert process.wait(timeout=60) == 0


def test_after_a_kill_a_new_one_tells_a_stream_what_it_missed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home) as (process, url):
        with httpx.stream("GET", f"{url}/api/v1/stream", timeout=60) as stream:
            lines = stream.iter_lines()
            last = next(lines).removeprefix("id: ")
            process.kill()
        process.wait(timeout=60)
    _keep_one(home)
    with (
        serving(home) as (_, url),
        httpx.stream("GET", f"{url}/api/v1/stream", timeout=60, headers={"Last-Event-ID": last}) as stream,
    ):
        names = [line for line, _ in zip(stream.iter_lines(), range(6), strict=False)]
    assert "event: analysis" in names
    assert "id: 1" in names


def _keep_one(home: Path) -> None:
    from tests.terminal.conftest import make_analysis

    with Database.open(home / "rhyme.db") as database:
        database.save_analysis(make_analysis())


@pytest.mark.parametrize("more", [{"--host": "0.0.0.0"}, {"address": "https://rhyme.example.com"}])
def test_where_others_reach_it_it_needs_users(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    options = ["--host", more["--host"]] if "--host" in more else []
    if "address" in more:
        monkeypatch.setenv("RHYME_WEB_ADDRESS", more["address"])
    assert main(["serve", "--port", "0", *options]) == 3
    assert "`rhyme users add NAME`" in " ".join(capsys.readouterr().err.split())


def test_with_a_user_it_serves_others_who_sign_in_and_says_that_https_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _typed(monkeypatch, PASSWORD)
    home = tmp_path / "home"
    assert main(["users", "add", "ana", "--role", "write", "--home", str(home)]) == 0
    with serving(home, "--host", "0.0.0.0") as (process, url):
        here = url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{here}/api/v1/me", timeout=60).status_code == 401
        with httpx.Client(base_url=here, timeout=60) as client:
            signed = client.post(
                "/sign-in", data={"name": "ana", "password": PASSWORD.strip()}, headers={"Origin": here}
            )
            assert signed.status_code == 303
            assert client.get("/api/v1/me").json()["name"] == "ana"
        process.send_signal(signal.SIGINT)
        assert "without https" in process.communicate(timeout=60)[1]


def test_users_are_added_changed_listed_and_removed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _typed(monkeypatch, PASSWORD)
    assert main(["users", "add", "Ana@Example.com"]) == 0
    _typed(monkeypatch, "short\n")
    assert main(["users", "add", "bob"]) == 2
    assert "12 to 1,024 characters" in capsys.readouterr().err
    _typed(monkeypatch, PASSWORD)
    assert main(["users", "add", "two words"]) == 2
    assert main(["users", "role", "ana@example.com", "write"]) == 0
    assert main(["users", "list"]) == 0
    assert "ana@example.com  write  password" in capsys.readouterr().out
    assert main(["users", "token", "add", "desk", "--user", "ana@example.com", "--days", "90"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("rhyme_")
    made = told.err.split()[1]
    assert main(["users", "token", "list"]) == 0
    listed = capsys.readouterr().out
    assert f"{made.rstrip(',')}  ana@example.com  read  desk  not used yet" in listed
    assert told.out.strip() not in listed
    assert main(["users", "token", "revoke", made.rstrip(",")]) == 0
    assert main(["users", "log"]) == 0
    assert main(["users", "remove", "ana@example.com"]) == 0
    assert main(["users", "remove", "ana@example.com"]) == 2
    assert "no user" in capsys.readouterr().err


def test_a_certificate_that_is_not_there_is_told_before_anything_is_opened(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--certificate", "/nowhere.pem"]) == 2
    assert main(["serve", "--key", "/nowhere.pem"]) == 2
    assert "--key belongs to --certificate" in capsys.readouterr().err
