"""An article as threads compare it: its fingerprint, its terms with their rarity, and the keys it is found by."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from records.article import Article
from records.taxonomy import EventType
from vectorstore.threads.fingerprint import Fingerprint, fingerprint, key_of, words_of
from vectorstore.threads.novelty import Content, content_of
from vectorstore.threads.terms import folded, is_figure, is_period, rarity, terms_of

KEY_TERMS = 6
"""The rarest terms of a headline, every pair of which is a key: headlines of one event share two of them nine times in ten."""


@dataclass(frozen=True)
class Sketch:
    """What is compared of one article. `tickers`, `event_type` and `vector` may come later than the text, or never."""

    article: Article
    print: Fingerprint
    title_terms: tuple[str, ...]
    tickers: frozenset[str] = frozenset()
    event_type: EventType | None = None
    vector: NDArray[np.float32] | None = None
    """(dimensions,) of norm 1, of headline and summary or lead; vectors of different embedders are never compared."""
    embedder: str | None = None
    """Digest of the embedder that made `vector`."""

    @property
    def at(self) -> datetime:
        """Its time on the story's axis: its publication, else when it was first seen."""
        return self.article.known_at

    @cached_property
    def title_set(self) -> frozenset[str]:
        """The distinct terms of the headline."""
        return frozenset(self.title_terms)

    @cached_property
    def figures(self) -> frozenset[str]:
        """Numbers of the headline, periods left out."""
        return frozenset(term for term in self.title_set if is_figure(term) and not is_period(term))

    @cached_property
    def periods(self) -> frozenset[str]:
        """Quarters, half-years and years of the headline."""
        return frozenset(term for term in self.title_set if is_period(term))

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Headline term → its rarity."""
        return {term: rarity(term) for term in self.title_set}

    @cached_property
    def weight(self) -> float:
        """The weights together."""
        return sum(self.weights[term] for term in sorted(self.title_set))  # sums of floats depend on their order

    @cached_property
    def squared_weight(self) -> float:
        """Their squares together."""
        return sum(self.weights[term] ** 2 for term in sorted(self.title_set))

    @cached_property
    def joined_terms(self) -> str:
        """The headline's terms parted by spaces."""
        return " ".join(self.title_terms)

    @cached_property
    def neighbours(self) -> frozenset[tuple[str, str]]:
        """Terms of the headline that stand side by side."""
        return frozenset(pairwise(self.title_terms))

    @cached_property
    def letters(self) -> frozenset[str]:
        """The three-letter windows of the headline's terms."""
        text = folded(self.joined_terms)
        return frozenset(text[at : at + 3] for at in range(len(text) - 2))

    @cached_property
    def surface(self) -> frozenset[str]:
        """The words of the headline as written."""
        return frozenset(words_of(self.print.title))

    @cached_property
    def content(self) -> Content:
        """What novelty is measured on."""
        return content_of(self.print)

    @cached_property
    def all_figures(self) -> frozenset[str]:
        """Numbers of headline and body, periods left out."""
        return frozenset(term for term in self._body_terms if is_figure(term) and not is_period(term)) | self.figures

    @cached_property
    def wording(self) -> tuple[str, ...]:
        """The terms of headline and body with every figure blanked: equal when only figures changed."""
        return tuple("#" if is_figure(term) and not is_period(term) else term for term in self.terms)

    @cached_property
    def terms(self) -> tuple[str, ...]:
        """Of headline and body, in order."""
        return (*self.title_terms, *self._body_terms)

    @cached_property
    def _body_terms(self) -> tuple[str, ...]:
        return terms_of(self.print.text)

    @cached_property
    def parts(self) -> Sequence[frozenset[str]]:
        """The terms of each paragraph of the body."""
        return [terms for part in self.print.text.split("\n") if (terms := frozenset(terms_of(part)))]

    @property
    def all_keys(self) -> Sequence[int]:
        """Of every kind."""
        return [key for keys in self.keys().values() for key in keys]

    def keys(self) -> Mapping[str, Sequence[int]]:
        """Kind → keys under which candidates are looked up and this article is kept."""
        return self._keys

    @cached_property
    def _keys(self) -> dict[str, list[int]]:
        mark = self.print
        rare = sorted(self.title_set, key=lambda term: (-self.weights[term], term))[:KEY_TERMS]
        exact = [key_of("whole", mark.digest), key_of("title", mark.title)]
        exact += [key_of("body", mark.body_digest)] if mark.body_digest else []
        exact += [key_of("lead", mark.lead_digest)] if mark.lead_digest else []
        pairs = [key_of("pair", f"{first} {second}") for first, second in combinations(sorted(rare), 2)]
        return {"exact": exact, "band": list(mark.bands), "ticker": ticker_keys(self.tickers), "pair": pairs}


def ticker_keys(tickers: Collection[str]) -> list[int]:
    """The keys of an article that names these."""
    return [key_of("name", ticker) for ticker in sorted(set(tickers))]


def sketch(
    article: Article,
    *,
    tickers: Collection[str] = (),
    event_type: EventType | None = None,
    vector: Sequence[float] | NDArray[np.floating] | None = None,
    embedder: str | None = None,
) -> Sketch:
    """Raises ValueError for a vector of zeros or without its embedder's digest."""
    mark = fingerprint(article.title, article.text)
    return Sketch(
        article=article,
        print=mark,
        title_terms=terms_of(mark.title),
        tickers=frozenset(tickers),
        event_type=event_type,
        vector=None if vector is None else _unit(np.asarray(vector, dtype=np.float32), embedder),
        embedder=embedder if vector is not None else None,
    )


def _unit(vector: NDArray[np.float32], embedder: str | None) -> NDArray[np.float32]:
    norm = float(np.linalg.norm(vector))
    if norm == 0 or embedder is None:
        raise ValueError("a vector needs a length and the digest of the embedder that made it")
    return vector / np.float32(norm)
