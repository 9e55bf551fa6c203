"""`rhyme brief`: its forms, its scopes, and what it says when there is nothing."""

import email
import email.policy
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from records.brief import Brief, BriefScope, BriefSentence, BriefStory
from records.database import Database
from records.summary import AnalysisSummary
from terminal.brief_view import email_file, html, markdown
from terminal.main import main

ROOT = Path(__file__).parents[3]
AT = datetime(2024, 5, 10, 20, 30, tzinfo=UTC)
HOSTILE = "Buy <script>alert(1)</script> [now](https://evil.example) ![x](https://evil.example/p.png) | # *all* \u202e"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RHYME_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def brief(title: str = "Microsoft wins an order") -> Brief:
    summary = AnalysisSummary(
        id="a" * 16, article_id="b" * 16, title=title, source=title, url=None, published_at=AT, date_only=False, as_of=AT,
        created_at=AT, event_type="guidance", tickers=("MSFT",), tags=(), sentiment=None, ticker="MSFT", score=0.62, low=0.1,
        high=0.9, p_material=0.1, rank=None, evidence="grounded", n_precedents=0, summary=title,
    )  # fmt: skip
    story = BriefStory(
        analysis=summary, rank_value=0.62, exposure=1.0, articles=1, sources=(title,), update=False,
        sentence=BriefSentence(text=title, support=("analysis:x",)),
        precedent=BriefSentence(text=title, support=("event:e",)),
    )  # fmt: skip
    return Brief(
        id="c" * 16, scope=BriefScope(kind="everything"), since=AT - timedelta(days=1), as_of=AT, created_at=AT, status="news",
        overall=(BriefSentence(text=title, support=("analysis:x",)),), stories=(story,),
    )  # fmt: skip


def test_hostile_text_is_text_in_every_form() -> None:
    page = html(brief(HOSTILE))
    assert "<script" not in page
    assert "<img" not in page
    assert "default-src 'none'" in page
    assert "&lt;script&gt;" in page
    text = markdown(brief(HOSTILE))
    rendered = MarkdownIt("commonmark").render(text)
    for mark in ("<a ", "<img", "<script", "<em>", "://evil.example</a>"):
        assert mark not in rendered
    assert "&lt;script&gt;" in rendered
    assert "\u202e" not in text + page


def test_an_email_file_has_the_text_and_the_page_and_a_subject_of_one_line() -> None:
    parsed = email.message_from_bytes(
        email_file(brief("Wins\nBcc: all@example.com"), "a@example.com", "b@example.com"), policy=email.policy.default
    )
    assert parsed["Bcc"] is None
    assert parsed["Subject"].startswith("Rhyme brief, everything")
    kinds = [part.get_content_type() for part in parsed.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert "0.62" in parsed.get_body(("plain",)).get_content()


def test_no_news_is_said_plainly_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["brief"]) == 0
    assert "No news" in capsys.readouterr().out
    assert main(["brief", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["stories"], told["scope"]["kind"]) == ("no_news", [], "everything")


def test_files_are_written_whole_and_a_brief_is_listed_and_shown_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {name: tmp_path / f"brief.{name}" for name in ("html", "markdown", "email")}
    assert main(["brief", *(word for name, path in files.items() for word in (f"--{name}", str(path)))]) == 0
    first = capsys.readouterr().out
    assert files["markdown"].read_text().replace("\\", "") == first
    assert files["html"].read_text().startswith("<!doctype html>")
    assert b"Subject: Rhyme brief" in files["email"].read_bytes()
    assert main(["brief", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert main(["brief", "--show", listed[0]["id"]]) == 0
    assert capsys.readouterr().out == first


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--theme", "gossip"], 2, "Mergers & Acquisitions"),
        (["--watchlist", " , "], 2, "MSFT,AAPL"),
        (["--portfolio"], 2, "portfolio"),
        (["--portfolio", "none.csv"], 4, "none.csv"),
        (["--show", "nope"], 2, "rhyme brief --list"),
        (["--email", "x.eml", "--to", "nobody"], 2, "name@example.com"),
        (["--html", "/nowhere/at/all.html"], 2, "--show"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, says: str
) -> None:
    assert main(["brief", *words]) == code
    assert says in " ".join(capsys.readouterr().err.split())


def test_a_portfolio_brief_reads_the_file_that_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "book.csv"
    book.write_text("ticker\nMSFT\n")
    monkeypatch.setenv("RHYME_PORTFOLIO", str(book))
    assert main(["brief", "--portfolio", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["scope"] == {"kind": "portfolio", "tickers": ["MSFT"], "tags": []}
    assert "counts the same" in told["notes"][0]


def test_a_written_brief_is_kept_and_one_that_was_only_looked_at_is_not(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["brief", "--peek"])
    main(["brief"])
    capsys.readouterr()
    with Database.open(home / "rhyme.db") as database:
        assert len(database.briefs.recent(10)) == 1


SCHEDULE = """
import sys
from terminal.arguments import build_parser
from terminal.commands.brief import run

options = build_parser().parse_args(["brief", "--portfolio", sys.argv[1], "--json", "--every", "60s"])
options.every = 0.2  # of a person's schedule the least is a minute
sys.exit(run(options))
"""


def test_a_schedule_goes_on_after_a_round_that_failed_and_ends_when_it_is_told_to(home: Path, tmp_path: Path) -> None:
    book = tmp_path / "book.csv"
    book.write_text("ticker\nMSFT\n")
    command = [sys.executable, "-c", SCHEDULE, str(book)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "RHYME_HOME": str(home)}
    with subprocess.Popen(
        command, env=variables, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert json.loads(running.stdout.readline())["status"] == "no_news"
        book.unlink()
        said = running.stderr.readline()
        assert "book.csv" in said
        assert "The next brief is due in" in said
        book.write_text("ticker\nAAPL\n")
        while json.loads(running.stdout.readline())["scope"]["tickers"] != ["AAPL"]:
            pass
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0


def test_a_schedule_that_can_never_work_ends_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["brief", "--portfolio", "none.csv", "--every", "60s"]) == 4
    assert "none.csv" in " ".join(capsys.readouterr().err.split())


def test_a_written_email_opens_with_its_two_parts_and_says_the_same_in_both(tmp_path: Path) -> None:
    path = tmp_path / "brief.eml"
    assert main(["brief", "--email", str(path), "--from", "rhyme@example.com", "--to", "desk@example.com"]) == 0
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (parsed["From"], parsed["To"]) == ("rhyme@example.com", "desk@example.com")
    assert parsed.defects == []
    plain, page = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert "No news" in plain.get_content()
    assert "No news" in page.get_content()
    assert all(not part.defects for part in parsed.walk())
