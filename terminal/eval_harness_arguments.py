"""The arguments of `rhyme eval all|leaks|cost`, of kept runs, and of what every suite shares. Standard library only."""

from terminal.command_tree import Tree, UsageParser, whole_number

SHIPPED_HELP = "default: the shipped set, on the harness"
RUN_HELP = "a run's id, a suite's name for its latest run, or a run's JSON file"


def add_eval_harness(evaluate: Tree) -> None:
    """Adds the suites that only the harness has, and what is done with runs."""
    _add_all(evaluate)
    _add_suite(
        evaluate,
        "leaks",
        "probe whether anything later than as_of shows",
        "Canaries from the future are put among the shipped precedents: no byte of an answer may change. Each probe has a "
        "control that must change it. No model is asked.",
    )
    _add_suite(
        evaluate,
        "cost",
        "count tokens, seconds and US dollars of an analysis, by stage",
        "The shipped articles are analysed by the model; beside its cost stands what its tokens would cost at published prices.",
    )
    _add_kept(evaluate)


def _add_all(evaluate: Tree) -> None:
    every = evaluate.command(
        "all",
        "eval_all",
        "run every suite and write the report",
        "rhyme eval all --limit 20 --report report.html",
        "Without --data on the shipped sets. A limit counts cases put to a model; suites of code run whole. Stopped by Ctrl-C, "
        "the same command goes on with what was answered.",
    )
    every.set_defaults(suite=None)
    every.add_argument(
        "--data", metavar="DIR", help="folder with data for the suites that read some; default: the shipped sets"
    )
    every.add_argument("--only", metavar="SUITE", action="append", default=[], help="these suites alone; repeatable")
    every.add_argument(
        "--record",
        metavar="FILE",
        help="also leave the model's answers there, for --replay; the answer cache is not used",
    )
    _add_asked(every)
    add_run_options(every)


def _add_suite(evaluate: Tree, name: str, summary: str, about: str) -> None:
    parser = evaluate.command(name, "eval_all", summary, f"rhyme eval {name} --json", about)
    parser.set_defaults(suite=name, data=None, only=[], record=None)
    _add_asked(parser)
    add_run_options(parser)


def _add_asked(parser: UsageParser) -> None:
    parser.add_argument("--model", metavar="M", help="as in `rhyme analyze`; default: the model of the settings")
    parser.add_argument("--limit", metavar="N", type=whole_number(1, 1_000_000), help="cases put to a model, a suite")
    parser.add_argument("--seed", metavar="S", type=whole_number(0, 2**31), default=0, help="draws them (default 0)")
    parser.add_argument(
        "--gate", action="store_true", help="judge the runs by the gates; leave with 1 when a hard one fails"
    )
    parser.add_argument("--code-only", action="store_true", help="leave out what needs a model")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def add_run_options(parser: UsageParser) -> None:
    """What every suite can do with its run."""
    group = parser.add_argument_group("the run")
    group.add_argument(
        "--replay",
        metavar="FILE",
        nargs="?",
        const="",
        help="the shipped set with recorded answers, of FILE or the shipped ones: free, the same each time",
    )
    group.add_argument("--compare", metavar="RUN", help=f"tell the differences from it: {RUN_HELP}")
    group.add_argument("--report", metavar="FILE", help="write a report of it: .html, .md or .json")


def _add_kept(evaluate: Tree) -> None:
    listed = evaluate.command("list", "eval_runs", "list the suites and the runs that are kept", "rhyme eval list")
    listed.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    shown = evaluate.command(
        "show", "eval_runs", "show a run: its figures, and its cases one by one", "rhyme eval show tags"
    )
    shown.add_argument("run", metavar="RUN", help=RUN_HELP)
    shown.add_argument(
        "--failures", action="store_true", help="also its failed cases, each with prompt, answer and checks"
    )
    shown.add_argument("--json", action="store_true", help="print the whole run as JSON")
    report = evaluate.command(
        "report",
        "eval_report",
        "write a report of runs",
        "rhyme eval report --report report.html",
        "One file that needs no network: scores with intervals, baselines, failures, cost, provenance. Layers are never mixed.",
    )
    report.add_argument(
        "runs", metavar="RUN", nargs="*", help=f"{RUN_HELP}; default: the latest of each suite and layer"
    )
    report.add_argument(
        "--report", metavar="FILE", default="report.html", help=".html, .md or .json (default report.html)"
    )
    report.add_argument("--compare", metavar="RUN", help=f"tell the differences from it: {RUN_HELP}")
    report.add_argument("--seed", metavar="S", type=whole_number(0, 2**31), default=0, help="of the draws (default 0)")
    gate = evaluate.command(
        "gate",
        "eval_gate",
        "judge runs by the registry of gates",
        "rhyme eval gate --json",
        "Leaves with 1 when a hard gate fails. A figure that is missing or no number, fewer cases or other data fail too.",
    )
    gate.add_argument("runs", metavar="RUN", nargs="*", help=f"{RUN_HELP}; default: the latest of each suite and layer")
    gate.add_argument("--base", metavar="RUN", help="a run that was let in: worse than it, beyond the noise, fails too")
    gate.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    fetch = evaluate.command(
        "fetch",
        "eval_fetch",
        "bring a public set from its home",
        "rhyme eval fetch tatqa",
        "Kept in the home folder, to be given with --data. Pinned to one version: other bytes are refused.",
    )
    fetch.add_argument("name", metavar="NAME", nargs="?", help="which; without it, the sets are listed")
    fetch.add_argument(
        "--from", dest="address", metavar="URL", help="folder of another copy of its files, with the same bytes"
    )
