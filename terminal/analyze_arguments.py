"""The arguments of `rhyme analyze`, `rhyme demo` and `rhyme show`.
Standard library only, like all that is read before a command is known."""

import argparse

from terminal.command_tree import Tree, parse_moment


def add_analyze(tree: Tree) -> None:
    """Adds the two commands that make an analysis."""
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
    _add_language(analyze)
    analyze.add_argument("--no-precedents", action="store_true", help="do not search the event memory")
    analyze.add_argument("--no-cache", action="store_true", help="ask the model anew, also what it answered before")
    analyze.add_argument(
        "--json", action="store_true", help="print one JSON object on stdout (docs/analysis.schema.json)"
    )
    analyze.add_argument("--html", metavar="FILE", help="also write a self-contained page to FILE")
    demo = tree.command("demo", "demo", "analyse the article that is shipped with Rhyme", "rhyme demo")
    demo.add_argument("--model", metavar="M", help="as in `rhyme analyze`")
    _add_language(demo)
    demo.add_argument("--html", metavar="FILE", help="also write a self-contained page to FILE")


def _add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--language",
        metavar="L",
        choices=("en", "de", "fr", "es", "it", "pt", "nl"),
        help="show summary and analysis in this language (en, de, fr, es, it, pt, nl); default: as set",
    )


def add_show(tree: Tree) -> None:
    """Adds the command."""
    show = tree.command("show", "show", "show a kept analysis again", "rhyme show 3f9a0c12be45d678 --html page.html")
    show.add_argument("id", metavar="ID", help="the id an analysis ended with")
    show.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    show.add_argument("--html", metavar="FILE", help="also write a self-contained page to FILE")
