"""`rhyme models list|pull|verify`: which models there are, bringing them here, and proving their bytes."""

import argparse
import sys
from dataclasses import asdict
from typing import get_args

from models.catalog import find
from models.model_entry import CatalogEntry
from models.model_files import ModelStatus, status, verify
from models.pull import Order, PullOptions, pull
from records.errors import ModelFileInvalid, UsageError
from terminal.assembly import embeds_here, runs_here
from terminal.home import Home
from terminal.output import as_json
from terminal.pull_view import PullView
from terminal.settings import Settings, load_settings

ORDERS = get_args(Order)


def run(options: argparse.Namespace) -> int:
    """Dispatches to list, pull or verify."""
    settings = load_settings({"home": options.home}).settings
    if options.action == "list":
        return _list(settings, options)
    if options.action == "pull":
        return _pull(settings, options)
    return _verify(settings, options)


def wanted(settings: Settings) -> tuple[str, ...]:
    """Catalogue names that the settings need on this machine: the language model if it is a local one, the embedder."""
    needs_language_model = runs_here(settings) and not settings.model.lower().endswith(".gguf")
    return ((settings.model,) if needs_language_model else ()) + ((settings.embedder,) if embeds_here(settings) else ())


def state(row: ModelStatus) -> str:
    """One word or two for a row's state."""
    return "ready" if row.verified else "not verified" if row.present else "not installed"


def _list(settings: Settings, options: argparse.Namespace) -> int:
    rows = status(Home(settings.home).models)
    if options.json:
        print(as_json([{**asdict(row), "path": str(row.path)} for row in rows]))
        return 0
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in ("Name", "For", "Model", "MB", "State"):
        table.add_column(
            column, justify="right" if column == "MB" else "left", no_wrap=column in ("Name", "MB", "State")
        )
    used = wanted(settings)
    for row in rows:
        name = f"{row.name} *" if row.name in used else row.name
        title = Text(row.title).append(f"\n{row.note}; {row.licence}", style="dim")
        table.add_row(name, row.kind, title, f"{row.bytes / 1e6:,.0f}", state(row))
    console = Console(highlight=False)
    console.print(table)
    console.print(Text("\n* used by the settings in force; `rhyme models pull` brings what is missing of them"))
    console.print(Text(f"Folder: {Home(settings.home).models}"), soft_wrap=True)
    return 0


def _pull(settings: Settings, options: argparse.Namespace) -> int:
    if options.source not in ORDERS:
        raise UsageError(f"There is no source {options.source!r}. Use --source with one of: {', '.join(ORDERS)}.")
    home = Home(settings.home)
    entries = [find(name) for name in _names(settings, options)]
    home.prepare()
    for entry in entries:
        _fetch(entry, home, PullOptions(order=options.source), quiet=options.quiet)
        print(f"{entry.name}: ready in {home.models}")
    return 0


def _names(settings: Settings, options: argparse.Namespace) -> tuple[str, ...]:
    if not options.embedder:
        return (options.name,) if options.name else wanted(settings)
    if options.name:
        raise UsageError(f"Give either --embedder or the name {options.name!r}, not both.")
    return (settings.embedder,) if embeds_here(settings) else ()


def fetch_missing(settings: Settings, *, quiet: bool) -> None:
    """Pulls the models the settings need and the home lacks. Raises SettingsError (home), ModelError subclasses."""
    home = Home(settings.home)
    home.prepare()
    ready = {row.name for row in status(home.models) if row.verified}
    for name in wanted(settings):
        if name not in ready:
            _fetch(find(name), home, PullOptions(), quiet=quiet)


def _fetch(entry: CatalogEntry, home: Home, options: PullOptions, *, quiet: bool) -> None:
    with PullView.open(entry.name, quiet=quiet) as view:
        pull(entry, home.models, progress=view.show, options=options)


def _verify(settings: Settings, options: argparse.Namespace) -> int:
    """Reads every installed file again. Raises ModelFileInvalid after the last one if any is altered."""
    home = Home(settings.home)
    present = [row for row in status(home.models) if row.present]
    if not present:
        print(f"No model is installed in {home.models}. `rhyme models pull` brings the ones the settings need.")
        return 0
    faults = []
    for row in present:
        if not options.quiet:
            print(f"Reading {row.path.name} …", file=sys.stderr, flush=True)
        try:
            verify(find(row.name), home.models, rehash=True)
            print(f"{row.name}: ok")
        except ModelFileInvalid as error:
            print(f"{row.name}: NOT ok")
            faults.append(str(error))
    if faults:
        raise ModelFileInvalid(" ".join(faults))
    return 0
