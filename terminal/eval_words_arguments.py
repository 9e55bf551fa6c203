"""The arguments of `rhyme eval words`. Standard library only, like all that is read before a command is known."""

from terminal.command_tree import Tree, whole_number
from terminal.eval_harness_arguments import SHIPPED_HELP, add_run_options


def add_eval_words(evaluate: Tree) -> None:
    """Adds the suite that grades the check of the words."""
    words = evaluate.command(
        "words",
        "eval_words",
        "grade the check of the analysis's words on true sentences and on the same made false",
        "rhyme eval words --data DIR --out report/ --json",
        "DIR holds summ/*.parquet (id, doc, summary: earnings calls with summaries) or dup/*.jsonl (a, b, a_body, b_body, date, "
        "label: versions of one story). Needs no model: the analyses then checked are composed from readings made in code.",
    )
    words.add_argument("--data", metavar="DIR", help=f"folder with summ/ or dup/; {SHIPPED_HELP}")
    words.add_argument(
        "--half",
        choices=("report", "dev", "both"),
        default="report",
        help="articles by a hash of their id: the half the check was not built on (default), the other one, or both",
    )
    words.add_argument(
        "--limit", metavar="N", type=whole_number(1, 1_000_000), help="at most N true sentences, drawn by article"
    )
    words.add_argument(
        "--seed", metavar="S", type=whole_number(0, 2**32 - 1), default=4, help="of all draws (default 4)"
    )
    words.add_argument("--model", metavar="M", help="also run whole analyses with this model and check its words")
    words.add_argument(
        "--articles", metavar="N", type=whole_number(1, 10_000), default=5, help="analyses run with --model (default 5)"
    )
    words.add_argument(
        "--written-only", action="store_true", help="only the product's own words; the check is not graded"
    )
    words.add_argument(
        "--out",
        metavar="DIR",
        help="also write report.md and report.json there; with --model a run that was stopped goes on from written.jsonl",
    )
    words.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    add_run_options(words)
