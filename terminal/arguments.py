"""The command line as an argparse tree. Imports only the standard library: every command pays for what stands here."""

import argparse
from collections.abc import Sequence
from typing import Any

from terminal.alerts_arguments import add_alerts
from terminal.analyze_arguments import add_analyze, add_show
from terminal.ask_arguments import add_ask
from terminal.bench_arguments import add_bench
from terminal.command_tree import Tree, UsageParser, global_options, subcommands
from terminal.cost_arguments import add_cost
from terminal.eval_arguments import add_eval
from terminal.feeds_arguments import add_feeds
from terminal.jobs_arguments import add_jobs
from terminal.memory_arguments import add_memory
from terminal.outcome_arguments import add_outcomes, add_prices
from terminal.precedents_arguments import add_precedents
from terminal.serve_arguments import add_serve, add_users
from terminal.setup_arguments import add_chroma, add_set_up

PROGRAM = "rhyme"

EPILOG = """examples:
  rhyme analyze article.txt
  rhyme analyze https://example.com/news/story --json
  rhyme doctor

exit codes: 0 ok, 2 usage, 3 settings, 4 source, 5 model, 6 store, 130 stopped by Ctrl-C
"""


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: reading package metadata costs 30 ms."""

    def __init__(self, option_strings: Sequence[str], dest: str, **kwargs: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=kwargs.get("help"))

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from terminal.version import rhyme_version

        print(f"{PROGRAM} {rhyme_version()}")
        parser.exit()


def build_parser() -> UsageParser:
    """The whole tree. Parsing gives a namespace with `module`, the file that runs the command."""
    parser = UsageParser(
        prog=PROGRAM,
        description="An AI news terminal: an article in; tickers, tags, sentiment, precedents and an impact score out.",
        epilog=EPILOG,
        parents=[global_options(suppressed=False)],
    )
    parser.add_argument("--version", action=_Version, help="show the version and leave")
    tree = Tree(subcommands(parser))
    add_analyze(tree)
    add_precedents(tree)
    add_set_up(tree)
    add_memory(tree)
    add_feeds(tree)
    add_jobs(tree)
    add_alerts(tree)
    add_ask(tree)
    add_serve(tree)
    add_users(tree)
    add_chroma(tree)
    add_show(tree)
    add_cost(tree)
    add_outcomes(tree)
    add_prices(tree)
    add_eval(tree)
    add_bench(tree)
    return parser
