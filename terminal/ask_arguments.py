"""The arguments of `rhyme mcp`. Standard library only, like all that is read before a command is known."""

from terminal.command_tree import Tree, parse_moment, whole_number


def add_ask(tree: Tree) -> None:
    """Adds the commands by which questions reach the tools."""
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
