"""`rhyme chroma` as a person or a service manager runs it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from records.errors import StoreUnreachable
from terminal.assembly import chroma_place
from terminal.main import main
from terminal.settings import load_settings
from vectorstore.chroma_place import CloudPlace, EmbeddedPlace, ServerPlace, open_client
from vectorstore.chroma_server import ChromaServer


def _hear_ctrl_c() -> None:
    """In the new process: a test run started in the background ignores SIGINT, and children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def _command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "terminal.main", "chroma", *arguments],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_hear_ctrl_c,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_the_one_line_to_set_and_stops_in_order(tmp_path: Path, stop: signal.Signals) -> None:
    with _command("--port", "0") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        url = line.strip().removeprefix("RHYME_CHROMA=")
        assert line == f"RHYME_CHROMA={url}\n"
        open_client(ServerPlace(url)).close()
        os.killpg(process.pid, stop)  # as a terminal's Ctrl-C, which reaches every process of the group
        assert (process.stdout.read(), process.stderr.read()) == ("", "")
        assert process.wait() == 0
    with pytest.raises(StoreUnreachable):
        open_client(ServerPlace(url))
    assert (tmp_path / "home" / "chroma" / "chroma.sqlite3").is_file()
    assert not (tmp_path / "home" / "chroma" / "running").exists()  # it ended its work; it was not killed
    FileLock(tmp_path / "home" / "chroma" / "lock", timeout=0).acquire()


def test_a_port_in_use_is_a_usage_error_that_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ChromaServer.start(tmp_path / "other") as server:
        port = server.url.rpartition(":")[2]
        assert main(["chroma", "--port", port]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert f"port {port}" in told.err
    assert "--port 0" in told.err


def test_a_folder_that_an_open_memory_uses_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "memory"
    folder.mkdir()
    with FileLock(folder / "lock"):
        assert main(["chroma", "--port", "0", "--path", str(folder)]) == 6
    told = capsys.readouterr()
    assert told.out == ""
    assert "Another process is using" in told.err


def test_a_host_that_others_reach_is_warned_about(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, object] = {}
    start = ChromaServer.start

    def here(directory: Path, **options: object) -> ChromaServer:
        started.update(options)
        server = start(directory)  # on this machine only, whatever was asked
        server.kill()  # so that the command does not wait
        return server

    monkeypatch.setattr(ChromaServer, "start", here)
    assert main(["chroma", "--port", "0", "--host", "0.0.0.0"]) == 6
    told = capsys.readouterr()
    assert started["host"] == "0.0.0.0"
    assert "Chroma asks for no password" in told.err
    assert "docs/chroma.md" in told.err
    assert main(["chroma", "--port", "0"]) == 6
    assert "password" not in capsys.readouterr().err


def test_a_server_that_was_killed_the_last_time_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = ChromaServer.start
    start(tmp_path / "home" / "chroma").kill()

    def shortly(directory: Path, **_: object) -> ChromaServer:
        server = start(directory)
        server.stop()  # so that the command does not wait
        return server

    monkeypatch.setattr(ChromaServer, "start", shortly)
    assert main(["chroma"]) == 6
    assert "was killed the last time" in capsys.readouterr().err
    assert main(["chroma"]) == 6
    assert "was killed the last time" not in capsys.readouterr().err


def test_the_settings_say_which_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert chroma_place(load_settings({}).settings) == EmbeddedPlace(tmp_path / "home" / "events")
    monkeypatch.setenv("RHYME_CHROMA", "https://chroma.example.org:8443/")
    assert chroma_place(load_settings({}).settings) == ServerPlace("https://chroma.example.org:8443")
    for name, value in (("TOKEN", "t0ken"), ("TENANT", "ours"), ("DATABASE", "news")):
        monkeypatch.setenv(f"RHYME_CHROMA_{name}", value)
    assert chroma_place(load_settings({}).settings) == ServerPlace(
        "https://chroma.example.org:8443", "t0ken", "ours", "news"
    )
    monkeypatch.setenv("RHYME_CHROMA", "cloud")
    assert chroma_place(load_settings({}).settings) == CloudPlace("t0ken", "ours", "news")
    monkeypatch.setenv("RHYME_CHROMA", "embedded")  # as a variable it overrules the file
    assert not chroma_place(load_settings({}).settings).shared


def test_the_hosted_service_without_a_key_says_which_setting_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RHYME_CHROMA", "cloud")
    assert main(["doctor", "--quiet"]) == 5  # the models are missing too, and come first
    assert "RHYME_CHROMA_TOKEN" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("value", ["server", "127.0.0.1:8000", "ftp://h", "http://ann:hunter2@h:1", "http://hunter2@h"])
def test_an_address_that_is_none_is_shown_without_its_password(
    value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RHYME_CHROMA", value)
    assert main(["config"]) == 3
    told = capsys.readouterr().err
    assert "RHYME_CHROMA" in told
    assert "hunter2" not in told


def test_doctor_says_whether_the_server_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ChromaServer.start(tmp_path / "served") as server:
        monkeypatch.setenv("RHYME_CHROMA", server.url)
        main(["doctor", "--quiet"])
        assert f"ok chroma {server.url} answers, interface 1.0.0, 0 collections" in _words(capsys)
    main(["doctor", "--quiet"])
    told = _words(capsys)
    assert f"FAIL chroma The Chroma server at {server.url} cannot be reached" in told
    assert "Start it with `rhyme chroma`, or correct RHYME_CHROMA." in told


def _words(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())
