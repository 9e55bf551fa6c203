"""`rhyme bench chat`, small: the chat, its tools and new processes against the model server, and every figure there."""

import json
from pathlib import Path

import pytest

from evals.chat_bench.bench import Request
from terminal.bench_chat import table
from terminal.main import main
from tools.toolbox import TOOLS

SMALL = {"analyses": 200, "events": 1_000, "questions": 2, "calls": 2, "processes": 1, "latency": 0.05}


@pytest.mark.long
def test_every_tool_the_first_word_and_a_new_process_are_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RHYME_HOME", str(tmp_path / "mine"))
    words = [f"--{name}={value}" for name, value in SMALL.items()]
    assert main(["bench", "chat", "--json", "--quiet", *words, "--work", str(tmp_path / "work")]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures["retrieval"]["tools"]) == set(TOOLS)
    assert all(0 <= one["ms"]["p50"] <= one["ms"]["p95"] <= one["ms"]["most"] for one in figures["retrieval"]["ways"])
    first, fresh = figures["first_token"], figures["new_process"]
    assert 0 < first["added_seconds"]["p50"] < first["waited_seconds"]["p50"]
    assert first["waited_seconds"]["p50"] - first["added_seconds"]["p50"] >= 2 * SMALL["latency"]
    assert 0 < fresh["first_lookup_seconds"]["p50"] < fresh["whole_seconds"]["p50"]
    assert "limit 100 ms" in table(figures)
    assert not (tmp_path / "mine" / "rhyme.db").exists()


def test_what_is_measured_unless_said_otherwise_is_what_the_product_promises() -> None:
    assert (Request().analyses, Request().events) == (100_000, 100_000)
