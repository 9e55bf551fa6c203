"""What words and names mean in dated news: counts behind the decision that a company's name is also an everyday word."""

import collections
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as parquet  # type: ignore[import-untyped]

from markets.tokens import Token, fold, joins, tokenize

_WORD_FOLDER = Path(__file__).parent / "words"

COMMON_COUNT = 5
COMMON_SHARE = 0.03
"""Small-letter uses in the reference stories, and their share of capital ones, from which a word is an everyday one: wires write
'pfizer' or 'apple' small by mistake too."""


@dataclass(frozen=True)
class TaggedStory:
    """A story and the tickers its wire gave it."""

    title: str
    text: str
    tickers: frozenset[str]


@dataclass
class NameCounts:
    """Stories in which a name stood, and those of them that were tagged with its company."""

    stories: int = 0
    tagged: int = 0
    tickers: collections.Counter[str] = field(default_factory=collections.Counter)
    """Stories by ticker they were tagged with, of the companies that use the name."""

    @property
    def precision(self) -> float:
        """tagged / stories; ZeroDivisionError when it never stood anywhere."""
        return self.tagged / self.stories

    def share(self, tickers: frozenset[str]) -> float:
        """Share of the stories tagged with one of `tickers`; 0 if the name never stood anywhere."""
        return sum(self.tickers[ticker] for ticker in tickers) / max(1, self.stories)


@dataclass
class Lexicon:
    """Small-letter word counts, places and people, and measured names."""

    small: collections.Counter[str]
    large: collections.Counter[str]
    proper: frozenset[str]
    """Places, given names and frequent surnames."""
    listed: frozenset[str]
    """Everyday words that business news seldom writes small."""
    names: dict[tuple[str, ...], NameCounts] = field(default_factory=dict)

    def everyday(self, words: Iterable[str]) -> bool:
        """Whether every word is common, a place, a given name or a frequent surname."""
        return all(self.common(key) or key in self.proper for key in words)

    def common(self, word: str) -> bool:
        """Whether the word has a meaning in small letters."""
        small = self.small[word]
        return word in self.listed or (small >= COMMON_COUNT and small >= COMMON_SHARE * self.large[word])


def read_stories(folder: Path) -> list[TaggedStory]:
    """The dated stories, one per date and headline, with all tickers they were filed under."""
    tickers: dict[tuple[str, str], set[str]] = collections.defaultdict(set)
    texts: dict[tuple[str, str], str] = {}
    for path in sorted(folder.glob("impact_*.parquet")):
        columns = parquet.read_table(path, columns=["date", "headline", "body", "ticker"]).to_pydict()
        for day, headline, body, ticker in zip(*columns.values(), strict=True):
            key = (str(day), headline)
            tickers[key].add(ticker)
            texts[key] = body or ""
    return [TaggedStory(key[1], texts[key], frozenset(found)) for key, found in tickers.items()]


def read_lexicon(stories: Iterable[TaggedStory], keys: Mapping[tuple[str, ...], frozenset[str]]) -> Lexicon:
    """Counts words and names over `stories`; `keys` gives each name's tickers (empty: a company of later years)."""
    proper = _words("places.txt") | _words("people.txt")
    names = {key: NameCounts() for key in keys}
    lexicon = Lexicon(collections.Counter(), collections.Counter(), proper, _words("everyday.txt"), names)
    longest = _longest_by_first(keys)
    for story in stories:
        body = f"{story.title}\n\n{story.text}"
        tokens = tokenize(body)
        lexicon.small.update(token.key for token in tokens if token.text.islower())
        lexicon.large.update(token.key for token in tokens if not token.text.islower())
        for key in set(_names_in(body, tokens, keys, longest)):
            counts = lexicon.names[key]
            counts.stories += 1
            counts.tagged += bool(keys[key] & story.tickers)
            counts.tickers.update(keys[key] & story.tickers)
    return lexicon


def _words(file: str) -> frozenset[str]:
    return frozenset(fold(word) for word in (_WORD_FOLDER / file).read_text(encoding="utf-8").split())


def _longest_by_first(keys: Iterable[tuple[str, ...]]) -> dict[str, int]:
    longest: dict[str, int] = {}
    for key in keys:
        longest[key[0]] = max(longest.get(key[0], 0), len(key))
    return longest


def _names_in(
    body: str, tokens: list[Token], keys: Mapping[tuple[str, ...], frozenset[str]], longest: Mapping[str, int]
) -> Iterator[tuple[str, ...]]:
    position = 0
    while position < len(tokens):
        token = tokens[position]
        reach = longest.get(token.key, 0) if not token.text[0].islower() else 0
        step = 1
        for length in range(min(reach, len(tokens) - position), 0, -1):
            run = tokens[position : position + length]
            key = tuple(word.key for word in run)
            if key in keys and all(joins(body, left, right) for left, right in pairwise(run)):
                yield key
                step = length
                break
        position += step
