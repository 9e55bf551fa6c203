"""Two versions of the prompts on the same articles, answered by the simulated server over real HTTP."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.injection.bench import Bench
from evals.words.prompts import compare, sample
from prompts.library import FOLDER
from records.embedder import Embedder
from records.errors import UsageError
from terminal.main import main


def _quiet(line: str) -> None:
    assert line


@pytest.fixture
def longer(tmp_path: Path) -> Path:
    """The prompts with a system text that is a hundred words longer, as another version."""
    folder = tmp_path / "longer"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    read = folder / "read.md"
    text = read.read_text(encoding="utf-8").replace('version: "1"', 'version: "1-longer"')
    read.write_text(text.replace("# system\n", "# system\n" + "Read with care. " * 34 + "\n"), encoding="utf-8")
    return folder


def test_both_versions_are_asked_about_the_same_articles_and_compared_in_pairs(
    flow: Callable[..., Any], longer: Path, tmp_path: Path, hashing_embedder: Embedder
) -> None:
    it = flow()
    with Bench.opened(tmp_path / "archive", hashing_embedder, _quiet) as bench:
        found = compare(bench, it.model, longer, sample(2), _quiet)
        with pytest.raises(UsageError, match="nothing to compare"):
            compare(bench, it.model, FOLDER, sample(1), _quiet)
    told = found.to_json()
    assert told["changed"] == ["read 1-longer → 1"]
    assert (told["articles"], told["refused"]) == (2, {"before": 0, "after": 0})
    tokens, kept = told["metrics"]["input_tokens"], told["metrics"]["kept"]
    assert tokens["before"] - tokens["after"] > 100
    assert (tokens["better"], tokens["worse"], tokens["n"]) == (2, 0, 2)
    assert kept["before"] == kept["after"] > 0  # the server answers by the article alone
    assert told["metrics"]["unsupported"]["after"] == 0
    assert sum(row.billed for row in it.server.rows()) >= 8
    assert json.loads(json.dumps(told)) == told


def test_an_article_that_is_refused_counts_as_refused_and_in_no_mean(
    flow: Callable[..., Any], longer: Path, tmp_path: Path, hashing_embedder: Embedder
) -> None:
    it = flow(fault="invalid_json")
    with Bench.opened(tmp_path / "archive", hashing_embedder, _quiet) as bench:
        told = compare(bench, it.model, longer, sample(1), _quiet).to_json()
    assert told["refused"] == {"before": 1, "after": 1}
    assert told["metrics"]["kept"] == {"before": None, "after": None, "better": None, "worse": None, "n": 0}


def test_a_folder_without_prompts_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "prompts", "--before", str(tmp_path), "--quiet"]) == UsageError.exit_code
    assert "no prompt files" in capsys.readouterr().err
