from pathlib import Path

import pytest

from records.errors import SettingsError
from terminal.home import Home
from terminal.main import main


def test_a_missing_home_is_made(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home")
    home.prepare()
    assert list(home.path.iterdir()) == []


def test_a_home_that_cannot_be_written_is_a_settings_error_that_says_what_to_do(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    for place in (blocker / "home", Path("/proc/rhyme-home")):  # root may write read-only folders, but not in these
        with pytest.raises(SettingsError, match=r"cannot be written.*--home DIR or RHYME_HOME"):
            Home(place).prepare()


@pytest.mark.parametrize("command", [["analyze", "-"], ["demo"], ["show", "abc"], ["models", "pull"]])
def test_every_command_that_writes_stops_with_exit_code_3(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    assert main([*command, "--home", str(blocker / "home")]) == 3
    assert "cannot be written" in " ".join(capsys.readouterr().err.split())
