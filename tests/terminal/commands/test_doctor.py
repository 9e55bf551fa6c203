import json
from pathlib import Path
from typing import Any

import pytest

from models.catalog import CATALOG
from terminal.main import main


def checks(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, dict[str, str]]]:
    code = main(["doctor", "--json", "--quiet", *more])
    data = json.loads(capsys.readouterr().out)
    assert data["exit_code"] == code
    assert data["ok"] == (code == 0)
    worst: dict[str, dict[str, str]] = {}
    for check in data["checks"]:
        if worst.get(check["name"], {}).get("state") != "fail":
            worst[check["name"]] = check
    return code, worst


def test_a_fresh_machine_is_told_what_to_fetch(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = checks(capsys)
    assert code == 5
    assert found["home"]["state"] == "ok"
    assert found["database"]["state"] == "ok"
    assert found["language model"]["state"] == "fail"
    assert "rhyme models pull default" in found["language model"]["detail"]
    assert found["embedder"]["state"] == "fail"


def test_the_page_names_each_check_and_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 5
    out = capsys.readouterr().out
    assert "FAIL" in out
    assert "will not work yet" in out


def test_a_truncated_model_file_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    (folder / CATALOG["tiny"].final_names[0]).write_bytes(b"GGUF")
    code, found = checks(capsys, "--model", "tiny")
    assert code == 5
    assert "truncated" in found["language model"]["detail"]


def test_a_bad_setting_is_the_first_thing_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RHYME_THREADS", "many")
    code, found = checks(capsys)
    assert code == 3
    assert "RHYME_THREADS" in found["settings"]["detail"]


def test_a_home_that_cannot_be_written_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RHYME_HOME", str(tmp_path / "file" / "home"))
    code, found = checks(capsys)
    assert code == 3
    assert "cannot be written" in found["home"]["detail"]


def test_a_damaged_database_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "rhyme.db").write_bytes(b"this is no database" * 100)
    _, found = checks(capsys)
    assert found["database"]["state"] == "fail"


def test_a_remote_model_needs_a_key_and_a_local_one_does_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, found = checks(capsys, "--model", "gpt-5")
    assert "OPENAI_API_KEY" in found["language model"]["detail"]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden")
    _, found = checks(capsys, "--model", "gpt-5")
    assert found["language model"]["state"] == "ok"
    _, found = checks(capsys)
    assert found["settings"]["state"] == "warn"
    assert "sk-hidden" not in json.dumps(found)


def test_a_settings_file_with_a_key_that_others_may_read_is_pointed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "home" / "config.toml"
    file.parent.mkdir()
    file.write_text('api_key = "sk-hidden"\nmodel = "gpt-5"\n')
    file.chmod(0o644)
    assert "chmod 600" in checks(capsys)[1]["settings"]["next_step"]
    file.chmod(0o600)
    assert checks(capsys)[1]["settings"]["state"] == "ok"


def test_the_doctor_asks_a_remote_model_only_when_told_to(server: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    assert not server.asked.is_set()
    assert main(["doctor", "--online", "--json"]) == 0
    out = capsys.readouterr().out
    assert server.asked.is_set()
    assert "answered in" in out
    server.close()
    assert main(["doctor", "--online"]) == 5
