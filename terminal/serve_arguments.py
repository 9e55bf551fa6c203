"""The arguments of `rhyme serve` and `rhyme users …`. Standard library only, like all that is read before a command is known."""

from terminal.command_tree import Tree, whole_number


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
