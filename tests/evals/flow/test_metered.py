"""The meter on a worker's embedding model."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from evals.flow.metered import MODULE, EmbeddingCost, metered, read_cost


def busy(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_what_embedding_takes_is_counted_and_what_goes_on_beside_it_is_not() -> None:
    cost = EmbeddingCost()

    def embed(_self: object, texts: Sequence[str]) -> Sequence[str]:
        busy(0.02)
        time.sleep(0.05)
        return texts

    measured = metered(embed, cost)
    beside = threading.Thread(target=busy, args=(0.2,))
    beside.start()
    assert measured(None, ["a", "b"]) == ["a", "b"]
    assert measured(None, ["c"]) == ["c"]
    beside.join()
    assert cost.texts == 3
    assert 0.04 <= cost.cpu_seconds < 0.1  # neither the pauses nor the other thread's work
    assert cost.cpu_ms_per_text == pytest.approx(1_000 * cost.cpu_seconds / 3)


def test_nothing_embedded_has_no_time_a_text() -> None:
    assert EmbeddingCost().cpu_ms_per_text is None


def test_it_is_rhyme_that_runs_and_its_figures_are_left_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "cost.json"
    ran = subprocess.run(
        [sys.executable, "-m", MODULE, str(file), "--version"], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("rhyme ")
    assert json.loads(file.read_text()) == {"texts": 0, "cpu_seconds": 0.0}


def test_several_workers_are_summed(tmp_path: Path) -> None:
    files = [tmp_path / name for name in "ab"]
    files[0].write_text('{"texts": 3, "cpu_seconds": 0.5}')
    files[1].write_text('{"texts": 2, "cpu_seconds": 0.25}')
    assert read_cost(files) == EmbeddingCost(5, 0.75)
