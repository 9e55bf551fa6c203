"""`rhyme settle` from an analysed article and a file of prices to a graded forecast and an event with its outcome."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from markets.sessions import sessions
from records.database import Database
from terminal.main import main

DAYS = sessions().between(date(2023, 9, 1), date(2024, 4, 30))
SESSION = date(2024, 3, 21)


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """A folder with daily closes of Apple and its market; Apple loses 4 % on the day of the story."""
    folder = tmp_path / "prices"
    folder.mkdir()
    dice = np.random.default_rng(1)
    moves = {ticker: dice.normal(0, 0.01, len(DAYS)) for ticker in ("AAPL", "^GSPC")}
    moves["AAPL"][DAYS.index(SESSION)] = -0.04
    closes = {ticker: 100 * np.exp(np.cumsum(steps)) for ticker, steps in moves.items()}
    rows = [f"{day},{closes['AAPL'][at]:.4f},{closes['^GSPC'][at]:.4f}" for at, day in enumerate(DAYS)]
    (folder / "closes.csv").write_text("date,AAPL,^GSPC\n" + "\n".join(rows) + "\n")
    return folder


@pytest.mark.usefixtures("server")
def test_an_analysed_article_is_graded_and_its_event_gets_its_outcome(
    story: Path, prices: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(story), "--json", "--quiet"]) == 0
    analysis = json.loads(capsys.readouterr().out)
    assert main(["settle", "--prices", str(prices), "--json", "--quiet"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["graded"], report["reactions"]) == (1, 1)
    assert report["waiting"] == []
    with Database.open(tmp_path / "home" / "rhyme.db") as database:
        (kept,) = database.forecasts()
        (event,) = database.events([f"N{analysis['article']['id']}"])
    assert kept.forecast.analysis_id == analysis["id"]
    assert kept.forecast.ticker == "AAPL"
    assert kept.grade is not None
    assert kept.grade.z < -2
    assert (kept.grade.session_on, kept.grade.price_source) == (SESSION, str(prices))
    assert event.reaction is not None
    assert event.reaction.z == kept.grade.z
    assert main(["settle", "--prices", str(prices)]) == 0
    assert "0 forecasts graded, 0 past events" in capsys.readouterr().out


def test_what_cannot_be_measured_is_named(
    fill_ledger: Callable[..., None],
    prices: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill_ledger(30)
    monkeypatch.setenv("RHYME_PRICES", str(prices))
    assert main(["settle", "--quiet", "--as-of", "2024-01-20"]) == 0
    out = flat(capsys.readouterr().out)
    assert "0 forecasts graded" in out
    assert "Not closed yet: 12 forecasts, 0 events" in out
    assert "18 forecasts (18 no price)" in out
    assert main(["settle", "--quiet"]) == 0
    out = flat(capsys.readouterr().out)
    assert "30 forecasts (30 no price)" in out
    assert "forecast 0000000000000000 (T0): T0 or its market has no return" in out
    assert "and 10 more; --json lists them all" in out


def test_without_prices_it_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settle"]) == 3
    err = flat(capsys.readouterr().err)
    assert "No prices are set" in err
    assert "RHYME_PRICES" in err
    assert "docs/prices.md" in err


def test_a_folder_without_prices_is_a_source_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settle", "--prices", str(tmp_path / "nothing")]) == 4
    assert str(tmp_path / "nothing") in capsys.readouterr().err


def test_the_future_cannot_be_settled(prices: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settle", "--prices", str(prices), "--as-of", "2999-01-01"]) == 2
    assert "is in the future" in flat(capsys.readouterr().err)
