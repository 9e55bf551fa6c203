"""A finished analysis to where it was asked for: the page or JSON on stdout, a file of HTML."""

import argparse
import os
from pathlib import Path

from records.analysis import Analysis
from records.errors import UsageError


def check_target(html: str | None) -> None:
    """Raises UsageError when the HTML file could not be written: before the work, not after it."""
    if html is None:
        return
    path = Path(html)
    if path.is_dir():
        raise UsageError(f"--html {html} is a folder. Give the name of a file in it, such as {path / 'page.html'}.")
    if not path.absolute().parent.is_dir():
        raise UsageError(
            f"--html {html}: the folder {path.absolute().parent} does not exist. Make it, or name another."
        )
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise UsageError(f"--html {html} may not be written by you. Name another file.")


def deliver(analysis: Analysis, options: argparse.Namespace) -> None:
    """Writes the HTML file if one is asked for, then one JSON object or the page on stdout."""
    if options.html is not None:
        _write_html(analysis, Path(options.html))
    if getattr(options, "json", False):
        from terminal.output import AnalysisOutput, as_json

        print(as_json(AnalysisOutput.of(analysis)))
        return
    from rich.console import Console

    from terminal.page import print_page

    print_page(analysis, Console(highlight=False))


def _write_html(analysis: Analysis, path: Path) -> None:
    from terminal.html_page import render_html

    try:
        path.write_text(render_html(analysis), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"The page could not be written to {path} ({error.strerror}). The analysis is kept: "
            f"`rhyme show {analysis.id} --html FILE` writes it elsewhere."
        ) from error
