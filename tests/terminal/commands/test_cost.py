"""`rhyme cost`, and the gateway as the commands put it together."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from records.database import Database
from records.spending import BudgetLimits, CallBound, CallEntry, Outcome
from terminal.main import main

CALL = CallEntry(
    at=datetime(2026, 11, 2, 12, tzinfo=UTC), run_id="r1", provider="openai", model="gpt", purpose="read", prompt="read@1",
    prompt_digest="ab", request_digest="cd", outcome=Outcome.ANSWERED, input_tokens=1_000, cached_tokens=400,
    output_tokens=200, cost_nano=5_000_000,
)  # fmt: skip


def changed(**changes: Any) -> CallEntry:
    return CallEntry(**{**CALL.__dict__, **changes})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RHYME_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def books(home: Path) -> None:
    """Answered, from the cache, refused, broken off, and one call of a killed process."""
    with Database.open(home / "rhyme.db") as database:
        nothing: dict[str, Any] = {"input_tokens": 0, "cached_tokens": 0, "output_tokens": 0, "cost_nano": 0}
        for entry in (
            CALL,
            changed(at=datetime(2026, 10, 30, tzinfo=UTC), model="gpt-mini", cost_nano=None),
            changed(outcome=Outcome.CACHE_HIT, **nothing),
            changed(outcome=Outcome.RATE_LIMITED, **nothing),
            changed(outcome=Outcome.BROKEN_OFF, uncertain=CallBound(3_000, 9_000_000), **nothing),
        ):
            database.model_calls.settle(entry)
        database.model_calls.hold(
            CallBound(2_500, 7_000_000), BudgetLimits(), run_id="r1", at=CALL.at, model="gpt", request_digest="ee"
        )


@pytest.mark.usefixtures("books")
def test_costs_are_told_by_group_with_failures_and_what_is_uncertain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--since", "2026-11-01", "--by", "model", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["total"] == {
        "calls": 3, "cache_hits": 1, "input_tokens": 1_000, "cached_tokens": 400, "output_tokens": 200,
        "reasoning_tokens": 0, "cost_usd": 0.005, "unpriced_calls": 0, "estimated_calls": 0, "uncertain_calls": 1,
        "uncertain_tokens": 3_000, "uncertain_usd": 0.009, "batch_calls": 0, "batch_usd": 0.0,
        "failures": {"rate_limited": 1, "broken_off": 1},
    }  # fmt: skip
    assert [group["name"] for group in data["groups"]] == ["gpt"]
    assert data["lost"] == {"calls": 1, "at_most_tokens": 2_500, "at_most_usd": 0.007}
    assert data["under_way"]["calls"] == 0


@pytest.mark.usefixtures("books")
def test_costs_read_as_a_table_with_remarks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost"]) == 0
    text = capsys.readouterr().out
    assert "2026-10-30" in text
    assert "0.0050+?" in text.splitlines()[3]
    assert "Failed: broken_off 1, rate_limited 1." in text
    assert "1 calls broke off and may have been billed beyond the sum: at most 3,000 tokens, 0.0090 USD." in text
    assert "of killed processes, billed or not,: 1" in text


@pytest.mark.usefixtures("books")
def test_calls_that_went_in_batches_are_counted_and_told_apart(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Database.open(home / "rhyme.db") as database:
        database.model_calls.settle(changed(batch_id="batch_1", cost_nano=2_500_000))
    assert main(["cost", "--since", "2026-11-01", "--json"]) == 0
    total = json.loads(capsys.readouterr().out)["total"]
    assert (total["calls"], total["batch_calls"], total["batch_usd"]) == (4, 1, 0.0025)
    assert total["cost_usd"] == pytest.approx(0.0075)
    assert main(["cost"]) == 0
    assert "1 of the calls went in batches, at their price: 0.0025 USD." in capsys.readouterr().out


def test_what_is_left_of_the_budgets_counts_everything_taken_today(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Database.open(home / "rhyme.db") as database:
        database.model_calls.settle(changed(at=datetime.now(UTC)))
    monkeypatch.setenv("RHYME_BUDGET_DAY_USD", "2")
    monkeypatch.setenv("RHYME_BUDGET_MONTH_TOKENS", "10000")
    assert main(["cost"]) == 0
    text = capsys.readouterr().out
    assert "budget_day_usd: 1.9950 of 2.0000 left." in text
    assert "budget_month_tokens: 8,800 of 10,000 left." in text


@pytest.mark.usefixtures("home")
def test_an_empty_ledger_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost"]) == 0
    assert capsys.readouterr().out == "No call to a language model is on record.\n"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("words", [["--since", "yesterday"], ["--by", "week"]])
def test_a_date_or_group_that_is_none_is_refused(words: list[str]) -> None:
    assert main(["cost", *words]) == 2


@pytest.mark.usefixtures("server")
def test_an_analysis_repeated_costs_nothing_and_no_cache_asks_anew(
    story: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    analyze = ["--quiet", "analyze", str(story), "--no-precedents", "--json"]
    provenances = []
    for extra in ([], [], ["--no-cache"]):
        assert main([*analyze, *extra]) == 0
        provenances.append(json.loads(capsys.readouterr().out)["provenance"])
    assert [each["cache_hit"] for each in provenances] == [False, True, False]
    assert [each["input_tokens"] > 0 for each in provenances] == [True, False, True]
    assert main(["cost", "--by", "run", "--json"]) == 0
    total = json.loads(capsys.readouterr().out)["total"]
    spent = sum(each["input_tokens"] + each["output_tokens"] for each in provenances)
    assert total["input_tokens"] + total["output_tokens"] == spent
    assert total["cache_hits"] == provenances[1]["calls"] > 0
    assert home.is_dir()


@pytest.mark.usefixtures("server", "home")
def test_an_analysis_over_the_budget_is_not_made(
    story: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RHYME_BUDGET_RUN_TOKENS", "100")
    assert main(["--quiet", "analyze", str(story), "--no-precedents"]) == 5
    assert "budget_run_tokens" in " ".join(capsys.readouterr().err.split())
    assert main(["cost"]) == 0
    assert "No call" in capsys.readouterr().out


@pytest.mark.usefixtures("server", "home")
def test_the_analysis_says_that_the_fallback_answered(
    story: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: Any
) -> None:
    monkeypatch.setenv("RHYME_FALLBACK_MODEL", "small-model")
    server.used_up = "big-model"
    assert main(["--quiet", "analyze", str(story), "--no-precedents", "--json"]) == 0
    provenance = json.loads(capsys.readouterr().out)["provenance"]
    assert any("small-model answered in place of big-model" in each for each in provenance["missing"])
