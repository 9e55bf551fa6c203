"""Writes the generated files of docs/, with `python -m terminal.manual`; a test keeps them current."""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from terminal.arguments import build_parser
from terminal.output import analysis_schema
from terminal.settings import OPENAI_VARIABLES, PREFIX, Settings

DOCS = Path(__file__).parent.parent / "docs"


def cli_manual() -> str:
    """docs/cli.md: every command with its arguments, options and example. The same on every Python version."""
    parts = [
        "# The command line",
        "Generated from the program by `python -m terminal.manual`. The same text is printed by `--help`.",
    ]
    for parser in _walk(build_parser()):
        parts += _section(parser)
    return "\n\n".join(parts) + "\n"


def settings_manual() -> str:
    """docs/settings.md: every setting with its variable, default and meaning."""
    parts = [
        "# Settings",
        "Generated from the program by `python -m terminal.manual`. A command-line flag goes before an environment "
        "variable, that before the file `config.toml` in the home folder, that before the default. An unknown key in "
        "the file is an error. `rhyme config` shows the values in force and where each comes from.",
        '```toml\n# config.toml\nmodel = "small"\ntimeout_seconds = 300\n```',
    ]
    for name, field in Settings.model_fields.items():
        variables = [f"`{PREFIX}{name.upper()}`"] + (
            [f"`{OPENAI_VARIABLES[name]}`"] if name in OPENAI_VARIABLES else []
        )
        default = "the user's data folder" if name == "home" else f"`{_toml(field.default)}`"
        parts += [f"## {name}", str(field.description), f"Variable: {', then '.join(variables)}. Default: {default}."]
    return "\n\n".join(parts) + "\n"


def schema_text() -> str:
    """docs/analysis.schema.json: the schema of `rhyme analyze --json`."""
    return json.dumps(analysis_schema(), indent=2, ensure_ascii=False) + "\n"


def api_text() -> str:
    """docs/api.openapi.json: what the web terminal's API takes and gives."""
    from terminal.assembly import Assembly
    from terminal.web.app import create_app
    from terminal.web.site import Site

    with TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        with Assembly(settings) as parts, Site(parts) as site:
            return json.dumps(create_app(site).openapi(), indent=2, ensure_ascii=False) + "\n"


def generated() -> dict[str, str]:
    """Every generated file's text by its name in docs/."""
    return {
        "cli.md": cli_manual(),
        "settings.md": settings_manual(),
        "analysis.schema.json": schema_text(),
        "api.openapi.json": api_text(),
    }


def main() -> int:
    """Writes the files."""
    for name, text in generated().items():
        (DOCS / name).write_text(text, encoding="utf-8")
    return 0


def commands() -> list[argparse.ArgumentParser]:
    """Every parser of the tree that runs something."""
    return [parser for parser in _walk(build_parser()) if parser.get_default("module")]


def _walk(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _walk(inner)


def _section(parser: argparse.ArgumentParser) -> list[str]:
    depth = min(parser.prog.count(" ") + 2, 3)
    parts = [f"{'#' * depth} {parser.prog}", str(parser.description)]
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    root = parser.prog == "rhyme"
    rows = [
        f"- `{_spelling(action)}`: {action.help}"
        for action in parser._actions
        if action not in inner and action.dest != "help" and (root or action.default is not argparse.SUPPRESS)
    ]
    if inner:
        rows += [f"- `{choice.dest}`: {choice.help}" for choice in inner[0]._choices_actions]
    if rows:
        parts.append("\n".join(rows))
    if parser.epilog:
        parts.append(_fenced(parser.epilog))
    return parts


def _spelling(action: argparse.Action) -> str:
    value = action.metavar or action.dest
    if not action.option_strings:
        return f"[{value}]" if action.nargs == "?" else str(value)
    return action.option_strings[0] + ("" if action.nargs == 0 else f" {value}")


def _fenced(epilog: str) -> str:
    """The indented lines of an epilog as code, its other lines as text."""
    examples = re.findall(r"^  (.+)$", epilog, re.M)
    rest = [
        line for line in epilog.splitlines() if line and not line.startswith("  ") and not line.startswith("example")
    ]
    return "\n\n".join(["```\n" + "\n".join(examples) + "\n```", *(f"{line[:1].upper()}{line[1:]}." for line in rest)])


def _toml(value: object) -> str:
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    sys.exit(main())
