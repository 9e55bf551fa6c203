"""`rhyme precedents import|search`: the event memory by hand."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from records.errors import SourceUnreadable
from records.times import utc_now
from terminal import wording
from terminal.assembly import Assembly
from terminal.output import PrecedentOutput, as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings

if TYPE_CHECKING:
    from vectorstore.recall import Recall

SHOWN_ERRORS = 20  # a file with a systematic fault has one in every row


def run(options: argparse.Namespace) -> int:
    """Dispatches to import or search."""
    with ProgressView.open(quiet=options.quiet) as view:
        view.say("Opening the event memory …")
        settings = load_settings({"home": options.home}).settings
        with Assembly(settings, say=view.say) as parts:
            if options.action == "import":
                return _import(parts, options, view)
            with parts.memory() as memory:
                recalled = memory.recall(options.text, options.as_of or utc_now(), options.limit)
    _show(recalled, options)
    return 0


def _import(parts: Assembly, options: argparse.Namespace, view: ProgressView) -> int:
    """Adds a file's events. Raises SourceUnreadable when no row of it is an event."""
    from vectorstore.importing import read_events

    result = read_events(Path(options.file), strict=options.strict)
    for error in result.errors[:SHOWN_ERRORS]:
        print(plain(f"Left out, {error}"), file=sys.stderr)
    if len(result.errors) > SHOWN_ERRORS:
        print(f"Left out, {len(result.errors) - SHOWN_ERRORS:,} more rows with faults", file=sys.stderr)
    if not result.events:
        raise SourceUnreadable(
            f"{options.file} holds no event that can be imported: {len(result.errors):,} of {result.rows:,} rows have "
            "faults. `rhyme precedents import --help` lists the columns."
        )
    with parts.memory() as memory:
        added = memory.add(result.events, on_progress=lambda done, total: view.say(f"{done:,} of {total:,} kept"))
        print(
            f"{added.added:,} new events, {added.changed:,} changed, {added.unchanged:,} known already, "
            f"{len(result.errors):,} rows left out. {result.without_reaction:,} wait for their outcome. The memory now "
            f"holds {memory.snapshot}."
        )
    return 0


def _show(recalled: "Recall", options: argparse.Namespace) -> None:
    if options.json:
        print(as_json([PrecedentOutput.of(precedent).model_dump(mode="json") for precedent in recalled.precedents]))
        return
    from rich.console import Console
    from rich.text import Text

    from terminal.page import print_precedents

    console = Console(highlight=False)
    if recalled.precedents:
        print_precedents(recalled.precedents, console)
    else:
        console.print(Text(wording.PRECEDENT_ABSENCE["no_precedent"]))
    console.print(Text(f"\n{recalled.searched:,} events were known with their outcome at that time.", style="dim"))
