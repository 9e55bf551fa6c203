"""`rhyme track-record`: counts always, statistics when there are enough, and a diagram that opens."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from terminal.main import main


def flat(text: str) -> str:
    return " ".join(text.split())


def record(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    assert main(["track-record", "--json", *more]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_an_empty_ledger_has_counts_and_no_statistics(capsys: pytest.CaptureFixture[str]) -> None:
    found = record(capsys)
    assert (found["forecasts"], found["graded"], found["statistics"]) == (0, 0, None)
    assert main(["track-record"]) == 0
    assert "Too few to judge: 0 graded on 0 session-days, 100 on 20 are needed" in flat(capsys.readouterr().out)


def test_too_few_graded_forecasts_show_counts_only(
    fill_ledger: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_ledger(100, graded=99)
    assert main(["track-record", "--plot", str(tmp_path / "plot.svg")]) == 2
    out, err = capsys.readouterr()
    assert "99 graded forecasts" in flat(out)
    assert "Too few to judge: 99 graded on 68 session-days, 100 on 20 are needed" in flat(out)
    assert "guidance 50" in flat(out)
    assert "correlation" not in out
    assert "was not written" in flat(err)
    assert not (tmp_path / "plot.svg").exists()


def test_enough_graded_forecasts_are_judged_and_drawn(
    fill_ledger: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_ledger(101, graded=100)
    assert main(["track-record", "--plot", str(tmp_path / "plot.svg")]) == 0
    out = flat(capsys.readouterr().out)
    assert "100 graded forecasts made before their outcome was known, 2024-01-02 to" in out
    assert "Ungraded: 1." in out
    for words in ("rank correlation", "Brier skill", "AUC", "ECE", "inside the 80 % interval", "By event type"):
        assert words in out
    assert ElementTree.parse(tmp_path / "plot.svg").getroot().tag.endswith("svg")
    assert main(["track-record", "--json", "--plot", str(tmp_path / "plot.PNG")]) == 0
    assert json.loads(capsys.readouterr().out)["statistics"]["spearman"]["value"] > 0
    content = (tmp_path / "plot.PNG").read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) > (1000, 500)


def test_replays_count_only_when_asked_for_and_are_called_so(
    fill_ledger: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fill_ledger(100, graded=100, forward=False)
    found = record(capsys)
    assert (found["forecasts"], found["forward"], found["graded"], found["statistics"]) == (100, 0, 0, None)
    assert record(capsys, "--include-replays")["graded"] == 100
    assert main(["track-record", "--include-replays"]) == 0
    out = flat(capsys.readouterr().out)
    assert "0 forward and 100 replays" in out
    assert "so this proves nothing" in out


@pytest.mark.parametrize("name", ["plot.pdf", "plot", "missing/plot.svg", "folder.svg"])
def test_a_diagram_that_cannot_be_written_is_refused_before_the_work(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.svg").mkdir()
    assert main(["track-record", "--plot", str(tmp_path / name)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert name.split("/")[0] in err
