"""`rhyme demo`: the shipped article, analysed like any other; missing models are fetched first."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

ARTICLE = "data/demo_article.txt"


@contextmanager
def demo_article() -> Iterator[Path]:
    """The shipped article as a file, also from a zipped package."""
    with as_file(files("terminal").joinpath(ARTICLE)) as path:
        yield path


def run(options: argparse.Namespace) -> int:
    """Fetches what the settings need, then runs `rhyme analyze` on the shipped article."""
    from terminal.commands import analyze, models
    from terminal.settings import load_settings

    settings = load_settings({"home": options.home, "model": options.model}).settings
    models.fetch_missing(settings, quiet=options.quiet)
    with demo_article() as path:
        more = {
            "source": str(path),
            "as_of": None,
            "ticker": None,
            "no_precedents": False,
            "no_cache": False,
            "json": False,
        }
        return analyze.run(argparse.Namespace(**vars(options) | more))
