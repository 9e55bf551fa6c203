"""The arguments of `rhyme eval tickers|sentiment|tags`. Standard library only, like all that is read before a command is known."""

from terminal.command_tree import Tree, UsageParser, whole_number
from terminal.eval_harness_arguments import SHIPPED_HELP, add_run_options


def add_eval_labels(evaluate: Tree) -> None:
    """Adds the three suites that grade a reading against labels."""
    _add_tickers(evaluate)
    _add_sentiment(evaluate)
    _add_tags(evaluate)


def _add_tickers(evaluate: Tree) -> None:
    tickers = evaluate.command(
        "tickers",
        "eval_tickers",
        "grade which ticker each name in a text leads to",
        "rhyme eval tickers --out report/ --json",
        "The gold set is shipped. With --data, articles with a wire's own tickers (tagging/reuters_ticker_tags.jsonl: date, "
        "headline, body, tickers) are graded beside it.",
    )
    tickers.add_argument("--data", metavar="DIR", help="folder with tagging/; default: the shipped gold set alone")
    tickers.add_argument("--model", metavar="M", help="also let this model settle the names that code leaves open")
    tickers.add_argument(
        "--limit", metavar="N", type=whole_number(1, 10_000), default=30, help="sentences put to the model (default 30)"
    )
    _add_shared(tickers)


def _add_sentiment(evaluate: Tree) -> None:
    sentiment = evaluate.command(
        "sentiment",
        "eval_sentiment",
        "grade the sentiment towards a company or a headline on labelled sets",
        "rhyme eval sentiment --data DIR --model default --limit 100 --resume",
        "DIR holds labels/*.jsonl (docs/evaluations/sentiment). Without --model only the baselines are graded.",
    )
    sentiment.add_argument("--data", metavar="DIR", help=f"folder with labels/; {SHIPPED_HELP}")
    sentiment.add_argument("--set", metavar="NAME", action="append", default=[], help="one set only; repeatable")
    _add_asked(sentiment)


def _add_tags(evaluate: Tree) -> None:
    tags = evaluate.command(
        "tags",
        "eval_tags",
        "grade the themes given to an article on a set with topics",
        "rhyme eval tags --data DIR --model default --limit 20 --resume",
        "DIR holds labels/reuters21578_test.jsonl, whose topics are mapped onto Rhyme's tags; what has no counterpart is left "
        "out and counted. Without --model only the baselines are graded.",
    )
    tags.add_argument("--data", metavar="DIR", help=f"folder with labels/reuters21578_test.jsonl; {SHIPPED_HELP}")
    _add_asked(tags)


def _add_asked(parser: UsageParser) -> None:
    parser.add_argument("--model", metavar="M", help="as in `rhyme analyze`; default: the baselines alone")
    parser.add_argument(
        "--limit",
        metavar="N",
        type=whole_number(1, 1_000_000),
        default=100,
        help="texts put to the model, a set (default 100)",
    )
    parser.add_argument(
        "--resume",
        metavar="FILE",
        nargs="?",
        const="",
        help="go on with the answers kept in FILE; default: a file in the home folder",
    )
    _add_shared(parser)


def _add_shared(parser: UsageParser) -> None:
    parser.add_argument(
        "--seed", metavar="S", type=whole_number(0, 2**31), default=0, help="draws the texts (default 0)"
    )
    parser.add_argument("--out", metavar="DIR", help="also write report.md and report.json there")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    add_run_options(parser)
