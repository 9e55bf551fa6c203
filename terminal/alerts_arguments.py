"""The arguments of `rhyme alerts …`. Standard library only, like all that is read before a command is known."""

import argparse

from terminal.command_tree import Tree, UsageParser, parse_moment, subcommands, whole_number


def add_alerts(tree: Tree) -> None:
    """Adds the command and those inside it."""
    alerts = tree.command(
        "alerts",
        "alerts",
        "show what of today's analysed news met your rules",
        "rhyme alerts --since 2026-11-23T13:30Z --json",
        "Without one of its commands it shows the alerts since midnight in New York, each story once a rule, and what could not be "
        "judged. docs/alerts.md says what is promised.",
    )
    alerts.set_defaults(action="show")
    alerts.add_argument("--since", metavar="TIME", type=parse_moment, help="default: midnight in New York, of --as-of")
    alerts.add_argument("--as-of", metavar="TIME", type=parse_moment, help="what may be known; default: now")
    alerts.add_argument(
        "--limit", metavar="N", type=whole_number(1, 10_000), default=50, help="alerts shown, newest first (default 50)"
    )
    telling = alerts.add_mutually_exclusive_group()
    telling.add_argument("--new", action="store_true", help="only what --new and --follow have not told before")
    telling.add_argument(
        "--follow", action="store_true", help="tell each alert when it is raised, a line each, until stopped"
    )
    alerts.add_argument("--json", action="store_true", help="print one JSON object on stdout, with --follow one a line")
    actions = subcommands(alerts)
    actions.required, actions.help = False, "without one: the alerts of today"
    _add_rules(Tree(actions))


def _add_rules(tree: Tree) -> None:
    add = tree.command(
        "add",
        "alerts",
        "set a rule: be told of analysed news that meets all of its conditions",
        "rhyme alerts add --ticker MSFT,NVDA --event regulatory_action --min-score 0.6",
        "A condition given twice, or with commas, is met by any of its values. The rule looks at the news of today already.",
    )
    add.set_defaults(action="add")
    add.add_argument("--name", metavar="NAME", help="what to call it; default: made from the conditions")
    listing = tree.command("list", "alerts", "show the rules", "rhyme alerts list --json")
    listing.set_defaults(action="list")
    remove = tree.command(
        "remove", "alerts", "take a rule back; alerts of the days before stay", "rhyme alerts remove msft-nvda"
    )
    remove.set_defaults(action="remove")
    remove.add_argument("name", metavar="NAME", help="its name in `rhyme alerts list`")
    test = tree.command(
        "test",
        "alerts",
        "show what a rule would have raised, and keep nothing",
        'rhyme alerts test --theme "Oil & Gas" --sentiment negative --days 30',
    )
    test.set_defaults(action="test")
    test.add_argument("--rule", metavar="NAME", help="a rule that is set, in place of conditions")
    test.add_argument("--days", metavar="N", type=whole_number(1, 366), default=7, help="how far back (default 7)")
    test.add_argument(
        "--limit", metavar="N", type=whole_number(1, 10_000), default=10, help="alerts shown (default 10)"
    )
    for parser in (add, test):
        _add_conditions(parser)
    for parser in (add, listing, remove, test):  # suppressed: `rhyme alerts --json list` has it too
        parser.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print a JSON object on stdout"
        )


def _add_conditions(parser: UsageParser) -> None:
    parser.add_argument("--ticker", metavar="TICKERS", action="append", default=[], help="companies, such as MSFT,AAPL")
    parser.add_argument("--portfolio", action="store_true", help="companies of the portfolio file, as it then is")
    parser.add_argument("--theme", metavar="TAG", action="append", default=[], help="a theme; repeatable")
    parser.add_argument("--event", metavar="TYPE", action="append", default=[], help="an event type; repeatable")
    parser.add_argument("--min-score", metavar="S", type=_fraction, help="market impact from here on, 0 to 1")
    parser.add_argument(
        "--min-chance", metavar="P", type=_fraction, help="chance of a move beyond two sigma from here on, 0 to 1"
    )
    parser.add_argument("--sentiment", metavar="WORD", help="negative, neutral or positive")
    parser.add_argument(
        "--words", metavar="PHRASE", action="append", default=[], help="whole words in the headline; repeatable"
    )


def _fraction(text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value
