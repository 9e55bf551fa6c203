"""What two stories share, as numbers. Every feature is symmetric: the order of the two does not matter."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from rapidfuzz import fuzz

from vectorstore.threads.sketch import Sketch

T = TypeVar("T")


@dataclass(frozen=True)
class Shared:
    """The comparison of two articles. Shares and cosines are 0 to 1."""

    jaccard: float
    """Of the headlines' terms, each weighted by its rarity."""
    contained: float
    """Weighted share of the shorter headline's terms that the other has."""
    cosine: float
    """Of the headlines' terms weighted by squared rarity."""
    plain: float
    """Jaccard of the headlines' terms, unweighted."""
    order: float
    """Jaccard of neighbouring terms: the same words in the same order."""
    letters: float
    """Jaccard of three-letter windows: spellings and names that terms miss."""
    fuzzy: float
    """rapidfuzz token_set_ratio of the headlines."""
    shared_rarity: float
    """Rarity of the shared terms beyond the rarest (usually the company), in tens of nats, at most 2."""
    first: float
    """Rarity of the rarest shared term, in tens of nats; 0 without one: a name, where the two speak of one company."""
    second: float
    """Rarity of the second rarest shared term, likewise."""
    third: float
    """Rarity of the third rarest shared term."""
    only_less: float
    """Rarity of the rarest term that one lacks, of the two headlines the lesser, in tens of nats."""
    only_more: float
    """The same of the other headline."""
    shared_terms: float
    """Terms in common over 4, at most 2."""
    shared_figures: float
    """1 if the headlines share a number."""
    other_figures: float
    """1 if each headline has a number and they share none."""
    other_period: float
    """1 if they speak of different quarters or years."""
    length_ratio: float
    """Terms of the shorter headline over those of the longer."""
    opening: float
    """Share of the two headlines' first two terms, where the subject stands, that the other headline has."""
    other_names: float
    """1 if each headline opens with a rare term, as a name is, that the other lacks: it happens to one pair of one story in 100."""
    short: float
    """1 / terms of the shorter headline."""
    surface: float
    """Jaccard of the words as written, before spellings and synonyms are folded."""
    sorted_letters: float
    """rapidfuzz token_sort_ratio of the headlines as written."""
    dense: float | None
    """Cosine of the embeddings; None without two of one embedder."""
    body_jaccard: float | None
    """Of the bodies' shingles; None when one has no body to speak of."""
    body_contained: float | None
    """Share of the shorter body's shingles found in the other; None likewise."""
    tickers: float | None
    """1: a ticker in common, 0: none; None when one of them has no ticker yet."""
    event_type: float | None
    """1: the same, 0: another; None when one is unknown."""
    hours: float
    """Between their publications."""


NAME_RARITY = 6.0
"""Nats from which the first term may be a name: in fewer than one headline in 400."""
NATS = 10.0


def shared(a: Sketch, b: Sketch) -> Shared:
    """Compares two articles."""
    both = a.title_set & b.title_set
    either = len(a.title_set) + len(b.title_set) - len(both)
    weights = [a.weights[term] for term in sorted(both)]  # sorted: sums of floats depend on their order
    common = sum(weights)
    total = sum(
        a.weights[term] if term in a.title_set else b.weights[term] for term in sorted(a.title_set | b.title_set)
    )
    body_jaccard, body_contained = _bodies(a, b)
    least = min(len(a.title_set), len(b.title_set))
    ranked = [*sorted(weights, reverse=True), 0.0, 0.0, 0.0]
    lacking = sorted((_most(a, a.title_set - both), _most(b, b.title_set - both)))
    return Shared(
        jaccard=_over(common, total),
        contained=_over(common, min(a.weight, b.weight)),
        cosine=_over(sum(weight**2 for weight in weights), math.sqrt(a.squared_weight * b.squared_weight)),
        plain=_over(len(both), either),
        order=_jaccard(a.neighbours, b.neighbours),
        letters=_jaccard(a.letters, b.letters),
        fuzzy=fuzz.token_set_ratio(a.joined_terms, b.joined_terms) / 100,
        shared_rarity=min(2.0, (common - ranked[0]) / NATS),
        first=ranked[0] / NATS,
        second=ranked[1] / NATS,
        third=ranked[2] / NATS,
        only_less=lacking[0] / NATS,
        only_more=lacking[1] / NATS,
        shared_terms=min(2.0, len(both) / 4),
        shared_figures=float(bool(a.figures & b.figures)),
        other_figures=float(bool(a.figures and b.figures and not a.figures & b.figures)),
        other_period=float(bool(a.periods and b.periods and not a.periods & b.periods)),
        length_ratio=_over(least, max(len(a.title_set), len(b.title_set))),
        opening=_opening(a, b),
        other_names=_other_names(a, b),
        short=1 / max(1, least),
        surface=_jaccard(a.surface, b.surface),
        sorted_letters=fuzz.token_sort_ratio(a.print.title, b.print.title) / 100,
        dense=_dense(a, b),
        body_jaccard=body_jaccard,
        body_contained=body_contained,
        tickers=float(bool(a.tickers & b.tickers)) if a.tickers and b.tickers else None,
        event_type=float(a.event_type == b.event_type) if a.event_type and b.event_type else None,
        hours=abs((a.at - b.at).total_seconds()) / 3600,
    )


def named(features: Shared) -> Mapping[str, float | None]:
    """Feature → value."""
    return vars(features)


def _most(one: Sketch, terms: Collection[str]) -> float:
    return max((one.weights[term] for term in terms), default=0.0)


def _over(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _jaccard(first: frozenset[T], second: frozenset[T]) -> float:
    common = len(first & second)
    return _over(common, len(first) + len(second) - common)


def _opening(a: Sketch, b: Sketch) -> float:
    first, second = a.title_terms[:2], b.title_terms[:2]
    said = [term in b.title_set for term in first] + [term in a.title_set for term in second]
    return _over(sum(said), len(said))


def _other_names(a: Sketch, b: Sketch) -> float:
    if not a.title_terms or not b.title_terms:
        return 0.0
    first, second = a.title_terms[0], b.title_terms[0]
    apart = first not in b.title_set and second not in a.title_set
    return float(apart and min(a.weights[first], b.weights[second]) >= NAME_RARITY)


def _bodies(a: Sketch, b: Sketch) -> tuple[float | None, float | None]:
    first, second = a.print.shingles, b.print.shingles
    if a.print.body_digest is None or b.print.body_digest is None:
        return None, None
    common = len(first & second)
    return common / (len(first) + len(second) - common), common / min(len(first), len(second))


def _dense(a: Sketch, b: Sketch) -> float | None:
    if a.vector is None or b.vector is None or a.embedder != b.embedder or a.vector.shape != b.vector.shape:
        return None
    return min(1.0, max(0.0, float(a.vector @ b.vector)))
