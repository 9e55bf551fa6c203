"""`rhyme alerts`: rules set, listed, tried and removed; alerts shown, told once, and followed until stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from records.analysis import Analysis
from records.taxonomy import EventType
from terminal.main import main
from tests.terminal.work_kit import database_of

ROOT = Path(__file__).parents[3]
TITLE = "Acme wins \x1b[31mred\x1b[0m\u202e order"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RHYME_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RHYME_PORTFOLIO", raising=False)
    return tmp_path / "home"


def keep(home: Path, build: SimpleNamespace, number: int = 1, title: str = TITLE, **changes: Any) -> Analysis:
    """An analysis of news of this moment."""
    now = datetime.now(UTC) - timedelta(milliseconds=1)
    article = build.article(id=f"{number:016x}", title=title, published_at=now, first_seen_at=now)
    made: Analysis = build.analysis(
        article=article, reading=build.reading(article), id=f"a{number:015x}", created_at=now,
        provenance=build.provenance(as_of=now), **changes,
    )  # fmt: skip
    with database_of(home) as database:
        database.save_analysis(made)
    return made


EVERY = [word for kind in EventType for word in ("--event", kind.value)]


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["alerts", *words]) == code
    shown = capsys.readouterr()
    return shown.out if code == 0 else " ".join(shown.err.split())


def test_a_rule_is_set_listed_and_removed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "No rule is set" in said(capsys, "list")
    assert "msft-score-0.60: companies MSFT; score from 0.60" in said(
        capsys, "add", "--ticker", "msft", "--min-score", "0.6"
    )
    assert json.loads(said(capsys, "add", "--words", "recall", "--name", "mine", "--json"))["name"] == "mine"
    assert [one["name"] for one in json.loads(said(capsys, "--json", "list"))] == ["mine", "msft-score-0.60"]
    assert said(capsys, "remove", "mine").startswith("Removed mine;")
    assert "There is no rule 'mine'. There are: msft-score-0.60." in said(capsys, "remove", "mine", code=2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add",), "names no condition"),
        (("add", "--ticker", "MSTF"), "Did you mean MSFT"),
        (("add", "--min-score", "2"), "is not between 0 and 1"),
        (("add", "--portfolio"), "No portfolio file is set"),
        (("--new", "--since", "2024-05-10"), "leave --since and --as-of out"),
        (("--since", "2999-01-01"), "--since is after the moment"),
        (("test", "--rule", "none"), "There is no rule 'none'"),
        (("tset",), "did you mean test?"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert says in said(capsys, *words, code=2)


def test_four_answers_are_told_apart(
    home: Path, build: SimpleNamespace, unscoreable: Analysis, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "No rule is set, so nothing was looked at" in said(capsys)
    said(capsys, "add", *EVERY, "--min-score", "0.99", "--name", "high")
    keep(home, build)
    assert "Nothing met the one rule: 1 analysis" in said(capsys)
    keep(home, build, 2, impact=unscoreable.impact, precedents=(), claims=())
    undecided = said(capsys)
    assert "Nothing is known to have met the one rule" in undecided
    assert "note: Rule 'high': 1 story without a market-impact score" in undecided
    said(capsys, "add", *EVERY, "--name", "all")
    report = json.loads(said(capsys, "--json"))
    assert (report["status"], len(report["alerts"])) == ("alerts", 2)
    assert report["undecided"][0]["why"] == "not_scored"


def test_an_alert_is_one_clean_line_whatever_the_headline_says(
    home: Path, build: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "add", *EVERY, "--name", "order")
    made = keep(home, build, title=f"{TITLE}\n\n  rhyme: all is well")
    lines = said(capsys).splitlines()
    assert lines[0].startswith("1 alert of one rule; 1 analysis from ")
    assert "order" in lines[1]
    assert lines[1].endswith(f"Acme wins red order rhyme: all is well  [{made.id}]")
    assert len(lines) == 2


def test_what_is_new_is_told_once(home: Path, build: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No rule is set" in said(capsys, "--new")
    said(capsys, "add", *EVERY, "--name", "all")
    first = keep(home, build, 1, "Acme wins an order")
    assert said(capsys, "--new").endswith(f"[{first.id}]\n")
    assert said(capsys, "--new") == "Nothing new.\n"
    second = keep(home, build, 2, "Acme loses an order")
    (told,) = json.loads(said(capsys, "--new", "--json"))["alerts"]
    assert told["id"] == f"alert:all.{second.id}"
    assert len(json.loads(said(capsys, "--json"))["alerts"]) == 2


def test_a_rule_is_tried_on_the_past_and_nothing_is_kept(
    home: Path, build: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    made = keep(home, build)
    tried = said(capsys, "test", *EVERY, "--days", "3")
    assert f"[{made.id}]" in tried
    assert tried.endswith("Nothing was kept.\n")
    assert "No rule is set" in said(capsys, "list")
    said(capsys, "add", "--words", "nowhere", "--name", "none")
    assert "Nothing met the one rule" in said(capsys, "test", "--rule", "none")


def test_alerts_are_followed_until_stopped_and_told_from_there_at_the_next_start(
    home: Path, build: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "add", *EVERY, "--name", "all")
    first = keep(home, build, 1, "Acme wins an order")
    follower = _follow()
    assert _line(follower)["id"] == f"alert:all.{first.id}"
    second = keep(home, build, 2, "Acme loses an order")
    assert _line(follower)["id"] == f"alert:all.{second.id}"
    follower.send_signal(signal.SIGINT)
    assert follower.wait(30) == 0
    third = keep(home, build, 3, "Acme finds an order")
    again = _follow()
    assert _line(again)["id"] == f"alert:all.{third.id}"
    again.send_signal(signal.SIGTERM)
    assert again.wait(30) == 0


@pytest.mark.usefixtures("server")
def test_a_worker_says_what_it_raises_and_says_it_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "add", "--words", "factory", "--name", "plants")
    now = datetime.now(UTC) - timedelta(minutes=1)
    for number, place in enumerate(("factory for glass in Ohio", "shop in Paris")):
        text = f"Title: Apple opens a {place}\nDate: {now.isoformat()}\n\nApple will hire 900 people in {place}."
        (tmp_path / f"{number}.txt").write_text(text, encoding="utf-8")
        assert main(["jobs", "add", str(tmp_path / f"{number}.txt")]) == 0
    capsys.readouterr()
    assert main(["worker", "--until-empty"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "plants" in line
    assert "Apple opens a factory for glass in Ohio" in line
    assert main(["worker", "--until-empty"]) == 0
    assert capsys.readouterr().out == ""
    assert "Apple opens a factory" in said(capsys, "--new")


def _follow() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "terminal.main", "alerts", "--follow", "--json"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def _line(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    begun = time.monotonic()
    line = process.stdout.readline()
    assert line, f"it ended after {time.monotonic() - begun:.0f} s"
    found: dict[str, Any] = json.loads(line)
    return found
