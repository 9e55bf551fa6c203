"""The arguments of `rhyme eval injection`."""

from terminal.command_tree import Tree, whole_number
from terminal.eval_harness_arguments import add_run_options


def add_eval_injection(evaluate: Tree) -> None:
    """Adds the command to its group."""
    injection = evaluate.command(
        "injection",
        "eval_injection",
        "plant orders to a model in articles and count what they move, leak or set off",
        "rhyme eval injection --data attacks/ --out report/ --json",
        "DIR may hold bipia_text_attacks.jsonl and tensortrust_hijacking.jsonl; our own cases need no data. Without --model the "
        "cases are read by the worst reader there can be, which obeys all that reaches it: an upper bound in minutes. With it the "
        "cases go through that model (about a minute each with the embedded one); with --out, a run that was cut off goes on.",
    )
    injection.add_argument("--data", metavar="DIR", help="folder with public attack sets; default: our own cases alone")
    injection.add_argument(
        "--model", metavar="M", help="read with this model, as in `rhyme analyze`; default: the upper bound"
    )
    injection.add_argument(
        "--limit", metavar="N", type=whole_number(1, 1_000_000), help="a sample of N cases; default: all"
    )
    injection.add_argument(
        "--seed", metavar="S", type=whole_number(0, 2**31), default=1, help="of suite and sample (default 1)"
    )
    injection.add_argument("--quick", action="store_true", help="without the table of what each defence does")
    injection.add_argument(
        "--ablation", metavar="N", type=whole_number(1, 10_000), help="cases of that table (default 120)"
    )
    injection.add_argument("--out", metavar="DIR", help="also write report.md, report.json and outcomes there")
    injection.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    add_run_options(injection)
