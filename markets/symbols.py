"""Finds tickers that an article writes in an explicit syntax: never a bare word in capitals."""

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from markets.instruments import InstrumentTable, Listing

_NASDAQ_TIER = r"GS|GM|CM|Global(?:\s+Select)?(?:\s+Market)?"
_EXCHANGE = rf"(?i:NYSE(?:\s*(?:American|Arca|MKT|Amex))?|NASDAQ(?:\s*(?:{_NASDAQ_TIER}))?|AMEX|CBOE)"
_SYMBOL = r"[A-Z]{1,5}(?:[./-][A-Z])?"

_LISTED = re.compile(rf"\b{_EXCHANGE}\s*[:;]\s*({_SYMBOL}(?:\s*(?:,|;|and|&)\s*{_SYMBOL})*)(?![A-Za-z])")
"""(NASDAQ: MSFT), NYSE:F, (Nasdaq: GOOG, GOOGL)."""
_CASHTAG = re.compile(rf"(?<![\w$])\$({_SYMBOL})(?![\w$]|\.\w)")
"""$MSFT. 'US$' and sums are not."""
_AMOUNT_MARKS = frozenset({"B", "K", "M", "MM", "BN", "T", "C", "A", "US", "CA", "HK"})
"""After a dollar sign these are thousands, millions, billions or currencies at least as often as tickers."""
_RIC = re.compile(r"(?<![\w.$/@])([A-Z]{2,5})([a-z])?\.(?:OQ|O|N|K|A|PK)(?![\w]|\.\w)")
"""MSFT.O, BRKb.N: the wire's codes. One letter before the point is only read in brackets ('U.N' is the United Nations)."""
_RIC_IN_BRACKETS = re.compile(r"[<(]([A-Z]{1,5})([a-z])?\.(?:OQ|O|N|K|A|PK)[>)]")
_TERMINAL = re.compile(rf"(?<![\w.$])({_SYMBOL})(?::US\b|\s+US\s+Equity\b)")
"""AAPL:US, BRK/B US Equity."""
_BRACKETED = re.compile(rf"\(({_SYMBOL})\)")
"""(MSFT): counts only beside its company's name."""
_NAME_REACH = 60
"""Characters before a bracketed symbol in which its company's name must stand: the longest names have about 50."""


class SymbolMatch(NamedTuple):
    """An explicit ticker: the listing it names and its place."""

    listing: Listing
    start: int
    end: int


def find_symbols(body: str, table: InstrumentTable, day: date) -> list[SymbolMatch]:
    """Explicit tickers of listings known on `day`, by position, without overlaps."""
    found: dict[int, SymbolMatch] = {}
    for symbol, start, end in _written(body):
        listing = table.listing(symbol, day)
        if listing is not None:
            found.setdefault(start, SymbolMatch(listing, start, end))
    return [found[start] for start in sorted(found)]


def _written(body: str) -> Iterator[tuple[str, int, int]]:
    for match in _LISTED.finditer(body):
        for symbol in re.finditer(_SYMBOL, match.group(1)):
            yield symbol.group(), match.start(1) + symbol.start(), match.start(1) + symbol.end()
    for match in _CASHTAG.finditer(body):
        if match.group(1) not in _AMOUNT_MARKS:
            yield match.group(1), match.start(1), match.end(1)
    for pattern in (_RIC_IN_BRACKETS, _RIC):
        for match in pattern.finditer(body):
            share_class = f".{match.group(2).upper()}" if match.group(2) else ""
            yield match.group(1) + share_class, match.start(1), match.end(2) if match.group(2) else match.end(1)
    for match in _TERMINAL.finditer(body):
        yield match.group(1), match.start(1), match.end(1)


def find_bracketed(body: str, table: InstrumentTable, day: date) -> list[SymbolMatch]:
    """Symbols alone in brackets whose company's first name word stands shortly before: 'C3.ai (AI)', not 'intelligence (AI)'."""
    found = []
    for match in _BRACKETED.finditer(body):
        listing = table.listing(match.group(1), day)
        if listing is None:
            continue
        word = re.escape(re.split(r"[\s.,]", listing.name, maxsplit=1)[0])
        before = body[max(0, match.start() - _NAME_REACH) : match.start()]
        if re.search(rf"(?<!\w){word}(?!\w)", before):
            found.append(SymbolMatch(listing, match.start(1), match.end(1)))
    return found
