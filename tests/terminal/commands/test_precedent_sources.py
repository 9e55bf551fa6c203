"""Imported files are held, listed and released by the command line."""

import json
from pathlib import Path

import pytest

from terminal.main import main

HEADER = (
    "id,summary,event_type,published_at,tickers,reaction_session_on,reaction_abnormal_return,reaction_sigma,"
    "reaction_known_at"
)
ROW = (
    "{id},Zebra Wool recalled every blanket,product_recall_safety,2015-05-04T12:00:00Z,ZWL,2015-05-04,0.2,0.02,"
    "2015-05-04T20:00:00Z"
)


def file_of(folder: Path, name: str, event_id: str = "zebra") -> str:
    path = folder / name
    path.write_text(f"{HEADER}\n{ROW.replace('{id}', event_id)}\n", encoding="utf-8")
    return str(path)


def sources(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    assert main(["precedents", "sources", "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


@pytest.mark.usefixtures("server")
def test_a_new_file_is_held_until_it_is_released(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["precedents", "import", file_of(tmp_path, "events.csv"), "--quiet"]) == 0
    assert "rhyme precedents release import:events.csv" in " ".join(capsys.readouterr().out.split())
    assert sources(capsys)["import:events.csv"]["released_at"] is None
    assert main(["precedents", "sources", "--quiet"]) == 0
    assert "held" in capsys.readouterr().out
    assert main(["precedents", "release", "import:events.csv", "--quiet"]) == 0
    assert ".05 at most" in capsys.readouterr().out
    assert sources(capsys)["import:events.csv"]["released_at"] is not None
    assert main(["precedents", "release", "import:none.csv", "--quiet"]) == 2
    assert "import:events.csv" in capsys.readouterr().err


@pytest.mark.usefixtures("server")
def test_a_file_may_be_released_as_it_is_imported_and_replaces_no_others_event(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["precedents", "import", file_of(tmp_path, "mine.csv"), "--release", "--quiet"]) == 0
    assert "release" not in capsys.readouterr().out
    assert sources(capsys)["import:mine.csv"]["released_at"] is not None
    assert main(["precedents", "import", file_of(tmp_path, "theirs.csv"), "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert "0 new events" in out
    assert "zebra: an event of another source has this id" in err


@pytest.mark.usefixtures("server")
def test_without_an_import_there_is_no_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["precedents", "sources", "--quiet"]) == 0
    assert "No file was imported" in capsys.readouterr().out
