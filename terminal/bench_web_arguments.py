"""The arguments of `rhyme bench web`. Standard library only."""

from terminal.command_tree import Tree, whole_number


def add_bench_web(bench: Tree) -> None:
    """Adds the command."""
    web = bench.command(
        "web",
        "bench_web",
        "measure the web terminal under load",
        "rhyme bench web --analyses 10000 --seconds 10",
        "A server process over made-up analyses, asked over loopback: pages at a steady rate, then open event streams while "
        "another process keeps analyses. The default fills a database for about four minutes and takes 1.5 GB of disk.",
    )
    number = web.add_argument
    number("--analyses", metavar="N", type=whole_number(100, 10_000_000), default=100_000, help="default 100000")
    number("--rate", metavar="R", type=whole_number(1, 10_000), default=50, help="requests a second; default 50")
    number("--seconds", metavar="S", type=whole_number(1, 3_600), default=30, help="how long; default 30")
    number("--streams", metavar="N", type=whole_number(1, 4_000), default=1_000, help="default 1000")
    number("--told", metavar="N", type=whole_number(1, 1_000), default=10,
           help="analyses kept while they are open; default 10")  # fmt: skip
    number("--seed", metavar="S", type=whole_number(0, 2**31), default=1, help="default 1")
    number(
        "--work", metavar="DIR", help="keep the filled home here for another run (default: a folder that is removed)"
    )
    number("--json", action="store_true", help="print a JSON object on stdout")
