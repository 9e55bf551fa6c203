import pytest

from terminal.commands.demo import demo_article
from terminal.main import main


def test_the_shipped_article_is_there() -> None:
    with demo_article() as path:
        assert "OpenAI and UK sign new AI agreement" in path.read_text(encoding="utf-8")


@pytest.mark.usefixtures("server")
def test_the_demo_analyses_the_shipped_article_like_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    out = capsys.readouterr().out
    assert "OpenAI and UK sign new AI agreement to boost security, infrastructure" in out
    assert "Again: rhyme show" in out
