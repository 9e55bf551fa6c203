"""What a text's words say about the size of the move: a fixed vocabulary, its TF-IDF vector and one weight a term.

The vocabulary, the inverse document frequencies and the weights are fitted by `evals/impact/fit.py` on development data and ship
as `agent/data/score_v2_wording.csv.gz`. The company's own name is masked, so that no company's history hides in a weight.
"""

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LEAD_CHARACTERS = 600
"""Of the body after the headlines: newswire leads are shorter, and what follows repeats."""
MASK = "thecompany"
"""Stands for the company's name; one word that no text contains."""

_WORD = re.compile(r"[a-z]+|[$%]")
_PLAIN_NAME_WORDS = frozenset(
    "inc corp corporation co company ltd limited plc group holdings holding the of and a an ag sa nv se spa "
    "lp llc trust fund international financial technologies systems services industries partners energy pharmaceuticals "
    "therapeutics bank bancorp".split()
)
"""Parts of names that say what a company is, not which."""


@dataclass(frozen=True)
class Wording:
    """One text in the vocabulary."""

    columns: NDArray[np.int32]
    """(m,) positions of its terms, ascending."""
    values: NDArray[np.float32]
    """(m,) TF-IDF of those terms, Euclidean norm 1 (empty for a text without known terms)."""


class Vocabulary:
    """Terms (one or two words) with inverse document frequency and weight. Immutable, safe to share."""

    def __init__(
        self, terms: Sequence[str], idf: NDArray[np.float32], weights: NDArray[np.float32], base: float
    ) -> None:
        """`idf`, `weights`: (len(terms),). `base`: the score of a text without known terms."""
        self.terms = tuple(terms)
        self.idf = idf
        self.weights = weights
        self.base = base
        self._place: Mapping[str, int] = {term: place for place, term in enumerate(self.terms)}

    def __len__(self) -> int:
        return len(self.terms)

    def vector(self, words: Sequence[str]) -> Wording:
        """The words of a text (`words_of`) as a unit TF-IDF vector with sublinear term frequency, 1 + log(count)."""
        counts = Counter(place for term in terms_of(words) if (place := self._place.get(term)) is not None)
        ordered = sorted(counts)
        columns = np.array(ordered, dtype=np.int32)
        values = np.array([_frequency(counts[column]) for column in ordered], dtype=np.float32)
        values *= self.idf[columns]
        norm = float(np.linalg.norm(values))
        return Wording(columns, values / norm if norm else values)

    def expected(self, wording: Wording) -> float:
        """What the words alone let expect, in units of y."""
        return self.base + float(wording.values @ self.weights[wording.columns])

    def telling(self, wording: Wording, count: int = 3) -> list[str]:
        """The terms that move the expectation most, strongest first; those with the masked name mean nothing to a reader."""
        parts = wording.values * self.weights[wording.columns]
        terms = (self.terms[wording.columns[place]] for place in np.argsort(-np.abs(parts), kind="stable"))
        return [term for term in terms if MASK not in term.split()][:count]


class Likeness:
    """One text, to be compared by its words with many."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._places = np.full(int(wording.columns.max(initial=-1)) + 2, -1, dtype=np.int32)
        """Term → where it stands in the text; -1: nowhere. The last stands for all beyond."""
        self._places[wording.columns] = np.arange(len(wording.columns), dtype=np.int32)

    def cosine(self, other: Wording) -> float:
        """Similarity in [0, 1] of the two texts."""
        places = self._places.take(other.columns, mode="clip")
        shared = places >= 0
        return float(self._wording.values[places[shared]] @ other.values[shared])


def event_text(headlines: Sequence[str], lead: str) -> str:
    """The text of an event as it is read here: its headlines, then the first characters of its body."""
    return f"{' . '.join(headlines)} {lead[:LEAD_CHARACTERS]}"


def words_of(text: str, company: str) -> list[str]:
    """Lower-case words, `$` and `%`; digits are left out, the words of the company's name become MASK."""
    masked = name_words(company)
    return [MASK if word in masked else word for word in _WORD.findall(text.lower())]


@lru_cache(maxsize=256)
def _frequency(count: int) -> float:
    """How much a term says that stands so often in a text."""
    return 1.0 + float(np.log(count))


@lru_cache(maxsize=8_192)
def name_words(company: str) -> frozenset[str]:
    """The words of a company's name that name it alone."""
    return frozenset(word for word in _WORD.findall(company.lower()) if len(word) > 2 and word not in _PLAIN_NAME_WORDS)


def terms_of(words: Sequence[str]) -> list[str]:
    """Words and pairs of neighbouring words, in order."""
    return [*words, *(f"{first} {second}" for first, second in pairwise(words))]


def write(vocabulary: Vocabulary) -> bytes:
    """The vocabulary as gzipped CSV, the same bytes for the same content."""
    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    rows.writerow(["term", "idf", "weight"])
    rows.writerow(["", "0", f"{vocabulary.base:.6f}"])
    for term, idf, weight in zip(vocabulary.terms, vocabulary.idf, vocabulary.weights, strict=True):
        rows.writerow([term, f"{idf:.3f}", f"{weight:.4f}"])
    return gzip.compress(lines.getvalue().encode(), mtime=0)


def read(content: bytes) -> Vocabulary:
    """The inverse of `write`. Raises ValueError, OSError for damaged bytes."""
    rows = csv.reader(io.StringIO(unpacked(content).decode()))
    if next(rows, None) != ["term", "idf", "weight"]:
        raise ValueError("the first line is not term,idf,weight")
    _, _, base = next(rows, ["", "", ""])
    terms, idf, weights = zip(*rows, strict=True)
    return Vocabulary(terms, np.array(idf, dtype=np.float32), np.array(weights, dtype=np.float32), float(base))


def unpacked(content: bytes) -> bytes:
    """What gzip packed. Raises ValueError, OSError for damaged bytes."""
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error) as error:
        raise ValueError(f"damaged gzip: {error}") from error
