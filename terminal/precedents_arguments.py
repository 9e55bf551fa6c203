"""The arguments of `rhyme precedents …`. Standard library only, like all that is read before a command is known."""

from terminal.command_tree import Tree, parse_moment, whole_number

IMPORT_COLUMNS = """Bad rows are named and left out.

columns: summary, event_type, published_at; if you have them, id, tickers, tags, story_id, source and date_only;
and, when the outcome is known, reaction_session_on, reaction_abnormal_return, reaction_sigma, reaction_known_at and
the other fields of a reaction (return and sigma are fractions in log: a fall of 47.5 % is -0.644). Times are ISO 8601
with a time zone, or bare dates"""


def add_precedents(tree: Tree) -> None:
    """Adds the group and its commands."""
    precedents = tree.group("precedents", "import or search past events", "rhyme precedents search 'profit warning'")
    importing = precedents.command(
        "import",
        "precedents",
        "add dated events from a CSV, JSONL or Parquet file",
        "rhyme precedents import events.csv",
        IMPORT_COLUMNS,
    )
    importing.set_defaults(action="import")
    importing.add_argument("file", metavar="FILE", help="a .csv, .jsonl or .parquet file")
    importing.add_argument(
        "--release",
        action="store_true",
        help="let its events into the score at once; default: held, see `precedents sources`",
    )
    importing.add_argument("--strict", action="store_true", help="refuse the whole file if one row is bad")
    search = precedents.command(
        "search",
        "precedents",
        "find past events like a text",
        "rhyme precedents search 'FDA rejects a cancer drug' --as-of 2014-01-01",
    )
    search.set_defaults(action="search")
    search.add_argument("text", metavar="TEXT", help="what to look for, in words")
    search.add_argument(
        "--as-of", metavar="TIME", type=parse_moment, help="only events whose reaction was known by then; default: now"
    )
    search.add_argument(
        "--limit", metavar="N", type=whole_number(1, 100), default=8, help="how many, 1-100 (default 8)"
    )
    search.add_argument("--json", action="store_true", help="print a JSON array on stdout")
    _add_sources(precedents)


def _add_sources(precedents: Tree) -> None:
    sources = precedents.command(
        "sources",
        "precedents",
        "list the imported files and whether their events count in the score",
        "rhyme precedents sources",
        "Events of a new file are held: they can be searched, but no score rests on them until a person releases the file, or, if "
        "every row names its source, until it has been known for 30 days. A file that counts moves a score by .05 at most.",
    )
    sources.set_defaults(action="sources")
    sources.add_argument("--json", action="store_true", help="print a JSON object on stdout")
    release = precedents.command(
        "release",
        "precedents",
        "let an imported file's events into the score",
        "rhyme precedents release import:events.csv",
    )
    release.set_defaults(action="release")
    release.add_argument("name", metavar="NAME", help="as `rhyme precedents sources` lists it")
    release.add_argument(
        "--trust", action="store_true", help="without the cap: the file is as good as Rhyme's own events"
    )
