"""Inverted lists of texts in numpy, and BM25 over them as of a row: what lies after that row changes nothing at all.

Rows are in the order of knowledge time, so "what was known then" is a prefix of every list, found by binary search. Every
number of BM25 (how many texts, how many have the word, how long they are) is taken over that prefix. The engines' own bm25()
and ts_rank count all rows: with them an event added later would change yesterday's ranking.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from records.errors import StoreCorrupt
from vectorstore.words import fingerprint, is_informative, split, stem, stems_of

K1, B = 1.2, 0.75
"""BM25 (Robertson and Zaragoza 2009, eq. 3.15): how soon repeats stop counting, and how much a long text is marked down. Fitted:
`data/recall_v1.json`."""

MAX_TERMS = 40
"""Stems of a query that are looked up, in order of appearance: news says what matters first."""

SAMPLED = 64
"""One score in so many gives the bar that the others must reach to be sorted: sorting a million costs 10 ms."""

MOST = 255
"""A longer text counts as this many words long, a term that is repeated more often counts this often: a byte each, together
a posting's "use". Summaries have 13 words, and BM25 is flat long before."""

PLACES_KEPT = 8_192
"""Terms whose place in the lists is kept: articles of a day share most of theirs. About a megabyte."""

LAYOUT = 1
"""Number of the file layout; files of another one are built anew."""

_NONE = np.empty(0, dtype=np.intp)
_NO_ROWS, _NO_USES = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.uint16)

_FILES = {
    "rows": np.dtype(np.int32),
    "uses": np.dtype(np.uint16),
    "starts": np.dtype(np.int64),
    "terms": np.dtype(np.uint8),
    "term_starts": np.dtype(np.int64),
    "lengths": np.dtype(np.uint8),
    "cumulative": np.dtype(np.int64),
}
_SUMMARY = "summary"


class _Numbers(dict[str, int]):
    """Numbers of stems in order of first appearance, by word; -1 for a word that tells nothing."""

    def __init__(self) -> None:
        self.terms: dict[str, int] = {}

    def __missing__(self, word: str) -> int:
        number = self.terms.setdefault(stem(word), len(self.terms)) if is_informative(word) else -1
        self[word] = number
        return number


