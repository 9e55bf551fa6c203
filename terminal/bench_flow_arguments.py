"""The arguments of `rhyme bench flow`. Standard library only, like all that is read before a command is known."""

import argparse
from collections.abc import Callable

from terminal.command_tree import Tree, whole_number


def add_bench_flow(bench: Tree) -> None:
    """Adds the measurement."""
    flow = bench.command(
        "flow",
        "bench_flow",
        "measure a day's news from a file to its analyses, against a simulated OpenAI server",
        "rhyme bench flow --articles 500 --faults 0.2",
        "Real commands, real HTTP on loopback, real memory; nothing leaves this machine, and of your home folder only "
        "the embedding model is used. 5,000 articles take about four minutes.",
    )
    number = flow.add_argument
    number("--articles", metavar="N", type=whole_number(10, 1_000_000), default=5_000, help="default 5000")
    number("--duplicates", metavar="SHARE", type=share_below(1.0), default=0.7, help="of the articles; default 0.7")
    number(
        "--data",
        metavar="DIR",
        help="real headlines: impact/*.parquet and recent/*.parquet in it; default: made-up texts",
    )
    number("--workers", metavar="N", type=whole_number(1, 64), default=1, help="processes; default 1")
    number(
        "--concurrency",
        metavar="N",
        type=whole_number(1, 1_000),
        default=16,
        help="articles at once in each; default 16",
    )
    number("--database", metavar="URL", help="an empty database, as in the setting database_url; default: SQLite")
    number("--requests-per-minute", metavar="N", type=whole_number(1, 10_000_000), default=900,
           help="the simulated limit; default 900")  # fmt: skip
    number("--tokens-per-minute", metavar="N", type=whole_number(1_000, 2**62), help="another one; default: none")
    number("--latency", metavar="SECONDS", type=share_below(600.0), default=0.3, help="of an answer; default 0.3")
    number("--faults", metavar="SHARE", type=share_below(1.0), default=0.0, help="of requests that fail; default 0")
    number("--seed", metavar="S", type=whole_number(0, 2**31), default=1, help="of news and faults; default 1")
    number("--work", metavar="DIR", help="keep everything in this new folder (default: one that is removed)")
    number("--json", action="store_true", help="print a JSON object on stdout")


def share_below(high: float) -> Callable[[str], float]:
    """A number from 0 to under `high`."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        if not 0 <= value < high:
            raise argparse.ArgumentTypeError(f"{text} is not between 0 and {high:g}")
        return value

    return parse
