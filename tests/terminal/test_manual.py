from pathlib import Path

import pytest

from terminal.manual import commands, generated
from terminal.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["cli.md", "settings.md", "analysis.schema.json"])
def test_generated_documents_are_current(name: str) -> None:
    text = generated()[name]
    assert (DOCS / name).read_text(encoding="utf-8") == text, "run `python -m terminal.manual`"


def test_every_setting_says_what_it_means() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert len(field.description) > 30, name


def test_every_command_explains_itself_with_an_example_that_parses() -> None:
    parsers = commands()
    assert [parser.prog.removeprefix("rhyme ") for parser in parsers] == [
        "analyze", "demo", "precedents import", "precedents search", "precedents sources", "precedents release", "doctor",
        "models list", "models pull", "models verify", "config", "memory stats", "memory verify", "memory reindex",
        "memory export", "memory import", "memory snapshot", "feeds add", "feeds list", "feeds test", "feeds remove", "ingest",
        "watch", "jobs add", "jobs list", "jobs show", "jobs batches", "jobs pause", "jobs resume", "jobs cancel", "jobs retry",
        "worker", "alerts", "alerts add", "alerts list", "alerts remove", "alerts test", "ask", "chat", "brief", "mcp",
            "serve", "users add", "users list",
            "users role", "users password", "users remove", "users log", "users token add", "users token list",
            "users token revoke", "chroma", "show", "cost", "settle", "ledger list", "ledger verify",
        "track-record", "prices check", "eval impact", "eval recall", "eval threads", "eval injection", "eval tickers",
        "eval sentiment", "eval tags", "eval prompts", "eval translation",
            "eval words", "eval chat", "eval all", "eval leaks", "eval cost",
        "eval list", "eval show", "eval report", "eval gate", "eval fetch", "bench start", "bench analyze", "bench score",
        "bench recall", "bench chat", "bench flow", "bench chaos", "bench scaling", "bench web",
    ]  # fmt: skip
    for parser in parsers:
        assert parser.description, parser.prog
        assert parser.epilog, parser.prog
        assert f"  {parser.prog}" in parser.epilog, parser.prog
        assert all(action.help for action in parser._actions), parser.prog
