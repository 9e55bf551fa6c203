"""`rhyme prices check` counts every kind of fault, and its exit code says whether anything forbids measuring."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from markets.sessions import sessions
from terminal.main import main

DAYS = sessions().between(date(2024, 1, 2), date(2024, 7, 31))


def walk(seed: int) -> list[float]:
    return list(50 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, len(DAYS)))))


def write(folder: Path, series: dict[str, list[str]], name: str = "prices.csv") -> str:
    rows = [
        row for ticker, lines in series.items() for row in (f"{line.replace('|', f',{ticker},')}" for line in lines)
    ]
    (folder / name).write_text("date,ticker,adjusted_close\n" + "\n".join(rows) + "\n")
    return str(folder / name)


def lines(closes: list[float]) -> list[str]:
    return [f"{day}|{close:.4f}" for day, close in zip(DAYS, closes, strict=True)]


def report(address: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, int]]]:
    code = main(["prices", "check", address, "--json", "--quiet"])
    return code, json.loads(capsys.readouterr().out)["kinds"]


def test_sound_prices_have_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = write(tmp_path, {"^GSPC": lines(walk(0)), "XYZ": lines(walk(1))})
    assert report(address, capsys) == (0, {})
    assert main(["prices", "check", address]) == 0
    assert "No fault forbids measuring." in capsys.readouterr().out


def test_every_kind_of_fault_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    split, spike, wild, zero = walk(2), walk(3), walk(4), walk(5)
    split[70:] = [close / 2 for close in split[70:]]
    spike[70] *= 2.5
    wild[70:] = [close * 17.4 for close in wild[70:]]
    zero[70] = 0
    stale = walk(6)
    stale[30:45] = [stale[30]] * 15
    series = {
        "^GSPC": lines(walk(0)),
        "SPLIT": lines(split),
        "SPIKE": lines(spike),
        "WILD": lines(wild),
        "ZERO": lines(zero),
        "STALE": lines(stale),
        "GAP": lines(walk(7))[:50] + lines(walk(7))[53:],
        "REUSED": lines(walk(8))[:30] + lines(walk(9))[91:],
        "TWICE": [*lines(walk(10)), lines(walk(10))[3]],
        "QUARREL": [*lines(walk(11)), f"{DAYS[3]}|99"],
        "SUNDAY": [*lines(walk(12)), "2024-03-10|50"],
    }
    code, kinds = report(write(tmp_path, series), capsys)
    assert code == 4
    found = {name: (kind["faults"], kind["rows"], kind["examples"][0]["ticker"]) for name, kind in kinds.items()}  # type: ignore[index]
    assert found == {
        "conflicting_rows": (1, 1, "QUARREL"),
        "unadjusted_split": (1, 1, "SPLIT"),
        "reversed_jump": (2, 2, "SPIKE"),
        "implausible_jump": (1, 1, "WILD"),
        "long_gap": (1, 61, "REUSED"),
        "bad_price": (1, 1, "ZERO"),
        "not_a_session": (1, 1, "SUNDAY"),
        "duplicate_row": (1, 1, "TWICE"),
        "gap": (2, 4, "GAP"),
        "stale_run": (1, 14, "STALE"),
    }


def test_counted_rows_alone_do_not_forbid_measuring(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = write(tmp_path, {"^GSPC": lines(walk(0)), "TWICE": [*lines(walk(10)), lines(walk(10))[3]]})
    code, kinds = report(address, capsys)
    assert (code, list(kinds)) == (0, ["duplicate_row"])


def test_shares_without_their_market_cannot_be_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, kinds = report(write(tmp_path, {"XYZ": lines(walk(1))}), capsys)
    assert (code, list(kinds)) == (4, ["no_market"])


def test_closes_that_were_traded_are_pointed_out_and_a_false_adjustment_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "date,ticker,close\n" + "".join(f"{day},^GSPC,{close}\n" for day, close in zip(DAYS, walk(0), strict=True))
    (tmp_path / "index.csv").write_text(text)
    closes = walk(1)
    adjusted = [close / 2 if n < 70 else close for n, close in enumerate(closes)]
    rows = [f"{day},XYZ,{adj},{close}" for day, adj, close in zip(DAYS, adjusted, closes, strict=True)]
    (tmp_path / "share.csv").write_text("date,ticker,adjusted_close,close\n" + "\n".join(rows) + "\n")
    code, kinds = report(str(tmp_path), capsys)
    assert code == 4
    assert {name: kind["examples"][0]["ticker"] for name, kind in kinds.items()} == {  # type: ignore[index]
        "false_jump": "XYZ",
        "closes_only": "^GSPC",
    }


def test_the_examples_are_limited_and_the_rest_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doubled = {name: [*lines(walk(n)), lines(walk(n))[3]] for n, name in enumerate(("^GSPC", "AA", "BB", "CC"))}
    address = write(tmp_path, doubled)
    assert main(["prices", "check", address, "--limit", "1"]) == 0
    out = capsys.readouterr().out
    assert "duplicate_row: 4 (4 rows) in 4 tickers" in out
    assert "  AA 2024-01-05" in out
    assert "BB" not in out
    assert "and 3 more" in out


def test_prices_that_are_not_there_are_one_sentence_without_a_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prices", "check", str(tmp_path / "none")]) == 4
    assert "no prices at" in " ".join(capsys.readouterr().err.split())
    assert main(["prices", "check", "postgresql://user:secret@127.0.0.1:1/x?table=p"]) == 4
    assert "secret" not in capsys.readouterr().err
    assert main(["prices", "check", "sqlite:///x.db"]) == 2
