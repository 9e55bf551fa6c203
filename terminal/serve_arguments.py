"""The arguments of `rhyme serve` and `rhyme users …`. Standard library only, like all that is read before a command is known."""

import argparse

from terminal.command_tree import Tree, UsageParser, whole_number


def add_serve(tree: Tree) -> None:
    """Adds the command."""
    serve = tree.command(
        "serve",
        "serve",
        "serve the web terminal: pages for a browser and an API for programs",
        "rhyme serve --open",
        "Prints its address and serves until Ctrl-C or SIGTERM. On this machine alone it asks for no password; anywhere else it "
        "needs users (docs/web.md).",
    )
    serve.add_argument("--host", metavar="H", default="127.0.0.1", help="where to listen; default: this machine only")
    serve.add_argument(
        "--port", metavar="P", type=whole_number(0, 65_535), default=8_787, help="0: a free one (default 8787)"
    )
    serve.add_argument("--open", action="store_true", help="open the address in the browser")
    serve.add_argument("--model", metavar="NAME", help="the model that answers questions, in place of the setting")
    serve.add_argument("--certificate", metavar="FILE", help="serve https with this certificate (PEM)")
    serve.add_argument("--key", metavar="FILE", help="the certificate's key, if it is not in the same file")


def add_users(tree: Tree) -> None:
    """Adds the group with its commands."""
    users = tree.group("users", "say who may sign in to the web terminal, and give out tokens", "rhyme users add ana")
    add = _user(users, "add", "add someone who may sign in", "rhyme users add ana --role write")
    add.add_argument("--role", metavar="ROLE", type=_role, default="read", help="read or write; default: read")
    listing = users.command("list", "users", "show who may sign in", "rhyme users list")
    listing.set_defaults(action="list")
    role = _user(users, "role", "change what someone may do", "rhyme users role ana write")
    role.add_argument("role", metavar="ROLE", type=_role, help="read or write")
    _user(users, "password", "set someone's password, which signs them out everywhere", "rhyme users password ana")
    _user(users, "remove", "remove someone with sessions and tokens", "rhyme users remove ana")
    log = users.command("log", "users", "show what was changed at the web terminal, and by whom", "rhyme users log")
    log.set_defaults(action="log")
    log.add_argument("--limit", metavar="N", type=whole_number(1, 100_000), default=50, help="how many; default 50")
    tokens = users.group("token", "give programs tokens for the API, and take them back", "rhyme users token list")
    made = tokens.command(
        "add", "users", "make a token, which is shown once", "rhyme users token add desk --user ana --days 90"
    )
    made.set_defaults(action="token-add")
    made.add_argument("name", metavar="NAME", help="what it is for")
    made.add_argument("--user", metavar="USER", required=True, help="whose it is")
    made.add_argument("--role", metavar="ROLE", type=_role, default="read", help="read or write; default: read")
    made.add_argument(
        "--days", metavar="N", type=whole_number(1, 3_650), help="how long it is good; default: until revoked"
    )
    known = tokens.command("list", "users", "show the tokens, without their secrets", "rhyme users token list")
    known.set_defaults(action="token-list")
    revoke = tokens.command("revoke", "users", "make a token worthless", "rhyme users token revoke 3f9a0c12be45d678")
    revoke.set_defaults(action="token-revoke")
    revoke.add_argument("id", metavar="ID", help="its id in `rhyme users token list`")
    for parser in (listing, known, log):
        parser.add_argument("--json", action="store_true", help="print a JSON array on stdout")


def _user(users: Tree, action: str, summary: str, example: str) -> UsageParser:
    about = "The password is asked for, or read from standard input." if action in ("add", "password") else ""
    parser = users.command(action, "users", summary, example, about)
    parser.set_defaults(action=action)
    parser.add_argument("name", metavar="NAME", help="the name they sign in with; may be an e-mail address")
    return parser


def _role(text: str) -> str:
    if text not in ("read", "write"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither read nor write")
    return text
