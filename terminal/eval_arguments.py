"""The arguments of `rhyme eval …`. Standard library only, like all that is read before a command is known."""

from terminal.command_tree import Tree, whole_number
from terminal.eval_chat_arguments import add_eval_chat
from terminal.eval_harness_arguments import SHIPPED_HELP, add_eval_harness, add_run_options
from terminal.eval_injection_arguments import add_eval_injection
from terminal.eval_labels_arguments import add_eval_labels
from terminal.eval_words_arguments import add_eval_words


def add_eval(tree: Tree) -> None:
    """Adds the group and its suites: a suite is a function of its own that is called here."""
    evaluate = tree.group("eval", "grade a part of Rhyme on a folder of data", "rhyme eval impact --data DIR")
    _add_eval_impact(evaluate)
    _add_eval_recall(evaluate)
    _add_eval_threads(evaluate)
    add_eval_injection(evaluate)
    add_eval_labels(evaluate)
    add_eval_words(evaluate)
    add_eval_chat(evaluate)
    add_eval_harness(evaluate)


def _add_eval_impact(evaluate: Tree) -> None:
    impact = evaluate.command(
        "impact",
        "eval",
        "grade the impact score by what the market did",
        "rhyme eval impact --data events/ --out report/ --json",
        "DIR holds story files (impact/*.parquet or *.parquet: id, event_id, split, date, ticker, company, headline, body, "
        "price_leak, earn, z01, sigma, beta, car01) and, best, prices/. Nothing is fitted: the shipped numbers are graded. "
        "Each event is forecast as of its own day.",
    )
    impact.set_defaults(suite="impact")
    impact.add_argument("--data", metavar="DIR", help=f"folder with the events to grade; {SHIPPED_HELP}")
    impact.add_argument("--split", metavar="NAME", help="the split to grade; default: the latest of the folder")
    impact.add_argument(
        "--store", metavar="DIR", action="append", default=[], help="a folder of earlier events to recall; repeatable"
    )
    impact.add_argument("--out", metavar="DIR", help="also write report.md, report.json and plots there")
    impact.add_argument(
        "--dense",
        metavar="NAME",
        help="also grade neighbours by this embedder, as in `rhyme models list`; takes minutes",
    )
    impact.add_argument(
        "--quick", action="store_true", help="the score and the baselines only, without the experiments"
    )
    impact.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    add_run_options(impact)


def _add_eval_recall(evaluate: Tree) -> None:
    recall = evaluate.command(
        "recall",
        "eval_recall",
        "grade the precedents: on topic, by outcome, and none where there is none",
        "rhyme eval recall --data events/ --cache vectors/ --out report/ --json",
        "DIR holds story files of two splits, dev and val, as for `rhyme eval impact`; ref/ with sectors and prices/ beside "
        "them. Nothing is fitted: the shipped constants are graded on the later split, each query as of its own day.",
    )
    recall.add_argument("--data", metavar="DIR", help=f"folder with the events to grade; {SHIPPED_HELP}")
    recall.add_argument(
        "--embedder",
        metavar="NAME",
        action="append",
        default=[],
        help="as in `rhyme models list`; repeatable; default: every one that is installed",
    )
    recall.add_argument(
        "--limit",
        metavar="N",
        type=whole_number(50, 1_000_000),
        default=12_000,
        help="events in the pool (default 12000)",
    )
    recall.add_argument(
        "--queries", metavar="N", type=whole_number(10, 100_000), default=1_200, help="queries (default 1200)"
    )
    recall.add_argument("--cache", metavar="DIR", help="keep embeddings there; a second run is then fast")
    recall.add_argument("--out", metavar="DIR", help="also write report.md, report.json and plots there")
    recall.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    add_run_options(recall)


def _add_eval_threads(evaluate: Tree) -> None:
    threads = evaluate.command(
        "threads",
        "eval_threads",
        "grade story threads: same story or not, reprints found, relations told apart",
        "rhyme eval threads --data stories/ --out report/ --json",
        "DIR holds dup/*.jsonl (labelled pairs: a, b, label and, if you have them, a_body, b_body, kind, ticker, date) and, best, "
        "impact/*.parquet with articles to make reprints of. Nothing is fitted: pairs that the model was fitted on are left out.",
    )
    threads.add_argument("--data", metavar="DIR", help=f"folder with the pairs to grade; {SHIPPED_HELP}")
    threads.add_argument("--embedder", metavar="NAME", help="also with its vectors, as in `rhyme models list`")
    threads.add_argument("--out", metavar="DIR", help="also write report.md, report.json and plots there")
    threads.add_argument("--quick", action="store_true", help="a tenth of the reprints")
    threads.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    add_run_options(threads)
