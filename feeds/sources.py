"""Any source → its articles: standard input, a file, a folder, a table, a feed, a web page."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from feeds.fetch import Fetcher
from feeds.finish import clipped, finish
from feeds.folder import Folder
from feeds.intake import read_file
from feeds.limits import Limits
from feeds.load import article_in, draft_in, intake_of, is_feed, load_article
from feeds.received import Delivery, Faulty, Item, Received, faulty
from feeds.response import NO_VALIDATORS, Page, Validators
from feeds.syndication import Entry, Syndicated, read_syndication
from feeds.tables import is_json_line, is_table, read_lines, read_table
from records.article import Article
from records.errors import SourceError, UsageError
from records.feed import FeedKind
from records.times import Clock, utc_now

_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """What to read."""

    address: str
    """A path, an http(s) address, or "-" for standard input."""
    kind: FeedKind | None = None
    """None: found out by looking."""
    full_text: bool = False
    """Of a feed: fetch each entry's page."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Entry digest → version digest of what was taken in before."""
    validators: Validators = NO_VALIDATORS


@dataclass(frozen=True)
class Reader:
    """Reads sources. Without state: one may serve many."""

    fetcher: Fetcher
    clock: Clock = utc_now
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    stdin: BinaryIO | None = None
    pause: Callable[[float], None] = time.sleep

    def read(self, source: Source) -> Delivery:
        """What it gives now. Raises SourceError or UsageError for a source that cannot be had; `Delivery.items` may too."""
        kind = source.kind or kind_of(source.address)
        if kind == "folder":
            return Folder(source.address, source.known, self.clock, self.limits, self.pause).read()
        if kind == "table":
            return Delivery(read_table(source.address, self.clock, self.limits))
        if _ADDRESS.match(source.address):
            return self._fetched(replace(source, kind=kind))
        if source.address == "-":
            return Delivery(self._standard_input())
        return self._file(source)

    def _fetched(self, source: Source) -> Delivery:
        page = self.fetcher.fetch_feed(source.address, self.limits, source.validators)
        if page is None:
            return Delivery(iter(()), unchanged=True, validators=source.validators)
        if source.kind == "feed" or (source.kind is None and is_feed(page)):
            return self._syndicated(page, source)
        return Delivery(
            self._one(lambda: article_in(intake_of(page), self.clock(), self.limits)), validators=page.validators
        )

    def _file(self, source: Source) -> Delivery:
        if not source.address.strip() or "://" in source.address:  # refused as `load_article` refuses it
            return Delivery(self._one(lambda: self._loaded(source.address)))
        intake = read_file(source.address, self.limits)
        page = Page(intake.name, intake.content, None, None)
        if is_feed(page):
            return self._syndicated(page, replace(source, full_text=False))
        return Delivery(self._one(lambda: article_in(intake, self.clock(), self.limits)))

    def _loaded(self, address: str) -> Article:
        return load_article(address, stdin=self.stdin, fetcher=self.fetcher, clock=self.clock, limits=self.limits)

    def _one(self, load: Callable[[], Article]) -> Iterator[Item]:
        yield Received(clipped(load()))

    def _standard_input(self) -> Iterator[Item]:
        """Rows of JSON when its first line is an object of its own, else one article."""
        if self.stdin is None:
            raise UsageError("'-' means standard input, and there is none here. Give a file, a folder or an address.")
        first = self.stdin.readline(self.limits.max_bytes + 1)
        if is_json_line(first):
            yield from read_lines(first, self.stdin, "standard input", self.clock, self.limits)
        else:
            stdin = _Resumed(first, self.stdin)
            article = load_article("-", stdin=stdin, fetcher=self.fetcher, clock=self.clock, limits=self.limits)  # type: ignore[arg-type]
            yield Received(clipped(article))

    def _syndicated(self, page: Page, source: Source) -> Delivery:
        feed = read_syndication(page)
        delivery = Delivery(iter(()), validators=page.validators, warnings=list(feed.warnings))
        delivery.items = self._entries(feed, source, delivery)
        return delivery

    def _entries(self, feed: Syndicated, source: Source, delivery: Delivery) -> Iterator[Item]:
        for entry in reversed(feed.entries):  # the oldest first, as they came: the first of a story is its first
            if isinstance(entry, Faulty):
                yield entry
            elif source.known.get(entry.key) == entry.version:
                delivery.known += 1
            else:
                yield self._entry(entry, source)

    def _entry(self, entry: Entry, source: Source) -> Item:
        try:
            draft = entry.draft
            if source.full_text and draft.url:
                page, notes = draft_in(intake_of(self.fetcher.fetch(draft.url, self.limits)))
                draft = replace(
                    draft, text=page.text, published=(*draft.published, *page.published), notes=(*notes, *page.notes)
                )
            article = clipped(finish(draft, self.clock(), self.limits, name=entry.name))
        except SourceError as error:
            return faulty(entry.name, error)
        return Received(article, entry=entry.key, version=entry.version)


class _Resumed:
    """Standard input of which the first line was read already."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        self._first = first
        self._rest = rest

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, that line included."""
        first, self._first = self._first, b""
        return first[:size] + (self._rest.read(size - len(first)) if size > len(first) else b"")


def kind_of(address: str) -> FeedKind | None:
    """By its name alone: a folder, a table, or None for what must be looked into."""
    if _ADDRESS.match(address) or address == "-":
        return None
    if address and Path(address).is_dir():
        return "folder"
    return "table" if is_table(address) else None
