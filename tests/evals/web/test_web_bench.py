"""A small run of `rhyme bench web`: a real server process, real HTTP, real streams."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evals.web.load import SHARES, addresses

WANTED = {
    "list_p95_ms",
    "article_p95_ms",
    "search_p95_ms",
    "streams_reached",
    "stream_delay_p95_ms",
    "start_seconds",
    "peak_memory_mb",
}


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    home = tmp_path_factory.mktemp("web")
    words = "bench web --analyses 300 --rate 20 --seconds 2 --streams 20 --told 2 --json --quiet --work".split()
    environment = {**os.environ, "RHYME_HOME": str(home / "home")}
    command = [sys.executable, "-m", "terminal.main", *words, str(home / "work")]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, object] = json.loads(ran.stdout)
    return found


@pytest.mark.long
def test_every_page_asked_for_is_answered(figures: dict[str, object]) -> None:
    assert figures["failed"] == {}
    assert figures["answers"] == {kind: 2 * share for kind, share in SHARES.items()}


@pytest.mark.long
def test_every_stream_hears_of_every_analysis_that_another_process_keeps(figures: dict[str, object]) -> None:
    assert (figures["streams_open"], figures["streams_reached"]) == (20, 20)


@pytest.mark.long
def test_the_names_of_the_figures_stay(figures: dict[str, object]) -> None:
    assert figures.keys() >= WANTED
    assert all(isinstance(figures[name], int | float) and float(str(figures[name])) > 0 for name in WANTED)


def test_the_same_seed_asks_the_same_addresses() -> None:
    def some(seed: int) -> list[str]:
        wanted = addresses(["a", "b", "c"], ["copper", "strike"], seed)
        return [next(wanted[kind]) for kind in SHARES for _ in range(30)]

    assert some(1) == some(1) != some(2)


def test_a_home_that_cannot_be_served_is_told_with_the_servers_own_words(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "rhyme.db").write_bytes(b"no database" * 100)
    words = ["bench", "web", "--analyses", "100", "--seconds", "1", "--work", str(work), "--quiet"]
    environment = {**os.environ, "RHYME_HOME": str(tmp_path / "home")}
    ran = subprocess.run(
        [sys.executable, "-m", "terminal.main", *words], capture_output=True, text=True, env=environment, check=False
    )
    assert ran.returncode == 6
    assert "rhyme.db" in ran.stderr
