"""`rhyme precedents import|search|sources|release`: the event memory by hand."""

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
    """Dispatches to import, search, sources or release."""
    with ProgressView.open(quiet=options.quiet) as view:
        view.say("Opening the event memory …")
        settings = load_settings({"home": options.home}).settings
        with Assembly(settings, say=view.say) as parts:
            if options.action == "import":
                return _import(parts, options, view)
            if options.action in ("sources", "release"):
                return _sources(parts, options)
            with parts.memory() as memory:
                recalled = memory.recall(options.text, options.as_of or utc_now(), options.limit, held=True)
    _show(recalled, options)
    return 0


def _import(parts: Assembly, options: argparse.Namespace, view: ProgressView) -> int:
    """Adds a file's events. Raises SourceUnreadable when no row of it is an event."""
    from vectorstore.importing import read_events
    from vectorstore.sources import overwriting

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
        taken = overwriting(result.events, parts.database.events([event.id for event in result.events]))
        for event_id in sorted(taken)[:SHOWN_ERRORS]:
            print(plain(f"Left out, {event_id}: an event of another source has this id"), file=sys.stderr)
        events = [event for event in result.events if event.id not in taken]
        names = memory.sources.note(events, utc_now())
        if options.release:
            for name in names:
                memory.sources.release(name, utc_now())
        added = memory.add(events, on_progress=lambda done, total: view.say(f"{done:,} of {total:,} kept"))
        left_out = len(result.errors) + len(taken)
        print(
            f"{added.added:,} new events, {added.changed:,} changed, {added.unchanged:,} known already, "
            f"{left_out:,} rows left out. {result.without_reaction:,} wait for their outcome. The memory now "
            f"holds {memory.snapshot}."
        )
        held = [name for name in names if memory.sources.all()[name].held(utc_now())]
        if held:
            print(
                plain(
                    f"They can be searched, but count in no score before you say so: `rhyme precedents release {held[0]}`."
                )
            )
    return 0


def _sources(parts: Assembly, options: argparse.Namespace) -> int:
    """Lists the imported files, or releases one. Raises NotFound."""
    from vectorstore.sources import EventSources

    sources = EventSources(parts.database.note, parts.database.set_note)
    if options.action == "release":
        sources.release(options.name, utc_now(), trusted=options.trust)
        print(plain(f"{options.name} counts in the score{' without a cap' if options.trust else ', by .05 at most'}."))
        return 0
    known = sources.all()
    if options.json:
        print(as_json({name: source.model_dump(mode="json") for name, source in known.items()}))
        return 0
    for name, source in known.items():
        state = "held" if source.held(utc_now()) else "trusted" if source.trusted else "counts, by .05 at most"
        print(plain(f"{name}  first seen {source.first_seen_at:%Y-%m-%d}  {state}"))
    if not known:
        print("No file was imported: all events are Rhyme's own.")
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
