"""`rhyme worker --batch` and `rhyme jobs batches` from sources to costs, against the simulated server."""

import json
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.flow.simulated_server import SimulatedServer
from evals.flow.tally import billed_tokens
from records.database import Database
from terminal.main import main

MODEL = "gpt-5.4-mini"
PRICES = {
    "checked_on": "2026-11-26",
    "source": "test",
    "batch": {"factor": 0.5, "checked_on": "2026-11-26", "source": "test"},
    "models": [
        {
            "model": MODEL, "input": 0.75, "cached_input": 0.075, "cache_write": 0.75, "output": 4.5,
            "up_to_input_tokens": 272_000,
        }
    ],
}  # fmt: skip


@pytest.fixture
def simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedServer]:
    """A running server that the settings of this test point to."""
    (tmp_path / "prices.json").write_text(json.dumps(PRICES), encoding="utf-8")
    with SimulatedServer(tmp_path / "tally") as server:
        settings = {
            "HOME": tmp_path / "home", "MODEL": MODEL, "BASE_URL": server.base_url, "EMBEDDER": "text-embedding-3-small",
            "PRICE_FILE": tmp_path / "prices.json",
        }  # fmt: skip
        for name, value in settings.items():
            monkeypatch.setenv(f"RHYME_{name}", str(value))
        yield server


def slow(server: SimulatedServer) -> None:
    """No batch ends while a test lasts."""
    body = json.dumps({"validating_seconds": 600}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{server.base_url}/simulated/batches", body, method="POST")):
        pass


def test_a_backfill_is_analysed_listed_and_costed_at_half_price(
    simulated: SimulatedServer, story: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["jobs", "batches"]) == 0
    assert "No batch was sent yet" in capsys.readouterr().out
    assert main(["jobs", "add", str(story)]) == 0
    capsys.readouterr()
    assert main(["worker", "--batch", "--json", "--quiet"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["analysed"], last["batched"], last["batches"], last["trouble"]) == (1, 0, [], None)
    assert main(["jobs", "batches", "--json"]) == 0
    batches = json.loads(capsys.readouterr().out)["batches"]
    assert [one["status"] for one in batches] == ["completed", "completed"]
    assert [one["requests"] for one in batches] == [{"done": 1, "failed": 0, "total": 1}] * 2
    assert main(["jobs", "batches"]) == 0
    assert "batch_simulated_" in capsys.readouterr().out
    assert main(["cost", "--json"]) == 0
    total = json.loads(capsys.readouterr().out)["total"]
    chat = [row for row in simulated.rows() if row.endpoint == "batch"]
    assert total["batch_calls"] == len(chat) == 2
    assert total["input_tokens"] + total["output_tokens"] == billed_tokens(chat)
    full = sum(
        (row.input_tokens - row.cached_tokens) * 0.75 + row.cached_tokens * 0.075 + row.output_tokens * 4.5
        for row in chat
    )
    assert total["batch_usd"] == total["cost_usd"] == pytest.approx(full / 2 / 1e6)
    assert last["cost_usd"] == pytest.approx(total["cost_usd"])


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_told_to_stop_it_leaves_at_once_and_the_batch_goes_on(
    simulated: SimulatedServer,
    story: Path,
    start: Callable[..., "subprocess.Popen[str]"],
    capsys: pytest.CaptureFixture[str],
    number: int,
) -> None:
    assert main(["jobs", "add", str(story)]) == 0
    slow(simulated)
    worker = start("worker", "--batch", "--json")
    assert worker.stdout is not None
    while not any(one["id"] for one in json.loads(worker.stdout.readline())["batches"]):
        pass
    worker.send_signal(number)
    out, err = worker.communicate(timeout=200)
    assert worker.returncode == 0, out + err
    assert "goes on at the provider" in " ".join(err.split())
    capsys.readouterr()
    assert main(["jobs", "batches", "--json"]) == 0
    (batch,) = json.loads(capsys.readouterr().out)["batches"]
    assert (batch["ended_at"], batch["requests"]["total"]) == (None, 1)
    assert main(["cost", "--json"]) == 0
    costs = json.loads(capsys.readouterr().out)
    assert (costs["in_batches"]["calls"], costs["lost"]["calls"], costs["under_way"]["calls"]) == (1, 0, 0)
    assert costs["in_batches"]["at_most_usd"] > 0


@pytest.mark.parametrize(
    ("arguments", "settings", "words", "code"),
    [
        (["--concurrency", "2"], {}, "--concurrency is for questions sent one by one", 2),
        ([], {"RHYME_MODEL": "default"}, "runs on this machine, where there are no batches", 5),
        ([], {"RHYME_API_VERSION": "2024-10-21"}, "does not speak the dated Azure API", 5),
        ([], {"RHYME_BASE_URL": "elsewhere"}, "has no Batch API", 5),
    ],
)
def test_where_there_are_no_batches_it_says_what_to_do_and_takes_no_job(
    simulated: SimulatedServer,
    story: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    settings: dict[str, str],
    words: str,
    code: int,
) -> None:
    assert main(["jobs", "add", str(story)]) == 0
    for name, value in settings.items():
        monkeypatch.setenv(name, f"{simulated.base_url}/{value}" if value == "elsewhere" else value)
    assert main(["worker", "--batch", *arguments]) == code
    assert words in " ".join(capsys.readouterr().err.split())
    with Database.open(tmp_path / "home" / "rhyme.db") as database:
        assert database.jobs.counts().waiting == 1


def test_a_budget_in_dollars_needs_the_price_of_a_batch(
    simulated: SimulatedServer,
    story: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["jobs", "add", str(story)]) == 0
    without: dict[str, Any] = {name: value for name, value in PRICES.items() if name != "batch"}
    (tmp_path / "prices.json").write_text(json.dumps(without), encoding="utf-8")
    monkeypatch.setenv("RHYME_BUDGET_DAY_USD", "1")
    assert main(["worker", "--batch"]) == 5
    assert f"the batch price of {MODEL} is not known" in " ".join(capsys.readouterr().err.split())
    assert simulated.rows() == []
    with Database.open(tmp_path / "home" / "rhyme.db") as database:
        assert database.jobs.counts().waiting == 1
