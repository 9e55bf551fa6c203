"""`rhyme ingest --analyze`: taken in and analysed in one process, stopped and killed at any moment, and done once all the same."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.ingest import BATCH
from records.database import Database
from terminal.main import main

ROOT = Path(__file__).parents[3]
LONG = 300.0
"""Seconds after which something that must come is given up."""
SAID = (
    "Apple Inc will take a charge of $900 million for its closed car project, the company said in a filing on Thursday."
)
WORDS = "The project was to make cars that drive themselves. Some 600 engineers worked at it in California and Arizona."
NAMES = (
    "articles", "stories", "new_stories", "duplicates", "jobs", "analysed", "updated", "joined", "calls", "cache_hits",
    "input_tokens", "output_tokens", "cost_usd", "failures", "job_failures", "waiting", "sources", "notes", "seconds",
)  # fmt: skip
"""Names that other programs rely on."""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def news(tmp_path: Path) -> str:
    """Three stories, of the first a reprint and a correction, and a row that is none."""
    title, at = "Apple to take a charge of $900 million for its closed car project", "2024-03-21T15:00:00Z"
    later = "2024-03-21T17:00:00Z"
    rows = [
        {"title": title, "text": f"{SAID} {WORDS}", "source": "One", "published_at": at},
        {
            "title": title,
            "text": f"{SAID} {WORDS} Shares fell.",
            "source": "Two",
            "published_at": "2024-03-21T16:00:00Z",
        },
        {"title": f"CORRECTED-{title}", "text": f"{SAID} {WORDS}", "source": "One", "published_at": later},
        {"title": "Apple opens a plant for watch glass near Dayton in Ohio", "published_at": "2024-05-02T15:00:00Z"},
        {"title": "Apple names a new head of its retail stores in Japan", "published_at": "2024-06-02T15:00:00Z"},
    ]
    rows[2] |= {name: rows[2][name].replace("$900 million", "$1.2 billion") for name in ("title", "text")}
    path = tmp_path / "news.jsonl"
    path.write_text("\n".join([*(json.dumps(row) for row in rows), "{broken"]))
    return str(path)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """What a command prints as JSON."""
    capsys.readouterr()
    assert main([*arguments, "--json", "--quiet"]) == code
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def everything_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three stories and a correction analysed, each once, nothing set aside and nothing left."""
    counts = said(capsys, "jobs", "list")["counts"]
    assert (counts["analysed"], counts["updated"], counts["waiting"], counts["running"]) == (3, 1, 0, 0)
    assert counts["failed"] == {}
    with Database.open(tmp_path / "home" / "rhyme.db") as database:
        assert len(database.recent_analyses(100)) == 4
        assert len({row.forecast.article_id for row in database.forecasts()}) == len(database.forecasts())
        assert database.job_workers.all() == []


