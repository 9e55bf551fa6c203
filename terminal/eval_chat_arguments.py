"""The arguments of `rhyme eval chat`. Standard library only, like all that is read before a command is known."""

from terminal.command_tree import Tree, whole_number
from terminal.eval_harness_arguments import SHIPPED_HELP, add_run_options


def add_eval_chat(evaluate: Tree) -> None:
    """Adds the suite that puts questions with gold answers to the chat."""
    chat = evaluate.command(
        "chat",
        "eval_chat",
        "grade the answers of `rhyme ask` on questions with gold answers",
        "rhyme eval chat --data DIR --limit 40 --out report/ --json",
        "DIR, or its qa/, holds financebench_150.jsonl or tatqa_dev.jsonl (docs/evaluations/chat). Their pages and tables are "
        "taken into a temporary home and reached by the tools alone. Stopped, the same command with --resume goes on.",
    )
    chat.add_argument("--data", metavar="DIR", help=f"folder with the questions; {SHIPPED_HELP}")
    chat.add_argument("--model", metavar="M", help="as in `rhyme analyze`")
    chat.add_argument(
        "--limit",
        metavar="N",
        type=whole_number(0, 1_000_000),
        default=40,
        help="questions put to the model, from the sets in turn; 0: retrieval alone, without a model (default 40)",
    )
    chat.add_argument(
        "--half",
        choices=("report", "dev", "both"),
        default="report",
        help="by a hash of company or table: the half the steps were not tuned on (default), the other one, or both",
    )
    chat.add_argument(
        "--seed", metavar="S", type=whole_number(0, 2**31), default=0, help="draws the questions (default 0)"
    )
    chat.add_argument(
        "--resume",
        metavar="FILE",
        nargs="?",
        const="",
        help="go on with the grades kept in FILE; default: a file in the home folder",
    )
    chat.add_argument("--out", metavar="DIR", help="also write report.md and report.json there")
    chat.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    add_run_options(chat)
