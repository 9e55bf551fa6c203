"""Which objects a command gets for its settings."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from terminal.assembly import Assembly, articles_at_once, open_embedder
from terminal.settings import load_settings


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many threads each embedder was opened with."""
    opened: list[int] = []

    class Opened:
        name, digest, dimensions = "e", "d", 3

    def load(_name: str, _folder: Path, *, threads: int) -> Opened:
        opened.append(threads)
        return Opened()

    monkeypatch.setattr("models.embedding.load_embedder", load)
    return opened


def test_one_article_has_several_threads_for_its_text_and_each_of_many_has_one(
    threads: list[int], tmp_path: Path
) -> None:
    settings = load_settings({"home": str(tmp_path)}).settings
    with Assembly(settings) as parts:
        _ = parts.embedder
    with Assembly(settings, at_once=4) as parts:
        _ = parts.embedder
    assert threads == [2, 1]


def test_the_threads_of_the_settings_hold_however_many_articles_there_are(threads: list[int], tmp_path: Path) -> None:
    settings = load_settings({"home": str(tmp_path), "threads": 3}).settings
    with ExitStack() as closing:
        open_embedder(settings, closing, at_once=1)
        open_embedder(settings, closing, at_once=16)
    assert threads == [3, 3]


def test_a_worker_takes_one_article_at_a_time_where_the_language_model_is_on_this_machine(tmp_path: Path) -> None:
    here = load_settings({"home": str(tmp_path), "provider": "local"}).settings
    far = load_settings({"home": str(tmp_path), "model": "gpt-4.1-mini", "provider": "openai"}).settings
    assert (articles_at_once(here, None), articles_at_once(far, None)) == (1, 4)
    assert (articles_at_once(here, 3), articles_at_once(far, 16)) == (3, 16)
