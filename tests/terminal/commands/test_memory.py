"""Looking after the event memory by the command line: a real Chroma and database; the vectors come from a server on loopback."""

import json
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from records.database import Database
from terminal import assembly
from terminal.main import main

COLUMNS = "id,summary,event_type,published_at,tickers,reaction_session_on,reaction_abnormal_return,reaction_sigma,reaction_known_at"
EVENTS = f"""{COLUMNS}
z1,Zebra Wool recalled its blankets,product_recall_safety,2015-05-04T12:00:00Z,ZWL,2015-05-04,-0.04,0.02,2015-05-04T20:00:00Z
z2,Zebra Wool opened a blanket museum,product_launch,2016-05-04T12:00:00Z,ZWL,,,,
z3,Zebra Wool raised its outlook,guidance,2017-05-04T12:00:00Z,ZWL,2017-05-04,0.04,0.02,2017-05-04T20:00:00Z
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def filled(server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """A memory with the starter events and three more; the model server."""
    (tmp_path / "events.csv").write_text(EVENTS)
    assert main(["precedents", "import", str(tmp_path / "events.csv"), "--quiet"]) == 0
    capsys.readouterr()
    return server


def asked(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert main(["memory", *arguments, "--json"]) == code
    found = json.loads(capsys.readouterr().out)  # nothing but the object on stdout
    assert isinstance(found, dict)
    return found


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["memory", *arguments]) == code
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


def test_stats_of_an_empty_memory_need_no_model(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "stats")
    assert (found["events"], found["parts"], found["embedders"], found["bytes_an_event"]) == (0, [], [], None)
    assert "0 events" in told(capsys, "stats")
    assert asked(capsys, "verify")["whole"]


def test_stats_count_what_was_taken_in(filled: Any, capsys: pytest.CaptureFixture[str]) -> None:
    embedded = filled.embedded
    found = asked(capsys, "stats")
    assert filled.embedded == embedded
    assert found["events"] == found["with_reaction"] + found["without_reaction"] == 604
    assert found["without_reaction"] == 1
    assert sum(found["by_type"].values()) == sum(each["events"] for each in found["by_source"]) == 604
    assert {"source": "import:events.csv", "events": 3} in found["by_source"]
    assert found["embedders"] == [{**found["embedder"], "vectors": 604}]
    (part,) = found["parts"]
    assert part == {"known_from": None, "known_until": None, "events": 603, "in_chroma": 603}
    assert found["place"] == "embedded"
    assert min(found["database_bytes"], found["chroma_bytes"], found["bytes_an_event"]) > 0
    text = told(capsys, "stats")
    assert "604 events: 603 with their reaction, 1 without" in text
    assert "to today: 603 events, 603 in Chroma" in text


@pytest.mark.usefixtures("filled")
def test_stats_of_a_memory_in_use_leave_out_what_only_chroma_knows(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FileLock(home / "events" / "lock", thread_local=False):
        found = asked(capsys, "stats")
    assert found["parts"][0]["in_chroma"] is None
    assert "Another rhyme process" in found["chroma_note"]


@pytest.mark.usefixtures("filled")
def test_verify_leaves_with_6_while_differences_remain_and_repairs(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Whole: 604 events" in told(capsys, "verify")
    with Database.open(home / "rhyme.db") as database:
        (embedder,) = database.embedders()
        database.remove_events(["z1", "z3"])
    found = asked(capsys, "verify", code=6)
    assert [each["kind"] for each in found["found"]["differences"]] == ["strays"]
    assert found["found"]["differences"][0]["examples"] == ["z1", "z3"]
    assert "`rhyme memory verify --repair` puts them right" in told(capsys, "verify", code=6)
    repaired = told(capsys, "verify", "--repair")
    assert "Took 2 events that do not belong there out of Chroma." in repaired
    assert "Whole: 602 events" in repaired
    assert embedder.name == "big-embedder"


@pytest.mark.usefixtures("filled")
def test_verify_of_a_memory_in_use_is_a_store_error(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembly, "MEMORY_WAIT_SECONDS", 0.2)
    with FileLock(home / "events" / "lock", thread_local=False):
        assert "Another rhyme process" in told(capsys, "verify", code=6)


def test_reindex_with_another_embedder_says_what_to_set_and_drops_the_former_when_asked(
    filled: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = told(capsys, "reindex", "--embedder", "other-embedder")
    assert "604 events are embedded by other-embedder" in text
    assert "To use it, set RHYME_EMBEDDER=other-embedder" in text
    assert asked(capsys, "verify")["whole"]  # the present one serves on
    monkeypatch.setenv("RHYME_EMBEDDER", "other-embedder")
    embedded = filled.embedded
    assert main(["precedents", "search", "Zebra Wool blanket", "--quiet"]) == 0
    assert filled.embedded == embedded + 1
    capsys.readouterr()
    assert len(asked(capsys, "stats")["embedders"]) == 2
    found = asked(capsys, "reindex", "--drop-former")
    assert [(each["name"], each["vectors"]) for each in found["dropped"]] == [("big-embedder", 604)]
    assert (found["embedded"], found["set"]) == (0, None)
    assert [each["name"] for each in asked(capsys, "stats")["embedders"]] == ["other-embedder"]
    assert asked(capsys, "verify")["whole"]


def test_an_export_taken_in_elsewhere_is_the_same_memory(
    filled: Any, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "all.parquet")
    with Database.open(home / "rhyme.db") as database:
        database.remove_events(["z2", next(event.id for event in database.every_event() if event.source == "starter")])
    exported = asked(capsys, "export", path, "--vectors")
    assert exported["events"] == 602
    embedded = filled.embedded
    found = asked(capsys, "import", path, "--home", str(tmp_path / "other"))
    assert (found["added"], found["with_vector"], found["bad_rows"]) == (602, 602, 0)
    assert found["snapshot"] == found["file_snapshot"] == exported["snapshot"]
    assert filled.embedded == embedded
    assert (
        main(["precedents", "search", "Zebra", "--home", str(tmp_path / "other"), "--quiet"]) == 0
    )  # opens it as usual
    capsys.readouterr()
    assert asked(capsys, "stats", "--home", str(tmp_path / "other"))["snapshot"] == exported["snapshot"]
    (tmp_path / "csv.parquet").write_text(EVENTS)
    assert "not what `rhyme memory export` writes" in told(capsys, "import", str(tmp_path / "csv.parquet"), code=4)


@pytest.mark.usefixtures("filled")
def test_a_snapshot_is_taken_and_restored_into_an_empty_home(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = asked(capsys, "snapshot")
    assert Path(taken["directory"]).parent == home / "snapshots"
    assert "opened and checked" in told(capsys, "snapshot", str(tmp_path / "backup"))
    other = str(tmp_path / "other")
    assert "Restored 604 events" in told(capsys, "snapshot", "--restore", str(tmp_path / "backup"), "--home", other)
    assert asked(capsys, "stats", "--home", other)["snapshot"] == taken["snapshot"]
    assert "is there already" in told(capsys, "snapshot", "--restore", str(tmp_path / "backup"), code=2)
    assert "Give one folder" in told(capsys, "snapshot", "a", "--restore", "b", "--home", other, code=2)
    assert main(["precedents", "search", "Zebra Wool", "--home", other, "--quiet"]) == 0
    capsys.readouterr()
    assert asked(capsys, "verify", "--home", other)["whole"]