class Postings:
    """Immutable inverted lists of N texts, V terms and P postings (a posting: a text has a term). 6 bytes a posting, 9 a
    text, 16 a term and the terms themselves. Safe to search from several threads."""

    def __init__(
        self,
        rows: NDArray[np.int32],  # (P,) term by term, ascending within one
        uses: NDArray[np.uint16],  # (P,) 256 * how often the text has the term + the text's length
        starts: NDArray[np.int64],  # (V + 1,) where each term's postings begin
        terms: NDArray[np.uint8],  # (T,) the terms' UTF-8, sorted and joined
        term_starts: NDArray[np.int64],  # (V + 1,) where each term begins in `terms`
        lengths: NDArray[np.uint8],  # (N,) informative words of each text, repeats counted, at most MOST
        cumulative: NDArray[np.int64],  # (N + 1,) the lengths of the first n texts together
    ) -> None:
        self._arrays: dict[str, NDArray[Any]] = {
            "rows": rows,
            "uses": uses,
            "starts": starts,
            "terms": terms,
            "term_starts": term_starts,
            "lengths": lengths,
            "cumulative": cumulative,
        }
        self._rows, self._uses = rows, uses
        self._starts, self._terms, self._term_starts = starts.data, terms.data, term_starts.data
        self.lengths, self.cumulative_lengths = lengths, cumulative
        self._places: dict[str, tuple[int, int]] = {}

    def __len__(self) -> int:
        """N, the number of texts."""
        return len(self.lengths)

    @classmethod
    def build(cls, texts: Iterable[str]) -> "Postings":
        """Of texts in order of knowledge time: the first is row 0. Needs about 40 bytes a word while it works."""
        numbers = _Numbers()
        words, sizes = array("i"), array("i")
        for text in texts:
            known = [number for word in split(text) if (number := numbers[word]) >= 0]
            words.extend(known)
            sizes.append(len(known))
        lengths = np.minimum(sizes, MOST).astype(np.uint8)
        vocabulary = sorted(term.encode() for term in numbers.terms)
        place = np.empty(len(vocabulary), dtype=np.int64)
        place[[numbers.terms[term.decode()] for term in vocabulary]] = np.arange(len(vocabulary))
        keys = place[np.array(words, dtype=np.int32)] << 32 | np.repeat(np.arange(len(sizes)), sizes)
        keys.sort()  # by term, then by row; a repeated word stands beside itself
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        frequencies = np.minimum(np.diff(first, append=len(keys)), MOST).astype(np.uint16)
        keys = keys[first]
        rows = (keys & 0xFFFFFFFF).astype(np.int32)
        return cls(
            rows=rows,
            uses=frequencies << np.uint16(8) | lengths[rows],
            starts=np.searchsorted(keys, np.arange(len(vocabulary) + 1) << 32),
            terms=np.frombuffer(b"".join(vocabulary), dtype=np.uint8),
            term_starts=np.cumsum([0, *map(len, vocabulary)], dtype=np.int64),
            lengths=lengths,
            cumulative=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        )

    def rows_of(self, term: str) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """The rows that have the term (a stem, see `words.stem`), ascending, and how often each has it, at most MOST. Two
        empty arrays for an unknown term."""
        rows, uses = self.uses_of(term)
        return rows, (uses >> np.uint16(8)).astype(np.uint8)

    def uses_of(self, term: str) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """As `rows_of`, with the lengths: 256 * how often the text has the term + its length. Views, nothing is copied."""
        found = self._places.get(term)
        if found is None:
            if len(self._places) >= PLACES_KEPT:
                self._places.clear()
            found = self._places[term] = self._place(term)
        start, end = found
        return self._rows[start:end], self._uses[start:end]

    def save(self, directory: Path) -> None:
        """Into files of the directory, which is made if need be. A process killed meanwhile leaves files that `open`
        refuses; a reader that has the former ones open keeps them. Raises OSError."""
        directory.mkdir(parents=True, exist_ok=True)
        _path(directory, _SUMMARY).unlink(missing_ok=True)
        everything = {**self._arrays, _SUMMARY: _summary(self._arrays)}
        for name, values in everything.items():  # the summary last: it vouches for the others
            fresh = directory / f"{name}.new"
            with fresh.open("wb") as stream:
                np.save(stream, values, allow_pickle=False)
            fresh.replace(_path(directory, name))

    @classmethod
    def open(cls, directory: Path) -> "Postings":
        """Memory-mapped: at once, whatever the size. Raises StoreCorrupt when files are missing, cut short, of different
        builds, or of a build that split texts otherwise; what the lists say inside is not read."""
        try:
            arrays = {name: np.asarray(open_memmap(_path(directory, name), mode="r")) for name in [*_FILES, _SUMMARY]}
        except (OSError, ValueError) as error:
            raise StoreCorrupt(_damaged(directory, str(error))) from error
        summary = arrays.pop(_SUMMARY)
        fault = _fault(arrays, summary)
        if fault is not None:
            raise StoreCorrupt(_damaged(directory, fault))
        return cls(**arrays)

    def _place(self, term: str) -> tuple[int, int]:
        """Where its postings begin and end."""
        wanted = term.encode()
        place = bisect_left(range(len(self._starts) - 1), wanted, key=self._term)
        if place == len(self._starts) - 1 or self._term(place) != wanted:
            return 0, 0
        return self._starts[place], self._starts[place + 1]

    def _term(self, place: int) -> bytes:
        return bytes(self._terms[self._term_starts[place] : self._term_starts[place + 1]])


def _path(directory: Path, name: str) -> Path:
    return directory / f"{name}.npy"


