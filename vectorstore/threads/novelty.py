"""How much of a text is new: the share of its content that no single earlier text already says.

Content is the terms of each sentence and their neighbouring pairs, weighted by rarity; a figure counts double, because a new
number is news. A sentence is as known as the one earlier text that says most of it makes it: a union of many texts would know
every word.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from vectorstore.threads.fingerprint import Fingerprint
from vectorstore.threads.terms import is_figure, rarity, terms_of

FIGURE_WEIGHT = 2.0
PAIR_WEIGHT = 0.5
"""Of the mean rarity of its two terms: the same words in another order are nearly the same news."""
MOST_SENTENCES = 80
"""Of a longer text the rest counts as the part read."""

Content = tuple[Mapping[str, float], ...]
"""One mapping a sentence: term or pair of terms → weight."""

_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=\S)|\n+")


def content_of(mark: Fingerprint) -> Content:
    """The weighted content of the headline and of each sentence of the body; those without a term are left out."""
    return _content(mark.title, mark.text)


@lru_cache(maxsize=4_096)
def _content(title: str, text: str) -> Content:
    parts = [title, *_SENTENCE.split(text)][:MOST_SENTENCES]
    sentences = (_weigh(terms_of(part)) for part in parts)
    return tuple(sentence for sentence in sentences if sentence)


def novelty(content: Content, earlier: Sequence[Content]) -> float:
    """0: all of it was said before; 1: nothing was. Texts added to `earlier` never raise it. 1 for a text without content, which
    repeats nothing."""
    total = sum(sum(sentence.values()) for sentence in content)
    if total <= 0:
        return 1.0
    known = [frozenset(unit for sentence in text for unit in sentence) for text in earlier]
    new = sum(min((_unsaid(sentence, said) for said in known), default=sum(sentence.values())) for sentence in content)
    return min(1.0, max(0.0, new / total))


def _weigh(terms: Sequence[str]) -> dict[str, float]:
    weights = {term: rarity(term) * (FIGURE_WEIGHT if is_figure(term) else 1.0) for term in terms}
    for first, second in pairwise(terms):
        weights[f"{first} {second}"] = PAIR_WEIGHT * (weights[first] + weights[second]) / 2
    return weights


def _unsaid(sentence: Mapping[str, float], said: frozenset[str]) -> float:
    return sum(weight for unit, weight in sentence.items() if unit not in said)
