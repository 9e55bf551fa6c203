"""The command line end to end: a real home, database and event memory, and a model server on loopback."""

import io
import json
import signal
import sys
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from terminal.main import main
from terminal.output import analysis_schema


def flat(text: str) -> str:
    return " ".join(text.split())


def test_json_is_one_object_on_stdout_and_progress_is_on_stderr(
    server: Any, story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(story), "--json", "--no-precedents"]) == 0
    out, err = capsys.readouterr()
    data = json.loads(out)
    jsonschema.validate(data, analysis_schema())
    assert data["tickers"] == ["AAPL"]
    assert data["article"]["published_at"] == data["provenance"]["as_of"] == "2024-03-21T15:00:00Z"
    assert data["precedent_status"] == "not_asked"
    assert data["impact"]["evidence"] == "prior_only"
    assert [claim["verdict"] for claim in data["claims"]] == ["supported", "dropped"]
    assert data["dropped"] == 1
    assert data["provenance"]["calls"] == 3
    assert err.startswith("[  0.0 s] Starting")
    assert "explain" in err
    assert server.embedded == 0


@pytest.mark.usefixtures("server")
def test_an_analysis_is_shown_in_the_language_asked_for_and_again_by_show(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(story), "--no-precedents", "--language", "de", "--json", "--quiet"]) == 0
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, analysis_schema())
    assert data["analysis"] == "Apple holds more than 65 percent of the market at stake."
    assert data["translation"]["language"] == "de"
    assert data["translation"]["kept_english"] == 0
    assert data["translation"]["analysis"] == "Apple hält mehr als 65\u00a0% des umstrittenen Marktes."
    assert main(["show", data["id"]]) == 0
    shown = flat(capsys.readouterr().out)
    assert "Das Justizministerium hat Apple wegen eines Smartphone-Monopols verklagt." in shown
    assert "justice department sued Apple over a smartphone monopoly" not in shown


@pytest.mark.usefixtures("server")
def test_the_setting_of_the_language_is_followed(
    story: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RHYME_OUTPUT_LANGUAGE", "de")
    assert main(["analyze", str(story), "--no-precedents", "--quiet"]) == 0
    assert "Das Justizministerium hat Apple" in flat(capsys.readouterr().out)


def test_a_kept_analysis_is_shown_again_as_it_was(
    server: Any, story: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert main(["analyze", str(story), "--json", "--no-precedents", "--quiet", "--html", str(page)]) == 0
    first, err = capsys.readouterr()
    assert err == ""
    assert "U.S. sues Apple over the smartphone market" in page.read_text(encoding="utf-8")
    server.close()
    known = json.loads(first)["id"]
    assert main(["show", known[:8], "--json"]) == 0
    assert capsys.readouterr().out == first
    again = tmp_path / "again.html"
    assert main(["show", known, "--html", str(again)]) == 0
    assert "Market Impact 0." in capsys.readouterr().out
    assert again.read_bytes() == page.read_bytes()


@pytest.mark.usefixtures("server")
def test_an_article_may_come_from_standard_input(
    story: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(story.read_bytes())))
    assert main(["analyze", "-", "--no-precedents", "--as-of", "2024-03-22T00:00Z"]) == 0
    out = flat(capsys.readouterr().out)
    assert "as of 2024-03-22 00:00 UTC" in out
    assert "Precedents were not asked for" in out


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--as-of", "2024-03-20"], 2, "after the time of the analysis"),
        (["--as-of", "2999-01-01"], 2, "in the future"),
        (["--ticker", "NOSUCH"], 2, "NOSUCH"),
        (["--html", "/no/such/folder/x.html"], 2, "does not exist"),
        (["--html", "/"], 2, "is a folder"),
        (["--model", "missing.gguf"], 5, "missing.gguf"),
        (["--model", "tiny"], 5, "`rhyme models pull tiny`"),
    ],
)
def test_what_cannot_work_is_said_at_once(
    story: Path, capsys: pytest.CaptureFixture[str], more: list[str], code: int, words: str
) -> None:
    assert main(["analyze", str(story), "--no-precedents", "--json", *more]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in flat(err)


def test_without_a_model_or_key_the_message_says_how_to_get_one(
    story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(story)]) == 5
    assert "`rhyme models pull default`" in flat(capsys.readouterr().err)
    assert main(["analyze", str(story), "--model", "gpt-5"]) == 5
    assert "OPENAI_API_KEY" in flat(capsys.readouterr().err)


@pytest.mark.usefixtures("server")
def test_a_source_that_is_not_there_is_a_source_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "no-such-file.txt"]) == 4
    assert "no-such-file.txt" in capsys.readouterr().err


@pytest.mark.usefixtures("server")
def test_a_damaged_database_is_a_store_error(story: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "rhyme.db").write_bytes(b"this is no database" * 100)
    assert main(["analyze", str(story), "--no-precedents"]) == 6
    assert "rhyme.db" in capsys.readouterr().err


def test_an_unknown_id_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "abc"]) == 2
    assert "abc" in capsys.readouterr().err


def test_a_sign_of_life_comes_before_the_model_is_asked_and_ctrl_c_ends_the_run(
    server: Any, story: Path, start: Any
) -> None:
    server.hang.set()
    running = start("analyze", str(story), "--no-precedents")
    assert running.stderr
    assert "Starting" in running.stderr.readline()
    assert not server.asked.is_set()
    assert server.asked.wait(60)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert err.rstrip().endswith("rhyme: Stopped; nothing more was written.")
