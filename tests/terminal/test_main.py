import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from records import errors
from terminal.commands import config
from terminal.main import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Makes `rhyme config` fail with the given error."""

    def install(error: BaseException) -> None:
        def run(_: object) -> int:
            raise error

        monkeypatch.setattr(config, "run", run)

    return install


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFound("gone"), 2),
        (errors.SettingsError("bad"), 3),
        (errors.SourceRefused("no"), 4),
        (errors.ModelMissing("none"), 5),
        (errors.StoreLocked("busy"), 6),
        (ZeroDivisionError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_failure_has_its_exit_code_and_no_traceback(
    failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], error: BaseException, code: int
) -> None:
    failing(error)
    assert main(["config"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("rhyme: ")
    assert "Traceback" not in err


def test_an_error_is_one_wrapped_paragraph_that_breaks_no_address(
    failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    address = "https://news.example.com/" + "long-path/" * 8
    failing(errors.SourceUnreachable(f"The address {address} did not answer.\nTry again, or give its file."))
    main(["config"])
    lines = capsys.readouterr().err.splitlines()
    assert "" not in lines
    assert any(address in line for line in lines)
    assert all(len(line) <= 60 for line in lines if address not in line)


def test_an_error_message_cannot_move_the_cursor(
    failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    failing(errors.SourceRefused("the server said \x1b[2J\x1b]0;owned\x07 no"))
    main(["config"])
    assert capsys.readouterr().err == "rhyme: the server said no\n"


@pytest.mark.parametrize("place", [0, 1])
def test_debug_shows_the_traceback_before_or_after_the_command(
    failing: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], place: int
) -> None:
    failing(errors.StoreError("broken"))
    arguments = ["config"]
    arguments.insert(place, "--debug")
    assert main(arguments) == 6
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "broken" in err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["analyse", "x"], "did you mean analyze?"),
        (["analyze", "x", "--jsn"], "did you mean --json?"),
        (["analyze"], "SOURCE"),
        (["analyze", "a", "b"], "one argument too many"),
        (["analyze", "x", "--as-of", "2014-01-01T10:00"], "no time zone"),
        (["analyze", "x", "--as-of", "yesterday"], "is not a time"),
        (["precedents", "search", "x", "--limit", "0"], "not between 1 and 100"),
        (["precedents"], "COMMAND"),
        ([], "COMMAND"),
    ],
)
def test_a_wrong_command_line_is_explained_in_one_paragraph(
    capsys: pytest.CaptureFixture[str], arguments: list[str], hint: str
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("rhyme: ")
    assert hint in " ".join(err.split())
    assert "--help` shows how" in " ".join(err.split())


def test_version_and_help_leave_with_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("rhyme ")
    assert main(["analyze", "--help"]) == 0
    assert "example:\n  rhyme analyze" in capsys.readouterr().out


def test_a_reader_that_leaves_early_is_no_error() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    script = f'"{sys.executable}" -m terminal.main config --json | true; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert done.returncode in (0, 141)
    assert done.stderr == ""
