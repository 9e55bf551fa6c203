import json
from pathlib import Path

import pytest

from terminal.main import main
from terminal.settings import Settings


def test_every_setting_is_listed_with_its_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text("threads = 3\n")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden")
    monkeypatch.setenv("RHYME_MODLE", "small")
    assert main(["config", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    rows = data["settings"]
    assert set(rows) == set(Settings.model_fields)
    assert rows["threads"] == {"value": 3, "origin": f"file ({data['config_file']})"}
    assert rows["api_key"] == {"value": "********", "origin": "environment (OPENAI_API_KEY)"}
    assert rows["model"]["origin"] == "default"
    assert data["unknown_variables"] == ["RHYME_MODLE"]
    assert main(["config"]) == 0
    out = capsys.readouterr().out
    assert "sk-hidden" not in out
    assert "RHYME_MODLE is no setting" in out
    assert "not set" in out


def test_a_misspelled_key_stops_every_command_with_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text("modell = 'small'\n")
    for command in (["config"], ["models", "list"], ["show", "abc"]):
        assert main(command) == 3
        assert "Did you mean `model`?" in " ".join(capsys.readouterr().err.split())
