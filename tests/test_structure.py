"""The house keeps its shape: who may import whom, what loads when, and that what is documented exists."""

import ast
import os
import re
import resource
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from records.errors import RhymeError
from terminal.arguments import build_parser
from terminal.settings import OPENAI_VARIABLES, PREFIX, Settings

ROOT = Path(__file__).parents[1]

FLOOR = {
    "records": 0,
    "feeds": 1,
    "markets": 1,
    "models": 1,
    "prompts": 1,
    "vectorstore": 1,
    "alerts": 2,
    "tools": 2,
    "agent": 3,
    "evals": 4,
    "terminal": 5,
}
"""A room imports from lower floors and from itself only; the rooms of one floor never import one another."""

OWNED_LIBRARIES = {
    "openai": "models",
    "langchain_openai": "models",
    "tiktoken": "models",
    "tokenizers": "models",
    "onnxruntime": "models",
    "xllamacpp": "models",
    "chromadb": "vectorstore",
    "feedparser": "feeds",
    "trafilatura": "feeds",
    "dbos": "agent",
    "exchange_calendars": "markets",
    "rich": "terminal",
    "pydantic_settings": "terminal",
}
"""Libraries that one room alone speaks to."""

HEAVY = {
    "langchain",
    "langchain_core",
    "langchain_openai",
    "chromadb",
    "dbos",
    "numpy",
    "pydantic",
    "rich",
    "sqlalchemy",
    "openai",
}
"""What `rhyme --help` must not load."""

HELP_CPU_SECONDS = 0.3
"""The budget of the product for `rhyme --help`."""


def _sources() -> list[Path]:
    return [path for room in FLOOR for path in sorted((ROOT / room).rglob("*.py"))]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.lineno, (node.module or "").split(".")[0]


def test_the_floors_are_the_packages_that_are_shipped() -> None:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(configuration["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(FLOOR)
    assert all((ROOT / room / "__init__.py").is_file() for room in FLOOR)


def test_imports_point_down_only() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{line} imports {target}"
        for path in _sources()
        for line, target in _imports(path)
        if target in FLOOR and target != _room(path) and FLOOR[target] >= FLOOR[_room(path)]
    ]
    assert faults == []


def test_each_outside_library_is_spoken_to_from_one_room() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{line} imports {target}"
        for path in _sources()
        for line, target in _imports(path)
        if OWNED_LIBRARIES.get(target, _room(path)) != _room(path)
    ]
    assert faults == []


def test_the_process_environment_is_touched_in_one_file() -> None:
    names = {"environ", "getenv", "putenv", "unsetenv", "environb"}
    faults = []
    for path in _sources():
        for node in ast.walk(_tree(path)):
            dotted = isinstance(node, ast.Attribute) and node.attr in names
            imported = (
                isinstance(node, ast.ImportFrom)
                and node.module == "os"
                and names & {alias.name for alias in node.names}
            )
            if dotted or imported:
                faults.append(path.relative_to(ROOT).as_posix())
    assert set(faults) == {"terminal/settings.py"}


def test_no_other_distribution_owns_one_of_our_names() -> None:
    owners = packages_distributions()
    foreign = {room: set(owners.get(room, ())) - {"rhyme"} for room in [*FLOOR, "tests"]}
    assert {room: names for room, names in foreign.items() if names} == {}


@pytest.mark.parametrize("room", FLOOR)
def test_each_room_comes_from_this_project_when_started_elsewhere(room: str, tmp_path: Path) -> None:
    # the project goes last on the path: whatever an installed package puts under the same name would win and be seen
    code = f"import sys; sys.path.append({str(ROOT)!r}); import {room}; print({room}.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=_plain_environment(), capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()) == ROOT / room / "__init__.py"


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _help(*interpreter_options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *interpreter_options, "-m", "terminal.main", "--help"],
        cwd=ROOT, env=_plain_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip


def test_help_loads_no_heavy_library() -> None:
    loaded = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in _help("-X", "importtime").stderr.splitlines()}
    assert "argparse" in loaded
    assert loaded & HEAVY == set()


def test_help_stays_within_its_cpu_budget() -> None:
    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _help()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(once() for _ in range(3)) <= HELP_CPU_SECONDS  # the least of three: a busy machine only adds


@cache
def _command_words() -> set[tuple[str, ...]]:
    """Every command as the words after `rhyme`, groups included."""

    def walk(parser: object, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        for action in getattr(parser, "_actions", ()):
            if isinstance(action.choices, dict):
                for name, inner in action.choices.items():
                    yield from walk(inner, (*words, name))

    return set(walk(build_parser(), ()))


def _documents() -> list[Path]:
    return [
        path
        for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
        if path.is_file()
    ]


def _quoted_commands(text: str) -> Iterator[tuple[str, ...]]:
    """`rhyme word word` in code spans, and lines of code blocks that begin with it: the leading lower-case words."""
    for match in re.finditer(r"(?:`|^[ ]*(?:\$ )?)rhyme((?: [^\s`]+)*)", text, re.M):
        words = []
        for word in match[1].split():
            if not re.fullmatch(r"[a-z]+(-[a-z]+)*", word):
                break
            words.append(word)
        yield tuple(words)


def _unknown_commands(text: str) -> list[str]:
    known = _command_words()
    groups = {words[:1] for words in known if len(words) == 2}
    unknown = []
    for words in _quoted_commands(text):
        depth = 2 if words[:1] in groups else 1
        if words[:depth] not in known:
            unknown.append(" ".join(words[:depth]))
    return unknown


def test_every_command_the_documents_name_exists() -> None:
    faults = {path.name: _unknown_commands(path.read_text(encoding="utf-8")) for path in _documents()}
    assert {name: unknown for name, unknown in faults.items() if unknown} == {}


def test_every_command_an_error_message_names_exists() -> None:
    faults = []
    for path in _sources():
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                faults += [
                    f"{path.name}:{node.lineno}: {words}" for words in _unknown_commands(_code_spans(node.value))
                ]
    assert faults == []


def _code_spans(text: str) -> str:
    return "\n".join(re.findall(r"`[^`]*`", text))


def test_every_setting_the_documents_name_exists() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | set(OPENAI_VARIABLES.values())
    pattern = re.compile(r"\b(?:RHYME|OPENAI)_[A-Z_]+\b")
    faults = {path.name: set(pattern.findall(path.read_text(encoding="utf-8"))) - known for path in _documents()}
    assert {name: unknown for name, unknown in faults.items() if unknown} == {}


def test_every_error_has_the_exit_code_of_its_kind() -> None:
    def kinds(of: type[RhymeError]) -> Iterator[type[RhymeError]]:
        for kind in of.__subclasses__():
            yield kind
            yield from kinds(kind)

    assert {kind.exit_code for kind in kinds(RhymeError)} == {2, 3, 4, 5, 6}
