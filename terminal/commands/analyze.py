"""`rhyme analyze SOURCE`: one article from source to page."""

import argparse
import sys
from typing import BinaryIO

from terminal.progress import ProgressView


def run(options: argparse.Namespace) -> int:
    """Analyses one article, keeps the result and shows it. Raises every kind of RhymeError."""
    with ProgressView.open(quiet=options.quiet) as view:
        view.say("Starting …")  # before the imports: they take a second, and the first sign of life must not
        from records.errors import UsageError
        from records.times import utc_now
        from terminal.assembly import Assembly
        from terminal.deliver import check_target, deliver
        from terminal.settings import load_settings

        settings = load_settings(
            {
                "home": options.home,
                "model": options.model,
                "output_language": options.language,
                "answer_cache": False if options.no_cache else None,
            }
        ).settings
        check_target(options.html)
        if options.as_of is not None and options.as_of > utc_now():
            raise UsageError(f"--as-of {options.as_of:%Y-%m-%dT%H:%MZ} is in the future. Give a time that has been.")
        with Assembly(settings, say=view.say) as parts:
            view.say("Reading the source …")
            article = parts.article(options.source, stdin=_stdin(options, view))
            view.say(f"Opening the model {settings.model} and the event memory …")
            analysis = parts.analyst(precedents=not options.no_precedents).analyze(
                article, as_of=options.as_of, ticker=options.ticker, progress=view.show
            )
    deliver(analysis, options)
    return 0


def _stdin(options: argparse.Namespace, view: ProgressView) -> BinaryIO:
    if options.source == "-" and sys.stdin.isatty():
        view.say("Reading from the keyboard; Ctrl-D ends the text.")
    return sys.stdin.buffer
