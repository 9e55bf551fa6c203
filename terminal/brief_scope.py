"""What a brief is to be about, from the words of a command or of a form."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from records.brief import BriefScope
from records.errors import UsageError
from terminal.settings import Settings

if TYPE_CHECKING:
    from agent.brief import Book


def watchlist(words: str) -> BriefScope:
    """Tickers with commas between. Raises UsageError for none."""
    tickers = {one.strip().upper() for one in words.split(",") if one.strip()}
    if not tickers:
        raise UsageError("The watchlist names no company. Write it like MSFT,AAPL.")
    return BriefScope(kind="watchlist", tickers=tuple(sorted(tickers)))


def themes(words: Sequence[str]) -> BriefScope:
    """Names of tags, in any case. Raises UsageError for one that is none."""
    return BriefScope(kind="theme", tags=tuple(sorted(map(_theme, words))))


def _theme(word: str) -> str:
    from records.taxonomy import Tag

    known = {tag.value.lower(): tag.value for tag in Tag}
    if word.strip().lower() not in known:
        raise UsageError(f"There is no theme {word!r}. The themes are: {', '.join(known.values())}.")
    return known[word.strip().lower()]


def portfolio(settings: Settings, given: str = "") -> "tuple[BriefScope, Book]":
    """Of the file `given`, else of that of the settings. Raises UsageError, SourceError."""
    from agent.brief import book_of
    from markets.portfolio import read_portfolio

    path = Path(given) if given else settings.portfolio
    if path is None:
        raise UsageError("No portfolio file is set. Give one with --portfolio FILE, or set `portfolio`.")
    positions = read_portfolio(path)
    return BriefScope(kind="portfolio", tickers=tuple(sorted(one.ticker for one in positions))), book_of(positions)