@pytest.mark.usefixtures("server")
def test_sources_are_taken_in_and_analysed_and_the_report_agrees_with_the_cost_ledger(
    news: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(capsys, "ingest", news, "--analyze", "--concurrency", "2")
    assert set(NAMES) <= set(told)
    assert (told["articles"], told["stories"], told["new_stories"], told["duplicates"]) == (5, 3, 3, 1)
    assert (told["jobs"], told["analysed"], told["updated"], told["joined"], told["waiting"]) == (4, 3, 1, 0, 0)
    assert (told["failures"], told["job_failures"], told["stopped"]) == ({"source_unreadable": 1}, {}, False)
    [run] = [each for each in said(capsys, "cost", "--by", "run")["groups"] if each["name"] == told["run_id"]]
    names = ("calls", "cache_hits", "input_tokens", "output_tokens")
    assert [told[name] for name in names] == [run[name] for name in names]
    assert told["calls"] > 0
    assert told["cost_usd"] is None  # nobody knows the price of that model
    assert told["in_all"] is None  # there was nothing before
    everything_once(tmp_path, capsys)
    again = said(capsys, "ingest", news, "--analyze")
    assert [again[name] for name in ("new", "jobs", "analysed", "updated", "calls", "waiting")] == [0] * 6
    assert again["cost_usd"] == 0
    counts = ("articles", "stories", "duplicates", "analysed", "updated", "joined")
    of_all = (*counts, "job_failures", "call_failures", *names)
    assert {name: again["in_all"][name] for name in of_all} == {name: told[name] for name in of_all}
    assert again["in_all"]["cost_usd"] is None
    capsys.readouterr()
    assert main(["ingest", news, "--no-jobs", "--quiet"]) == 0
    assert "In all, with what was there before: 5 articles, 3 stories, 1 duplicate.\n" in capsys.readouterr().out
    updated = next(job for job in said(capsys, "jobs", "list")["jobs"] if job["outcome"]["result"] == "updated")
    with Database.open(tmp_path / "home" / "rhyme.db") as database:
        analysis = database.load_analysis(updated["outcome"]["analysis_id"])
    assert analysis.former_id == updated["outcome"]["former_analysis_id"]
    corrected = [change for change in analysis.changes if change.kind == "figure" and change.change == "corrected"]
    assert [(one.before, one.after) for one in corrected] == [("$900 million", "$1.2 billion")]


def hanging(server: Any, start: Start, news: str) -> "subprocess.Popen[str]":
    """A command whose model gives no answer, once it was asked."""
    server.asked.clear()
    server.hang.set()
    process = start("ingest", news, "--analyze", "--json", "--quiet", "--concurrency", "2")
    assert server.asked.wait(LONG)
    return process


def released(server: Any) -> None:
    server.hang.clear()
    server.released.set()


@pytest.fixture
def filled(server: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The event memory has its starter events: what the model is asked next is about an article."""
    assert main(["worker", "--until-empty", "--quiet"]) == 0
    capsys.readouterr()
    assert server.embedded


@pytest.mark.usefixtures("filled")
def test_ctrl_c_finishes_what_is_in_hand_reports_and_the_same_command_goes_on(
    server: Any, start: Start, news: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = hanging(server, start, news)
    process.send_signal(signal.SIGINT)
    released(server)
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 130, err
    told = json.loads(out)
    assert told["stopped"]
    assert told["waiting"] > 0
    again = said(capsys, "ingest", news, "--analyze")
    assert told["analysed"] + again["analysed"] == 3
    assert told["updated"] + again["updated"] == 1
    everything_once(tmp_path, capsys)


@pytest.mark.usefixtures("filled")
def test_a_second_ctrl_c_ends_it_while_the_model_still_gives_no_answer(
    server: Any, start: Start, news: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = hanging(server, start, news)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)  # two signals at one time are one
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LONG)  # the server answers only after this
    assert process.returncode == 130, err
    assert (json.loads(out)["stopped"], json.loads(out)["analysed"]) == (True, 0)
    released(server)
    assert said(capsys, "ingest", news, "--analyze")["analysed"] == 3
    everything_once(tmp_path, capsys)


@pytest.mark.usefixtures("filled")
def test_killed_the_same_command_goes_on_where_it_was(
    server: Any, start: Start, news: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = hanging(server, start, news)
    process.kill()
    process.communicate()
    released(server)
    told = said(capsys, "ingest", news, "--analyze")
    assert (told["new"], told["jobs"], told["analysed"], told["updated"]) == (0, 0, 3, 1)
    everything_once(tmp_path, capsys)


def test_ctrl_c_while_a_source_is_read_reports_what_was_kept(tmp_path: Path) -> None:
    titles = (f"Company {number} of {number % 7} names chair {number}" for number in range(3 * BATCH))
    reading = subprocess.Popen(
        [sys.executable, "-m", "terminal.main", "ingest", "-", "--json", "--quiet"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert reading.stdin is not None
    reading.stdin.write("".join(json.dumps({"title": title}) + "\n" for title in titles))
    reading.stdin.flush()  # and the end of the text does not come
    with Database.open(tmp_path / "home" / "rhyme.db") as database:
        until(lambda: len(database.intake.articles_to_analyse(3 * BATCH)) >= BATCH)
        reading.send_signal(signal.SIGINT)
        out, _ = reading.communicate(timeout=LONG)
        assert reading.returncode == 130
        told = json.loads(out)
        assert told["stopped"]
        assert told["new"] >= BATCH
        assert len(database.jobs.turns(("waiting",))) >= told["jobs"]


def until(condition: Callable[[], bool]) -> None:
    """Waits for something that must come."""
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


@pytest.mark.usefixtures("server")
def test_a_spent_budget_pauses_says_how_to_go_on_and_leaves_with_one(
    news: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RHYME_BUDGET_RUN_TOKENS", "10")
    told = said(capsys, "ingest", news, "--analyze", code=1)
    assert told["pause"]["kind"] == "budget_spent"
    assert (told["waiting"], told["analysed"], told["jobs"]) == (4, 0, 4)
    assert main(["ingest", news, "--analyze", "--quiet"]) == 1
    assert "Go on with `rhyme jobs resume`" in " ".join(capsys.readouterr().out.split())


def test_without_a_model_it_says_so_before_anything_is_read(
    news: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["ingest", news, "--analyze", "--model", "gpt-5", "--quiet"]) == 5
    assert "no key is set" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "home" / "rhyme.db").exists()


@pytest.mark.parametrize(
    "wrong", [["--analyze", "--no-jobs"], ["--model", "x"], ["--concurrency", "2"], ["--analyze", "--concurrency", "0"]]
)
def test_options_that_do_not_fit_together_are_refused(news: str, wrong: list[str]) -> None:
    assert main(["ingest", news, *wrong, "--quiet"]) == 2


def test_without_jobs_nothing_is_in_line_and_else_the_report_says_what_comes_next(
    news: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "ingest", news, "--no-jobs")["jobs"] == 0
    assert main(["ingest", news, "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "4 put in line" in out
    assert "In line: 4. `rhyme worker --until-empty` analyses them." in out
