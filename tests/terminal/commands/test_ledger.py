"""`rhyme ledger` on a real database: what verifies, what does not, and what a person is told."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from terminal.main import main


def flat(text: str) -> str:
    return " ".join(text.split())


def sql(tmp_path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(tmp_path / "home" / "rhyme.db")) as connection:
        for name in ("no_update", "no_delete", "append"):
            connection.execute(f"DROP TRIGGER IF EXISTS ledger_{name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_sound_ledger_prints_its_head_and_finds_it_again(
    fill_ledger: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fill_ledger(3, graded=1)
    assert main(["ledger", "verify"]) == 0
    out = capsys.readouterr().out
    assert "sound: 3 forecasts, 1 grades" in out
    head = next(line.removeprefix("Head: ") for line in out.splitlines() if line.startswith("Head: "))
    assert len(head) == 64
    fill_ledger(2)
    assert main(["ledger", "verify", "--head", head]) == 0
    assert "row 4; 2 rows were added since" in capsys.readouterr().out


def test_an_empty_ledger_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "verify"]) == 0
    assert "It is empty" in capsys.readouterr().out
    assert main(["ledger", "list"]) == 0
    assert "The ledger is empty" in capsys.readouterr().out
    assert main(["ledger", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize("command", [["ledger", "verify"], ["track-record"], ["track-record", "--json"]])
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE ledger SET payload = replace(payload, '\"score\":0.', '\"score\":0.9') WHERE sequence = 2", "changed"),
        ("DELETE FROM ledger WHERE sequence = 2", "missing"),
        ("UPDATE ledger SET sequence = CASE sequence WHEN 2 THEN -3 ELSE -2 END WHERE sequence IN (2, 3)", "changed"),
    ],
)
def test_a_broken_ledger_names_the_row_and_leaves_with_six(
    fill_ledger: Callable[..., None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    statement: str,
    words: str,
) -> None:
    fill_ledger(4, graded=2)
    sql(tmp_path, statement, "UPDATE ledger SET sequence = -sequence WHERE sequence < 0")
    assert main(command) == 6
    out, err = capsys.readouterr()
    assert "broken at row 2: row 2" in flat(err)
    assert words in flat(err)
    assert out == ""


def test_rows_cut_off_the_end_are_found_by_a_noted_head(
    fill_ledger: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_ledger(3)
    assert main(["ledger", "verify"]) == 0
    head = capsys.readouterr().out.split("Head: ")[1].split()[0]
    sql(tmp_path, "DELETE FROM ledger WHERE sequence = 3")
    assert main(["ledger", "verify"]) == 0
    assert main(["ledger", "verify", "--head", head]) == 6
    assert "rows were cut off at its end" in flat(capsys.readouterr().err)


def test_a_head_that_is_no_digest_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "verify", "--head", "abc"]) == 2
    assert "is no digest" in flat(capsys.readouterr().err)


def test_the_list_shows_the_newest_rows_first(
    fill_ledger: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    fill_ledger(3, graded=1)
    assert main(["ledger", "list", "--limit", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "grade of" in lines[0]
    assert "impact" in lines[0]
    assert "forecast T2 score" in lines[1]
    assert "(forward), analysis 0000000000000002" in lines[1]
    assert main(["ledger", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["sequence"], row["kind"]) for row in rows] == [
        (4, "grade"),
        (3, "forecast"),
        (2, "forecast"),
        (1, "forecast"),
    ]
    assert rows[0]["payload"]["forecast"] == rows[3]["digest"]
    assert rows[0]["previous"] == rows[1]["digest"]
