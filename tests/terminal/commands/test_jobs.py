"""`rhyme jobs` and `rhyme worker` from sources to outcomes, against a model server on loopback."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from records.database import Database
from records.job import PRIORITIES
from terminal.main import main


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def stories(story: Path, tmp_path: Path) -> list[str]:
    """Two stories, and the first one again from another publisher."""
    text = story.read_text(encoding="utf-8")
    again, other = tmp_path / "again.txt", tmp_path / "other.txt"
    again.write_text(text.replace("Example Wire", "Other Wire").replace("T15:00", "T16:00") + " ", encoding="utf-8")
    other.write_text(
        "Title: Apple opens a factory for glass in Ohio\nDate: 2024-05-02T15:00:00+00:00\n\n"
        "Apple will make watch glass in a new plant near Dayton and hire 900 people there.",
        encoding="utf-8",
    )
    return [str(story), str(other), str(again)]


@pytest.mark.usefixtures("server")
def test_articles_are_put_in_line_analysed_once_and_listed(
    stories: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["jobs", "add", *stories, str(tmp_path / "missing.txt"), "--json"]) == 4  # one could not be read
    said = json.loads(capsys.readouterr().out)
    assert len(said["added"]) == len(set(said["added"])) >= 2
    assert len(said["refused"]) == 1
    assert main(["worker", "--until-empty", "--json", "--quiet", "--concurrency", "2"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["analysed"], last["waiting"], last["running"], last["failed"], last["pause"]) == (2, 0, 0, {}, None)
    assert last["done"] == len(said["added"])
    assert main(["jobs", "list"]) == 0
    assert "opens a factory for glass" in capsys.readouterr().out
    assert main(["jobs", "show", said["added"][0], "--json"]) == 0
    job = json.loads(capsys.readouterr().out)
    assert (job["status"], job["outcome"]["result"]) == ("done", "analysed")
    assert main(["show", job["outcome"]["analysis_id"]]) == 0


def test_tables_and_folders_go_in_line_whole_and_a_bad_row_is_named(
    stories: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number, path in enumerate(stories):
        (inbox / f"{number}.txt").write_text(Path(path).read_text(encoding="utf-8"), encoding="utf-8")
    table = tmp_path / "a.jsonl"
    table.write_text('{"title": "Fed holds rates steady"}\n{broken\n')
    assert main(["jobs", "add", str(inbox), str(table), "--json", "--live"]) == 4
    said = json.loads(capsys.readouterr().out)
    with Database.open(tmp_path / "home" / "rhyme.db") as database:
        jobs = [database.jobs.get(one) for one in said["added"]]
    assert {job.priority for job in jobs} == {PRIORITIES["live"]}
    assert "Fed holds rates steady" in {job.title for job in jobs}
    assert [one.split(":")[0] for one in said["refused"]] == ["row 2"]
    assert main(["jobs", "add", str(inbox), "--json"]) == 0  # taken in before, and named again all the same
    again = json.loads(capsys.readouterr().out)
    assert (again["added"], len(again["known"])) == ([], len(jobs) - 1)


@pytest.mark.usefixtures("server")
def test_a_pause_is_told_with_what_to_do_and_until_empty_leaves(
    stories: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["jobs", "add", stories[0]]) == 0
    assert main(["jobs", "pause"]) == 0
    assert main(["worker", "--until-empty", "--quiet"]) == 1
    capsys.readouterr()
    assert main(["jobs", "list"]) == 0
    assert "Go on with `rhyme jobs resume`" in flat(capsys.readouterr().out)
    assert main(["jobs", "resume"]) == 0
    assert main(["worker", "--until-empty", "--quiet"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["jobs", "add"], "Name sources, or give --new"),
        (["jobs", "add", "x.txt", "--new"], "one of the two"),
        (["jobs", "cancel"], "give --all"),
        (["jobs", "retry"], "give --failed"),
        (["jobs", "show", "feed"], "no job 'feed'"),
        (["jobs", "list", "--limit", "-1"], "--limit -1 is below 0"),
        (["worker", "--concurrency", "0"], "--concurrency 0 is below 1"),
    ],
)
def test_a_wrong_command_says_what_is_right(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert words in flat(capsys.readouterr().err)


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_a_worker_that_is_told_to_stop_leaves_in_order_and_loses_nothing(
    server: Any,
    stories: list[str],
    start: Callable[..., "subprocess.Popen[str]"],
    capsys: pytest.CaptureFixture[str],
    number: int,
) -> None:
    assert (
        main(["worker", "--until-empty", "--quiet"]) == 0
    )  # nothing to do, but the memory is filled: what is asked next is a job
    assert main(["jobs", "add", *stories[:2]]) == 0
    server.asked.clear()
    server.hang.set()
    worker = start("worker", "--concurrency", "1")
    assert server.asked.wait(120)
    worker.send_signal(number)
    server.hang.clear()
    server.released.set()
    out, err = worker.communicate(timeout=200)
    assert worker.returncode == 0, out + err
    capsys.readouterr()
    assert main(["worker", "--until-empty", "--quiet"]) == 0
    assert main(["jobs", "list", "--limit", "0", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert (counts["analysed"], counts["waiting"], counts["running"]) == (2, 0, 0)
