"""`rhyme brief`: what happened since the last one, for a scope, once or on a schedule."""

import argparse
import os
import re
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from records.brief import BriefScope
from records.errors import RhymeError, UsageError
from terminal import brief_scope
from terminal.assembly import Assembly
from terminal.output import as_json
from terminal.settings import Settings, load_settings

if TYPE_CHECKING:
    from agent.brief import Book
    from records.brief import Brief

LISTED = 20
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")


def run(options: argparse.Namespace) -> int:
    """Writes it. Raises UsageError, SourceError, SettingsError, StoreError."""
    settings = load_settings({"home": options.home}).settings
    for name in ("sender", "to"):
        if not _ADDRESS.fullmatch(getattr(options, name)):
            raise UsageError(f"{getattr(options, name)!r} is no address. Write it like name@example.com.")
    with Assembly(settings) as parts:
        if options.list:
            _list(parts, as_data=options.json)
            return 0
        if options.show:
            _deliver(parts.database.briefs.load(options.show), options)
            return 0
        if options.every is None:
            _once(parts, settings, options)
            return 0
        return _repeat(parts, settings, options)


def _once(parts: Assembly, settings: Settings, options: argparse.Namespace) -> None:
    from agent.brief import Briefing
    from records.times import utc_now

    scope, book = _scope(settings, options)
    brief = Briefing(parts.database, utc_now).write(
        scope, as_of=options.as_of, since=options.since, limit=options.limit, book=book, keep=not options.peek
    )
    _deliver(brief, options)


def _repeat(parts: Assembly, settings: Settings, options: argparse.Namespace) -> int:
    from terminal.leaving import signals

    if options.as_of is not None or options.since is not None:
        raise UsageError("--every writes as of each time it is due: leave --as-of and --since out.")
    with signals() as leaving:
        _once(parts, settings, options)  # what is wrong from the start is said at once, and ends it
        sys.stdout.flush()
        while not leaving.asked.wait(timedelta(seconds=options.every).total_seconds()):
            try:
                _once(parts, settings, options)
            except (
                RhymeError
            ) as error:  # what was not told the next one tells; what was not written out is kept and named
                print(f"rhyme: {error} The next brief is due in {options.every} s.", file=sys.stderr, flush=True)
            sys.stdout.flush()
    return 0


def _scope(settings: Settings, options: argparse.Namespace) -> "tuple[BriefScope, Book | None]":
    """Raises UsageError for a theme that is none, SourceError for a portfolio that cannot be read."""
    if options.watchlist is not None:
        return brief_scope.watchlist(options.watchlist), None
    if options.theme:
        return brief_scope.themes(options.theme), None
    if options.portfolio is not None:
        return brief_scope.portfolio(settings, options.portfolio)
    return BriefScope(kind="everything"), None


def _deliver(brief: "Brief", options: argparse.Namespace) -> None:
    from terminal import brief_view

    if options.html is not None:
        _write(Path(options.html), brief_view.html(brief).encode())
    if options.markdown is not None:
        _write(Path(options.markdown), brief_view.markdown(brief).encode())
    if options.email is not None:
        _write(Path(options.email), brief_view.email_file(brief, options.sender, options.to))
    if options.json:
        print(as_json(brief) if options.every is None else brief.model_dump_json())
    elif options.every is None or not any((options.html, options.markdown, options.email)):
        print(brief_view.text(brief), end="")
    else:
        print(brief_view.subject(brief))


def _write(path: Path, content: bytes) -> None:
    """The whole file or the former one: never half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise UsageError(
            f"The brief could not be written to {path} ({error.strerror}). Name a file in a folder that exists and is yours; "
            "`rhyme brief --list` names the brief, and `rhyme brief --show ID` writes it again."
        ) from error


def _list(parts: Assembly, *, as_data: bool) -> None:
    from terminal.brief_view import subject

    briefs = parts.database.briefs.recent(LISTED)
    if as_data:
        print(
            as_json(
                [
                    {"id": one.id, "scope": one.scope.key, "as_of": one.as_of.isoformat(), "status": one.status}
                    for one in briefs
                ]
            )
        )
        return
    _say(f"{one.id}  {subject(one)}" for one in briefs)
    if not briefs:
        print("No brief has been written yet. `rhyme brief` writes one.")


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)
