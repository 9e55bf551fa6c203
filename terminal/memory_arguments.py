"""The arguments of `rhyme memory …`. Standard library only, like all that is read before a command is known."""

from terminal.command_tree import Tree


def add_memory(tree: Tree) -> None:
    """Adds the group and its commands."""
    memory = tree.group("memory", "look after the event memory: check, re-embed, move, back up", "rhyme memory stats")
    stats = memory.command(
        "stats",
        "memory",
        "show what the event memory holds and how much room it takes",
        "rhyme memory stats --json",
        "Needs no model.",
    )
    stats.set_defaults(action="stats")
    verify = memory.command(
        "verify",
        "memory",
        "compare Chroma and the copy on disk with the database",
        "rhyme memory verify --repair",
        "Each difference is told in a sentence. Leaves with 0 when all is whole, with 6 when differences remain; what merely waits "
        "for the next opening is no difference (docs/memory.md).",
    )
    verify.set_defaults(action="verify")
    verify.add_argument(
        "--repair", action="store_true", help="put right what differs, from the database, and look again"
    )
    reindex = memory.command(
        "reindex",
        "memory",
        "build the index anew, or embed all events with another embedder beside it",
        "rhyme memory reindex --embedder minilm-int8",
        "No event is lost by it. Needed after a change of `embedder`, and when a message says so. The memory serves on while "
        "events are embedded; stopped, it goes on where it was at the next run.",
    )
    reindex.set_defaults(action="reindex")
    reindex.add_argument(
        "--embedder",
        metavar="NAME",
        help="another embedder, as in the setting `embedder`; its vectors are kept beside the present ones",
    )
    reindex.add_argument(
        "--drop-former",
        action="store_true",
        help="in the end delete vectors, collections and copies of every other embedder",
    )
    export = memory.command(
        "export", "memory", "write all events to a Parquet file", "rhyme memory export events.parquet --vectors"
    )
    export.set_defaults(action="export")
    export.add_argument("file", metavar="FILE", help="the file to write; one of that name is replaced")
    export.add_argument(
        "--vectors", action="store_true", help="with the present embedder's vectors, which then need not be made again"
    )
    importing = memory.command(
        "import",
        "memory",
        "take in a file that `rhyme memory export` wrote",
        "rhyme memory import events.parquet",
        "Events are added or updated by id; a second time changes nothing. Bad rows are named and left out.",
    )
    importing.set_defaults(action="import")
    importing.add_argument("file", metavar="FILE", help="a .parquet file of `rhyme memory export`")
    snapshot = memory.command(
        "snapshot",
        "memory",
        "copy the database for a backup, also while it is in use",
        "rhyme memory snapshot backups/monday",
        "The copy is opened and checked before it is vouched for. The index is not copied: the next opening builds it.",
    )
    snapshot.set_defaults(action="snapshot")
    snapshot.add_argument(
        "directory",
        metavar="DIR",
        nargs="?",
        help="a new or empty folder; default: one named by the time in `snapshots` in the home folder",
    )
    snapshot.add_argument(
        "--restore", metavar="DIR", help="instead put that snapshot into this home, which must hold no database"
    )
    for parser in (stats, verify, reindex, export, importing, snapshot):
        parser.add_argument("--json", action="store_true", help="print a JSON object on stdout")