def _summary(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    return np.array([LAYOUT, fingerprint(), *(len(arrays[name]) for name in _FILES)], dtype=np.int64)


def _fault(arrays: Mapping[str, NDArray[Any]], summary: NDArray[np.int64]) -> str | None:
    """What does not fit together, as a clause; None when everything does."""
    for name, dtype in _FILES.items():
        if arrays[name].ndim != 1 or arrays[name].dtype != dtype:
            return f"{name}.npy holds {arrays[name].dtype} of shape {arrays[name].shape}, not a row of {dtype}"
    expected = _summary(arrays)
    if summary.shape != expected.shape or summary[0] != LAYOUT:
        return f"they are not of layout {LAYOUT}"
    if summary[1] != expected[1]:
        return "they were built by another version of the word splitter or of the stemmer"
    sizes = {name: len(arrays[name]) for name in _FILES}
    if (summary != expected).any():
        return f"their sizes are not those that were saved ({sizes})"
    ends = {"starts": "rows", "term_starts": "terms"}
    loose = [name for name, other in ends.items() if arrays[name][-1] != sizes[other]]
    return f"{loose[0]}.npy points past the end of {ends[loose[0]]}.npy" if loose else None


def _damaged(directory: Path, fault: str) -> str:
    return (
        f"The word index in {directory} cannot be used: {fault}. Nothing is lost: the events are in the database."
        " `rhyme memory verify --repair` builds it again."
    )


@dataclass(frozen=True, eq=False)
class Shelf:
    """One set of texts as of a time. Raises ValueError when the parts do not belong together."""

    postings: Postings
    visible: int
    """Rows from this one on do not exist for the question."""
    dead: NDArray[np.bool_] | None
    """(N,) the rows that were replaced or removed: they count nowhere. None: no row was."""

    def __post_init__(self) -> None:
        if not 0 <= self.visible <= len(self.postings):
            raise ValueError(f"visible is {self.visible}, but there are {len(self.postings)} rows")
        if self.dead is not None and self.dead.shape != (len(self.postings),):
            raise ValueError(f"dead has shape {self.dead.shape}, but there are {len(self.postings)} rows")


@dataclass(frozen=True)
class LexicalHit:
    """One text that shares words with the query."""

    shelf: int
    """Its place in the shelves searched."""
    row: int
    score: float
    """BM25, nats."""
    terms: tuple[str, ...]
    """The shared words as the query first writes them (lower case), weightiest first."""


@dataclass(frozen=True, eq=False)
class _Term:
    """One word of the query, and the visible rows that have it, dead ones included."""

    word: str
    weight: float
    rows: tuple[NDArray[np.int32], ...]  # one a shelf, ascending
    uses: tuple[NDArray[np.uint16], ...]


@dataclass(frozen=True)
class LexicalRanking:
    """The best hits, and what is known of every other text."""

    places: tuple[tuple[int, int], ...]
    """Shelf and row of each hit, best first; equal scores: the later shelf first, then the later row."""
    scores: tuple[float, ...]
    """BM25 of each hit, nats."""
    weights: Mapping[str, float]
    """Inverse document frequency, nats, of every word of the query that was found; weightiest first."""
    _terms: tuple[_Term, ...] = field(repr=False, compare=False)
    _shelves: tuple[Shelf, ...] = field(repr=False, compare=False)

    @cached_property
    def hits(self) -> tuple[LexicalHit, ...]:
        """In the order of `places`, each with its words."""
        shared: dict[tuple[int, int], tuple[str, ...]] = {}
        for shelf in range(len(self._shelves)):
            rows = [row for place, row in self.places if place == shelf]
            words = _shared(self._terms, shelf, np.array(rows, dtype=np.intp))
            shared.update(zip(((shelf, row) for row in rows), words, strict=True))
        return tuple(
            LexicalHit(*place, score, shared[place]) for place, score in zip(self.places, self.scores, strict=True)
        )

    def terms_of(self, shelf: int, rows: NDArray[np.int64]) -> list[tuple[str, ...]]:
        """The words that each text shares with the query, as in its hit; empty for a row that is dead or not visible."""
        dead = self._shelves[shelf].dead
        found: list[tuple[str, ...]] = [()] * len(rows)
        seen = (rows >= 0) & (rows < self._shelves[shelf].visible)
        if dead is not None:
            seen[seen] = ~dead[rows[seen]]
        living = np.flatnonzero(seen)
        if len(living):
            for place, words in zip(living.tolist(), _shared(self._terms, shelf, rows[living]), strict=True):
                found[place] = words
        return found


def search(query: str, shelves: Sequence[Shelf], limit: int) -> LexicalRanking:
    """The `limit` best texts of all shelves together by BM25 over the first MAX_TERMS distinct stems of the query. A text
    without a word of the query is no hit; no word is too common to count. Shelves that hold the same living visible texts
    give the same scores, bit for bit, however the texts are spread over them."""
    shelves = tuple(shelves)
    dead = [np.flatnonzero(shelf.dead[: shelf.visible]) if shelf.dead is not None else _NONE for shelf in shelves]
    documents = sum(shelf.visible - len(rows) for shelf, rows in zip(shelves, dead, strict=True))
    terms = _found(query, shelves, documents)
    weights = MappingProxyType({term.word: term.weight for term in terms})
    if not terms or limit < 1:
        return LexicalRanking((), (), weights, terms, shelves)
    tokens = sum(_tokens(shelf, rows) for shelf, rows in zip(shelves, dead, strict=True))
    saturation = _saturation(tokens / documents)
    best = [
        _best(number, dead[number], shelf.visible, terms, saturation, limit) for number, shelf in enumerate(shelves)
    ]
    places, scores = _first(best, limit)
    return LexicalRanking(places, scores, weights, terms, shelves)


def _first(
    best: Sequence[tuple[NDArray[np.intp], NDArray[np.float64]]], limit: int
) -> tuple[tuple[tuple[int, int], ...], tuple[float, ...]]:
    """Places and scores of the best of the shelves' best."""
    shelf = np.repeat(np.arange(len(best)), [len(rows) for rows, _ in best])
    rows, scores = (np.concatenate(parts) for parts in zip(*best, strict=True))
    order = np.lexsort((-rows, -shelf, -scores))[:limit]
    places = zip(shelf[order].tolist(), rows[order].tolist(), strict=True)
    return tuple(places), tuple(scores[order].tolist())


def _tokens(shelf: Shelf, dead: NDArray[np.intp]) -> int:
    """Words of the living visible texts together."""
    postings = shelf.postings
    return int(postings.cumulative_lengths[shelf.visible]) - int(postings.lengths[dead].sum(dtype=np.int64))


def _found(query: str, shelves: Sequence[Shelf], documents: int) -> tuple[_Term, ...]:
    """Weightiest first, equal ones as in the query: also the order in which a text's score is summed up."""
    terms = []
    for wanted, word in islice(stems_of(query).items(), MAX_TERMS):
        lists = [_visible(shelf, wanted) for shelf in shelves]
        having = sum(living for _, _, living in lists)
        if having:
            weight = math.log(1 + (documents - having + 0.5) / (having + 0.5))
            terms.append(_Term(word, weight, tuple(rows for rows, _, _ in lists), tuple(uses for _, uses, _ in lists)))
    return tuple(sorted(terms, key=lambda term: -term.weight))


def _visible(shelf: Shelf, term: str) -> tuple[NDArray[np.int32], NDArray[np.uint16], int]:
    """The term's postings up to `visible`, and how many of them live."""
    if not shelf.visible:
        return _NO_ROWS, _NO_USES, 0
    rows, uses = shelf.postings.uses_of(term)
    if shelf.visible < len(shelf.postings):
        end = rows.searchsorted(np.int32(shelf.visible))  # a plain int would make numpy convert the whole list first
        rows, uses = rows[:end], uses[:end]
    return rows, uses, len(rows) if shelf.dead is None else len(rows) - int(np.count_nonzero(shelf.dead.take(rows)))


@lru_cache(maxsize=2)  # half a megabyte each; one memory asked as of now has one average
def _saturation(average: float) -> NDArray[np.float64]:
    """(65,536,) by use: the part of its weight that a term gives to a text."""
    frequencies = np.arange(256.0)[:, None]
    return (frequencies / (frequencies + K1 * (1 - B + B * (np.arange(256) / average)))).ravel()


def _best(
    number: int,
    dead: NDArray[np.intp],
    visible: int,
    terms: Sequence[_Term],
    saturation: NDArray[np.float64],
    limit: int,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Rows and scores that hold the shelf's `limit` best, with all that equal the last of them; in order of row."""
    scores = np.zeros(visible)
    for term in terms:
        if len(term.rows[number]):
            np.add.at(scores, term.rows[number], term.weight * saturation.take(term.uses[number]))
    scores[dead] = 0
    sample = scores[::SAMPLED]
    floor = np.partition(sample, -limit)[-limit] if limit <= len(sample) else 0.0  # at least `limit` rows reach it
    rows = np.flatnonzero(scores >= floor if floor > 0 else scores)
    if len(rows) > limit:
        rows = rows[scores[rows] >= np.partition(scores[rows], -limit)[-limit]]
    return rows, scores[rows]


def _shared(terms: Sequence[_Term], number: int, rows: NDArray[np.intp]) -> list[tuple[str, ...]]:
    """The words that each row of one shelf has, weightiest first."""
    wanted = rows.astype(np.int32)  # as the lists are: numpy would convert a whole list first
    words: list[list[str]] = [[] for _ in rows]
    for term in terms:
        having = term.rows[number]
        if len(having):
            present = having.take(having.searchsorted(wanted), mode="clip") == wanted
            for place in np.flatnonzero(present).tolist():
                words[place].append(term.word)
    return [tuple(each) for each in words]
