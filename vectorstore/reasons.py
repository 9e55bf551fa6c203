"""Why an event is a precedent, in words taken from what the two really share."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType

from records.event import Event
from records.taxonomy import EventType

SHOWN_TERMS = 4
"""Shared words named: more read as a list, not as a reason."""

INFORMATIVE_NATS = 2.3
"""A shared word counts as a reason when at most about one event in ten has it (exp(-2.3) = 0.10): "new" does not."""

EVENT_LABELS: Mapping[EventType, str] = MappingProxyType(
    {
        EventType.EARNINGS_RESULTS: "earnings results",
        EventType.GUIDANCE: "company guidance",
        EventType.MERGER_ACQUISITION: "merger or acquisition",
        EventType.DIVESTITURE_RESTRUCTURING: "divestiture or restructuring",
        EventType.CAPITAL_RETURN: "dividend or buyback",
        EventType.FINANCING: "financing",
        EventType.BANKRUPTCY_DISTRESS: "bankruptcy or distress",
        EventType.MANAGEMENT_CHANGE: "change of management",
        EventType.OWNERSHIP_STAKE: "ownership stake",
        EventType.REGULATORY_APPROVAL: "regulatory approval or rejection",
        EventType.REGULATORY_ACTION: "regulatory action",
        EventType.LITIGATION: "litigation",
        EventType.LEGISLATION_POLICY: "legislation or policy",
        EventType.PRODUCT_LAUNCH: "product launch",
        EventType.PRODUCT_RECALL_SAFETY: "recall or safety warning",
        EventType.CONTRACT_PARTNERSHIP: "contract or partnership",
        EventType.CYBER_INCIDENT: "cyber incident",
        EventType.SUPPLY_PRODUCTION: "supply or production",
        EventType.LABOR_DISPUTE: "labor dispute",
        EventType.ACCIDENT_DISASTER: "accident or disaster",
        EventType.ANALYST_RATING: "analyst rating",
        EventType.CREDIT_RATING: "credit rating",
        EventType.INDEX_CHANGE: "index change",
        EventType.MONETARY_POLICY: "monetary policy",
        EventType.MACRO_DATA: "economic data",
        EventType.GEOPOLITICS_TRADE: "geopolitics or trade",
        EventType.OPERATIONS_UPDATE: "operations update",
        EventType.MARKET_COMMENTARY: "market commentary",
        EventType.NOT_MARKET_RELEVANT: "no market relevance",
    }
)

TEXTS_KEPT = 4_096
"""Texts whose pairs of words are kept: the article's is asked for with each of its precedents."""
_WORD = re.compile(r"[^\W_]+")


def why(
    event: Event,
    *,
    query: str,
    event_type: EventType | None,
    tickers: Sequence[str],
    shared_terms: Sequence[str],
    weights: Mapping[str, float],
    similarity: float,
) -> str:
    """One line. `shared_terms`: the query's words found in the event, weightiest first; `weights`: their rarity in nats."""
    reasons = []
    if event.event_type == event_type:
        reasons.append(f"same event type ({EVENT_LABELS[event.event_type]})")
    both = [ticker for ticker in dict.fromkeys(tickers) if ticker in event.tickers]
    if both:
        named = [f"the index {ticker}" if ticker.startswith("^") else ticker for ticker in both]
        reasons.append(f"both concern {', '.join(named)}")
    needed = min(
        INFORMATIVE_NATS, max(weights.values(), default=0.0) / 2
    )  # in a store of ten events nothing is that rare
    informative = [term for term in shared_terms if weights.get(term, 0.0) >= needed]
    if informative:
        phrases = shared_phrases(query, event.summary, informative[: SHOWN_TERMS + 2])
        reasons.append(f"shared terms: {', '.join(phrases[:SHOWN_TERMS])}")
    return "; ".join(reasons) if reasons else f"close in meaning (similarity {similarity:.2f}), no rare word in common"


def shared_phrases(query: str, summary: str, terms: Sequence[str]) -> list[str]:
    """The terms, weightiest first, joined where both texts have them side by side: "artificial intelligence"."""
    pairs = _stem_pairs(summary)
    wanted = set(terms)
    following = {
        first: second
        for first, second in _pairs(query)
        if first in wanted and second in wanted and (_stem(first), _stem(second)) in pairs
    }
    before = {second: first for first, second in following.items()}
    phrases: list[str] = []
    for term in terms:
        head = term
        for _ in terms:  # bounded: a text may repeat itself in a circle
            head = before.get(head, head)
        phrase = [head]
        while following.get(phrase[-1]) is not None and following[phrase[-1]] not in phrase:
            phrase.append(following[phrase[-1]])
        if " ".join(phrase) not in phrases:
            phrases.append(" ".join(phrase))
    return phrases


@lru_cache(maxsize=TEXTS_KEPT)
def _stem_pairs(text: str) -> frozenset[tuple[str, str]]:
    return frozenset((_stem(first), _stem(second)) for first, second in _pairs(text))


@lru_cache(maxsize=TEXTS_KEPT)
def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return tuple(pairwise(words))


def _stem(word: str) -> str:
    """Enough to see that "agreements" is "agreement": the search engine did the real matching."""
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
