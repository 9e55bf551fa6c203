"""Finds in an article's words the instruments it may be about: tickers, names, aliases and backers, never a guess."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Literal

from markets.backers import find_backed
from markets.context import Place, Verdict, is_introduced, is_person, judge, of_the_trade
from markets.instruments import InstrumentTable, Listing, NameEntry, market_day
from markets.symbols import find_bracketed, find_symbols
from markets.tokens import Token, joins, tokenize
from records.market import Candidate, Instrument
from records.reading import Span
from records.taxonomy import MACRO_EVENT_TYPES, EventType

_SHORT_CAPITALS = 4
"""A word of at most this many letters in capitals amid small ones is an abbreviation, not a name written loud."""

_SP500 = Instrument(ticker="^GSPC", name="S&P 500", kind="index")

Match = Literal["ticker", "name", "alias", "backer"]


_Named = tuple[Place, list[tuple[NameEntry, Listing]]]
"""A place, and what its words may name."""


@dataclass
class _Finding:
    """What was found for one company, before it becomes a candidate."""

    listing: Listing
    match: Match
    spans: dict[int, int] = field(default_factory=dict)
    """start → end"""
    perhaps: dict[int, int] = field(default_factory=dict)
    sure: bool = False
    shared_name: bool = False
    """Another company of the same name is listed too."""
    note: str | None = None

    def add(self, start: int, end: int, verdict: Verdict) -> None:
        if verdict is Verdict.SURE:
            self.sure = True
            self.spans[start] = end
        else:
            self.perhaps[start] = end

    def places(self) -> list[tuple[int, int]]:
        return sorted((self.spans | self.perhaps).items())


def find_candidates(title: str, text: str, table: InstrumentTable, as_of: datetime) -> tuple[Candidate, ...]:
    """Candidates by prominence: in the title first, then by number of mentions, then by place; indices last.

    Spans index `Article.body`. Only listings and relations known at `as_of` are offered, each company once, by its primary class.
    Raises ValueError for a naive `as_of`.
    """
    body = f"{title}\n\n{text}" if text else title
    day = market_day(as_of)
    tokens = tokenize(body)
    found: dict[str, _Finding] = {}
    market: dict[str, tuple[NameEntry, Listing, list[tuple[int, int]]]] = {}
    _add_symbols(found, body, table, day)
    for place, entries in _in_lists(list(_named_places(body, tokens, table, day))):
        start, end = tokens[place.first].start, tokens[place.last].end
        if entries[0][0].kind in {"index", "macro"}:
            entry, listing = entries[0]
            market.setdefault(listing.ticker, (entry, listing, []))[2].append((start, end))
            continue
        _add_named(found, place, entries, start, end)
    _add_backers(found, body, tokens, table, day)
    shares = [_candidate(finding, body, len(title)) for finding in found.values()]
    shares.sort(key=lambda candidate: _prominence(candidate))
    return (*shares, *_market_candidates(market, body, len(title), not any(not share.ambiguous for share in shares)))


def given_candidate(ticker: str, table: InstrumentTable, as_of: datetime) -> Candidate:
    """The candidate for a ticker that a person named. Raises NotFound if it was not listed at `as_of`."""
    instrument = table.instrument(ticker, as_of)
    return Candidate(instrument=instrument, name=instrument.name, match="given", note="named by the person who asked")


def macro_candidate(event_type: EventType) -> Candidate | None:
    """The index for an event that concerns the whole market; None for an event of companies."""
    if event_type not in MACRO_EVENT_TYPES:
        return None
    what = event_type.value.replace("_", " ")
    return Candidate(
        instrument=_SP500,
        name=_SP500.name,
        match="macro",
        note=f"{what} concerns the whole market: scored on the S&P 500",
    )


def _add_symbols(found: dict[str, _Finding], body: str, table: InstrumentTable, day: date) -> None:
    for symbol in (*find_symbols(body, table, day), *find_bracketed(body, table, day)):
        cited = table.primary(symbol.listing.issuer, day) or symbol.listing
        finding = found.setdefault(cited.issuer, _Finding(cited, "ticker"))
        finding.add(symbol.start, symbol.end, Verdict.SURE)
        if symbol.listing.ticker != cited.ticker:
            finding.note = f"the article writes {symbol.listing.ticker}; cited by its primary class {cited.ticker}"


def _add_named(
    found: dict[str, _Finding], place: Place, entries: Sequence[tuple[NameEntry, Listing]], start: int, end: int
) -> None:
    meant = [pair for pair in entries if of_the_trade(place, pair[1])] if len(entries) > 1 else []
    for entry, listing in meant if len(meant) == 1 else entries:
        verdict = judge(place, entry.sense, listing)
        if verdict is Verdict.NO:
            continue
        finding = found.setdefault(listing.issuer, _Finding(listing, "alias" if entry.kind == "alias" else "name"))
        if entry.kind == "name" and finding.match == "alias":
            finding.match = "name"
        finding.shared_name = finding.shared_name or (len(entries) > 1 and len(meant) != 1)
        finding.add(start, end, verdict)
        if entry.kind == "alias" and finding.note is None and entry.note in {"brand", "subsidiary"}:
            finding.note = f"{' '.join(place.body[start:end].split())} is a {entry.note} of {listing.name}"


def _add_backers(
    found: dict[str, _Finding], body: str, tokens: Sequence[Token], table: InstrumentTable, day: date
) -> None:
    for mention in find_backed(body, tokens, table.backings, day):
        listing = table.cited(mention.backing.ticker, day)
        if listing is None:
            continue
        note = mention.backing.note(listing.name)
        finding = found.get(listing.issuer)
        if finding is None or (not finding.sure and finding.match != "backer"):
            finding = found[listing.issuer] = _Finding(listing, "backer", note=note)
        if finding.match == "backer":
            finding.add(mention.start, mention.end, Verdict.SURE)
        finding.note = finding.note or note


def _named_places(body: str, tokens: Sequence[Token], table: InstrumentTable, day: date) -> Iterator[_Named]:
    """Longest names first, left to right, without overlaps; what only looks like a company is passed over."""
    keys = [token.key for token in tokens]
    small = frozenset(token.key for token in tokens if token.text.islower())
    people = frozenset(key for at, key in enumerate(keys) if is_person(body, tokens, at))
    met: dict[tuple[tuple[str, bool], ...], list[tuple[NameEntry, Listing]] | None] = {}
    index = 0
    while index < len(tokens):
        reach = min(table.longest.get(keys[index], 0), len(tokens) - index)
        step = 1
        for length in range(reach, 0, -1):
            entries = table.named(tuple(keys[index : index + length]))
            if not entries:
                continue
            run = tokens[index : index + length]
            if length > 1 and not all(joins(body, left, right) for left, right in pairwise(run)):
                continue
            written = tuple((token.text, token.upper_line) for token in run)
            if written not in met:
                met[written] = _meant(entries, run, table, day)
            found = met[written]
            if found is not None:
                if found:
                    yield Place(body, tokens, index, index + length - 1, small, people), found
                step = length
                break
        index += step


def _meant(
    entries: Sequence[NameEntry], run: Sequence[Token], table: InstrumentTable, day: date
) -> list[tuple[NameEntry, Listing]] | None:
    """Entries that `run` spells, with their listings on `day`: none for a phrase that is no company, None if nothing fits."""
    spelled = [entry for entry in entries if _spelled(entry.words, run)]
    if not spelled:
        return None
    resolved = [(entry, listing) for entry in spelled if (listing := table.resolve(entry, day)) is not None]
    blocked = any(entry.kind == "not_company" for entry in spelled)
    if not resolved:
        return [] if blocked else None
    chosen = _one_per_issuer(resolved)
    return [(entry._replace(sense="legal"), listing) for entry, listing in chosen] if blocked else chosen


_LINKS = frozenset({", ", " and ", ", and ", " & ", " or ", " vs ", " versus ", "/"})
"""What stands between two members of a list."""


def _in_lists(named: Sequence[_Named]) -> Iterator[_Named]:
    """The same places; those in one list with a name that is never anything else, or with others of their trade, know it."""
    chain: list[_Named] = []
    for place, entries in named:
        if chain and not _linked(chain[-1][0], place):
            yield from _with_company(chain)
            chain = []
        chain.append((place, entries))
    yield from _with_company(chain)


def _linked(left: Place, right: Place) -> bool:
    return left.body[left.tokens[left.last].end : right.tokens[right.first].start] in _LINKS


def _with_company(chain: Sequence[_Named]) -> Iterator[_Named]:
    if len(chain) < 2:
        yield from chain
        return
    surer = any(entries[0][0].sense == "name" and entries[0][1].kind == "share" for _, entries in chain)
    surer = surer or is_introduced(chain[0][0])
    trades = [entries[0][1].industry for _, entries in chain]
    for (place, entries), trade in zip(chain, trades, strict=True):
        together = surer or (trade is not None and trades.count(trade) > 1)
        yield (place._replace(among_companies=True) if together else place), entries


def _one_per_issuer(resolved: Sequence[tuple[NameEntry, Listing]]) -> list[tuple[NameEntry, Listing]]:
    """Aliases are written by hand: they decide over the name table, and their trust over its own."""
    aliases = [pair for pair in resolved if pair[0].kind != "name"]
    chosen: dict[str, tuple[NameEntry, Listing]] = {}
    for entry, listing in aliases or resolved:
        chosen.setdefault(listing.issuer, (entry, listing))
    return list(chosen.values())


def _spelled(words: Sequence[str], run: Sequence[Token]) -> bool:
    """Whether the text's capitals fit the name's: 'Petrochina' fits PetroChina, 'target' does not fit Target."""
    alone = len(words) == 1
    return all(_word_fits(word, token, alone) for word, token in zip(words, run, strict=True))


def _word_fits(word: str, token: Token, alone: bool) -> bool:
    text = token.text
    if word == text or word in {"&", "and"} or word.islower() or not word[0].isalpha():
        return True
    if text.isupper() and len(text) > 1:
        return not alone or token.upper_line or len(text) > _SHORT_CAPITALS
    if alone and word.isupper() and len(word) < _SHORT_CAPITALS:
        return False
    return text[0].isupper()


def _candidate(finding: _Finding, body: str, title_length: int) -> Candidate:
    places = finding.places()
    start, end = places[0]
    return Candidate(
        instrument=finding.listing.instrument,
        name=body[start:end],
        match=finding.match,
        spans=tuple(Span(start=first, end=last) for first, last in places),
        in_title=start < title_length,
        ambiguous=not finding.sure or (finding.shared_name and finding.match != "ticker"),
        note=finding.note,
    )


def _prominence(candidate: Candidate) -> tuple[bool, int, int]:
    return (not candidate.in_title, -len(candidate.spans), candidate.spans[0].start)


def _market_candidates(
    market: dict[str, tuple[NameEntry, Listing, list[tuple[int, int]]]], body: str, title_length: int, alone: bool
) -> Iterator[Candidate]:
    """Indices and what moves them, if the title names them or the article names no company surely."""
    ordered = sorted(market.values(), key=lambda item: (item[2][0][0] >= title_length, -len(item[2]), item[2][0][0]))
    for entry, listing, places in ordered:
        start, end = places[0]
        if not alone and start >= title_length:
            continue
        macro = entry.kind == "macro"
        yield Candidate(
            instrument=listing.instrument,
            name=body[start:end],
            match="macro" if macro else "name",
            spans=() if macro else tuple(Span(start=first, end=last) for first, last in places),
            in_title=start < title_length,
            note=f"{body[start:end]} moves the whole market: scored on the {listing.name}" if macro else None,
        )
