"""The arguments of `rhyme bench …`. Standard library only, like all that is read before a command is known."""

from terminal.bench_chaos_arguments import add_bench_chaos
from terminal.bench_chat_arguments import add_bench_chat
from terminal.bench_flow_arguments import add_bench_flow
from terminal.bench_web_arguments import add_bench_web
from terminal.command_tree import Tree, whole_number


def add_bench(tree: Tree) -> None:
    """Adds the group and its measurements: those of one subject are a function of its own that is called here."""
    bench = tree.group("bench", "measure speed and memory on this machine", "rhyme bench start")
    _add_bench_runs(bench)
    _add_bench_recall(bench)
    add_bench_chat(bench)
    add_bench_flow(bench)
    add_bench_chaos(bench)
    add_bench_web(bench)


def _add_bench_runs(bench: Tree) -> None:
    start = bench.command("start", "bench", "measure the CPU seconds of `rhyme --help`", "rhyme bench start --runs 5")
    start.set_defaults(action="start")
    analyze = bench.command(
        "analyze", "bench", "measure seconds and tokens by stage, and memory", "rhyme bench analyze --model small"
    )
    analyze.set_defaults(action="analyze")
    analyze.add_argument("source", metavar="SOURCE", nargs="?", help="default: the shipped article")
    analyze.add_argument("--model", metavar="M", help="as in `rhyme analyze`")
    score = bench.command("score", "bench", "measure one forecast of the score, given its reading", "rhyme bench score")
    score.set_defaults(action="score")
    for parser in (start, analyze, score):
        parser.add_argument("--runs", metavar="N", type=whole_number(1, 100), default=3, help="runs (default 3)")
        parser.add_argument("--json", action="store_true", help="print a JSON object on stdout")


def _add_bench_recall(bench: Tree) -> None:
    recall = bench.command(
        "recall",
        "bench",
        "measure the event memory on made-up events, beside exact search and other indexes",
        "rhyme bench recall --events 100000 --peers exact,faiss",
        about="100,000 events take about ten minutes, 1,000,000 more than an hour",
    )
    recall.set_defaults(action="recall")
    recall.add_argument("--events", metavar="N", type=whole_number(1_000, 10_000_000), default=100_000,
                        help="made-up events (default 100000)")  # fmt: skip
    recall.add_argument("--peers", metavar="LIST", default="exact,hnswlib,faiss,lancedb",
                        help="what else to measure, with commas, or none (default exact,hnswlib,faiss,lancedb)")  # fmt: skip
    recall.add_argument("--queries", metavar="N", type=whole_number(20, 10_000), default=200,
                        help="questions for each share of knowable events (default 200)")  # fmt: skip
    recall.add_argument("--seed", metavar="S", type=whole_number(0, 2**31), default=1, help="of the events (default 1)")
    recall.add_argument("--work", metavar="DIR", help="keep events and store here for another run (default: a folder that "
                        "is removed)")  # fmt: skip
    recall.add_argument("--json", action="store_true", help="print a JSON object on stdout")
