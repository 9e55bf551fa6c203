"""The arguments of `rhyme bench chat`. Standard library only, like all that is read before a command is known."""

from terminal.bench_flow_arguments import share_below
from terminal.command_tree import Tree, whole_number


def add_bench_chat(bench: Tree) -> None:
    """Adds the measurement."""
    chat = bench.command(
        "chat",
        "bench_chat",
        "measure questions: the time to the first word beyond the model's own, and every lookup",
        "rhyme bench chat --analyses 10000 --events 10000",
        "Made-up analyses and events, a model server of known speed on loopback, the chat and the tools as they are. Nothing "
        "leaves this machine, and nothing of your home folder is read. Making 100,000 of both takes about four minutes.",
    )
    number = chat.add_argument
    number("--analyses", metavar="N", type=whole_number(200, 10_000_000), default=100_000, help="default 100000")
    number("--events", metavar="N", type=whole_number(1_000, 10_000_000), default=100_000, help="default 100000")
    number("--questions", metavar="N", type=whole_number(2, 1_000), default=30, help="of each kind; default 30")
    number("--calls", metavar="N", type=whole_number(2, 1_000), default=30, help="of each way of asking; default 30")
    number(
        "--processes", metavar="N", type=whole_number(1, 100), default=5, help="new ones with one question; default 5"
    )
    number("--latency", metavar="SECONDS", type=share_below(60.0), default=0.2, help="of the model; default 0.2")
    number("--seed", metavar="S", type=whole_number(0, 2**31), default=1, help="default 1")
    number(
        "--work", metavar="DIR", help="keep all that was made here for another run (default: a folder that is removed)"
    )
    number("--json", action="store_true", help="print a JSON object on stdout")
