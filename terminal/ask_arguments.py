"""The arguments of `rhyme ask`, `chat`, `brief` and `mcp`. Standard library only, like all that is read before a command
is known."""

from terminal.command_tree import Tree, parse_moment, whole_number
from terminal.feeds_arguments import parse_interval


def add_ask(tree: Tree) -> None:
    """Adds the commands that tell what is kept, and those by which questions reach the tools."""
    _add_questions(tree)
    _add_brief(tree)
    mcp = tree.command(
        "mcp",
        "mcp",
        "serve the tools to other programs' models (Model Context Protocol)",
        "rhyme mcp --http --port 8765",
        "Over standard input and output, as most clients start it, or with --http at an address that needs a token. Read-only. "
        "docs/mcp.md shows how clients are set up.",
    )
    mcp.add_argument("--http", action="store_true", help="serve streamable HTTP in place of standard input and output")
    mcp.add_argument(
        "--host", metavar="HOST", default="127.0.0.1", help="for --http; default 127.0.0.1: this machine only"
    )
    mcp.add_argument(
        "--port",
        metavar="PORT",
        type=whole_number(0, 65_535),
        default=8765,
        help="for --http; 0: any that is free (default 8765)",
    )
    mcp.add_argument(
        "--as-of", metavar="TIME", type=parse_moment, help="answer as of that moment; default: as of each call"
    )


def _add_brief(tree: Tree) -> None:
    brief = tree.command(
        "brief",
        "brief",
        "write a brief of the stories since the last one",
        "rhyme brief --portfolio book.csv --html brief.html",
        "Ranked by impact, exposure and novelty. What one brief of a scope told, the next does not tell again; --peek looks "
        "without noting that. docs/briefs.md says how it is made and how it is put on a schedule.",
    )
    scope = brief.add_mutually_exclusive_group()
    scope.add_argument("--watchlist", metavar="TICKERS", help="only these companies, such as MSFT,AAPL")
    scope.add_argument("--theme", metavar="TAG", action="append", default=[], help="only this theme; repeatable")
    scope.add_argument(
        "--portfolio",
        metavar="FILE",
        nargs="?",
        const="",
        help="only what is held; default file: the setting `portfolio`",
    )
    brief.add_argument(
        "--since", metavar="TIME", type=parse_moment, help="default: the last brief of the scope, else a day"
    )
    brief.add_argument("--as-of", metavar="TIME", type=parse_moment, help="what may be known; default: now")
    brief.add_argument(
        "--limit",
        metavar="N",
        type=whole_number(1, 200),
        default=20,
        help="stories told; others are named (default 20)",
    )
    brief.add_argument("--peek", action="store_true", help="note nothing: the next brief tells the same again")
    brief.add_argument(
        "--every", metavar="TIME", type=parse_interval, help="write one each 30m, 12h, 1d … until stopped"
    )
    brief.add_argument("--html", metavar="FILE", help="also write a self-contained page")
    brief.add_argument("--markdown", metavar="FILE", help="also write the text")
    brief.add_argument("--email", metavar="FILE", help="also write an e-mail file (.eml); Rhyme sends nothing")
    brief.add_argument("--from", metavar="ADDRESS", dest="sender", default="rhyme@localhost", help="for --email")
    brief.add_argument("--to", metavar="ADDRESS", default="me@localhost", help="for --email")
    brief.add_argument("--list", action="store_true", help="name the last briefs instead")
    brief.add_argument("--show", metavar="ID", help="show a brief again instead")
    brief.add_argument("--json", action="store_true", help="print one JSON object on stdout, with --every one a line")


def _add_questions(tree: Tree) -> None:
    ask = tree.command(
        "ask",
        "ask",
        "answer one question from what is known, with citations",
        'rhyme ask "What happened to MSFT this week?"',
        "Every factual sentence cites what was looked up and is checked against it; what does not stand is taken "
        "out. docs/chat.md says how.",
    )
    ask.set_defaults(action="ask")
    ask.add_argument("question", metavar="QUESTION", nargs="+", help="in words; - reads it from standard input")
    ask.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    chat = tree.command(
        "chat", "ask", "ask and follow up, in a conversation that is kept", "rhyme chat --model gpt-5-mini"
    )
    chat.set_defaults(action="chat", json=False)
    for parser in (ask, chat):
        parser.add_argument("--model", metavar="M", help="as in `rhyme analyze`")
        parser.add_argument("--conversation", metavar="NAME", help="go on with it; default: a new one")
        parser.add_argument("--as-of", metavar="TIME", type=parse_moment, help="what may be known; default: now")
        parser.add_argument(
            "--turns", metavar="N", type=whole_number(1, 50), help="the model's turns for a question (default 8)"
        )
        parser.add_argument(
            "--lookups", metavar="N", type=whole_number(1, 100), help="lookups for a question (default 12)"
        )
        parser.add_argument(
            "--tokens", metavar="N", type=whole_number(1, 10_000_000), help="tokens for a question (default 200000)"
        )
        parser.add_argument(
            "--usd", metavar="USD", type=float, help="US dollars for a question; default: as the budgets say"
        )
        parser.add_argument(
            "--seconds", metavar="S", type=whole_number(1, 3_600), help="seconds for a question (default 180)"
        )
