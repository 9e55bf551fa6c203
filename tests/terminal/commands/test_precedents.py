"""The event memory by the command line: a real Chroma and database; the vectors come from a server on loopback."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from terminal import assembly
from terminal.main import main

EVENTS = """summary,event_type,published_at,tickers,reaction_session_on,reaction_abnormal_return,reaction_sigma,reaction_known_at
Zebra Wool recalled every blanket it sold,product_recall_safety,2015-05-04T12:00:00Z,ZWL,2015-05-04,-0.04,0.02,2015-05-04T20:00:00Z
Zebra Wool opened a blanket museum,product_launch,2016-05-04T12:00:00Z,ZWL,,,,
Zebra Wool did something,no_such_type,2016-05-04T12:00:00Z,ZWL,,,,
"""
QUESTION = "Zebra Wool recalled every blanket"


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    return path


def flat(text: str) -> str:
    return " ".join(text.split())


def search(capsys: pytest.CaptureFixture[str], *more: str) -> list[dict[str, Any]]:
    assert main(["precedents", "search", QUESTION, "--json", "--quiet", *more]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, list)
    return found


@pytest.mark.usefixtures("server")
def test_imported_events_are_found_and_bad_rows_are_named(events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["precedents", "import", str(events)]) == 0
    out, err = capsys.readouterr()
    assert "2 new events" in out
    assert "1 rows left out" in out
    assert "1 wait for their outcome" in out
    assert "no_such_type" in err
    found = search(capsys)
    assert found[0]["summary"] == "Zebra Wool recalled every blanket it sold"
    assert found[0]["reaction"]["z"] == pytest.approx(-2.0)
    assert main(["precedents", "import", str(events), "--quiet"]) == 0
    assert "0 new events" in capsys.readouterr().out


@pytest.mark.usefixtures("server")
def test_search_knows_nothing_of_the_future(events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["precedents", "import", str(events), "--quiet"]) == 0
    capsys.readouterr()
    early = search(capsys, "--as-of", "2015-05-04T19:59Z", "--limit", "100")
    assert early
    assert all(event["reaction"]["known_at"] <= "2015-05-04T19:59:00Z" for event in early)
    assert not any("Zebra" in event["summary"] for event in early)
    assert len(search(capsys, "--limit", "2")) == 2
    assert main(["precedents", "search", QUESTION, "--as-of", "1990-01-01"]) == 0
    assert "No comparable past event was known" in capsys.readouterr().out


@pytest.mark.usefixtures("server")
def test_the_search_page_says_how_much_was_searched(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["precedents", "search", "quarterly profit", "--limit", "3"]) == 0
    out = flat(capsys.readouterr().out)
    assert "P1 20" in out
    assert "events were known with their outcome at that time" in out


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("name", "content", "more", "code", "words"),
    [
        ("events.csv", EVENTS, ["--strict"], 2, "Nothing was imported"),
        ("events.csv", EVENTS.splitlines()[0] + "\n" + EVENTS.splitlines()[3], [], 4, "--help` lists the columns"),
        ("events.csv", "a,b\n1,2\n", [], 4, "lacks the columns"),
        ("events.txt", "x", [], 2, ".csv, .jsonl or .parquet"),
    ],
)
def test_a_file_that_cannot_be_imported_is_explained(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: str,
    more: list[str],
    code: int,
    words: str,
) -> None:
    (tmp_path / name).write_text(content)
    assert main(["precedents", "import", str(tmp_path / name), *more]) == code
    assert words in flat(capsys.readouterr().err)


def test_an_analysis_has_precedents_known_at_its_time_and_joins_the_memory(
    server: Any, story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(story), "--json", "--quiet"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["precedent_status"] == "found"
    assert len(data["precedents"]) >= 3
    assert all(event["reaction"]["known_at"] <= "2024-03-21T15:00:00Z" for event in data["precedents"])
    assert data["impact"]["n_eff"] > 0
    assert data["provenance"]["embedder"].startswith("big-embedder:")
    assert data["provenance"]["store"].startswith("601 events, ")
    embedded = server.embedded
    assert main(["analyze", str(story), "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["provenance"]["store"].startswith("602 events, ")
    assert server.embedded - embedded < 5  # the article itself: what was embedded once is not embedded again


def test_another_embedder_is_refused_until_the_memory_is_rebuilt(
    server: Any, story: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    search(capsys)
    monkeypatch.setenv("RHYME_EMBEDDER", "other-embedder")
    server.asked.clear()
    assert main(["analyze", str(story)]) == 6
    assert "`rhyme memory reindex`" in flat(capsys.readouterr().err)
    assert not server.asked.is_set()  # said before the model did any work
    assert main(["memory", "reindex"]) == 0
    assert "other-embedder" in capsys.readouterr().out
    assert main(["analyze", str(story), "--quiet"]) == 0


def test_a_long_analysis_leaves_the_memory_to_others(
    server: Any, story: Path, start: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    search(capsys)
    monkeypatch.setattr(assembly, "MEMORY_WAIT_SECONDS", 0.2)
    server.hang.set()
    server.asked.clear()
    running = start("analyze", str(story))
    assert server.asked.wait(60)
    server.hang.clear()
    assert search(capsys)
    running.send_signal(signal.SIGINT)


@pytest.mark.usefixtures("server")
def test_a_memory_in_use_is_a_store_error_that_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    search(capsys)
    monkeypatch.setattr(assembly, "MEMORY_WAIT_SECONDS", 0.2)
    with FileLock(tmp_path / "home" / "events" / "lock", thread_local=False):
        assert main(["precedents", "search", QUESTION]) == 6
    assert "Another rhyme process is using the event memory" in flat(capsys.readouterr().err)
