"""`rhyme config`: the settings in force and where each comes from."""

import argparse
from pathlib import Path

from terminal.output import as_json
from terminal.settings import Loaded, load_settings, shown


def run(options: argparse.Namespace) -> int:
    """Prints every setting with its origin; secrets as stars. Raises SettingsError."""
    loaded = load_settings({"home": options.home})
    if options.json:
        print(as_json(_document(loaded)))
    else:
        _print_rows(effective(loaded), loaded)
    return 0


def effective(loaded: Loaded) -> dict[str, dict[str, object]]:
    """{setting: {value, origin}} with JSON-ready values."""
    rows: dict[str, dict[str, object]] = {}
    for name in type(loaded.settings).model_fields:
        value = shown(name, getattr(loaded.settings, name))
        rows[name] = {"value": str(value) if isinstance(value, Path) else value, "origin": loaded.origins[name]}
    return rows


def _document(loaded: Loaded) -> dict[str, object]:
    return {
        "config_file": str(loaded.config_file),
        "settings": effective(loaded),
        "unknown_variables": list(loaded.unknown_variables),
    }


def _print_rows(rows: dict[str, dict[str, object]], loaded: Loaded) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("Setting", no_wrap=True)
    table.add_column("Value", overflow="fold")
    table.add_column("From", overflow="fold", style="dim")
    for name, row in rows.items():
        table.add_row(name, Text("not set" if row["value"] is None else str(row["value"])), Text(str(row["origin"])))
    console = Console(highlight=False)
    console.print(table)
    state = "" if loaded.config_file.is_file() else " (not there; every key is optional)"
    console.print(Text(f"\nSettings file: {loaded.config_file}{state}"), soft_wrap=True)
    for name in loaded.unknown_variables:
        console.print(Text(f"The variable {name} is no setting of Rhyme and is ignored."), soft_wrap=True)
