"""`rhyme bench flow` end to end: real commands as processes, a real server, a real memory; properties, not times."""

import json
from pathlib import Path

import pytest

from terminal.bench_flow import table
from terminal.main import main

NAMES = {
    "share_of_limit", "cpu_ms_per_article", "ledger_difference_tokens", "articles", "stories", "failures", "peak_memory_mb",
}  # fmt: skip


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of a user who pays for what he asks: nothing of it may be asked."""
    for name, value in {"OPENAI_API_KEY": "sk-real", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RHYME_EMBEDDER", "text-embedding-3-large")
    monkeypatch.setenv("RHYME_BUDGET_RUN_TOKENS", "0")


@pytest.mark.long
@pytest.mark.usefixtures("far_away")
def test_a_day_of_news_flows_through_and_the_ledger_agrees(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked = [
        "--articles",
        "60",
        "--requests-per-minute",
        "6000",
        "--latency",
        "0.01",
        "--faults",
        "0.2",
        "--json",
        "--quiet",
    ]
    assert main(["bench", "flow", *asked, "--work", str(tmp_path / "work")]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures.keys() >= NAMES
    assert figures["articles"] == 60
    assert figures["unfinished"] == 0
    assert 15 <= figures["stories"] <= 24  # 18 were made; a reprint may be taken for news
    assert figures["duplicates"] >= 36
    ended = figures["analysed"] + figures["updated"] + figures["joined"] + sum(figures["failures"].values())
    assert ended == figures["jobs"] >= figures["stories"]
    assert figures["ledger_difference_tokens"] == 0
    assert figures["broken_off"]["held_tokens"] >= figures["broken_off"]["server_tokens"]
    assert figures["calls"]["answered"] == sum(figures["ledger_calls"].get(name, 0) for name in ("answered", "unusable", "declined")
                                               ) + figures["broken_off"]["calls"]  # fmt: skip
    assert sum(figures["calls"]["faults"].values()) > 0
    assert figures["share_of_limit"] > 0
    assert figures["cpu_ms_per_article"] > 0
    assert figures["peak_memory_mb"] > 50
    assert "Ledger: 0 tokens" in table(figures)
    assert (tmp_path / "work" / "home" / "rhyme.db").is_file()


def test_a_folder_that_holds_something_is_not_written_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("kept")
    assert main(["bench", "flow", "--articles", "10", "--work", str(tmp_path)]) == 2
    assert "is not empty" in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.usefixtures("far_away")
def test_data_without_stories_is_said_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "flow", "--articles", "10", "--data", str(tmp_path)]) == 4
    assert "There are no Parquet files" in " ".join(capsys.readouterr().err.split())
