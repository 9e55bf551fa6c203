"""The switches of the defences: all on, and reached by evaluations and tests alone."""

import ast
from pathlib import Path

from records.defences import Defence, holds, without

ROOT = Path(__file__).parents[1]
ROOMS = ("records", "feeds", "markets", "models", "prompts", "vectorstore", "agent", "tools", "terminal", "evals")


def test_every_defence_holds_unless_an_evaluation_takes_it_away() -> None:
    assert all(holds(defence) for defence in Defence)
    with without({Defence.QUARANTINE}):
        assert not holds(Defence.QUARANTINE)
        assert holds(Defence.WITHHOLDING)
    assert holds(Defence.QUARANTINE)


def test_only_evaluations_can_switch_a_defence_off() -> None:
    users = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module == "records.defences"
        and any(name.name == "without" for name in node.names)
    ]
    assert users
    assert all(user.startswith("evals/") for user in users)


def test_every_defence_is_asked_somewhere() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    assert [defence for defence in Defence if f"holds(Defence.{defence.name})" not in sources] == []
