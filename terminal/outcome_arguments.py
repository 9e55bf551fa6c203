"""The arguments of `rhyme settle`, `rhyme ledger …`, `rhyme track-record` and `rhyme prices …`.
Standard library only, like all that is read before a command is known."""

from terminal.command_tree import Tree, parse_moment, whole_number


def add_outcomes(tree: Tree) -> None:
    """Adds `settle`, `ledger …` and `track-record`."""
    settle = tree.command(
        "settle",
        "settle",
        "grade forecasts and past events whose outcome is known by now",
        "rhyme settle --prices prices/",
        "What cannot be measured yet is listed and tried again at the next run. Stopping it loses nothing.",
    )
    settle.add_argument("--prices", metavar="ADDRESS", help="a folder, a file or a database address; default: `prices`")
    settle.add_argument(
        "--as-of", metavar="TIME", type=parse_moment, help="settle only what was known by then; default: now"
    )
    settle.add_argument("--json", action="store_true", help="print a JSON object on stdout")
    ledger = tree.group("ledger", "list or verify the record of forecasts", "rhyme ledger verify")
    listing = ledger.command("list", "ledger", "show the newest rows of the ledger", "rhyme ledger list --limit 5")
    listing.set_defaults(action="list")
    listing.add_argument(
        "--limit", metavar="N", type=whole_number(1, 100_000), default=20, help="how many (default 20)"
    )
    listing.add_argument("--json", action="store_true", help="print a JSON array on stdout, whole payloads included")
    verify = ledger.command(
        "verify",
        "ledger",
        "check that no row was changed, removed or moved, and print the head",
        "rhyme ledger verify --head 2c26b46b68ffc68ff99b453c1d304134",
        "Note the head down elsewhere: only against it does a ledger show that rows were cut off its end.",
    )
    verify.set_defaults(action="verify")
    verify.add_argument("--head", metavar="DIGEST", help="a head noted down before: it must be in the ledger")
    record = tree.command(
        "track-record",
        "track_record",
        "show how the forecasts made before their outcome did",
        "rhyme track-record --plot reliability.svg",
        "Computed from graded rows of the ledger alone; of several forecasts for one article the first counts.",
    )
    record.add_argument("--plot", metavar="FILE", help="also draw the reliability diagram to FILE, .svg or .png")
    record.add_argument(
        "--include-replays",
        action="store_true",
        help="also count analyses of old news, whose outcome was known already",
    )
    record.add_argument("--json", action="store_true", help="print a JSON object on stdout")


def add_prices(tree: Tree) -> None:
    """Adds the group and its command."""
    prices = tree.group("prices", "check the prices that outcomes are measured by", "rhyme prices check prices/")
    check = prices.command(
        "check",
        "prices",
        "list the faults of a price source by kind",
        "rhyme prices check 'sqlite:///prices.db?table=prices' --limit 20",
        "Nothing is changed. Leaves with 4 when over some prices nothing can be measured; docs/prices.md explains the kinds.",
    )
    check.set_defaults(action="check")
    check.add_argument(
        "address", metavar="ADDRESS", help="a folder, a .parquet or .csv file, or a database URL with ?table="
    )
    check.add_argument(
        "--limit", metavar="N", type=whole_number(0, 100_000), default=5, help="examples of each kind (default 5)"
    )
    check.add_argument("--json", action="store_true", help="print a JSON object on stdout")
